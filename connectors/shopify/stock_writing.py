"""Writing stock: figures for up to 250 places in one call, each compared with what we think the shop shows.

Shopify writes all of a call or nothing. Rows it names are taken out and the others are sent again, within the same
call of the port. Every request carries an idempotency key made of the caller's key and the rows in it; so a reply that
got lost is settled by asking the same again, and no request can be mistaken for another.
"""

from asyncio import sleep
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from canonical.errors import ConflictError, CrossdockError, RejectedError, RetryableError
from canonical.ids import digest, key_uuid
from canonical.inventory import Place, StockWrite
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.budget import Lane
from connectors.shopify.client import Answer, ShopifyClient
from connectors.shopify.errors import user_error
from connectors.shopify.reading import gid
from connectors.shopify.stock_reading import ITEMS_A_CALL, is_id

MOST: Final = 1_000_000_000
"""The largest quantity Shopify takes, and below zero the smallest."""
_ROUNDS: Final = 6
_ATTEMPTS: Final = 3
_STALE: Final = frozenset({"CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"})
_CODES: Final = {
    "ITEM_NOT_STOCKED_AT_LOCATION": "not_stocked",
    "INVALID_INVENTORY_ITEM": "unknown_item",
    "INVALID_LOCATION": "unknown_location",
    "NON_MUTABLE_INVENTORY_ITEM": "not_mutable",
}
_WAYS_OUT: Final = {
    "not_stocked": "Stock the item at this location, or take the location out of the mapping.",
    "unknown_item": "The variant was deleted: read the items of the shop again.",
    "unknown_location": "The location was deleted or closed: correct the mapping of locations.",
    "not_mutable": "This is a bundle: its stock follows from its parts; publish those.",
}

Error = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StockWriter:
    """Writes figures of one shop."""

    client: ShopifyClient

    async def set_available(self, writes: Sequence[StockWrite], key: str) -> list[Outcome[int]]:
        """As `StockChannel.set_available`, in as many calls as it takes. After one that failed none is sent."""
        outcomes: list[Outcome[int]] = []
        for start in range(0, len(writes), ITEMS_A_CALL):
            chunk = writes[start : start + ITEMS_A_CALL]
            try:
                outcomes += await self._set_chunk(chunk, key)
            except CrossdockError as error:
                if start == 0:
                    raise
                rest = len(writes) - start - len(chunk)
                return [*outcomes, *[Failed(error)] * len(chunk), *[Failed(_not_sent())] * rest]
        return outcomes

    async def activate(self, place: Place, available: int, key: str) -> Outcome[int]:
        """As `StockChannel.activate`. An item stocked there already is a `ConflictError` (code `already_stocked`)."""
        if refusal := _refusal(StockWrite(place=place, quantity=available)):
            return Failed(refusal)
        variables = {
            "item": gid("InventoryItem", place.item_id),
            "location": gid("Location", place.location_id),
            "available": available,
        }
        answer, errors = await self._once("activate_level", "inventoryActivate", variables, f"{key}/activate", place)
        if errors:
            return Failed(_activation_error(errors, answer, place))
        return Settled(available)

    async def _set_chunk(self, chunk: Sequence[StockWrite], key: str) -> list[Outcome[int]]:
        failed = _wrong(chunk)
        for _ in range(_ROUNDS):
            sent = [place for place in range(len(chunk)) if place not in failed]
            if not sent:
                break
            try:
                answer, errors = await self._set_rows([chunk[place] for place in sent], key)
            except CrossdockError as error:
                if not failed:
                    raise
                failed |= {place: Failed(error) for place in sent}
                break
            if not errors:
                break
            failed |= _failures(errors, sent, chunk, answer)
        else:
            left = [place for place in range(len(chunk)) if place not in failed]
            failed |= {place: Failed(_not_sent()) for place in left}
        return [failed.get(place) or Settled(write.quantity) for place, write in enumerate(chunk)]

    async def _set_rows(self, writes: Sequence[StockWrite], key: str) -> tuple[Answer, list[Error]]:
        rows = [_row(write) for write in writes]
        name = f"{key}/{digest(rows)}"
        given = {
            "name": "available",
            "reason": "correction",
            "referenceDocumentUri": f"gid://crossdock/StockPublication/{key_uuid(key)}",
            "quantities": rows,
        }
        return await self._once("set_quantities", "inventorySetQuantities", {"input": given}, name)

    async def _once(
        self, operation: str, root: str, variables: Mapping[str, Any], name: str, place: Place | None = None
    ) -> tuple[Answer, list[Error]]:
        """One write under its idempotency key, asked again with the same key while its outcome is not known."""
        document, generation = _name(place) if place else None, 0
        for attempt in range(1, _ATTEMPTS + 1):
            given = {**variables, "key": key_uuid(f"{name}/{generation}" if generation else name)}
            try:
                answer = await self.client.call(operation, given, lane=Lane.INVENTORY, document=document)
            except RetryableError as error:
                if not error.maybe_applied or attempt == _ATTEMPTS:
                    raise
                await sleep(error.retry_after or 0.2 * 5 ** (attempt - 1))
                continue
            errors = (answer.data.get(root) or {}).get("userErrors") or []
            codes = {error.get("code") for error in errors}
            if "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED" in codes and attempt < _ATTEMPTS:
                generation += 1  # that attempt changed nothing, and Shopify wants a new key for the next
            elif "IDEMPOTENCY_CONCURRENT_REQUEST" in codes and attempt < _ATTEMPTS:
                await sleep(0.5 * attempt)
            elif any(str(code).startswith("IDEMPOTENCY_") for code in codes):
                raise user_error(errors, answer.headers, document)
            else:
                return answer, errors
        raise RetryableError("Shopify's answer did not come", code="reply_lost", document=document, maybe_applied=True)


