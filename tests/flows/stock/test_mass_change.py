"""The mass-change guard: withheld under one approval, published once somebody with the role has approved it."""

import pytest

from canonical.approvals import Approval, ApprovalState
from canonical.errors import RejectedError
from canonical.inventory import FigureState
from tests.flows.stock.conftest import StockHouse

SKUS = [f"S-{n}" for n in range(60)]


async def emptied(stock: StockHouse) -> Approval:
    """A shop with sixty items, and an export of the source that says that half of them are gone."""
    for sku in SKUS:
        stock.shop.add(sku, "7")
        stock.source.set(sku, "DC-EAST", 5)
    await stock.drain()
    for sku in SKUS[:30]:
        stock.source.set(sku, "DC-EAST", 0)
    await stock.drain()
    (approval,) = await stock.approvals.approvals(scope="north", state=ApprovalState.PENDING)
    return approval


def showing(stock: StockHouse) -> list[int]:
    return [shown.available for shown in stock.shop.shown.values()]


async def test_a_change_that_empties_a_location_is_withheld_and_says_why(stock: StockHouse) -> None:
    approval = await emptied(stock)
    assert "30 of 60 SKUs at 7 would go to zero (50.0 %, the limit is 20 %)" in approval.request.words
    assert showing(stock) == [5] * 60
    withheld = await stock.book.figures("north", state=FigureState.WITHHELD)
    assert {f.approval_id for f in withheld} == {approval.id}
    assert len(withheld) == 30
    await stock.sweep()
    await stock.drain()
    assert showing(stock) == [5] * 60


async def test_once_approved_it_is_published(stock: StockHouse) -> None:
    approval = await emptied(stock)
    await stock.approvals.decide(approval.id, await stock.token("ada", "stock"), approve=True)
    await stock.sweep()
    await stock.drain()
    assert showing(stock) == [0] * 30 + [5] * 30


async def test_once_rejected_it_stays_withheld_in_words_and_a_right_report_lets_it_go(stock: StockHouse) -> None:
    approval = await emptied(stock)
    token = await stock.token("ada", "stock")
    await stock.approvals.decide(approval.id, token, approve=False, note="the export was empty")
    await stock.sweep()
    await stock.drain()
    assert showing(stock) == [5] * 60
    withheld = await stock.book.figures("north", state=FigureState.WITHHELD)
    assert all("ada rejected it: the export was empty" in (f.reason or "") for f in withheld)
    for sku in SKUS[:30]:
        stock.source.set(sku, "DC-EAST", 4)
    await stock.drain()
    assert showing(stock) == [4] * 30 + [5] * 30


async def test_nobody_without_the_role_and_nobody_by_a_forged_name_lets_it_go(stock: StockHouse) -> None:
    approval = await emptied(stock)
    for token in (await stock.token("eve", "orders"), "no-such-token"):
        with pytest.raises(RejectedError):
            await stock.approvals.decide(approval.id, token, approve=True)
    await stock.sweep()
    await stock.drain()
    assert showing(stock) == [5] * 60


async def test_while_it_waits_an_item_that_sells_out_is_shown_as_sold_out(stock: StockHouse) -> None:
    await emptied(stock)
    stock.source.set("S-50", "DC-EAST", 0)
    await stock.drain()
    assert (await stock.figure("S-50")).published == 0
    assert sum(showing(stock)) == 59 * 5


async def test_a_change_claimed_in_parts_is_one_change(stock: StockHouse) -> None:
    stock.wave(12)
    approval = await emptied(stock)
    assert showing(stock) == [5] * 60
    withheld = await stock.book.figures("north", state=FigureState.WITHHELD)
    assert [f.approval_id for f in withheld] == [approval.id] * 30
