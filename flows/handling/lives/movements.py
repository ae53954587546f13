"""What a warehouse did with its own stock (count, scrap, transfer, receipt) becomes a movement in the ERP, once."""

from collections.abc import Sequence

from canonical.errors import CrossdockError, HeldError, MisconfiguredError, RetryableError
from canonical.outcomes import Failed, Settled
from canonical.records import (
    AuditEntry,
    Batch,
    Case,
    CaseClosing,
    CaseKind,
    EffectIntent,
    EffectUpdate,
    Message,
    MessageVerdict,
)
from canonical.rules.lifecycle.moving import movement_posting
from canonical.settlement import MovementPosting
from canonical.states import EffectState, MessageState
from canonical.steps import Operation, Step
from flows.handling.lanes import Side, lane_is_open, park
from flows.handling.lives.events import event_in
from flows.handling.lives.gates import stopped_movements
from flows.handling.unexpected import contained
from flows.runtime import Runtime

_TOPIC = "warehouse.stock_moved"


def split_movements(messages: Sequence[Message]) -> tuple[dict[str, list[Message]], list[Message]]:
    """(movements by scope, the rest)."""
    moves: dict[str, list[Message]] = {}
    rest: list[Message] = []
    for message in messages:
        if message.topic == _TOPIC:
            moves.setdefault(message.scope, []).append(message)
        else:
            rest.append(message)
    return moves, rest


class _Move:
    """One movement on its way to the ERP. `sent`: its effect is ours to settle; `same` is it told by another message.

    The same event may come twice under two names (asked for and pushed): it is sent once, and ends both messages.
    """

    def __init__(self, message: Message) -> None:
        self.message = message
        self.posting: MovementPosting | None = None
        self.error: CrossdockError | None = None
        self.external_id: str | None = None
        self.number: str | None = None
        self.later = False
        self.sent = False
        self.same: _Move | None = None

    def follow(self) -> None:
        """What became of the other is what became of this."""
        if self.same is not None:
            self.error, self.later = self.same.error, self.same.later


async def move_stock(rt: Runtime, company: str, owner: str, messages: Sequence[Message]) -> int:
    """Read, gate, intend, send and settle. A movement that is wrong stops alone. Returns how many are booked now.

    Raises `RetryableError` or `MisconfiguredError` when the ERP cannot take them now: the messages come again.
    """
    moves = [_Move(message) for message in messages]
    for move in moves:
        _read(rt, company, move)
    postings = _told_once(moves)
    stopped = await stopped_movements(rt, company, [m.posting for m in postings if m.posting is not None])
    for index, error in stopped.items():
        postings[index].error = error
    await _send(rt, company, [move for move in postings if move.error is None])
    for move in moves:
        move.follow()
    await _settle(rt, company, owner, moves)
    return sum(_booked(move) for move in moves)


def _told_once(moves: Sequence[_Move]) -> list[_Move]:
    """Those that can be read, without what another of them says word for word."""
    first: dict[str, _Move] = {}
    for move in moves:
        if move.posting is not None:
            known = first.setdefault(move.posting.key, move)
            move.same = known if known is not move and known.posting == move.posting else None
    return [move for move in moves if move.posting is not None and move.same is None]


def _booked(move: _Move) -> bool:
    """Whether the ERP took it now, by this message."""
    return move.sent and move.external_id is not None


def _read(rt: Runtime, company: str, move: _Move) -> None:
    try:
        event = event_in(rt, move.message)
        policy = rt.house.lifecycle.holds.movements
        move.posting = movement_posting(company, event, rt.mappings, policy)
    except Exception as error:  # noqa: BLE001 - one message's defect is its own
        move.error = contained(error, move.message.delivery_key)


