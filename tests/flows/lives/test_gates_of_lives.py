"""The gates in the drain of lives: one bad row stops alone, and what a person knows better is let through."""

from collections.abc import Mapping

from canonical.order import Order
from canonical.records import Batch, CaseClosing
from canonical.rules import example
from canonical.warehouse import WarehouseEventKind
from flows.handling.rechecks import recheck_delivery
from tests.flows.lives.conftest import LifeHouse

ORDER = example.order()
BATCH, ODD = 100, 41


async def shipped(house: LifeHouse, *orders: Order) -> Mapping[str, int]:
    """Pieces that left, by order."""
    return {order.name: sum((await house.life(order)).shipped.values()) for order in orders}


async def test_one_bad_row_among_a_hundred_stops_alone_in_words_and_ninety_nine_ship(house: LifeHouse) -> None:
    orders = [example.order(id=f"{6000 + n}", name=f"#{6000 + n}") for n in range(BATCH)]
    await house.stock(east={"TEE-1": 2 * BATCH})
    await house.book(*orders)
    await house.fulfil()
    for place, order in enumerate(orders):
        key = (await house.life(order)).tasks[0].key
        if place == ODD:
            house.wms.tell(WarehouseEventKind.SHIPPED, key, {"11": 0})
        else:
            house.wms.ship(key, number="")
    await house.fulfil()
    odd = orders.pop(ODD)
    assert await shipped(house, *orders) == {order.name: 1 for order in orders}
    assert len(house.channel.fulfilled) == len(house.settlement.of("invoice")) == BATCH - 1
    (case,) = await house.store.cases()
    assert (case.aggregate_key.rsplit(":", 1)[-1], case.reason_code) == (odd.id, "quantity_not_positive")
    assert case.words == "a line that left or came back has no pieces"
    assert await shipped(house, odd) == {odd.name: 0}


async def test_more_than_was_asked_for_is_set_aside_and_heard_once_a_person_releases_it(house: LifeHouse) -> None:
    await house.book(ORDER)
    await house.fulfil()
    house.wms.ship((await house.life(ORDER)).tasks[0].key, {"11": 2}, number="")
    await house.fulfil()
    assert list(await house.cases(ORDER)) == ["over_shipped"]
    assert await shipped(house, ORDER) == {"#1001": 0}
    await release(house, "over_shipped")
    assert await shipped(house, ORDER) == {"#1001": 2}
    cases = await house.cases(ORDER)
    assert list(cases) == ["shipped_twice"]
    assert cases["shipped_twice"].words == "more left than was ordered: 1 of Harbour Tee"


async def release(house: LifeHouse, reason: str) -> None:
    """A person counted again and releases what waits for a reason; the flows take it on."""
    (record,) = (await house.store.orders([(await house.cases(ORDER))[reason].aggregate_key])).values()
    again = recheck_delivery(record, house.rt.now(), waive=(reason,), actor="ann", why="counted again")
    closing = CaseClosing(
        aggregate_key=record.aggregate_key, reason_codes=(reason,), closed_by="ann", release_messages=True
    )
    await house.store.commit(Batch(close_cases=(closing,), deliveries=(again,)))
    await house.fulfil()
    await house.drain_orders()
    for _ in range(2):  # the release is heard, then the message that it lets through
        await house.fulfil()
