"""A system that answers later has answered: which effects of an order a warehouse's event settles, or says no to."""

from collections.abc import Mapping
from typing import Final

from canonical.life import Done, OrderLife, Task
from canonical.rules.lifecycle.keys import cancel_request_key, key, task_parts
from canonical.steps import Operation
from canonical.warehouse import WarehouseEvent, WarehouseEventKind

_NO_ANSWER: Final = frozenset({WarehouseEventKind.CANCEL_REFUSED})
"""What says nothing of whether the request itself was taken."""


def answers(life: OrderLife, event: WarehouseEvent) -> dict[str, bool]:
    """Effect keys that an event answers, by the life before it: True when it was done, False when it was refused.

    The request by anything that was done with it; a revision by its own answer; a cancellation by yes or no.
    """
    task = life.task(event.request_key) if event.request_key else None
    if task is None:
        return {}
    found: dict[str, bool] = {}
    refused = event.kind is WarehouseEventKind.REJECTED
    if event.kind not in _NO_ANSWER:
        found[task.key] = not refused or (task.accepted is not None and (event.sequence or 0) > task.accepted)
    found |= _revisions(life, task, event)
    if event.kind is WarehouseEventKind.CANCELLED:
        found[cancel_request_key(life, task)] = True
    elif event.kind is WarehouseEventKind.CANCEL_REFUSED:
        found[cancel_request_key(life, task)] = False
    return found


def answered(life: OrderLife, given: Mapping[str, bool], event: WarehouseEvent) -> OrderLife:
    """The life that waits for none of these any more."""
    over = {name: done for name in given if (done := life.done.get(name)) is not None and done.awaiting}
    if not over:
        return life
    known = {
        name: Done(id=event.external_id or done.id, number=done.number, at=event.occurred_at)
        for name, done in over.items()
    }
    return life.model_copy(update={"done": {**life.done, **known}})


def _revisions(life: OrderLife, task: Task, event: WarehouseEvent) -> dict[str, bool]:
    """A revision that was accepted answers those before it, too; a rejection answers its own."""
    prefix, told = f"{key(life, Operation.AMEND, *task_parts(life, task))}:r", event.sequence or 0
    asked = {name: int(name.removeprefix(prefix)) for name in life.done if name.startswith(prefix)}
    if event.kind is WarehouseEventKind.ACCEPTED:
        return {name: True for name, revision in asked.items() if revision <= told}
    if event.kind is WarehouseEventKind.REJECTED:
        return {name: False for name, revision in asked.items() if revision == told}
    return {}
