"""Figures: due when the channel shows something else, claimed by one worker, settled for the version it wrote."""

import asyncio
import contextlib
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from canonical.errors import ConflictError
from canonical.inventory import FigureResult, FigureState
from canonical.records import Batch
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import AT_ONCE, reservation
from tests.contract.statestore.stocking import MINUTE, NOW, acknowledged, figure, place, publish

ROOT = Path(__file__).parents[3]


async def states(store: SqlStateStore) -> dict[str, str]:
    """State by item."""
    return {f.place.item_id: f.state.value for f in await store.figures("north")}


async def test_a_new_target_is_due_once_and_the_same_again_is_no_change(store: SqlStateStore) -> None:
    assert await store.plan([figure(5), figure(6, "i2", urgent=True)]) == 2
    assert await store.plan([figure(5, at=3), figure(6, "i2")]) == 0
    (first, second) = await store.claim_figures("north", "w", 10, MINUTE)
    assert (first.place.item_id, first.target, first.version, first.urgent) == ("i2", 6, 1, True)
    assert (second.changed_at, second.published) == (NOW, None)
    assert await store.claim_figures("north", "w2", 10, MINUTE) == []
    assert await store.claim_figures("south", "w2", 10, MINUTE) == []


async def test_urgent_figures_go_first_then_those_that_wait_longest(store: SqlStateStore) -> None:
    await store.plan([figure(1, f"i{n}", at=-n, sku=f"S{n}", urgent=n in (2, 4)) for n in range(6)])
    claimed = await store.claim_figures("north", "w", 4, MINUTE)
    assert [f.place.item_id for f in claimed] == ["i4", "i2", "i5", "i3"]


async def test_a_figure_waits_for_the_end_of_its_window(store: SqlStateStore) -> None:
    (late,) = [figure(not_before=NOW.replace(year=2099))]
    await store.plan([late])
    assert await store.claim_figures("north", "w", 1, MINUTE) == []
    await store.plan([figure(4)])
    assert len(await store.claim_figures("north", "w", 1, MINUTE)) == 1


async def test_an_acknowledgement_of_an_older_target_does_not_settle_the_newer_one(store: SqlStateStore) -> None:
    await store.plan([figure(5)])
    (claimed,) = await store.claim_figures("north", "w", 1, MINUTE)
    await store.plan([figure(3, at=2)])
    assert await store.oldest_due("north") == NOW
    await store.settle_figures("north", "w", [acknowledged(claimed)])
    (standing,) = await store.figures("north")
    assert (standing.state, standing.published, standing.target) == (FigureState.DUE, 5, 3)
    assert await store.oldest_due("north") == NOW + 2 * MINUTE
    (again,) = await store.claim_figures("north", "w", 1, MINUTE)
    await store.settle_figures("north", "w", [acknowledged(again)])
    assert await store.figure_counts("north") == {FigureState.PUBLISHED: 1}
    assert await store.oldest_due("north") is None


async def test_a_target_that_returns_while_the_other_one_is_written_is_written_too(store: SqlStateStore) -> None:
    await publish(store, 10)
    await store.plan([figure(0, at=1)])
    (claimed,) = await store.claim_figures("north", "w", 1, MINUTE)
    await store.plan([figure(10, at=2)])
    await store.settle_figures("north", "w", [acknowledged(claimed)])
    (again,) = await store.claim_figures("north", "w", 1, MINUTE)
    assert (again.target, again.published) == (10, 0)


async def test_what_orders_took_at_the_channel_needs_no_write(store: SqlStateStore) -> None:
    await publish(store, 10)
    await store.commit(Batch(reservations=(reservation(quantity="3", location="7"),)))
    assert await store.plan([figure(7, at=1)]) == 1
    assert await states(store) == {"i1": "published"}
    assert await store.plan([figure(7, at=2)]) == 0
    await store.plan([figure(8, at=3)])
    assert await states(store) == {"i1": "due"}


async def test_goods_that_came_while_orders_took_as_many_are_written(store: SqlStateStore) -> None:
    await publish(store, 10)
    await store.commit(Batch(reservations=(reservation(quantity="3", location="7"),)))
    assert await store.plan([figure(10, at=1)]) == 1
    assert await states(store) == {"i1": "due"}


async def test_an_order_lowers_only_one_of_two_items_with_the_same_sku_so_both_are_written(
    store: SqlStateStore,
) -> None:
    await store.plan([figure(10), figure(10, "i2")])
    claimed = await store.claim_figures("north", "w", 2, MINUTE)
    await store.settle_figures("north", "w", [acknowledged(c) for c in claimed])
    await store.commit(Batch(reservations=(reservation(quantity="3", location="7"),)))
    await store.plan([figure(7), figure(7, "i2")])
    assert await states(store) == {"i1": "due", "i2": "due"}


async def test_an_expired_lease_is_taken_over_and_the_first_worker_settles_nothing(store: SqlStateStore) -> None:
    await store.plan([figure(5), figure(5, "i2", sku="B-1")])
    dead = await store.claim_figures("north", "dead", 2, AT_ONCE)
    (taken_over,) = await store.claim_figures("north", "w", 1, MINUTE)
    with pytest.raises(ConflictError) as caught:
        await store.settle_figures("north", "dead", [acknowledged(f) for f in dead])
    assert caught.value.code == "lease_lost"
    assert sorted((await states(store)).values()) == ["due", "published"]
    await store.settle_figures("north", "w", [acknowledged(taken_over)])
    assert await store.figure_counts("north") == {FigureState.PUBLISHED: 2}


