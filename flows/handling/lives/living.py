"""One batch of lives from news to rest: hear, then plan and carry out until nothing is due, then close.

What is carried out is kept wave by wave, so a worker that dies leaves a life that says how far it was.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from canonical.approvals import ApprovalState
from canonical.errors import CrossdockError, MisconfiguredError, RetryableError
from canonical.records import EffectUpdate, MessageVerdict
from canonical.rules.lifecycle import plan_fulfillment
from canonical.rules.lifecycle.facts import Plan
from canonical.rules.lifecycle.returns import approvals_over, hear_decision, plan_returns
from canonical.rules.lifecycle.shown import shown
from canonical.states import EffectState, MessageState
from canonical.steps import Operation, Step
from flows.handling.lives.carrying import carry_out, lane_open, waves_of
from flows.handling.lives.channel import hear_again
from flows.handling.lives.facts import facts_of
from flows.handling.lives.keeping import LifeDrafts
from flows.handling.lives.messages import FULFILLMENT, LOOK, RETURNS, about_order
from flows.handling.lives.numbers import claim_numbers
from flows.handling.lives.papers import LifeBatch, LifePaper, Sending, Wave
from flows.handling.lives.placing import place_again
from flows.handling.unexpected import contained
from flows.runtime import Runtime

MOST_ROUNDS: Final = 40
"""A life that still wants something after so many rounds is looked at again later: it must not hold the others up."""

_UNANSWERED: Final = (EffectState.SENT, EffectState.AWAITING_ACK)
log = logging.getLogger("crossdock.flows")
Carry = Callable[[Runtime, Wave], Awaitable[bool]]


async def plan(rt: Runtime, batch: LifeBatch) -> list[Sending]:
    """What is due now for each order of the batch; decisions that go before it are kept first."""
    await _place(rt, batch)
    await claim_numbers(rt, batch.owner, batch.alive())
    sendings: list[Sending] = []
    for paper in batch.alive():
        try:
            found = _plan_of(rt, batch, paper)
            paper.take(found.life)
            if found.approvals and await _approved(rt, paper, found):
                found = _plan_of(rt, batch, paper)
        except Exception as error:  # noqa: BLE001 - one document's defect is its own
            paper.error = contained(error, f"order {paper.label}")
            continue
        paper.take(found.life)
        paper.waits = found.waits
        paper.look_at = None
        paper.look_again(found.look_at)
        sendings += [Sending(paper, step) for step in found.steps if not _known(paper, step)]
    await LifeDrafts(rt, batch.owner).commit([paper for paper in batch.alive() if paper.dirty])
    return sendings


def _plan_of(rt: Runtime, batch: LifeBatch, paper: LifePaper) -> Plan:
    planner = plan_returns if batch.kind == RETURNS else plan_fulfillment
    return planner(facts_of(rt, paper))


def _known(paper: LifePaper, step: Step) -> bool:
    life = paper.life
    return life is not None and (step.key in life.done or step.key in life.stopped)


async def _place(rt: Runtime, batch: LifeBatch) -> None:
    if batch.kind == RETURNS:
        return
    by_company: dict[str, list[LifePaper]] = {}
    for paper in batch.alive():
        by_company.setdefault(rt.landscape.shop(paper.scope).company, []).append(paper)
    for company, papers in by_company.items():
        await place_again(rt, company, papers)


async def _approved(rt: Runtime, paper: LifePaper, found: Plan) -> bool:
    """Ask for what a person has to allow, and take what was decided. True when a decision came in."""
    if rt.approvals is None:
        raise MisconfiguredError("this runtime keeps no approvals", code="approvals_missing")
    moved = False
    for request in found.approvals:
        approval = await rt.approvals.request_approval(request)
        if approval.state is ApprovalState.APPROVED and not await rt.approvals.use(approval.id, request.digest):
            continue
        decided = hear_decision(paper.life or found.life, approval)
        moved = moved or decided != paper.life
        paper.take(decided)
        if approval.state is ApprovalState.PENDING:
            paper.asked.add(approval.id)
    return moved


async def _finish_approvals(rt: Runtime, paper: LifePaper) -> None:
    """What was allowed is done: the approval stands for nothing more. Once more after a crash changes nothing."""
    if paper.life is None or rt.approvals is None:
        return
    life, over = approvals_over(paper.life)
    for number in over:
        await rt.approvals.finish(number)
    paper.take(life)


async def carry_all(rt: Runtime, batch: LifeBatch, sendings: Sequence[Sending], carry: Carry) -> int:
    """Carry out one round, the systems side by side. Returns how many steps were settled, refused or taken."""
    lanes = waves_of(rt, batch.owner, sendings)
    await asyncio.gather(*(_lane(rt, waves, carry) for waves in lanes))
    return sum(s.result is not None or s.error is not None or s.awaiting is not None for s in sendings)


async def _lane(rt: Runtime, waves: Sequence[Wave], carry: Carry) -> None:
    """The waves of one system in turn; when it went away the rest waits for its lane."""
    for wave in waves:
        if not await lane_open(rt, wave):
            continue
        if await carry(rt, wave) and any(sending.result is None for sending in wave.sendings):
            await carry_out(rt, wave)  # the engine's cache knew it, our life did not: ask the ledger


async def live(rt: Runtime, batch: LifeBatch, carry: Carry = carry_out) -> int:
    """Plan and carry out until nothing is due that can be done now. Returns how many steps were settled."""
    for _ in range(MOST_ROUNDS):
        sendings = await plan(rt, batch)
        if not sendings or not await carry_all(rt, batch, sendings, carry):
            break
        await _hear_again(rt, batch)
    else:
        for paper in batch.alive():
            paper.look_again(rt.now())
    for paper in batch.alive():
        await _finish_approvals(rt, paper)
    return sum(len(paper.done) for paper in batch.papers)


async def _hear_again(rt: Runtime, batch: LifeBatch) -> None:
    """What the shop says of our own moves and refunds; when it is away, the next look asks."""
    papers = [paper for paper in batch.alive() if paper.news & {Operation.MOVE, Operation.REFUND}]
    try:
        await hear_again(rt, papers)
    except RetryableError as error:
        for paper in papers:
            paper.look_again(rt.now() + rt.settings.lease)
        log.warning("The shop does not tell what became of moves and refunds, it is asked again: %s", error)


async def close(rt: Runtime, batch: LifeBatch) -> None:
    """End the messages: done, handed on, set aside or given back; what an order waits for is a case."""
    drafts = LifeDrafts(rt, batch.owner)
    await _acknowledge(rt, batch, drafts)
    for paper in batch.alive():
        _add_other_flow(rt, batch, paper)
    for paper in batch.papers:
        _end_messages(rt, paper, drafts)
        drafts.deliveries += paper.forwards
        drafts.references += paper.references
        if paper.life is None:
            continue
        drafts.wait(paper, paper.waits, paper.error)
        drafts.released(paper)
        drafts.relocated(paper)
        drafts.undone(paper)
        _tell_other_flow(rt, batch, paper, drafts)
        paper.dirty = True  # what a list shows of it (stage, when to look) may have changed
    await drafts.commit([paper for paper in batch.papers if paper.life is not None])


def _add_other_flow(rt: Runtime, batch: LifeBatch, paper: LifePaper) -> None:
    """A life is kept whole by whichever flow closes it: what the other one waits for stays a case, and its time stays.

    Both plans are functions of the same facts. What is due in the other one is carried out there.
    """
    life = paper.life
    if paper.record is None or paper.order is None or life is None or not (life.returns or life.refunds):
        return
    planner = plan_fulfillment if batch.kind == RETURNS else plan_returns
    try:
        other = planner(facts_of(rt, paper))
    except Exception as error:  # noqa: BLE001 - one document's defect is its own
        paper.error = contained(error, f"order {paper.label}")
        return
    known = {one.code for one in paper.waits}
    paper.waits = (*paper.waits, *(one for one in other.waits if one.code not in known))
    paper.look_again(other.look_at)


async def _acknowledge(rt: Runtime, batch: LifeBatch, drafts: LifeDrafts) -> None:
    """Settle what the other side has answered, or shows, by now; what was settled at once stays as it is."""
    seen = {key: name for paper in batch.alive() if paper.life is not None for key, name in shown(paper.life).items()}
    updates = {key: EffectUpdate(key=key, state=EffectState.SETTLED, external_id=name) for key, name in seen.items()}
    updates |= {update.key: update for paper in batch.papers for update in paper.acknowledged}
    known = await rt.store.effects(sorted(updates)) if updates else {}
    drafts.effects += [updates[key] for key, effect in known.items() if effect.state in _UNANSWERED]


def _end_messages(rt: Runtime, paper: LifePaper, drafts: LifeDrafts) -> None:
    aside = {message.seq: error for message, error in paper.unreadable}
    back = {message.seq: error for message, error in paper.put_back}
    for message in paper.messages:
        if message.seq in aside:
            drafts.messages.append(_verdict(message.seq, MessageState.QUARANTINED, aside[message.seq]))
            drafts.unreadable(paper, message, aside[message.seq])
        elif message.seq in back:
            drafts.messages.append(_verdict(message.seq, MessageState.READY, back[message.seq], rt))
        else:
            drafts.messages.append(MessageVerdict(seq=message.seq, state=MessageState.DONE))


def _verdict(seq: int, state: MessageState, error: CrossdockError, rt: Runtime | None = None) -> MessageVerdict:
    later = None if rt is None else rt.now() + rt.settings.lease / 4
    return MessageVerdict(seq=seq, state=state, reason=error.code, not_before=later, count_attempt=rt is None)


def _tell_other_flow(rt: Runtime, batch: LifeBatch, paper: LifePaper, drafts: LifeDrafts) -> None:
    """Something was carried out here that the other flow may wait for (a fulfillment made, a return closed)."""
    if not paper.done or paper.record is None or paper.life is None or not paper.life.returns:
        return
    other = FULFILLMENT if batch.kind == RETURNS else RETURNS
    cause = f"{batch.kind}/{paper.life.version}"
    drafts.deliveries.append(about_order(paper.record, LOOK, other, cause, rt.now()))
