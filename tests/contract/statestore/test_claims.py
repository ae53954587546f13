"""Leases: whole aggregates, in order, never two workers on one, and a dead worker's work is taken over."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from canonical.errors import ConflictError
from canonical.records import Batch, MessageVerdict
from canonical.states import MessageState
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import AT_ONCE, MINUTE, delivery, done


async def test_a_claim_takes_whole_aggregates_oldest_first(store: SqlStateStore) -> None:
    await store.put([delivery(order) for order in ("1", "2", "1", "3", "2", "1")])
    messages = await store.claim("order", "w", 2, MINUTE)
    assert [m.aggregate_key[-1] for m in messages] == ["1", "2", "1", "2", "1"]
    assert [m.seq for m in messages] == sorted(m.seq for m in messages)
    assert {(m.state, m.owner) for m in messages} == {(MessageState.CLAIMED, "w")}
    assert [m.aggregate_key[-1] for m in await store.claim("order", "v", 2, MINUTE)] == ["3"]


async def test_an_aggregate_under_a_live_lease_is_left_alone(store: SqlStateStore) -> None:
    await store.put([delivery("1"), delivery("2")])
    await store.claim("order", "w", 1, MINUTE)
    await store.put([delivery("1", webhook="later")])
    assert [m.aggregate_key[-1] for m in await store.claim("order", "v", 9, MINUTE)] == ["2"]
    assert await store.claim("order", "w", 9, MINUTE) == []  # its own lease counts too: one at a time


async def test_what_arrived_during_a_lease_is_found_after_it(store: SqlStateStore) -> None:
    await store.put([delivery("1")])
    held = await store.claim("order", "w", 1, MINUTE)
    await store.put([delivery("1", webhook=f"later-{n}") for n in range(3)])
    assert await store.claim("order", "v", 9, MINUTE) == []  # met once, and marked as standing behind
    assert await store.pending("order") == 0
    await store.commit(Batch(owner="w", messages=done(held)))
    assert await store.pending("order") == 3
    later = await store.claim("order", "v", 9, MINUTE)
    assert [m.delivery_key[-7:] for m in later] == ["later-0", "later-1", "later-2"]


async def test_two_kinds_of_one_aggregate_are_never_worked_on_at_once(store: SqlStateStore) -> None:
    await store.put([delivery("1"), delivery("1", kind="posting"), delivery("2", kind="posting")])
    held = await store.claim("order", "w", 9, MINUTE)
    assert [m.aggregate_key[-1] for m in await store.claim("posting", "v", 9, MINUTE)] == ["2"]
    await store.commit(Batch(owner="w", messages=done(held)))
    assert [m.aggregate_key[-1] for m in await store.claim("posting", "v", 9, MINUTE)] == ["1"]


async def test_whoever_ends_a_lease_learns_which_other_kinds_waited_for_it(store: SqlStateStore) -> None:
    await store.put([delivery("1"), delivery("2", kind="elsewhere")])
    held = await store.claim("order", "w", 9, MINUTE)
    await store.put([delivery("1", kind="returns"), delivery("1", kind="fulfillment"), delivery("1", kind="returns")])
    assert await store.claim("returns", "v", 9, MINUTE) == []
    assert await store.pending("returns") == 0
    await store.commit(Batch(owner="w", messages=done(held)))
    assert await store.kinds_waiting({held[0].aggregate_key}) == ["fulfillment", "returns"]
    assert await store.pending("returns") == 2


async def test_kinds_that_stand_behind_one_lease_all_come_back(store: SqlStateStore) -> None:
    await store.put([delivery("1")])
    held = await store.claim("order", "w", 1, MINUTE)
    await store.put([delivery("1"), delivery("1", kind="posting"), delivery("1", kind="write-back")])
    for kind in ("order", "posting", "write-back"):
        assert await store.claim(kind, "v", 9, MINUTE) == []
    await store.commit(Batch(owner="w", messages=done(held)))
    assert [await store.pending(kind) for kind in ("order", "posting", "write-back")] == [1, 1, 1]
    assert len(await store.claim("write-back", "v", 9, MINUTE)) == 1


async def test_a_dead_workers_lease_expires_and_the_attempt_counts(store: SqlStateStore) -> None:
    await store.put([delivery("1"), delivery("1")])
    dead = await store.claim("order", "dead", 1, AT_ONCE)
    assert await store.pending("order") == 2
    taken = await store.claim("order", "alive", 1, MINUTE)
    assert [m.seq for m in taken] == [m.seq for m in dead]
    assert {(m.owner, m.attempts, m.reason) for m in taken} == {("alive", 1, "the lease of dead expired")}


async def test_a_worker_that_lost_its_lease_changes_nothing(store: SqlStateStore) -> None:
    await store.put([delivery("1"), delivery("2")])
    slow = await store.claim("order", "slow", 1, AT_ONCE)
    await store.claim("order", "quick", 2, MINUTE)
    assert not await store.extend("slow", [m.seq for m in slow], MINUTE)
    batch = Batch(owner="slow", messages=done(slow), deliveries=(delivery("9"),))
    with pytest.raises(ConflictError) as caught:
        await store.commit(batch)
    assert caught.value.code == "lease_lost"
    assert {row.state for row in await store.summary()} == {MessageState.CLAIMED}


async def test_verdicts_without_the_owner_are_refused(store: SqlStateStore) -> None:
    await store.put([delivery()])
    held = await store.claim("order", "w", 1, MINUTE)
    with pytest.raises(ConflictError):
        await store.commit(Batch(messages=done(held)))
    with pytest.raises(ConflictError):
        await store.commit(Batch(owner="w", messages=(MessageVerdict(seq=held[0].seq, state=MessageState.CLAIMED),)))
    await store.commit(Batch(owner="w", messages=done(held)))
    with pytest.raises(ConflictError):  # a verdict is given once
        await store.commit(Batch(owner="w", messages=done(held)))


async def test_a_lease_that_expired_but_that_nobody_took_may_still_be_used(store: SqlStateStore) -> None:
    await store.put([delivery()])
    held = await store.claim("order", "w", 1, AT_ONCE)
    assert await store.extend("w", [m.seq for m in held], MINUTE)
    assert await store.claim("order", "v", 1, MINUTE) == []
    await store.commit(Batch(owner="w", messages=done(held)))
    assert await store.summary() == []


async def test_a_parked_message_waits_for_its_moment_and_so_does_its_aggregate(store: SqlStateStore) -> None:
    await store.put([delivery("1")])
    held = await store.claim("order", "w", 1, MINUTE)
    until = datetime.now(UTC) + timedelta(milliseconds=400)
    parked = done(held, MessageState.READY, not_before=until, count_attempt=False, reason="the ERP is away")
    await store.commit(Batch(owner="w", messages=parked))
    await store.put([delivery("1"), delivery("2")])
    assert [m.aggregate_key[-1] for m in await store.claim("order", "v", 9, MINUTE)] == ["2"]
    assert await store.pending("order") == 0
    await asyncio.sleep((until - datetime.now(UTC)).total_seconds() + 0.02)
    assert await store.pending("order") == 2
    back = await store.claim("order", "v", 9, MINUTE)
    assert [(m.aggregate_key[-1], m.attempts) for m in back] == [("1", 0), ("1", 0)]
    assert back[0].seq == held[0].seq


async def test_a_failed_attempt_counts_unless_the_verdict_says_otherwise(store: SqlStateStore) -> None:
    await store.put([delivery()])
    for counted in (True, True, False):
        held = await store.claim("order", "w", 1, MINUTE)
        await store.commit(Batch(owner="w", messages=done(held, MessageState.READY, count_attempt=counted)))
    (message,) = await store.claim("order", "w", 1, MINUTE)
    assert message.attempts == 2


async def test_a_claim_keeps_to_its_kind_and_scopes(store: SqlStateStore) -> None:
    await store.put([delivery("1"), delivery("2", scope="south"), delivery("3", kind="stock")])
    assert [m.aggregate_key for m in await store.claim("order", "w", 9, MINUTE, scopes=["south"])] == ["south:order:2"]
    assert await store.claim("order", "w", 9, MINUTE, scopes=[]) == []
    assert [m.aggregate_key for m in await store.claim("order", "w", 9, MINUTE)] == ["north:order:1"]


async def test_an_aggregate_with_a_long_queue_comes_in_pieces_and_in_order(store: SqlStateStore) -> None:
    await store.put([delivery("long") for _ in range(70)] + [delivery("short")])
    seen: list[int] = []
    while messages := await store.claim("order", "w", 5, MINUTE):
        assert {m.aggregate_key for m in messages} <= {"north:order:long", "north:order:short"}
        if not seen:
            assert "north:order:short" in {m.aggregate_key for m in messages}  # not kept waiting by the long one
        seen += [m.seq for m in messages if m.aggregate_key.endswith("long")]
        await store.commit(Batch(owner="w", messages=done(messages)))
    assert len(seen) == 70
    assert seen == sorted(seen)


async def test_a_deep_backlog_behind_one_lease_does_not_hide_the_rest(store: SqlStateStore) -> None:
    await store.put([delivery("hot")])
    held = await store.claim("order", "w", 1, MINUTE)
    await store.put([delivery("hot") for _ in range(3_000)])
    await store.put([delivery(f"cold-{n}") for n in range(5)])
    cold = await store.claim("order", "v", 3, MINUTE)
    assert [m.aggregate_key for m in cold] == [f"north:order:cold-{n}" for n in range(3)]
    assert len(await store.claim("order", "u", 9, MINUTE)) == 2
    await store.commit(Batch(owner="w", messages=done(held)))
    hot = await store.claim("order", "u", 9, MINUTE)
    assert {m.aggregate_key for m in hot} == {"north:order:hot"}
    assert hot[0].seq == held[0].seq + 1


async def test_a_replayed_message_is_ready_again_and_the_audit_says_who(store: SqlStateStore) -> None:
    await store.put([delivery("1", webhook="again"), delivery("2", webhook="waiting")])
    held = await store.claim("order", "w", 1, MINUTE)
    await store.commit(Batch(owner="w", messages=done(held)))
    keys = ["north:web:again", "north:web:waiting", "north:web:unknown"]
    assert await store.replay(keys, "ann") == 1
    assert [m.seq for m in await store.claim("order", "w", 1, MINUTE)] == [held[0].seq]
    (row,) = await store.audit("north:order:1")
    assert (row.entry.actor, row.entry.action) == ("ann", "message.replayed")
