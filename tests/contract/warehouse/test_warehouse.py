"""One contract for every warehouse: what we ask arrives once, what it does comes back as it happened."""

from __future__ import annotations

from typing import Any

import pytest

from canonical.errors import ConflictError, HeldError
from canonical.outcomes import AwaitingAck, Outcome
from canonical.ports.warehouse import Warehouse
from canonical.warehouse import FulfillmentRequest, RequestLine, WarehouseEventKind, WarehouseRef, WarehouseState
from tests.contract.warehouse.floor import MUG, TEE, Floor, a_request, failed, kinds, of, quantities, settled

pytestmark = [pytest.mark.counterpart, pytest.mark.xdist_group("warehouse")]


async def hand_over(floor: Floor, warehouse: Warehouse, request: FulfillmentRequest) -> WarehouseRef:
    """Submit, until the warehouse has taken it."""
    return await taken(floor, warehouse, request, (await warehouse.submit([request]))[0])


async def taken(
    floor: Floor, warehouse: Warehouse, request: FulfillmentRequest, outcome: Outcome[WarehouseRef]
) -> WarehouseRef:
    """The reference, now or after the acknowledgement."""
    if isinstance(outcome, AwaitingAck):
        floor.open_mail()
        await floor.told(warehouse)
        (outcome,) = await warehouse.submit([request])
    return settled(outcome)


async def test_a_request_that_is_handed_over_again_is_one_task(floor: Floor, warehouse: Warehouse) -> None:
    request = a_request(floor.place)
    first = await hand_over(floor, warehouse, request)
    other = floor.connect()
    again = settled((await other.submit([request]))[0])
    await other.aclose()
    floor.open_mail()
    assert (again.key, again.external_id) == (request.key, first.external_id)
    assert floor.tasks(request.key) == 1
    assert floor.asked(request.key) == {TEE: 2, MUG: 1}
    status = (await warehouse.status([request.key, "north:never:1"]))[request.key]
    assert (status.state, status.revision) == (WarehouseState.ACCEPTED, 0)
    assert kinds(await floor.told(warehouse), request) == ["accepted"]


async def test_other_content_under_a_revision_that_stands_is_a_conflict(floor: Floor, warehouse: Warehouse) -> None:
    request = a_request(floor.place)
    await hand_over(floor, warehouse, request)
    other = request.model_copy(update={"lines": request.lines[:1]})
    assert "revision" in failed((await warehouse.submit([other]))[0], ConflictError).words
    assert floor.asked(request.key) == {TEE: 2, MUG: 1}


async def test_an_amended_request_replaces_what_was_asked(floor: Floor, warehouse: Warehouse) -> None:
    request = a_request(floor.place)
    await hand_over(floor, warehouse, request)
    lines = (RequestLine(line_id="1", item=TEE, quantity=1), RequestLine(line_id="3", item=MUG, quantity=4))
    amended = request.model_copy(update={"revision": 1, "lines": lines})
    await taken(floor, warehouse, amended, await warehouse.amend(amended))
    await taken(floor, warehouse, amended, await warehouse.amend(amended))
    assert floor.tasks(request.key) == 1
    assert floor.asked(request.key) == {TEE: 1, MUG: 4}
    assert (await warehouse.status([request.key]))[request.key].revision == 1


async def test_a_cancelled_request_is_not_worked_on_and_cancelling_twice_is_settled(
    floor: Floor, warehouse: Warehouse
) -> None:
    request = a_request(floor.place)
    await hand_over(floor, warehouse, request)
    outcome = (await warehouse.cancel([request.key], "the shopper changed their mind"))[0]
    if isinstance(outcome, AwaitingAck):
        floor.open_mail()
        await floor.told(warehouse)
    settled((await warehouse.cancel([request.key], "the shopper changed their mind"))[0])
    assert floor.tasks(request.key) == 0
    assert (await warehouse.status([request.key]))[request.key].state is WarehouseState.CANCELLED
    assert kinds(await floor.told(warehouse), request)[-1] == "cancelled"
    settled((await warehouse.submit([request]))[0])
    floor.open_mail()
    assert floor.tasks(request.key) == 0


async def test_what_is_packed_is_neither_cancelled_nor_amended(floor: Floor, warehouse: Warehouse) -> None:
    request = a_request(floor.place)
    await hand_over(floor, warehouse, request)
    floor.pick(request.key)
    floor.pack(request.key, [("1Z999AA10123456784", {TEE: 2, MUG: 1})])
    await floor.told(warehouse)
    amended = request.model_copy(update={"revision": 1, "lines": request.lines[:1]})
    failed((await warehouse.cancel([request.key], "too late"))[0], HeldError)
    failed(await warehouse.amend(amended), HeldError)
    floor.open_mail()
    assert floor.tasks(request.key) == 1


