"""Carrying out a wave: intents committed, sent, and every outcome kept with the life in one transaction.

What the ledger has as settled is not sent again. What a dead worker left at `sent` is sent again under the same key:
every port looks for the key before it writes. A lane that is down keeps its steps; the other lanes go on.
"""

import asyncio
from collections.abc import Sequence

from canonical.life import Done
from canonical.records import EffectIntent, EffectUpdate
from canonical.rules.lifecycle import refused, settled
from canonical.states import EffectState
from canonical.steps import Operation, Side
from flows.handling.lanes import Side as LaneSide
from flows.handling.lanes import lane_is_open, park
from flows.handling.lives.gates import gate_sendings
from flows.handling.lives.keeping import LifeDrafts
from flows.handling.lives.papers import LifePaper, Sending, Wave
from flows.handling.lives.sending import scope_of, send
from flows.handling.unexpected import contained
from flows.runtime import Runtime


def waves_of(rt: Runtime, owner: str, sendings: Sequence[Sending]) -> list[list[Wave]]:
    """The sendings as lanes of waves: one lane a system, its waves in the order in which operations are listed."""
    grouped: dict[tuple[str, str], dict[Operation, list[Sending]]] = {}
    for sending in sendings:
        lane = scope_of(rt, sending.paper.scope, sending.step)
        grouped.setdefault(lane, {}).setdefault(sending.step.operation, []).append(sending)
    order, keeping = list(Operation), asyncio.Lock()
    lanes = [
        [Wave(owner, scope, system, operation, by[operation]) for operation in sorted(by, key=order.index)]
        for (scope, system), by in grouped.items()
    ]
    for wave in (wave for lane in lanes for wave in lane):
        wave.keeping = keeping
    return lanes


async def lane_open(rt: Runtime, wave: Wave) -> bool:
    """Whether the system of the wave may be asked now; else every paper in it looks again when it may be."""
    if await lane_is_open(rt, wave.scope, _side(rt, wave)):
        return True
    lanes = await rt.store.lanes()
    until = next((one.parked_until for one in lanes if (one.scope, one.system) == (wave.scope, wave.system)), None)
    for sending in wave.sendings:
        sending.paper.look_again(until or rt.now())
    return False


def _side(rt: Runtime, wave: Wave) -> LaneSide:
    where = wave.sendings[0].step.side
    if where is Side.CHANNEL:
        return LaneSide(wave.system, rt.channels[wave.scope])
    if where is Side.ERP:
        return LaneSide(wave.system, rt.house.settlements[wave.scope])
    return LaneSide(wave.system, rt.house.warehouses[wave.scope][wave.system])


async def carry_out(rt: Runtime, wave: Wave) -> bool:
    """Gate, intend, send and keep. True when every step of the wave is settled.

    Raises `ConflictError` when the life of an order moved on: another worker has it.
    """
    effects = await rt.store.intend([_intent(wave, sending) for sending in wave.sendings])
    for sending, effect in zip(wave.sendings, effects, strict=True):
        sending.effect = effect
        if effect.state is EffectState.SETTLED:
            sending.result = (effect.external_id or sending.step.subject, effect.external_number)
    await gate_sendings(rt, wave)
    open_ = [s for s in wave.sendings if s.result is None and s.error is None]
    if open_:
        await rt.store.mark([update for sending in open_ for update in _sent(sending)])
        part = Wave(wave.owner, wave.scope, wave.system, wave.operation, open_)
        try:
            await send(rt, part)
        except Exception as error:  # noqa: BLE001 - a defect of one operation is no reason to lose the others
            for sending in open_:
                sending.error = contained(error, f"order {sending.paper.label}")
        await _park_when_away(rt, part)
    async with wave.keeping:
        await _keep(rt, wave)
    return all(sending.result is not None for sending in wave.sendings)


def _intent(wave: Wave, sending: Sending) -> EffectIntent:
    step, paper = sending.step, sending.paper
    return EffectIntent(
        key=step.key,
        system=wave.system,
        operation=step.operation.value,
        scope=wave.scope,
        aggregate_key=paper.aggregate_key,
        correlation_id=paper.correlation_id,
        request_digest=step.request_digest,
    )


def _sent(sending: Sending) -> list[EffectUpdate]:
    """The ledger's steps before it leaves. What failed before starts again with its repaired content."""
    effect, step = sending.effect, sending.step
    assert effect is not None
    steps = []
    if effect.state is EffectState.FAILED:
        steps.append(EffectUpdate(key=step.key, state=EffectState.INTENDED))
    if effect.state is not EffectState.AWAITING_ACK:
        steps.append(EffectUpdate(key=step.key, state=EffectState.SENT, request_digest=step.request_digest))
    return steps


async def _park_when_away(rt: Runtime, wave: Wave) -> None:
    """A system that did not answer parks its lane once; its papers look again when it opens."""
    later = [sending for sending in wave.sendings if sending.later is not None]
    if later and later[0].later is not None:
        lane = await park(rt, wave.scope, wave.system, later[0].later)
        for sending in later:
            sending.paper.look_again(lane.parked_until)


async def _keep(rt: Runtime, wave: Wave) -> None:
    """Fold every outcome into its life, and write effects, lives and audit in one transaction."""
    drafts, touched = LifeDrafts(rt, wave.owner), dict[str, LifePaper]()
    for sending in wave.sendings:
        paper, step = sending.paper, sending.step
        life = paper.life
        assert life is not None
        if sending.result is not None:
            done = Done(id=sending.result[0], number=sending.result[1], at=rt.now())
            paper.take(settled(life, step, done))
            paper.done.append(step.operation)
            paper.news.add(step.operation)
            drafts.settled(sending, done)
        elif sending.awaiting is not None:
            paper.take(settled(life, step, Done(id=sending.awaiting.reference, at=rt.now(), awaiting=True)))
            paper.done.append(step.operation)
            paper.look_again(sending.awaiting.deadline)
            drafts.awaiting(sending, sending.awaiting)
        elif sending.error is not None:
            paper.take(refused(life, step, sending.error, rt.now()))
            drafts.refused(sending, sending.error)
        elif sending.later is not None:
            drafts.later(sending)
        touched[paper.aggregate_key] = paper
    await drafts.commit(list(touched.values()))
