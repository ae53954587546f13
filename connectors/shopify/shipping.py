"""Telling the shop of parcels, once each, though the shop knows no key: see `logistics_claims`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from canonical.errors import (
    ConflictError,
    CrossdockError,
    HeldError,
    MisconfiguredError,
    RejectedError,
    RetryableError,
)
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.aftersales import FulfillmentWrite
from connectors.shopify.aftersales_writing import change, need_id, read_back, unknown
from connectors.shopify.client import ShopifyClient
from connectors.shopify.logistics_claims import Claim, metafield
from connectors.shopify.logistics_reading import OrderState, read_state, read_states
from connectors.shopify.reading import gid
from connectors.shopify.shipping_plan import Rows, plan, stand_in_for
from connectors.shopify.shipping_tracking import set_tracking, tracking_input


@dataclass(frozen=True, slots=True)
class Shipper:
    """Ships parcels of one shop."""

    client: ShopifyClient

    async def fulfill(self, writes: Sequence[FulfillmentWrite]) -> list[Outcome[str]]:
        """As `FulfillmentChannel.fulfill`: orders are read 50 a call, and again before a second parcel of one."""
        states = await read_states(self.client, [write.order_id for write in writes])
        outcomes: list[Outcome[str]] = []
        for write in writes:
            try:
                outcomes.append(Settled(await self._ship(write, states.pop(write.order_id, None))))
            except (RetryableError, MisconfiguredError) as error:
                rest = len(writes) - len(outcomes) - 1
                return [*outcomes, Failed(error), *[Failed(_not_sent())] * rest]
            except CrossdockError as error:
                outcomes.append(Failed(error))
        return outcomes

    async def _ship(self, write: FulfillmentWrite, state: OrderState | None) -> str:
        _check(write)
        state = state or await self._read(write)
        if (made := found(state, write)) is not None:
            return made
        if (theirs := stand_in_for(state, write)) is not None:
            await set_tracking(self.client, theirs, write.parcel, notify=write.notify)
            return theirs
        rows = plan(state, write)
        try:
            return await self._send(write, rows, state.name)
        except RetryableError as error:
            if not error.maybe_applied:
                raise
            return await read_back(lambda: self._find(write), error)
        except RejectedError as error:
            return await self._refused(write, rows, error)

    async def _refused(self, write: FulfillmentWrite, rows: Rows, error: RejectedError) -> str:
        """Nothing was made: somebody may have split, moved or shipped meanwhile. Once more if so, else refused."""
        state = await self._read(write)
        if (made := found(state, write)) is not None:
            return made
        try:
            again = plan(state, write)
            if again == rows:
                raise error
            return await self._send(write, again, state.name)
        except (RejectedError, HeldError):
            await self._forget(write)
            raise
        except RetryableError as lost:
            if not lost.maybe_applied:
                raise
            return await read_back(lambda: self._find(write), lost)

    async def _read(self, write: FulfillmentWrite) -> OrderState:
        state = await read_state(self.client, write.order_id)
        if state is None:
            raise unknown("order", write.order_id)
        return state

    async def _find(self, write: FulfillmentWrite) -> str | None:
        return found(await self._read(write), write)

    async def _send(self, write: FulfillmentWrite, rows: Rows, name: str) -> str:
        given: dict[str, Any] = {"lineItemsByFulfillmentOrder": _requests(rows), "notifyCustomer": write.notify}
        if info := tracking_input(write.parcel):
            given["trackingInfo"] = info
        variables = {"claims": [metafield(Claim.of(write), write.order_id)], "fulfillment": given}
        payload = await change(self.client, "create_fulfillment", "fulfillmentCreate", variables, name)
        return str(payload["fulfillment"]["id"]).rpartition("/")[2]

    async def _forget(self, write: FulfillmentWrite) -> None:
        """Mark the note of a parcel that was refused. Should this fail, another look at the order decides by number."""
        claim = replace(Claim.of(write), refused=True)
        with suppress(CrossdockError):
            await self.client.call("set_order_fields", {"metafields": [metafield(claim, write.order_id)]})


def found(state: OrderState, write: FulfillmentWrite) -> str | None:
    """The fulfillment this parcel made, or one of its number and lines that no other key made.

    Raises `ConflictError` on a used key.
    """
    wanted, claim = Claim.of(write), state.claims.get(write.key)
    if claim is not None and not claim.refused and not claim.same_goods(wanted):
        words = f"the key {write.key} stands for another parcel of this order"
        raise ConflictError(words, code="key_reused", document=state.name, field="key")
    if write.key in state.made:
        return state.made[write.key]
    if not wanted.numbers:
        return None
    free = (one for one in state.logistics.fulfillments if one.id not in state.made.values())
    return next((one.id for one in free if wanted.fits(one)), None)


def _requests(rows: Rows) -> list[dict[str, Any]]:
    return [
        {
            "fulfillmentOrderId": gid("FulfillmentOrder", request),
            "fulfillmentOrderLineItems": [
                {"id": gid("FulfillmentOrderLineItem", line), "quantity": pieces} for line, pieces in lines
            ],
        }
        for request, lines in rows
    ]


def _check(write: FulfillmentWrite) -> None:
    need_id(write.order_id, "order_id", write.order_id)
    need_id(write.location_id, "location_id", write.order_id)
    if not write.lines or min(write.lines.values()) < 1:
        raise RejectedError(
            "a parcel needs lines with at least one piece each",
            code="parcel_empty",
            document=write.order_id,
            field="lines",
            way_out="Correct the parcel at the warehouse, then replay.",
        )


def _not_sent() -> RetryableError:
    return RetryableError("not sent, because a parcel before it failed", code="not_sent")
