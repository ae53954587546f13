"""What it means for a return that a step was settled, or refused."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from canonical.errors import CrossdockError, HeldError
from canonical.life import Done, OrderLife, ReturnLife, Stopped
from canonical.returns import ReturnStatus
from canonical.rules.lifecycle.facts import Waits
from canonical.rules.lifecycle.returns import naming
from canonical.rules.lifecycle.returns.counting import recounted
from canonical.rules.lifecycle.returns.stages import placed
from canonical.steps import Operation, Step

RETURN_OPERATIONS: Final = frozenset({
    Operation.AUTHORISE, Operation.RECEIVE, Operation.CREDIT, Operation.APPROVE_RETURN, Operation.DECLINE_RETURN,
    Operation.OPEN_RETURN, Operation.DISPOSE, Operation.REFUND, Operation.CLOSE_RETURN,
})  # fmt: skip
"""The operations whose outcomes belong here. Payments of refunds are settled like any payment."""

_MEANING: Final = {
    (Operation.REFUND, "above_payment"): (
        "the shop has less left than this refund",
        "Look at the refunds of the order in the shop: somebody gave money back already.",
    ),
    (Operation.REFUND, "not_returned"): (
        "the shop has not these pieces to refund in the return",
        "Look at the return in the shop: somebody refunded or removed pieces of it.",
    ),
    (Operation.REFUND, "tender_unknown"): (
        "the payment that the money goes back on is not known to the shop",
        "Refund it in the shop by hand; the refund is then found by itself.",
    ),
    (Operation.CREDIT, "total_differs"): (
        "the ERP comes to another total than the refund",
        "Compare taxes and prices of the sale in the ERP with the order; then release this.",
    ),
    (Operation.DISPOSE, "too_many_returned"): (
        "more pieces were inspected than the shop expects back",
        "Count again, or add the pieces to the return in the shop; then release this.",
    ),
    (Operation.AUTHORISE, "more_than_sold"): (
        "more pieces are to come back than the ERP sold",
        "Correct the quantity of the return in the shop.",
    ),
}


def settled_return(life: OrderLife, step: Step, done: Done) -> OrderLife:
    """The life after a step went through. Settled twice is settled once.

    What a system took that answers later is not sent again, and nothing follows from it before the answer.
    """
    stopped = {key: one for key, one in life.stopped.items() if key != step.key}
    life = life.model_copy(update={"done": {**life.done, step.key: done}, "stopped": stopped})
    fold = _FOLDS.get(step.operation)
    if done.awaiting:
        return life
    if fold is not None:
        return fold(life, step, done)
    return _replaced(life, step, done)


def refused_return(life: OrderLife, step: Step, error: CrossdockError, now: datetime) -> OrderLife:
    """The life after a step was refused: it stops until the case is released, and says why in words.

    A refusal with another meaning for this operation is told in that meaning.
    """
    words, _ = _MEANING.get((step.operation, error.code), (error.words, None))
    told = words if words == error.words else f"{words} ({error.words})"
    held = isinstance(error, HeldError)
    stopped = Stopped(code=error.code, words=told[:2000] or error.code, at=now, held=held)
    return life.model_copy(update={"stopped": {**life.stopped, step.key: stopped}, "updated_at": now})


def words_of(step: Step, stopped: Stopped) -> Waits:
    """A refused step as a case."""
    _, way_out = _MEANING.get(
        (step.operation, stopped.code), (None, "Look what it says, put it right, then release this.")
    )
    owner = "finance" if step.operation in (Operation.CREDIT, Operation.REFUND, Operation.PAYMENT) else "operations"
    return Waits(stopped.code, f"{step.subject}: {stopped.words}", way_out, owner=owner)


def _approved(life: OrderLife, step: Step, done: Done) -> OrderLife:
    return _with_status(life, step.request.return_id, ReturnStatus.OPEN, done)


def _declined(life: OrderLife, step: Step, done: Done) -> OrderLife:
    return _with_status(life, step.request.return_id, ReturnStatus.DECLINED, done)


def _closed(life: OrderLife, step: Step, done: Done) -> OrderLife:
    return _with_status(life, step.request.return_id, ReturnStatus.CLOSED, done)


def _with_status(life: OrderLife, return_id: str, status: ReturnStatus, done: Done) -> OrderLife:
    return_ = life.return_(return_id)
    if return_ is None:
        return life
    return placed(life, return_.model_copy(update={"channel_status": status}), done.at)


def _disposed(life: OrderLife, step: Step, done: Done) -> OrderLife:
    return_ = life.return_(step.request.return_id)
    if return_ is None:
        return life
    return placed(life, return_.model_copy(update={"disposed": step.key.rpartition(":")[2]}), done.at)


def _credited(life: OrderLife, step: Step, done: Done) -> OrderLife:
    return _settled(life, step, {"credit_id": done.id, "credit_number": done.number}, done.at)


def _refunded(life: OrderLife, step: Step, done: Done) -> OrderLife:
    return _settled(life, step, {"refund_id": done.id}, done.at)


def _settled(life: OrderLife, step: Step, told: dict[str, str | None], at: datetime) -> OrderLife:
    for return_, one in naming.all_settlings(life):
        if naming.settling_key(life, step.operation, return_, one) == step.key:
            changed = naming.with_settling(return_, one.model_copy(update=told))
            return naming.without_stray(placed(life, changed, at), told.get("refund_id"))
    return life


def _opened(life: OrderLife, step: Step, done: Done) -> OrderLife:
    """Blind goods have a return now: under its id, together with what was heard of it already."""
    blind = next((one for one in life.returns if naming.key_of(life, step.operation, one.id) == step.key), None)
    if blind is None or not naming.is_blind(blind):
        return life
    known = life.return_(done.id)
    others = tuple(one for one in life.returns if one.id not in (blind.id, done.id))
    life = life.model_copy(update={"returns": others})
    if known is None:
        opened = blind.model_copy(update={"id": done.id, "channel_status": ReturnStatus.OPEN})
        return placed(life.with_return(opened), opened, done.at)
    return _merged(life, blind, known, done.at)


def _merged(life: OrderLife, blind: ReturnLife, known: ReturnLife, at: datetime) -> OrderLife:
    marks = {one.id for one in known.arrivals}
    merged = known.model_copy(
        update={
            "arrivals": (*known.arrivals, *(one for one in blind.arrivals if one.id not in marks)),
            "heard": tuple(dict.fromkeys((*known.heard, *blind.heard))),
            "location": known.location or blind.location,
        }
    )
    return placed(life.with_return(known), recounted(merged), at)


def _replaced(life: OrderLife, step: Step, done: Done) -> OrderLife:
    """States that follow from what is done."""
    for return_ in life.returns:
        life = placed(life, return_, done.at)
    return life


_FOLDS: Final[dict[Operation, Callable[[OrderLife, Step, Done], OrderLife]]] = {
    Operation.APPROVE_RETURN: _approved,
    Operation.DECLINE_RETURN: _declined,
    Operation.CLOSE_RETURN: _closed,
    Operation.DISPOSE: _disposed,
    Operation.CREDIT: _credited,
    Operation.REFUND: _refunded,
    Operation.OPEN_RETURN: _opened,
}
