"""Lives of orders: one document each, written only over the version before."""

from datetime import UTC, datetime, timedelta

import pytest

from canonical.errors import ConflictError
from canonical.ids import aggregate_key, correlation_id
from canonical.ports import StateStore
from canonical.records import Batch, LifeRecord

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def life(order_id: str = "5123", version: int = 1, **fields: object) -> LifeRecord:
    known = {
        "scope": "north",
        "order_id": order_id,
        "name": f"#{order_id}",
        "aggregate_key": aggregate_key("north", "order", order_id),
        "correlation_id": correlation_id("north", "order", order_id),
        "version": version,
        "stage": "accepted",
        "started_at": NOON,
        "updated_at": NOON,
        "document": b"{}",
    }
    return LifeRecord.model_validate(known | fields)


async def test_a_life_is_kept_and_written_over_its_version_before(store: StateStore) -> None:
    await store.commit(Batch(lives=(life(),)))
    newer = life(version=2, stage="shipped", open=False, document=b"{1}")
    await store.commit(Batch(lives=(newer,)))
    assert await store.lives([newer.aggregate_key, "north:order:9"]) == {newer.aggregate_key: newer}


@pytest.mark.parametrize("version", [1, 2, 4])
async def test_a_life_of_another_version_is_refused_with_all_that_came_with_it(store: StateStore, version: int) -> None:
    await store.commit(Batch(lives=(life(),)))
    await store.commit(Batch(lives=(life(version=2, stage="picked"),)))
    with pytest.raises(ConflictError) as caught:
        await store.commit(Batch(lives=(life("77"), life(version=version, stage="lost"))))
    assert caught.value.code == "life_moved_on"
    assert "#5123" in str(caught.value)
    known = await store.lives([life().aggregate_key, life("77").aggregate_key])
    assert [one.stage for one in known.values()] == ["picked"]


async def test_lives_that_are_due_come_the_longest_due_first(store: StateStore) -> None:
    lives = [
        life("1", look_at=NOON + timedelta(minutes=2)),
        life("2", look_at=NOON),
        life("3"),
        life("4", look_at=NOON, open=False),
        life("5", look_at=NOON + timedelta(hours=1)),
    ]
    await store.commit(Batch(lives=tuple(lives)))
    assert [one.order_id for one in await store.due_lives(NOON + timedelta(minutes=2))] == ["2", "1"]


async def test_open_lives_are_counted_by_shop_and_stage_with_the_one_that_is_quiet_for_longest(
    store: StateStore,
) -> None:
    lives = [
        life("1", stage="requested", updated_at=NOON),
        life("2", stage="requested", updated_at=NOON - timedelta(hours=3)),
        life("3", stage="requested", updated_at=NOON - timedelta(days=9), open=False),
        life("4", stage="picking"),
        life("9", scope="south", aggregate_key="south:order:9", stage="picking"),
    ]
    await store.commit(Batch(lives=tuple(lives)))
    found = [(row.scope, row.stage, row.count, row.quiet_since) for row in await store.life_stages()]
    assert found == [
        ("north", "picking", 1, NOON),
        ("north", "requested", 2, NOON - timedelta(hours=3)),
        ("south", "picking", 1, NOON),
    ]


async def test_all_lives_of_a_shop_are_read_a_page_at_a_time(store: StateStore) -> None:
    lives = [life(str(number), open=number != 3) for number in range(1, 6)]
    elsewhere = life("9", scope="south", aggregate_key="south:order:9")
    await store.commit(Batch(lives=(*lives, elsewhere)))
    first = await store.scan_lives("north", limit=2)
    rest = await store.scan_lives("north", after=first[-1].order_id)
    assert [one.order_id for one in (*first, *rest)] == ["1", "2", "4", "5"]
    assert len(await store.scan_lives("north", open_only=False)) == 5
