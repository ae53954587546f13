"""Reconciliation: what the shop shows against what it should, with the cause where it is known, healed on request."""

from flows.handling.stock.reconciling import Cause, compare, heal, rows_of
from tests.flows.stock.conftest import StockHouse, shown


async def test_a_shop_that_shows_what_it_should_has_no_difference(stock: StockHouse) -> None:
    await stock.stocked("TEE-1", 10)
    stock.shop.add("UNKNOWN", "7", available=3)
    found = await compare(stock.rt, "north")
    assert (found.figures, found.differences, found.unpublished) == (1, (), 1)


async def test_each_difference_has_its_cause_and_what_waits_for_something_is_not_healed(stock: StockHouse) -> None:
    places = {sku: await stock.stocked(sku, 10) for sku in ("EDITED", "ORDERED", "DROPPED", "REFUSED")}
    stock.shop.shown[places["EDITED"]].available = 99
    stock.shop.sell(places["ORDERED"], 4)
    del stock.shop.shown[places["DROPPED"]]
    stock.shop.refuse.add(places["REFUSED"].item_id)
    await stock.tell("REFUSED", 12)
    await stock.drain()
    stock.ahead += stock.rt.settings.lease * 2  # the last publications are on their way no more
    found = await compare(stock.rt, "north")
    stock.ahead *= 0
    causes = {d.figure.sku: d.cause for d in found.differences}
    assert causes == {
        "EDITED": Cause.EDITED,
        "ORDERED": Cause.PENDING_ORDERS,
        "DROPPED": Cause.NOT_STOCKED,
        "REFUSED": Cause.REFUSED,
    }
    assert "orders of the shop that nobody has read yet: 4 units" in {row["cause"] for row in rows_of(found)}
    stock.shop.refuse.clear()
    assert await heal(stock.rt, found) == 3
    await stock.drain()
    assert shown(stock, list(places.values())) == [10, 6, 10, 12]
    left = await compare(stock.rt, "north")
    assert {d.cause for d in left.differences} <= {Cause.PENDING_ORDERS}


async def test_a_named_item_that_is_right_already_is_read_and_not_written(stock: StockHouse) -> None:
    place = await stock.stocked("TEE-1", 10)
    calls, reads = len(stock.shop.calls), stock.shop.reads
    await stock.book.doubt_figures("north", [place])
    await stock.drain()
    assert (len(stock.shop.calls), stock.shop.reads) == (calls, reads + 1)
    assert (await stock.figure("TEE-1")).published == 10
