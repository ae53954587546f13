"""From a booked order to the doorstep, over fakes: each thing once, whatever is told twice, lost or away."""

from pathlib import Path

from canonical.life import OrderLife
from canonical.rules import example
from canonical.warehouse import WarehouseEventKind
from canonical.warehouse_messages import delivery_of
from flows.handling.lives.sweeping import poll_cancelled_sales
from tests.flows.lives.conftest import LifeHouse

ORDER = example.order()


async def booked(house: LifeHouse) -> OrderLife:
    """An order is booked and its request is with the warehouse."""
    await house.book(ORDER)
    await house.fulfil()
    return await house.life(ORDER)


async def test_a_booked_order_is_asked_for_once_where_it_was_routed_to(house: LifeHouse) -> None:
    life = await booked(house)
    (request,) = house.wms.requests.values()
    assert (request.location, request.order_name) == ("DC-EAST", "#1001")
    assert [(line.item, line.quantity) for line in request.lines] == [("TEE-1", 1)]
    assert [task.number for task in life.tasks] == ["T0001"]
    assert house.parcels.requests == {}


async def test_the_sale_is_booked_at_the_warehouse_that_ships(house: LifeHouse) -> None:
    await house.stock(east={"TEE-1": 0})
    await house.book(ORDER)
    (document,) = (document for document, _ in house.erp.documents.values())
    assert document.warehouse == "DC-WEST"
    await house.fulfil()
    assert [request.location for request in house.parcels.requests.values()] == ["DC-WEST"]


async def test_a_parcel_is_shipped_invoiced_and_shown_to_the_shopper_once(house: LifeHouse) -> None:
    life = await booked(house)
    house.wms.ship(life.tasks[0].key)
    await house.fulfil()
    await house.fulfil()
    (write,) = (write for _, write in house.channel.fulfilled.values())
    assert (write.parcel.carrier, write.parcel.tracking_number) == ("UPS", "1Z999AA10123456784")
    assert (write.location_id, write.lines) == ("7", {"11": 1})
    assert len(house.settlement.of("shipment")) == len(house.settlement.of("invoice")) == 1
    assert [posting.amount.amount for posting in house.settlement.of("payment")] == [
        example.payment("23.80").amount.shop.amount
    ]
    assert await house.cases(ORDER) == {}


async def test_an_event_that_is_told_again_ships_nothing_again(house: LifeHouse) -> None:
    life = await booked(house)
    house.wms.ship(life.tasks[0].key)
    await house.fulfil()
    first = house.wms.events[-1]
    again = delivery_of(first, "north").model_copy(update={"delivery_key": "north:wms:again"})
    await house.store.put([again])
    await house.fulfil()
    assert len(house.channel.fulfilled) == 1
    assert sum((await house.life(ORDER)).shipped.values()) == 1


async def test_a_number_on_parcels_of_two_orders_is_shown_for_the_first_and_told_for_the_second(
    house: LifeHouse,
) -> None:
    other = example.order(id="5002", name="#1002")
    await house.book(ORDER, other)
    await house.fulfil()
    for one in (ORDER, other):
        house.wms.ship((await house.life(one)).tasks[0].key)
    await house.fulfil()
    writes = [write for _, write in house.channel.fulfilled.values()]
    assert sorted(write.parcel.tracking_number or "none" for write in writes) == ["1Z999AA10123456784", "none"]
    told = {**await house.cases(ORDER), **await house.cases(other)}
    assert list(told) == ["tracking_used"]
    assert "is on a parcel of order #100" in told["tracking_used"].words
    assert {line.ids.get("order") for line in await house.store.trace("1Z999AA10123456784")} & {ORDER.id, other.id}


async def test_while_the_erp_is_away_the_shopper_sees_tracking_all_the_same(house: LifeHouse) -> None:
    life = await booked(house)
    house.wms.ship(life.tasks[0].key)
    house.settlement.down = True
    await house.fulfil()
    assert len(house.channel.fulfilled) == 1
    assert house.settlement.of("shipment") == []
    house.settlement.down = False
    await house.later(minutes=2)
    await house.fulfil()
    assert len(house.settlement.of("shipment")) == len(house.settlement.of("invoice")) == 1
    assert len(house.channel.fulfilled) == 1


async def test_a_lost_answer_of_the_shop_is_asked_for_under_the_same_key(house: LifeHouse) -> None:
    life = await booked(house)
    house.wms.ship(life.tasks[0].key)
    house.channel.lose = 1
    await house.fulfil()
    await house.later(minutes=2)
    await house.fulfil()
    asked = [about for what, about in house.channel.calls if what == "fulfill"]
    assert len(asked) == 2
    assert asked[0] == asked[1]
    assert len(house.channel.fulfilled) == 1


async def test_a_warehouse_that_is_down_parks_its_lane_and_nothing_is_lost(house: LifeHouse) -> None:
    house.wms.down = True
    await booked(house)
    assert house.wms.requests == {}
    assert (await house.store.due_lives(house.rt.now())) == []
    house.wms.down = False
    await house.later(minutes=2)
    await house.fulfil()
    assert len(house.wms.requests) == 1


async def test_what_is_short_at_one_place_is_shipped_from_another(house: LifeHouse) -> None:
    life = await booked(house)
    house.wms.tell(WarehouseEventKind.SHORT, life.tasks[0].key)
    await house.fulfil()
    (request,) = house.parcels.requests.values()
    assert [(line.line_id, line.quantity) for line in request.lines] == [("11", 1)]
    house.parcels.ship(request.key)
    await house.fulfil()
    (write,) = (write for _, write in house.channel.fulfilled.values())
    assert write.location_id == "8"


async def test_a_cancelled_order_is_cancelled_at_the_warehouse_before_the_erp(house: LifeHouse) -> None:
    life = await booked(house)
    now = house.rt.now()
    await house.arrive(ORDER.model_copy(update={"cancelled_at": now, "updated_at": now}), topic="orders/cancelled")
    await house.drain_orders()
    await house.fulfil()
    assert list(house.wms.cancelled) == [life.tasks[0].key]
    (booked_document,) = (known for _, known in house.erp.documents.values())
    assert booked_document.status == "cancelled"
    assert await house.store.reserved("north") == {}


async def test_what_the_erp_cancelled_ends_in_the_shop_and_at_the_warehouse_and_nothing_of_it_stays_reserved(
    house: LifeHouse,
) -> None:
    life = await booked(house)
    house.settlement.cancelled_keys.append(f"north:sales-order.create:{ORDER.id}")
    await poll_cancelled_sales(house.rt, "north")
    await house.fulfil()
    assert list(house.wms.cancelled) == [life.tasks[0].key]
    assert [what for what, _ in house.channel.calls].count("cancel_order") == 1
    assert await house.store.reserved("north") != {}
    now = house.rt.now()
    await house.arrive(ORDER.model_copy(update={"cancelled_at": now, "updated_at": now}), topic="orders/cancelled")
    await house.drain_orders()
    await house.fulfil()
    assert await house.store.reserved("north") == {}


async def test_the_first_order_is_placed_by_the_rules_in_the_file(house: LifeHouse, tmp_path: Path) -> None:
    (tmp_path / "routing.toml").write_text('[[locations]]\ncode = "DC-WEST"\n')
    await house.book(ORDER)
    assert [task.location for task in (await house.life(ORDER)).tasks] == ["DC-WEST"]
