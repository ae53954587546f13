"""What shop, warehouses and ERP say differently of one order is found, shown, and closed by itself when it is gone."""

from datetime import timedelta

from canonical.errors import RetryableError
from canonical.life import Done
from canonical.ports.aftersales import ChannelFulfillment, OrderLogistics
from canonical.rules import example
from canonical.rules.lifecycle.mismatches import Told, mismatches
from canonical.warehouse import WarehouseEventKind, WarehouseRef, WarehouseState, WarehouseStatus
from flows.handling.lives.mismatches import compare
from tests.flows.lives.conftest import LifeHouse
from tests.flows.lives.test_coming_back import asked, inspected

ORDER = example.order()
AT_ONCE = timedelta(seconds=-1)


def elsewhere() -> ChannelFulfillment:
    return ChannelFulfillment("f9", ORDER.id, "SUCCESS", None, {"11": 1}, False, "7")


async def test_systems_that_agree_give_no_case(house: LifeHouse) -> None:
    await house.book(ORDER)
    await house.fulfil()
    found = await compare(house.rt, quiet=AT_ONCE)
    assert (found.compared, found.rows, found.unasked) == (1, [], [])


async def test_whatever_became_of_an_order_systems_that_agree_give_no_case(house: LifeHouse) -> None:
    """One is shipped, corrected and returned, one cancelled, one shipped from the second location, one waits."""
    await asked(house)
    await inspected(house)
    await house.take_back()
    cancelled, short, waits = (example.order(id=f"500{n}", name=f"#100{n}") for n in (2, 3, 4))
    await house.book(cancelled, short, waits)
    await house.fulfil()
    now = house.rt.now()
    await house.arrive(cancelled.model_copy(update={"cancelled_at": now, "updated_at": now}), topic="orders/cancelled")
    house.wms.tell(WarehouseEventKind.SHORT, (await house.life(short)).tasks[0].key)
    await house.drain_orders()
    await house.fulfil()
    (request,) = house.parcels.requests.values()
    house.parcels.ship(request.key, number="1Z12345E6605272234")
    house.channel.cancelled[cancelled.id] = "customer"
    await house.fulfil()
    box = next(event.parcels[0] for event in house.wms.events if event.parcels)
    again = box.model_copy(update={"tracking_number": "1Z999AA10123456784"})
    house.wms.tell(WarehouseEventKind.SHIPPED, (await house.life(ORDER)).tasks[0].key, parcels=(again,))
    await house.fulfil()
    found = await compare(house.rt, quiet=AT_ONCE)
    assert (found.compared, found.rows, found.unasked) == (4, [], [])


async def test_one_thing_made_by_hand_at_each_system_is_found_and_nothing_else(house: LifeHouse) -> None:
    await asked(house)
    await inspected(house)
    await house.take_back()
    key = (await house.life(ORDER)).tasks[0].key
    house.wms.tell(WarehouseEventKind.SHIPPED, key, {"11": 2})
    house.channel.elsewhere.append(elsewhere())
    paid = next(name for name, (kind, _) in house.settlement.documents.items() if kind == "payment")
    del house.settlement.documents[paid]
    found = await compare(house.rt, quiet=AT_ONCE)
    assert [(row["reason"], row["in words"]) for row in found.rows] == [
        ("mismatch_shop_shipped", "order #1001 line 11: the shop says 2 shipped, Crossdock says 1"),
        (
            "mismatch_warehouse_shipped",
            "order #1001 request to DC-EAST: wms says 3 of line 11 shipped, Crossdock says 1",
        ),
        (
            "mismatch_erp_missing",
            "payment.post PAY3 of order #1001: the ERP says no such document, Crossdock says booked as PAY3",
        ),
    ]


async def test_a_life_that_still_moves_is_left_alone(house: LifeHouse) -> None:
    await house.book(ORDER)
    await house.fulfil()
    house.channel.elsewhere.append(elsewhere())
    assert (await compare(house.rt)).compared == 0


async def test_what_the_shop_shows_and_nobody_told_is_a_case_until_it_is_healed(house: LifeHouse) -> None:
    await house.book(ORDER)
    await house.fulfil()
    house.channel.elsewhere.append(elsewhere())
    found = await compare(house.rt, quiet=AT_ONCE, heal=True)
    assert [row["reason"] for row in found.rows] == ["mismatch_shop_shipped"]
    assert "the shop says 1 shipped, Crossdock says 0" in found.rows[0]["in words"]
    assert "mismatch_shop_shipped" in await house.cases(ORDER)
    await house.fulfil()
    assert (await house.life(ORDER)).shipped == {"11": 1}
    await compare(house.rt, quiet=AT_ONCE)
    assert "mismatch_shop_shipped" not in await house.cases(ORDER)


async def test_a_warehouse_that_does_not_answer_closes_nothing_and_is_named(house: LifeHouse) -> None:
    await house.book(ORDER)
    await house.fulfil()
    house.channel.elsewhere.append(elsewhere())
    await compare(house.rt, quiet=AT_ONCE)
    house.channel.elsewhere.clear()

    async def away(keys: object) -> dict[str, WarehouseStatus]:
        raise RetryableError("it is away", code="unavailable")

    house.wms.status = away  # type: ignore[method-assign]
    found = await compare(house.rt, quiet=AT_ONCE)
    assert [words.split(":")[0] for words in found.unasked] == ["wms"]
    assert "mismatch_shop_shipped" in await house.cases(ORDER)


async def test_each_side_is_compared_in_words(house: LifeHouse) -> None:
    await house.book(ORDER)
    await house.fulfil()
    life = await house.life(ORDER)
    key, now = life.tasks[0].key, house.rt.now()
    cancelled = WarehouseStatus(
        ref=WarehouseRef(key=key, external_id="1"), state=WarehouseState.CANCELLED, shipped={"11": 1}, updated_at=now
    )
    life = life.model_copy(update={"done": {"north:invoice.post:5001:1": Done(id="9", number="INV9", at=now)}})
    logistics = OrderLogistics(ORDER.id, (), (), cancelled=True)
    told = Told(logistics, {key: cancelled}, frozenset({key}), {})
    assert [one.code for one in mismatches(ORDER, life, told)] == [
        "mismatch_cancelled",
        "mismatch_warehouse_state",
        "mismatch_warehouse_shipped",
        "mismatch_erp_missing",
    ]
    lost = mismatches(ORDER, life, Told(None, {}, frozenset({key}), None))
    assert [one.words for one in lost] == [
        f"order #1001 request to DC-EAST: wms says no such request, Crossdock says {life.tasks[0].state}"
    ]
