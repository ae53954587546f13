"""What shop, warehouses and ERP say differently of one order is found, shown, and closed by itself when it is gone."""

from datetime import timedelta

from canonical.errors import RetryableError
from canonical.life import Done
from canonical.ports.aftersales import ChannelFulfillment, OrderLogistics
from canonical.rules import example
from canonical.rules.lifecycle.mismatches import Told, mismatches
from canonical.warehouse import WarehouseRef, WarehouseState, WarehouseStatus
from flows.handling.lives.mismatches import compare
from tests.flows.lives.conftest import LifeHouse

ORDER = example.order()
AT_ONCE = timedelta(seconds=-1)


def elsewhere() -> ChannelFulfillment:
    return ChannelFulfillment("f9", ORDER.id, "SUCCESS", None, {"11": 1}, False, "7")


async def test_systems_that_agree_give_no_case(house: LifeHouse) -> None:
    await house.book(ORDER)
    await house.fulfil()
    found = await compare(house.rt, quiet=AT_ONCE)
    assert (found.compared, found.rows, found.unasked) == (1, [], [])


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