async def test_two_parcels_are_told_with_lines_carrier_tracking_and_lot(floor: Floor, warehouse: Warehouse) -> None:
    request = a_request(floor.place)
    await hand_over(floor, warehouse, request)
    floor.pick(request.key)
    floor.mark_lot(request.key, MUG, f"LOT-{request.order_id}")
    boxes = [("1Z999AA10123456784", {TEE: 1}), ("1Z999AA10123456785", {TEE: 1, MUG: 1})]
    floor.pack(request.key, boxes)
    floor.hand_over(request.key)
    events = await floor.told(warehouse)
    (shipped,) = of(events, request, WarehouseEventKind.SHIPPED)
    found = {
        parcel.tracking_number: {line.line_id: line.quantity for line in parcel.lines} for parcel in shipped.parcels
    }
    assert found == {"1Z999AA10123456784": {"1": 1}, "1Z999AA10123456785": {"1": 1, "2": 1}}
    assert {parcel.carrier for parcel in shipped.parcels} == {"UPS"}
    assert quantities(shipped) == {"1": 2, "2": 1}
    assert {line.lot for line in shipped.lines if line.item == MUG} == {f"LOT-{request.order_id}"}
    assert [kind for kind in kinds(events, request) if kind != "allocated"] == [
        "accepted", "picked", "packed", "shipped",
    ]  # fmt: skip
    status = (await warehouse.status([request.key]))[request.key]
    assert (status.state, status.shipped) == (WarehouseState.SHIPPED, {"1": 2, "2": 1})


async def test_a_short_pick_names_the_line_and_what_is_missing(floor: Floor, warehouse: Warehouse) -> None:
    request = a_request(floor.place)
    await hand_over(floor, warehouse, request)
    floor.pick(request.key)
    floor.come_short(request.key, TEE, 1)
    floor.pack(request.key, [("1Z999AA10123456786", {TEE: 1, MUG: 1})])
    floor.hand_over(request.key)
    events = await floor.told(warehouse)
    (short,) = of(events, request, WarehouseEventKind.SHORT)
    assert quantities(short) == {"1": 1}
    assert quantities(of(events, request, WarehouseEventKind.SHIPPED)[0]) == {"1": 1, "2": 1}
    assert (await warehouse.status([request.key]))[request.key].state is WarehouseState.SHORT


async def test_a_request_the_warehouse_refuses_is_told(floor: Floor, warehouse: Warehouse) -> None:
    request = a_request(floor.place)
    await hand_over(floor, warehouse, request)
    floor.reject(request.key)
    events = await floor.told(warehouse)
    assert kinds(events, request)[-1] == "rejected"
    assert of(events, request, WarehouseEventKind.REJECTED)[0].reason
    assert (await warehouse.status([request.key]))[request.key].state is WarehouseState.REJECTED


async def test_returned_goods_are_told_as_received_and_by_disposition(floor: Floor, warehouse: Warehouse) -> None:
    request = a_request(floor.place, [("1", TEE, 3)])
    await hand_over(floor, warehouse, request)
    floor.pick(request.key)
    floor.pack(request.key, [("1Z999AA10123456787", {TEE: 3})])
    floor.hand_over(request.key)
    number = f"R-{request.order_id}"
    floor.take_back(request.key, number, {TEE: {"restock": 1, "refurbish": 1, "scrap": 1}})
    events = [event for event in await floor.told(warehouse) if event.return_id == number]
    received, inspected = events
    assert (received.kind, quantities(received)) == (WarehouseEventKind.RETURN_RECEIVED, {"1": 3})
    assert inspected.kind is WarehouseEventKind.RETURN_INSPECTED
    assert {(line.line_id, str(line.disposition), line.quantity) for line in inspected.lines} == {
        ("1", "restock", 1), ("1", "refurbish", 1), ("1", "scrap", 1),
    }  # fmt: skip


async def test_a_blind_return_is_told_without_a_request(floor: Floor, warehouse: Warehouse) -> None:
    number = f"blind-{floor.name}"
    floor.take_back(None, number, {MUG: {"restock": 1}})
    events = [event for event in await floor.told(warehouse) if event.return_id == number]
    assert [str(event.kind) for event in events] == ["return_received", "return_inspected"]
    assert [(line.line_id, line.item, line.quantity) for line in events[1].lines] == [(None, MUG, 1)]


async def test_events_told_twice_have_the_same_id(floor: Floor, warehouse: Warehouse) -> None:
    request = a_request(floor.place)
    await hand_over(floor, warehouse, request)
    floor.pick(request.key)
    first: dict[str, Any] = {event.id: event.kind for event in await floor.told(warehouse)}
    again = {event.id: event.kind for event in await floor.told(warehouse)}
    assert again == first
    assert len({event.id for event in await floor.told(warehouse)}) == len(await floor.told(warehouse))
