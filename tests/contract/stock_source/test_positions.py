"""What any stock source says after people did something in the ERP, over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from canonical.inventory import StockReport
from canonical.ports import StockSource
from tests.contract.erp.conftest import booked
from tests.contract.erp.documents import document, line
from tests.contract.stock_source.conftest import Counterpart, Desk, Shown, at, of_order, shown

pytestmark = pytest.mark.counterpart


async def test_what_is_received_is_on_hand(source: StockSource, desk: Desk, sku: str) -> None:
    before = at(await source.positions([sku]), sku, "DC-EAST")
    desk.receive(sku, "DC-EAST", 5)
    assert at(await source.positions([sku]), sku, "DC-EAST") == before.plus(on_hand=5)


async def test_a_planned_receipt_is_incoming_with_its_day_until_it_is_on_hand(
    source: StockSource, desk: Desk, sku: str
) -> None:
    before = at(await source.positions([sku]), sku, "DC-EAST")
    receipt = desk.plan_receipt(sku, "DC-EAST", 6)
    planned = at(await source.positions([sku]), sku, "DC-EAST")
    (coming,) = planned.incoming
    assert (planned.on_hand, planned.allocated, coming.quantity) == (before.on_hand, before.allocated, 6)
    assert coming.due == datetime.now(UTC).date() + timedelta(days=7)
    assert coming.document
    desk.receive_planned(receipt)
    assert at(await source.positions([sku]), sku, "DC-EAST") == before.plus(on_hand=6)


async def test_a_transfer_lowers_one_warehouse_and_raises_the_other(source: StockSource, desk: Desk, sku: str) -> None:
    before = await source.positions([sku])
    desk.transfer(sku, "DC-EAST", "DC-WEST", 7)
    after = await source.positions([sku])
    assert at(after, sku, "DC-EAST") == at(before, sku, "DC-EAST").plus(on_hand=-7)
    assert at(after, sku, "DC-WEST") == at(before, sku, "DC-WEST").plus(on_hand=7)


async def test_a_count_is_what_is_on_hand_even_when_it_is_nothing(source: StockSource, desk: Desk, sku: str) -> None:
    first = await source.changes(None)
    desk.count(sku, "DC-EAST", 0)
    gone = await source.changes(first.cursor)
    assert (sku, "DC-EAST") in {(level.sku, level.native_location) for level in gone.levels}
    assert at(gone, sku, "DC-EAST").on_hand == 0
    desk.count(sku, "DC-EAST", 900)
    assert at(await source.changes(gone.cursor), sku, "DC-EAST").on_hand == 900


async def test_a_wholesale_order_is_allocated_and_is_none_of_our_orders(
    source: StockSource, desk: Desk, sku: str
) -> None:
    before = at(await source.positions([sku]), sku, "DC-EAST")
    since = (await source.changes(None)).cursor
    desk.sell_wholesale(sku, "DC-EAST", 30)
    report = await source.changes(since)
    assert at(report, sku, "DC-EAST") == before.plus(allocated=30)
    assert not [entry for entry in report.allocated if entry.sku == sku]


async def test_an_order_of_ours_is_allocated_once_by_its_id_and_gone_when_it_has_left(
    source: StockSource, counterpart: Counterpart, sku: str
) -> None:
    before = at(await source.positions([sku]), sku, "DC-EAST")
    start = await source.changes(None)
    erp = counterpart.orders()
    order = document(line(sku))
    await booked(erp, order)

    posted = await source.changes(start.cursor)
    assert at(posted, sku, "DC-EAST") == before.plus(allocated=2)
    (told,) = of_order(posted, order.source_id)
    assert (told.shop, told.sku, told.gone) == ("north", sku, False)
    assert told.line_id in (None, order.lines[0].key)
    assert of_order(await source.changes(posted.cursor), order.source_id) == []
    (again,) = of_order(await source.positions([sku]), order.source_id)
    assert again == told

    counterpart.desk.ship(order.key)
    left = await source.changes(posted.cursor)
    assert at(left, sku, "DC-EAST") == before.plus(on_hand=-2)
    assert [entry.gone for entry in of_order(left, order.source_id)] == [True]
    await erp.aclose()


async def test_a_snapshot_says_what_positions_say_and_names_what_is_complete(source: StockSource, sku: str) -> None:
    parts = [part async for part in source.snapshot()]
    assert all(len(part.levels) <= 5000 for part in parts)
    assert len({level.as_of for part in parts for level in part.levels}) == 1
    whole = {
        (level.sku, level.native_location): shown(level)
        for part in parts
        for level in part.levels
        if shown(level) != Shown()
    }
    skus = sorted({one for one, _ in whole})
    asked = await source.positions(skus)
    said = {(lv.sku, lv.native_location): shown(lv) for lv in asked.levels if shown(lv) != Shown()}
    assert whole == said
    assert sku in skus
    assert {place for _, place in whole} <= set(parts[-1].complete)


async def test_parts_of_a_snapshot_keep_a_sku_and_its_orders_together_and_the_last_says_what_is_complete(
    source: StockSource, counterpart: Counterpart, sku: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    erp = counterpart.orders()
    order = document(line(sku))
    await booked(erp, order)
    await erp.aclose()
    monkeypatch.setattr(f"connectors.{counterpart.name}.stock.MOST_LEVELS", 50)
    parts = [part async for part in source.snapshot()]
    assert len(parts) > 2
    assert all(len(part.levels) <= 50 for part in parts)
    assert [bool(part.complete) for part in parts] == [False] * (len(parts) - 1) + [True]
    homes = [{level.sku for level in part.levels} for part in parts]
    assert sum(sku in home for home in homes) == 1
    (home,) = [part for part in parts if of_order(part, order.source_id)]
    assert sku in {level.sku for level in home.levels}


async def test_a_warehouse_the_company_never_used_is_not_told_and_one_it_used_is_even_at_zero(
    source: StockSource, desk: Desk, sku: str
) -> None:
    desk.count(sku, "DC-EU", 0)
    told = {level.native_location for level in (await source.positions([sku])).levels}
    assert "DC-EU" in told
    assert "WH" not in told


async def test_figures_are_whole_positions_of_the_source_in_its_own_unit(source: StockSource, sku: str) -> None:
    report = await source.positions([sku, "NO-SUCH-SKU"])
    assert {level.sku for level in report.levels} == {sku}
    assert {level.unit for level in report.levels} <= {"Unit", "Nos"}
    assert {(level.source, level.company) for level in [_Named(report)]} == {("erp", "north")}
    assert all(level.on_hand == Decimal(int(level.on_hand)) for level in report.levels)
    assert all(abs(datetime.now(UTC) - level.as_of) < timedelta(minutes=5) for level in report.levels)


class _Named:
    """A report's own source and company."""

    def __init__(self, report: StockReport) -> None:
        self.source, self.company = report.source, report.company
