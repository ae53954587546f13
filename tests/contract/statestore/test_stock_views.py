"""Looks over all figures of a shop, doubts, and figures withheld for an approval; on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from canonical.inventory import FigureState
from canonical.ports.stock_views import PlaceTotals
from canonical.records import Batch
from connectors.statestore.stock_views import SqlStockDesk
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import reservation
from tests.contract.statestore.stocking import MINUTE, NOW, acknowledged, figure, place, publish


@pytest.fixture
def desk(store: SqlStateStore) -> SqlStockDesk:
    return SqlStockDesk(store.database)


async def test_figures_are_found_by_place_and_a_doubted_one_is_due_and_unknown(
    store: SqlStateStore, desk: SqlStockDesk
) -> None:
    await publish(store, 5)
    await publish(store, 7, "i2")
    (found,) = await desk.figures_at("north", [place(), place("i9"), place(location="8")])
    assert (found.place, found.published, found.state) == (place(), 5, FigureState.PUBLISHED)
    assert await desk.doubt_figures("north", [place(), place("i9")]) == 1
    (doubted,) = await desk.figures_at("north", [place()])
    assert (doubted.published, doubted.state, doubted.version) == (None, FigureState.DUE, found.version + 1)


async def test_a_figure_that_somebody_writes_now_is_not_doubted(store: SqlStateStore, desk: SqlStockDesk) -> None:
    await store.plan([figure(5)])
    await store.claim_figures("north", "w", 1, MINUTE)
    assert await desk.doubt_figures("north", [place()]) == 0


async def test_the_totals_of_a_location_tell_what_it_shows_and_what_is_about_to_move(
    store: SqlStateStore, desk: SqlStockDesk
) -> None:
    for item, target in (("i1", 5), ("i2", 7), ("i3", 0)):
        await publish(store, target, item, sku=f"S-{item}")
    await store.plan([figure(0, "i1", sku="S-i1"), figure(9, "i2", sku="S-i2"), figure(4, "i4", sku="S-i4")])
    assert await desk.place_totals("north") == {"7": PlaceTotals(skus=2, units=12, zeroing=1, moving=7)}
    assert await desk.place_totals("south") == {}


async def test_what_is_due_at_a_location_is_withheld_under_one_approval_and_let_go(
    store: SqlStateStore, desk: SqlStockDesk
) -> None:
    for item in ("i1", "i2"):
        await publish(store, 5, item, sku=f"S-{item}")
    await store.plan([figure(0, "i1", sku="S-i1"), figure(0, "i2", sku="S-i2"), figure(1, "i3", sku="S-i3")])
    assert await desk.withhold_due("north", "7", 12, "too many to zero") == 2
    assert await desk.withheld_under("north") == [12]
    assert await desk.doubt_figures("north", [place()]) == 0
    assert await desk.reword_withheld("north", 12, "ada rejected it") == 2
    assert await desk.reword_withheld("north", 12, "ada rejected it") == 0
    withheld = await store.figures("north", state=FigureState.WITHHELD)
    assert {(f.approval_id, f.reason) for f in withheld} == {(12, "ada rejected it")}
    assert await desk.release_figures("north", approval_id=12) == 2
    assert {f.approval_id for f in await store.figures("north", state=FigureState.DUE)} == {12, None}


async def test_lags_run_from_the_source_to_the_acknowledgement(store: SqlStateStore, desk: SqlStockDesk) -> None:
    began = datetime.now(UTC)
    await store.plan([figure(5, changed_at=began - timedelta(seconds=30))])
    claimed = await store.claim_figures("north", "w", 1, MINUTE)
    await store.settle_figures("north", "w", [acknowledged(claimed[0])])
    (lag,) = await desk.publication_lags("north", began)
    assert 30 <= lag < 90
    assert await desk.publication_lags("north", began + timedelta(hours=1)) == []


async def test_reservations_that_ran_out_are_told_once(store: SqlStateStore, desk: SqlStockDesk) -> None:
    until = NOW + 5 * MINUTE
    made = reservation().model_copy(update={"expires_at": until})
    await store.commit(Batch(reservations=(made,)))
    assert await desk.run_out(["north"], NOW, until) == [("north", made.sku)]
    assert await desk.run_out(["north"], until, until + MINUTE) == []
    assert await desk.run_out(["south"], NOW, until) == []