async def test_what_was_published_is_forgotten_where_a_write_may_have_reached_the_channel(store: SqlStateStore) -> None:
    await store.plan([figure(5), figure(5, "i2"), figure(5, "i3")])
    claimed = await store.claim_figures("north", "w", 3, MINUTE)
    await store.settle_figures("north", "w", [acknowledged(c) for c in claimed])
    await store.plan([figure(8), figure(8, "i2")])
    lost, kept = await store.claim_figures("north", "w", 2, MINUTE)
    left = [
        FigureResult(place=c.place, sku=c.sku, version=c.version, state=FigureState.DUE, unsure=c is lost)
        for c in (lost, kept)
    ]
    await store.settle_figures("north", "w", left)
    again = {f.place: f for f in await store.claim_figures("north", "dead", 2, AT_ONCE)}
    assert (again[lost.place].published, again[kept.place].published) == (None, 5)
    assert again[lost.place].version > lost.version
    assert [f.published for f in await store.claim_figures("north", "w", 2, MINUTE)] == [None, None]
    assert sorted(f"{f.published}" for f in await store.figures("north")) == ["5", "None", "None"]


async def test_a_figure_that_was_withheld_or_refused_waits_in_words_and_is_released(store: SqlStateStore) -> None:
    await store.plan([figure(0), figure(0, "i2", sku="B-1"), figure(0, "i3", sku="C-1")])
    one, two, three = sorted(await store.claim_figures("north", "w", 3, MINUTE), key=lambda f: f.place.item_id)
    await store.settle_figures(
        "north",
        "w",
        [
            acknowledged(one, state=FigureState.WITHHELD, approval_id=4, reason="41 % of the SKUs go to zero"),
            acknowledged(two, state=FigureState.FAILED, reason="no such item"),
            acknowledged(three, state=FigureState.DUE, not_before=NOW.replace(year=2099)),
        ],
    )
    assert await store.claim_figures("north", "w", 3, MINUTE) == []
    (withheld,) = await store.figures("north", state=FigureState.WITHHELD)
    assert (withheld.approval_id, withheld.reason) == (4, "41 % of the SKUs go to zero")
    assert await store.release_figures("north", approval_id=5) == 0
    assert await store.release_figures("north", approval_id=4) == 1
    assert await store.release_figures("north", skus=["B-1"]) == 1
    assert [f.place.item_id for f in await store.claim_figures("north", "w", 3, MINUTE)] == ["i1", "i2"]


async def test_a_refusal_that_tells_what_the_channel_shows_is_remembered(store: SqlStateStore) -> None:
    await publish(store, 10)
    await store.plan([figure(4, at=1)])
    (claimed,) = await store.claim_figures("north", "w", 1, MINUTE)
    stale = acknowledged(claimed, 8, state=FigureState.DUE, taken=Decimal(0))
    await store.settle_figures("north", "w", [stale])
    (again,) = await store.claim_figures("north", "w", 1, MINUTE)
    assert (again.published, again.target) == (8, 4)


async def test_figures_of_many_places_are_planned_claimed_and_settled_in_bulk(store: SqlStateStore) -> None:
    many = [figure(n, f"i{n}", sku=f"S{n}") for n in range(6_000)]
    assert await store.plan(many) == 6_000
    assert await store.plan(many) == 0
    seen = set()
    while claimed := await store.claim_figures("north", "w", 1_000, MINUTE):
        seen |= {f.place for f in claimed}
        await store.settle_figures("north", "w", [acknowledged(c) for c in claimed])
    assert seen == {f.place for f in many}
    assert len(await store.figures("north", [f"S{n}" for n in range(2_000)], limit=1_500)) == 1_500


async def test_a_place_is_known_by_item_and_location_whatever_sku_it_gets(store: SqlStateStore) -> None:
    await publish(store, 10)
    assert await store.plan([figure(10, sku="B-1", at=1)]) == 1
    (standing,) = await store.figures("north")
    assert (standing.sku, standing.place) == ("B-1", place())


def _started(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.crash
async def test_four_processes_never_hold_the_same_figure_and_a_killed_ones_lease_runs_out(
    store: SqlStateStore, store_url: str
) -> None:
    await store.plan([figure(n, f"i{n}", sku=f"S{n}") for n in range(600)])
    command = [sys.executable, "-m", "tests.contract.statestore.worker", "figures", store_url]
    workers = [_started([*command, f"w{n}"]) for n in range(4)]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert await asyncio.to_thread(worker.stdout.readline) == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        doomed = workers[0]
        assert doomed.stdout is not None
        spans = [line.split() for line in [await asyncio.to_thread(doomed.stdout.readline) for _ in range(3)]]
        doomed.kill()
        for worker in workers:
            with contextlib.closing(worker.stdout) as out:
                spans += [line.split() for line in await asyncio.to_thread(out.readlines) if line.endswith("\n")]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait(10)
            if worker.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    worker.stdin.close()
    deadline = time.monotonic() + 20
    while (rest := await store.claim_figures("north", "last", 600, MINUTE)) or await store.oldest_due("north"):
        assert time.monotonic() < deadline, "a lease of the killed worker did not run out"
        await store.settle_figures("north", "last", [acknowledged(c) for c in rest])
        await asyncio.sleep(0.05)
    held: dict[str, list[tuple[int, int]]] = {}
    for item, start, end in (span for span in spans if len(span) == 3):
        held.setdefault(item, []).append((int(start), int(end)))
    assert all(len(times) == 1 for times in held.values())
    assert await store.figure_counts("north") == {FigureState.PUBLISHED: 600}