async def _send(rt: Runtime, company: str, moves: Sequence[_Move]) -> None:
    if not moves:
        return
    erp = rt.house.settlements[company]
    if not await lane_is_open(rt, company, Side(erp.system, erp)):
        raise RetryableError("the ERP's lane is parked", code="lane_parked", document=company)
    effects = await rt.store.intend([_intent(company, erp.system, move) for move in moves])
    open_: list[_Move] = []
    for move, effect in zip(moves, effects, strict=True):
        if effect.state is EffectState.SETTLED:
            move.external_id, move.number = effect.external_id, effect.external_number
        else:
            open_.append(move)
    if not open_:
        return
    failed = {e.key for e in effects if e.state is EffectState.FAILED}
    for move in open_:
        move.sent = True
    keys = [move.posting.key for move in open_ if move.posting is not None]
    await rt.store.mark([EffectUpdate(key=key, state=EffectState.INTENDED) for key in keys if key in failed])
    await rt.store.mark([EffectUpdate(key=key, state=EffectState.SENT) for key in keys])
    try:
        outcomes = await erp.post_movements([move.posting for move in open_ if move.posting is not None])
    except (RetryableError, MisconfiguredError) as error:
        await park(rt, company, erp.system, error)
        raise
    for move, outcome in zip(open_, outcomes, strict=True):
        if isinstance(outcome, Settled):
            move.external_id, move.number = outcome.value.external_id, outcome.value.number
        elif isinstance(outcome, Failed):
            move.later = isinstance(outcome.error, RetryableError | MisconfiguredError)
            move.error = outcome.error


def _intent(company: str, system: str, move: _Move) -> EffectIntent:
    posting = move.posting
    assert posting is not None
    step = Step(posting.key, Operation.MOVEMENT, posting, posting.item)
    return EffectIntent(
        key=posting.key,
        system=system,
        operation=Operation.MOVEMENT.value,
        scope=company,
        aggregate_key=move.message.aggregate_key,
        correlation_id=move.message.correlation_id,
        request_digest=step.request_digest,
    )


async def _settle(rt: Runtime, company: str, owner: str, moves: Sequence[_Move]) -> None:
    later = rt.now() + rt.settings.lease / 4
    await rt.store.commit(
        Batch(
            owner=owner,
            messages=tuple(
                MessageVerdict(
                    seq=m.message.seq,
                    state=_state(m),
                    reason=m.error.code if m.error else None,
                    not_before=later if m.later else None,
                    count_attempt=False,
                )
                for m in moves
            ),
            close_cases=_over(moves),
            open_cases=tuple(
                _case(rt, m, m.error) for m in moves if m.error is not None and not m.later and m.same is None
            ),
            effects=tuple(_update(m) for m in moves if m.sent and not m.later),
            audit=tuple(_entry(rt, company, m) for m in moves if _booked(m)),
        )
    )


def _over(moves: Sequence[_Move]) -> tuple[CaseClosing, ...]:
    """Cases of what a person or a mapping let go, and is booked now. What still stops opens its case again."""
    gone = {m.message.aggregate_key for m in moves if m.error is None and _let_go(m.message)}
    return tuple(
        CaseClosing(aggregate_key=key, closed_by="crossdock", note="the movement is booked") for key in sorted(gone)
    )


def _let_go(message: Message) -> bool:
    return (message.reason or "").startswith(("released", "replayed"))


def _state(move: _Move) -> MessageState:
    if move.later:
        return MessageState.READY
    if isinstance(move.error, HeldError):
        return MessageState.HELD
    return MessageState.QUARANTINED if move.error is not None else MessageState.DONE


def _update(move: _Move) -> EffectUpdate:
    assert move.posting is not None
    if move.error is not None:
        code, words = move.error.code, move.error.words[:500]
        return EffectUpdate(key=move.posting.key, state=EffectState.FAILED, error_code=code, error=words)
    return EffectUpdate(
        key=move.posting.key, state=EffectState.SETTLED, external_id=move.external_id, external_number=move.number
    )


def _case(rt: Runtime, move: _Move, error: CrossdockError) -> Case:
    message = move.message
    return Case(
        kind=CaseKind.HELD if isinstance(error, HeldError) else CaseKind.QUARANTINED,
        scope=message.scope,
        aggregate_key=message.aggregate_key,
        correlation_id=message.correlation_id,
        document=f"stock movement {message.event_id or message.delivery_key}",
        reason_code=error.code,
        words=error.words,
        way_out=error.way_out or "Repair the cause, then replay the message.",
        owner="integration" if isinstance(error, HeldError) else "warehouse",
        opened_at=rt.now(),
    )


def _entry(rt: Runtime, company: str, move: _Move) -> AuditEntry:
    assert move.posting is not None
    return AuditEntry(
        at=rt.now(),
        actor="crossdock",
        action=Operation.MOVEMENT.value,
        scope=company,
        aggregate_key=move.message.aggregate_key,
        correlation_id=move.message.correlation_id,
        detail={
            "item": move.posting.item,
            "quantity": str(move.posting.quantity),
            "location": move.posting.location,
            "reason": move.posting.reason,
            "words": move.posting.words,
            "id": move.external_id,
            "number": move.number,
        },
    )
