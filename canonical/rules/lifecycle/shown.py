"""What the other side shows of effects whose answer nobody heard: a worker died, and it was told by another way."""

from canonical.life import OrderLife
from canonical.returns import ReturnStatus
from canonical.rules.lifecycle.keys import cancel_request_key
from canonical.rules.lifecycle.returns.naming import key_of, made_refunds
from canonical.steps import Operation
from canonical.warehouse import WarehouseState


def shown(life: OrderLife) -> dict[str, str]:
    """Effects that are over for certain and were never settled here, by key: what the other side calls the result.

    Nothing plans them any more, so nobody would ever ask what became of them.
    """
    found = dict(made_refunds(life))
    for one in life.returns:
        if one.channel_status in (ReturnStatus.OPEN, ReturnStatus.CLOSED):
            found[key_of(life, Operation.APPROVE_RETURN, one.id)] = one.id
        if one.channel_status is ReturnStatus.CLOSED:
            found[key_of(life, Operation.CLOSE_RETURN, one.id)] = one.id
    for task in life.tasks:
        if task.cancel is not None and task.state is WarehouseState.CANCELLED:
            found[cancel_request_key(life, task)] = task.external_id or task.key
    return {key: name for key, name in found.items() if key not in life.done}
