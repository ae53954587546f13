"""Moving, holding and releasing fulfillment orders. Their ids change by it, so what is meant is found by order line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from canonical.errors import RejectedError, RetryableError
from canonical.fulfillment import FulfillmentOrder
from connectors.shopify.aftersales_writing import change, need_id, once, read_back, unknown
from connectors.shopify.client import ShopifyClient
from connectors.shopify.logistics_reading import OrderState, read_state, read_state_by_request
from connectors.shopify.reading import gid
from connectors.shopify.shipping_plan import WAITING, at

_REASONS: Final = frozenset(
    {
        "AWAITING_PAYMENT",
        "AWAITING_RETURN_ITEMS",
        "HIGH_RISK_OF_FRAUD",
        "INCORRECT_ADDRESS",
        "INVENTORY_OUT_OF_STOCK",
        "UNKNOWN_DELIVERY_DATE",
        "OTHER",
    }
)


@dataclass(frozen=True, slots=True)
class Mover:
    """Changes fulfillment orders of one shop."""

    client: ShopifyClient

    async def move(self, request_id: str, location_id: str, lines: Mapping[str, int] | None) -> str:
        """As `FulfillmentChannel.move`."""
        need_id(location_id, "location_id", request_id)
        state, request = await self._state(request_id)
        wanted = dict(lines) if lines is not None else _remaining(request)
        if lines is None and not wanted:
            raise _nothing(state, request_id, location_id)
        order_id = state.logistics.order_id

        async def arrived() -> str | None:
            there = await read_state(self.client, order_id)
            if there is None or (lines is None and _still(there, request, location_id)):
                return None
            return _there(there, location_id, wanted)

        if lines is None and request.location_id == location_id:
            return request.id
        if lines is not None and (done := _there(state, location_id, wanted)):
            return done
        moved = request.id
        for source, taken in _sources(state, request, location_id, wanted, whole=lines is None):
            try:
                moved = await self._move(source, location_id, taken)
            except RetryableError as error:
                if not error.maybe_applied:
                    raise
                return await read_back(arrived, error)
        return moved

    async def _move(self, source: FulfillmentOrder, location_id: str, taken: Mapping[str, int] | None) -> str:
        rows = None
        if taken is not None:
            ids = {line.line_id: line.id for line in source.lines}
            rows = [{"id": gid("FulfillmentOrderLineItem", ids[one]), "quantity": n} for one, n in taken.items()]
        variables = {
            "id": gid("FulfillmentOrder", source.id),
            "location": gid("Location", location_id),
            "lines": rows,
        }
        payload = await change(self.client, "move_fulfillment_order", "fulfillmentOrderMove", variables, source.id)
        return str((payload.get("movedFulfillmentOrder") or {"id": source.id})["id"]).rpartition("/")[2]

    async def hold(self, request_id: str, reason: str, handle: str) -> str:
        """As `FulfillmentChannel.hold`: each fulfillment order that took the place of this one is held."""
        held = ""
        for current in await self._current(request_id):
            held = held or current
            await self._hold(current, reason, handle)
        return held

    async def _hold(self, request_id: str, reason: str, handle: str) -> str:
        word = reason.upper() if reason.upper() in _REASONS else "OTHER"
        given: dict[str, Any] = {"reason": word, "handle": handle}
        if word == "OTHER":
            given["reasonNotes"] = reason
        variables = {"id": gid("FulfillmentOrder", request_id), "hold": given}

        async def holding() -> str | None:
            mine = await self._holds(request_id)
            return request_id if handle in mine.values() else None

        async def place() -> str:
            await change(self.client, "hold_fulfillment_order", "fulfillmentOrderHold", variables, request_id)
            return request_id

        return await once(holding, place)

    async def release(self, request_id: str, handle: str | None) -> str:
        """As `FulfillmentChannel.release`."""
        current = await self._current(request_id, may_be_none=True)
        for one in current:
            await self._release(one, handle)
        return current[0] if current else request_id

    async def _release(self, request_id: str, handle: str | None) -> str:
        async def ids() -> list[str]:
            return [one for one, name in (await self._holds(request_id)).items() if handle in (None, name)]

        async def free() -> str | None:
            return None if await ids() else request_id

        async def let_go() -> str:
            variables = {"id": gid("FulfillmentOrder", request_id), "holds": await ids()}
            await change(self.client, "release_holds", "fulfillmentOrderReleaseHold", variables, request_id)
            return request_id

        return await once(free, let_go)

    async def _holds(self, request_id: str) -> dict[str, str]:
        """Holds of ours: handle by id."""
        node = await self._find(request_id)
        holds = node.get("fulfillmentHolds") or ()
        return {one["id"]: one.get("handle") or "" for one in holds if one["heldByRequestingApp"]}

    async def _find(self, request_id: str) -> dict[str, Any]:
        need_id(request_id, "fulfillment_order_id", request_id)
        variables = {"id": gid("FulfillmentOrder", request_id)}
        node = (await self.client.call("find_fulfillment_order", variables, document=request_id)).data
        found: dict[str, Any] | None = node.get("fulfillmentOrder")
        if found is None:
            raise unknown("fulfillment_order", request_id)
        return found

    async def _state(self, request_id: str) -> tuple[OrderState, FulfillmentOrder]:
        """The order, and the fulfillment order in it, though it may be closed by now."""
        need_id(request_id, "fulfillment_order_id", request_id)
        state = await read_state_by_request(self.client, request_id)
        request = (
            next((one for one in state.logistics.fulfillment_orders if one.id == request_id), None) if state else None
        )
        if state is None or request is None:
            raise unknown("fulfillment_order", request_id)
        return state, request

    async def _current(self, request_id: str, *, may_be_none: bool = False) -> list[str]:
        """The fulfillment order itself while it waits, else those at its location that have its lines now."""
        state, request = await self._state(request_id)
        if request.status in WAITING:
            return [request.id]
        mine = {line.line_id for line in request.lines}
        found = [
            one.id
            for one in at(state, request.location_id)
            if any(line.remaining and line.line_id in mine for line in one.lines)
        ]
        if not found and not may_be_none:
            raise _nothing(state, request_id, request.location_id or "?")
        return found


def _remaining(request: FulfillmentOrder) -> dict[str, int]:
    return {line.line_id: line.remaining for line in request.lines if line.remaining}


def _still(state: OrderState, request: FulfillmentOrder, location_id: str) -> bool:
    """Whether the fulfillment order waits anywhere else."""
    return any(one.id == request.id and one.location_id != location_id for one in at(state, None))


def _there(state: OrderState, location_id: str, wanted: Mapping[str, int]) -> str | None:
    """The fulfillment order at the location, when all that is wanted waits there."""
    left, first = dict(wanted), None
    for one in at(state, location_id):
        for line_id, pieces in _remaining(one).items():
            if line_id in left:
                first = first or one.id
                left[line_id] -= pieces
    return first if all(pieces <= 0 for pieces in left.values()) else None


def _sources(
    state: OrderState, request: FulfillmentOrder, location_id: str, wanted: Mapping[str, int], *, whole: bool
) -> list[tuple[FulfillmentOrder, dict[str, int] | None]]:
    """What to move out of which fulfillment order, the one named first. Raises when there is not enough."""
    if whole:
        return [(request, None)]
    left = dict(wanted)
    for one in at(state, location_id):
        for line_id, pieces in _remaining(one).items():
            if line_id in left:
                left[line_id] -= min(pieces, left[line_id])
    others = [one for one in at(state, None) if one.location_id != location_id]
    found: list[tuple[FulfillmentOrder, dict[str, int] | None]] = []
    for one in sorted(others, key=lambda other: other.id != request.id):
        rows = {line_id: min(pieces, left.get(line_id, 0)) for line_id, pieces in _remaining(one).items()}
        taken = {line_id: pieces for line_id, pieces in rows.items() if pieces}
        for line_id, pieces in taken.items():
            left[line_id] -= pieces
        if taken:
            found.append((one, None if taken == _remaining(one) else taken))
    if any(left.values()):
        raise _nothing(state, request.id, location_id)
    return found


def _nothing(state: OrderState, request_id: str, location_id: str) -> RejectedError:
    return RejectedError(
        f"fulfillment order {request_id} has not (any more) what is to wait at location {location_id}",
        code="nothing_remains",
        document=state.name,
        field="lines",
        way_out="Route the order again: it was shipped, cancelled or changed meanwhile.",
    )
