"""Answering, opening and closing returns. Repeats are settled by the state the shop shows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from canonical.errors import CrossdockError, RejectedError
from canonical.ids import key_uuid
from canonical.outcomes import Failed, Outcome
from connectors.shopify.aftersales_writing import change, few_at_once, need_id, once, settled, unknown
from connectors.shopify.client import ShopifyClient
from connectors.shopify.reading import gid
from connectors.shopify.returns_reading import ReturnNode, read_nodes

LONGEST_NOTE: Final = 500
_DECLINES: Final = frozenset({"RETURN_PERIOD_ENDED", "FINAL_SALE", "OTHER"})
REASONS: Final = {
    "unknown": "unknown",
    "unwanted": "changed-my-mind",
    "not_as_described": "item-not-as-described",
    "wrong_item": "received-the-wrong-item",
    "defective": "damaged-or-defective",
    "size_too_small": "too-small",
    "size_too_large": "too-big",
    "style": "style",
    "color": "color",
    "other": "other-reason",
}
"""Our words for why goods come back, and Shopify's handles; handles are taken as they are, the rest is `other`."""


@dataclass(frozen=True, slots=True)
class ReturnChanger:
    """Changes returns of one shop."""

    client: ShopifyClient

    async def approve(self, return_ids: Sequence[str]) -> list[Outcome[str]]:
        """As `ReturnChannel.approve`."""
        return await self._all(return_ids, ("OPEN", "CLOSED"), "approve_return", "returnApproveRequest")

    async def decline(self, return_id: str, reason: str, note: str) -> str:
        """As `ReturnChannel.decline`."""
        if len(note) > LONGEST_NOTE:
            words = f"the note has {len(note)} characters, Shopify takes {LONGEST_NOTE}"
            raise RejectedError(words, code="note_too_long", document=return_id, field="note", way_out="Shorten it.")
        word = reason.upper() if reason.upper() in _DECLINES else "OTHER"
        variables = {"id": gid("Return", return_id), "reason": word, "note": note or None}
        there, turn = self._turn(return_id, ("DECLINED",), "decline_return", "returnDeclineRequest", variables)
        return await once(there, turn)

    async def close(self, return_ids: Sequence[str]) -> list[Outcome[str]]:
        """As `ReturnChannel.close`."""
        return await self._all(return_ids, ("CLOSED",), "close_return", "returnClose")

    async def _all(
        self, return_ids: Sequence[str], states: tuple[str, ...], operation: str, root: str
    ) -> list[Outcome[str]]:
        """Each of them; how they stand is read for all of them first, 25 a call."""
        try:
            nodes = await read_nodes(self.client, return_ids)
        except CrossdockError as error:
            return [Failed(error)] * len(return_ids)

        async def one(return_id: str) -> str:
            there, turn = self._turn(return_id, states, operation, root, {"id": gid("Return", return_id)})
            need_id(return_id, "return_id", return_id)
            if (found := _reached(nodes.get(return_id), return_id, states)) is not None:
                return found
            return await settled(there, turn)

        return await few_at_once([partial(one, return_id) for return_id in return_ids])

    def _turn(
        self, return_id: str, states: tuple[str, ...], operation: str, root: str, variables: Mapping[str, Any]
    ) -> tuple[Callable[[], Awaitable[str | None]], Callable[[], Awaitable[str]]]:
        """How to look whether a return has come to one of these states, and how to bring it there."""

        async def there() -> str | None:
            need_id(return_id, "return_id", return_id)
            return _reached((await read_nodes(self.client, [return_id])).get(return_id), return_id, states)

        async def turn() -> str:
            await change(self.client, operation, root, variables, return_id)
            return return_id

        return there, turn

    async def open_return(self, key: str, order_id: str, lines: Mapping[str, int], reason: str) -> str:
        """As `ReturnChannel.open_return`. The key is kept in the note on the lines, so return and key are one write."""
        need_id(order_id, "order_id", order_id)
        handle = REASONS.get(reason, reason)
        mark = mark_of(key)

        async def there() -> str | None:
            for one in (await self._returnable(order_id, handle))["order"]["returns"]["nodes"]:
                notes = [row["returnReasonNote"] or "" for row in one["returnLineItems"]["nodes"]]
                if any(mark in note for note in notes):
                    return str(one["id"]).rpartition("/")[2]
            return None

        async def make() -> str:
            found = await self._returnable(order_id, handle)
            rows = _rows(found, lines)
            asked = _reason(found["returnReasonDefinitions"]["nodes"], handle)
            note = f"Came back: {reason} {mark}"
            given = {
                "orderId": gid("Order", order_id),
                "returnLineItems": [{**r, **asked, "returnReasonNote": note} for r in rows],
            }
            payload = await change(self.client, "create_return", "returnCreate", {"input": given}, order_id)
            return str(payload["return"]["id"]).rpartition("/")[2]

        return await once(there, make)

    async def _returnable(self, order_id: str, handle: str) -> dict[str, Any]:
        variables = {"id": gid("Order", order_id), "reasons": [handle, REASONS["other"]]}
        data = (await self.client.call("find_returnable", variables, document=order_id)).data
        if data.get("order") is None:
            raise unknown("order", order_id)
        return data


def _reached(node: ReturnNode | RejectedError | None, return_id: str, states: tuple[str, ...]) -> str | None:
    """The return's id when it is in one of the states. Raises `RejectedError` when it cannot be read."""
    if node is None:
        raise unknown("return", return_id)
    if isinstance(node, RejectedError):
        raise node
    return return_id if node.status in states else None


def mark_of(key: str) -> str:
    """How our key stands in a note that people read, too."""
    return f"[ref {key_uuid(key)}]"


def _reason(definitions: list[dict[str, Any]], handle: str) -> dict[str, str]:
    """The reason by its definition; the shop's own `other` when it does not have this one."""
    known = {one["handle"]: one["id"] for one in definitions if not one["deleted"]}
    found = known.get(handle) or known.get(REASONS["other"])
    return {"returnReasonDefinitionId": found} if found else {"returnReason": "OTHER"}


def _rows(found: Mapping[str, Any], lines: Mapping[str, int]) -> list[dict[str, Any]]:
    """The pieces by fulfillment line. Raises `RejectedError` when fewer can come back."""
    left, rows = dict(lines), []
    for one in found["returnableFulfillments"]["nodes"]:
        for row in one["returnableFulfillmentLineItems"]["nodes"]:
            line = row["fulfillmentLineItem"]
            line_id = str(line["lineItem"]["id"]).rpartition("/")[2]
            if pieces := min(left.get(line_id, 0), int(row["quantity"])):
                left[line_id] -= pieces
                rows.append({"fulfillmentLineItemId": line["id"], "quantity": pieces})
    short = {line_id: pieces for line_id, pieces in left.items() if pieces > 0}
    if short or not rows:
        told = ", ".join(f"{pieces} of line {line_id}" for line_id, pieces in short.items()) or "nothing"
        raise RejectedError(
            f"{told} cannot come back: it was not shipped, or it is in another return",
            code="not_returnable",
            document=str(found["order"]["name"]),
            field="lines",
            way_out="Look at the returns of the order, and correct what was received.",
        )
    return rows
