"""The effect ledger: once, whatever dies."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from canonical.errors import ConflictError
from canonical.records import Batch, EffectUpdate
from canonical.states import EFFECT, EffectState
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import NOW, intent, reference

KEY = intent().key


async def test_an_intent_is_committed_once_and_comes_back_in_order(store: SqlStateStore) -> None:
    rows = await store.intend([intent("2"), intent("1"), intent("2")])
    assert [row.key[-1] for row in rows] == ["2", "1", "2"]
    assert {row.state for row in rows} == {EffectState.INTENDED}
    assert (await store.intend([intent("1")]))[0].created_at == rows[1].created_at


async def test_a_key_that_stands_for_other_content_comes_back_as_it_is(store: SqlStateStore) -> None:
    await store.intend([intent()])
    (row,) = await store.intend([intent(request_digest="other")])
    assert row.request_digest == "digest-1"


async def test_sending_counts_attempts_and_ids_once_known_are_kept(store: SqlStateStore) -> None:
    await store.intend([intent()])
    await store.mark([EffectUpdate(key=KEY, state=EffectState.SENT)])
    await store.mark([EffectUpdate(key=KEY, state=EffectState.INTENDED)])
    await store.mark([EffectUpdate(key=KEY, state=EffectState.SENT, external_id="77", error_code="lost")])
    deadline = NOW + timedelta(days=1)
    await store.mark([EffectUpdate(key=KEY, state=EffectState.AWAITING_ACK, ack_deadline=deadline)])
    waiting = (await store.effects([KEY]))[KEY]
    assert (waiting.ack_deadline, waiting.error_code) == (deadline, None)
    await store.mark([EffectUpdate(key=KEY, state=EffectState.SETTLED, external_number="SO77")])
    settled = (await store.effects([KEY, "unknown"]))[KEY]
    assert (settled.attempts, settled.external_id, settled.external_number) == (2, "77", "SO77")


@pytest.mark.parametrize("current", list(EffectState))
async def test_only_steps_of_the_state_table_are_taken(store: SqlStateStore, current: EffectState) -> None:
    paths = {
        EffectState.INTENDED: (),
        EffectState.SENT: (EffectState.SENT,),
        EffectState.AWAITING_ACK: (EffectState.SENT, EffectState.AWAITING_ACK),
        EffectState.SETTLED: (EffectState.SENT, EffectState.SETTLED),
        EffectState.FAILED: (EffectState.FAILED,),
    }
    for number, target in enumerate(EffectState):
        key = intent(f"s{number}").key
        await store.intend([intent(f"s{number}")])
        await store.mark([EffectUpdate(key=key, state=state) for state in paths[current]])
        update = EffectUpdate(key=key, state=target)
        if EFFECT.allows(current, target):
            await store.mark([update])
        else:
            with pytest.raises(ConflictError):
                await store.mark([update])
        state = (await store.effects([key]))[key].state
        assert state is (target if EFFECT.allows(current, target) else current)


async def test_one_refused_step_leaves_all_of_its_call_undone(store: SqlStateStore) -> None:
    await store.intend([intent("1"), intent("2")])
    with pytest.raises(ConflictError) as caught:
        await store.mark(
            [
                EffectUpdate(key=intent("1").key, state=EffectState.SENT),
                EffectUpdate(key=intent("2").key, state=EffectState.SETTLED),
            ]
        )
    assert caught.value.document == intent("2").key
    assert {e.state for e in (await store.effects([intent("1").key, intent("2").key])).values()} == {
        EffectState.INTENDED
    }


async def test_an_effect_that_was_never_intended_cannot_be_marked(store: SqlStateStore) -> None:
    with pytest.raises(ConflictError) as caught:
        await store.mark([EffectUpdate(key="north:x:y", state=EffectState.SENT)])
    assert caught.value.code == "effect_unknown"


async def test_unsettled_effects_are_found_by_system_scope_and_age(store: SqlStateStore) -> None:
    await store.intend([intent("1"), intent("2"), intent("3"), intent("4", scope="south"), intent("5", system="wms")])
    for subject, scope in (("1", "north"), ("2", "north"), ("4", "south"), ("5", "north")):
        await store.mark([EffectUpdate(key=intent(subject, scope=scope).key, state=EffectState.SENT)])
    await store.mark([EffectUpdate(key=intent("2").key, state=EffectState.SETTLED)])
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert [e.key for e in await store.unsettled("erp", "north", later)] == [intent("1").key]
    assert await store.unsettled("erp", "north", NOW) == []


async def test_answers_that_are_overdue_are_counted_by_shop_and_system_with_the_oldest_deadline(
    store: SqlStateStore,
) -> None:
    hours = {"1": -3, "2": -1, "3": 2, "4": -5, "5": -9}
    effects = [intent(subject, system="house" if subject == "4" else "parcels") for subject in hours]
    await store.intend(effects)
    keys = {subject: effect.key for subject, effect in zip(hours, effects, strict=True)}
    for subject, after in hours.items():
        deadline = NOW + timedelta(hours=after)
        for update in (
            EffectUpdate(key=keys[subject], state=EffectState.SENT),
            EffectUpdate(key=keys[subject], state=EffectState.AWAITING_ACK, ack_deadline=deadline),
        ):
            await store.mark([update])
    await store.mark([EffectUpdate(key=keys["5"], state=EffectState.SETTLED)])  # it has answered, late
    found = [(row.scope, row.system, row.count, row.oldest) for row in await store.overdue(NOW)]
    assert found == [
        ("north", "house", 1, NOW - timedelta(hours=5)),
        ("north", "parcels", 2, NOW - timedelta(hours=3)),
    ]


async def test_a_cross_reference_is_found_from_either_side(store: SqlStateStore) -> None:
    await store.commit(Batch(references=(reference(),)))
    await store.commit(Batch(references=(reference(),)))  # the same again is fine
    for system, native_id in (("web", "5001"), ("erp", "77")):
        assert await store.reference("north", "sales-order", system, native_id) == reference()
    assert await store.reference("south", "sales-order", "erp", "77") is None


async def test_what_two_claim_is_the_firsts_and_the_second_is_told_whose_it_is(store: SqlStateStore) -> None:
    first, second = reference(), reference(right="78", label="#1002")
    assert await store.claimed([first]) == [first]
    assert await store.claimed([second, reference(left="5002", right="79"), first]) == [
        first,
        reference(left="5002", right="79"),
        first,
    ]
    assert await store.claimed([]) == []
    both = await asyncio.gather(*(store.claimed([reference(left="9", right=right)]) for right in ("a", "b", "c")))
    assert len({one.right_id for (one,) in both}) == 1


@pytest.mark.parametrize(("left", "right"), [("5001", "78"), ("5002", "77")])
async def test_neither_side_may_be_linked_twice(store: SqlStateStore, left: str, right: str) -> None:
    await store.commit(Batch(references=(reference(),)))
    with pytest.raises(ConflictError) as caught:
        await store.commit(Batch(references=(reference("1", "2"), reference(left, right))))
    assert caught.value.code == "reference_conflict"
    assert await store.reference("north", "sales-order", "web", "1") is None


async def test_one_thing_may_be_linked_to_several_systems(store: SqlStateStore) -> None:
    await store.commit(Batch(references=(reference(), reference(right="W-1", right_system="wms"))))
    assert await store.reference("north", "sales-order", "wms", "W-1") is not None