def _wrong(chunk: Sequence[StockWrite]) -> dict[int, Failed]:
    """Rows that cannot be sent: Shopify would refuse the whole call for them."""
    failed: dict[int, Failed] = {}
    seen: set[Place] = set()
    for place, write in enumerate(chunk):
        error = _refusal(write)
        if error is None and write.place in seen:
            error = _rejected("this place is in the call twice", "place_twice", write.place, "place")
        if error is not None:
            failed[place] = Failed(error)
        seen.add(write.place)
    return failed


def _refusal(write: StockWrite) -> CrossdockError | None:
    if not is_id(write.place.item_id):
        return _rejected("this is no item id of Shopify's", "unknown_item", write.place, "item_id")
    if not is_id(write.place.location_id):
        return _rejected("this is no location id of Shopify's", "unknown_location", write.place, "location_id")
    if abs(write.quantity) > MOST or abs(write.expected or 0) > MOST:
        return _rejected("Shopify takes no quantity beyond a billion", "quantity_too_large", write.place, "quantity")
    return None


def _row(write: StockWrite) -> dict[str, Any]:
    return {
        "inventoryItemId": gid("InventoryItem", write.place.item_id),
        "locationId": gid("Location", write.place.location_id),
        "quantity": write.quantity,
        "changeFromQuantity": write.expected,
    }


def _failures(
    errors: Sequence[Error], sent: Sequence[int], chunk: Sequence[StockWrite], answer: Answer
) -> dict[int, Failed]:
    """The failed rows. An error that names no row is about all that were sent."""
    found: dict[int, Failed] = {}
    for error in errors:
        path = [str(part) for part in error.get("field") or ()]
        index = int(path[2]) if len(path) > 2 and path[2].isdecimal() else None
        rows = [sent[index]] if index is not None and index < len(sent) else sent
        for row in rows:
            found.setdefault(row, Failed(_row_error(error, answer, chunk[row].place, path[-1] if path else None)))
    return found


def _row_error(error: Error, answer: Answer, place: Place, field: str | None) -> CrossdockError:
    ours = user_error([error], answer.headers, _name(place))
    code = str(error.get("code"))
    if code in _STALE:
        words = "the shop shows another figure than expected"
        return ConflictError(words, code="stale_compare", document=_name(place), field="available")
    if (named := _CODES.get(code)) is not None:
        return RejectedError(ours.words, code=named, document=_name(place), field=field, way_out=_WAYS_OUT.get(named))
    ours.field = field
    return ours


def _activation_error(errors: Sequence[Error], answer: Answer, place: Place) -> CrossdockError:
    """This payload's errors have no code; the field they are about tells."""
    field = str((errors[0].get("field") or [""])[-1])
    words = user_error(errors, answer.headers, None).words
    if field == "available":
        return ConflictError(words, code="already_stocked", document=_name(place), field=field)
    code = {"locationId": "unknown_location", "inventoryItemId": "unknown_item"}.get(field, "not_stocked")
    return RejectedError(words, code=code, document=_name(place), field=field or None, way_out=_WAYS_OUT[code])


def _rejected(words: str, code: str, place: Place, field: str) -> RejectedError:
    return RejectedError(words, code=code, document=_name(place), field=field, way_out=_WAYS_OUT.get(code))


def _not_sent() -> RetryableError:
    return RetryableError("not sent, because calls before it failed", code="not_sent")


def _name(place: Place) -> str:
    return f"item {place.item_id} at {place.location_id}"
