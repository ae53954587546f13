"""Keys of the effects of a life: a function of the business change, never of a fulfillment order's id or an attempt."""

from canonical.ids import digest, effect_key
from canonical.life import OrderLife, Task
from canonical.steps import Operation


def key(life: OrderLife, operation: Operation, *subject: str) -> str:
    """The key of one operation of this order."""
    return effect_key(life.shop, operation.value, life.order_id, *subject)


def task_parts(life: OrderLife, task: Task) -> tuple[str, ...]:
    """What tells a request apart within its order: the location; a number where it was asked before.

    Its place among the requests of the location counts, so it never changes.
    """
    same = [one.key for one in life.tasks if one.location == task.location]
    place = same.index(task.key) + 1 if task.key in same else len(same) + 1
    return (task.location,) if place == 1 else (task.location, str(place))


def request_key(life: OrderLife, location: str) -> str:
    """The key of the next request to a location."""
    again = sum(task.location == location for task in life.tasks)
    return key(life, Operation.REQUEST, location, *((str(again + 1),) if again else ()))


def amend_key(life: OrderLife, task: Task) -> str:
    """The key of the revision that is wanted of a request."""
    return key(life, Operation.AMEND, *task_parts(life, task), f"r{task.revision}")


def cancel_request_key(life: OrderLife, task: Task) -> str:
    """The key under which a request is cancelled."""
    return key(life, Operation.CANCEL_REQUEST, *task_parts(life, task))


def cancel_sale_key(life: OrderLife) -> str:
    """The key under which the sale is cancelled in the ERP."""
    return key(life, Operation.CANCEL_SALE)


def mark(content: object) -> str:
    """A short fingerprint for a key."""
    return digest(content)[:12]
