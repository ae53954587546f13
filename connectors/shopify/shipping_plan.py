"""Which fulfillment orders a parcel comes out of. Their ids change; order lines and the location stay."""

from collections.abc import Iterable
from typing import Final

from canonical.errors import CrossdockError, HeldError, RejectedError
from canonical.fulfillment import FulfillmentOrder, FulfillmentOrderStatus
from canonical.ports.aftersales import FulfillmentWrite
from connectors.shopify.logistics_reading import OrderState

Rows = tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
"""Fulfillment order id -> (its line's id, pieces)."""

SHIPPABLE: Final = frozenset({FulfillmentOrderStatus.OPEN, FulfillmentOrderStatus.IN_PROGRESS})
WAITING: Final = SHIPPABLE | {FulfillmentOrderStatus.ON_HOLD, FulfillmentOrderStatus.SCHEDULED}
"""Something is still to be shipped of these."""


def plan(state: OrderState, write: FulfillmentWrite) -> Rows:
    """The pieces of a parcel by fulfillment order, all of the write's location. Raises why it cannot be shipped."""
    if state.logistics.cancelled:
        words = "the shop has cancelled this order, so nothing of it can be shown as shipped"
        raise _rejected(state, words, "order_cancelled", "Treat the parcel as a return, or let it be stopped.")
    left, rows = dict(write.lines), []
    for request in at(state, write.location_id, SHIPPABLE):
        taken = []
        for line in request.lines:
            if pieces := min(left.get(line.line_id, 0), line.remaining):
                left[line.line_id] -= pieces
                taken.append((line.id, pieces))
        if taken:
            rows.append((request.id, tuple(taken)))
    short = {line_id: pieces for line_id, pieces in left.items() if pieces}
    if short:
        raise _why_not(state, write, short)
    return tuple(rows)


def at(
    state: OrderState, location_id: str | None, statuses: Iterable[FulfillmentOrderStatus] = WAITING
) -> list[FulfillmentOrder]:
    """The fulfillment orders at a location (None: anywhere) in these states."""
    return [
        one
        for one in state.logistics.fulfillment_orders
        if one.status in statuses and location_id in (None, one.location_id)
    ]


def stand_in_for(state: OrderState, write: FulfillmentWrite) -> str | None:
    """What somebody else already marked as shipped without a number, when nothing of the parcel's lines remains."""
    waiting = sum(line.remaining for one in at(state, None) for line in one.lines if line.line_id in write.lines)
    if waiting:
        return None
    theirs = (one for one in state.logistics.fulfillments if one.live and not one.made_by_us and not one.numbers)
    same = (one for one in theirs if one.location_id == write.location_id and dict(one.lines) == dict(write.lines))
    return next((one.id for one in same), None)


def _why_not(state: OrderState, write: FulfillmentWrite, short: dict[str, int]) -> CrossdockError:
    told = ", ".join(f"{pieces} of line {line_id}" for line_id, pieces in short.items())
    here = _remaining(at(state, write.location_id, WAITING - SHIPPABLE), short)
    if here:
        words = f"the shop holds {told} at location {write.location_id}, so it cannot be shown as shipped yet"
        way_out = "Release the hold in the shop, or let Crossdock release its own."
        return HeldError(words, code="on_hold", document=state.name, field="lines", way_out=way_out)
    elsewhere = [one for one in at(state, None) if one.location_id != write.location_id and _remaining([one], short)]
    if elsewhere:
        places = ", ".join(sorted({str(one.location_id) for one in elsewhere}))
        words = f"{told} left location {write.location_id}, but the shop lets it be shipped from {places}"
        return _rejected(state, words, "at_other_location", "Move the fulfillment order to this location, then replay.")
    words = f"the shop has nothing left to ship of {told} at location {write.location_id}"
    way_out = "Look at the fulfillments of the order: somebody shipped or removed these pieces already."
    return _rejected(state, words, "nothing_remains", way_out)


def _remaining(requests: Iterable[FulfillmentOrder], lines: dict[str, int]) -> int:
    return sum(line.remaining for one in requests for line in one.lines if line.line_id in lines)


def _rejected(state: OrderState, words: str, code: str, way_out: str) -> RejectedError:
    return RejectedError(words, code=code, document=state.name, field="lines", way_out=way_out)
