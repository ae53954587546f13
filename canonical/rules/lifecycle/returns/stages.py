"""Where a return stands, worked out of what is known of it, and moved only along the table of states."""

from collections import deque
from datetime import datetime

from canonical.life import OrderLife, ReturnLife, Settling
from canonical.returns import ReturnStatus
from canonical.rules.lifecycle.returns.naming import is_alone, is_done, key_of
from canonical.states import RETURN, ReturnState
from canonical.steps import Operation

_ENDED = {ReturnStatus.DECLINED: ReturnState.DECLINED, ReturnStatus.CANCELLED: ReturnState.CANCELLED}


def placed(life: OrderLife, return_: ReturnLife, now: datetime) -> OrderLife:
    """The life with this return at the state that its facts come to. Nothing changed: the same life."""
    target = _target(life, return_)
    state = ReturnState(target if path(return_.state, target) is not None else return_.state)
    moved = return_.model_copy(update={"state": state})
    if moved == life.return_(return_.id):
        return life
    return life.with_return(moved.model_copy(update={"updated_at": now}))


def path(current: ReturnState, target: ReturnState) -> list[ReturnState] | None:
    """The shortest way through the table; None when there is none."""
    ways, queue = {current: [current]}, deque([current])
    while queue:
        at = queue.popleft()
        if at == target:
            return ways[at]
        for name in RETURN.transitions[at]:
            following = ReturnState(name)
            if following not in ways:
                ways[following] = [*ways[at], following]
                queue.append(following)
    return None


def _target(life: OrderLife, return_: ReturnLife) -> ReturnState:
    status = return_.channel_status
    came = bool(return_.arrivals)
    if status in _ENDED and not came and not return_.settlings:
        return _ENDED[status]
    standing = [one for one in return_.settlings if not one.rejected]
    under_way = next((one for one in standing if not one.finished), None)
    if under_way is not None:
        return _of_settling(under_way)
    if status is ReturnStatus.CLOSED or (is_alone(return_) and standing):
        return ReturnState.CLOSED
    if any(one.rejected for one in return_.settlings) and not _waits_for_more(return_):
        return ReturnState.DECLINED
    return _of_goods(life, return_, standing)


def _of_settling(one: Settling) -> ReturnState:
    if one.approval is not None and one.approved_by is None and not one.made_elsewhere:
        return ReturnState.ESCALATED
    if one.refund_id is not None:
        return ReturnState.REFUNDED
    return ReturnState.CREDITED if one.credit_id is not None else ReturnState.APPROVED


def _of_goods(life: OrderLife, return_: ReturnLife, standing: list[Settling]) -> ReturnState:
    received = sum(line.received for line in return_.lines)
    found = sum(line.found for line in return_.lines)
    settled = sum(line.quantity for one in standing for line in one.lines if line.purpose == "item")
    if standing and settled >= max(received, found):
        return ReturnState.REFUNDED
    if found and found >= received:
        return ReturnState.INSPECTED
    if return_.arrivals or is_alone(return_):
        return ReturnState.RECEIVED if return_.arrivals else ReturnState.REFUNDED
    if return_.channel_status is ReturnStatus.OPEN:
        authorised = is_done(life, key_of(life, Operation.AUTHORISE, return_.id))
        return ReturnState.IN_TRANSIT if authorised else ReturnState.AUTHORISED
    return return_.state


def _waits_for_more(return_: ReturnLife) -> bool:
    settled = sum(line.quantity for one in return_.settlings for line in one.lines if line.purpose == "item")
    return sum(line.asked for line in return_.lines) > settled
