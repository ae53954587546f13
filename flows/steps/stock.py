"""The tasks of inventory publication: each visible and named after its SKUs, retried by error class.

A task run costs about 10 ms, so a task takes a batch.
"""

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run as current
from prefect.tasks import exponential_backoff

from flows.handling.stock import work
from flows.steps.orders import is_retryable


def _name() -> str:
    """`publish north TEE-1 … TEE-9 (250)`."""
    batch = (current.parameters or {}).get("batch")
    return f"{current.task_name} {getattr(batch, 'label', '')}".strip()


_ONCE: dict[str, Any] = {"cache_policy": NO_CACHE, "task_run_name": _name}
"""A step that has ended part of its batch is not tried again: the drain claims anew what is left."""
_STEP: dict[str, Any] = {
    **_ONCE,
    "retries": 2,
    "retry_delay_seconds": exponential_backoff(backoff_factor=0.5),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_retryable,
}

take_in = task(name="take-in", **_ONCE)(work.take_in)
recompute = task(name="recompute", **_STEP)(work.recompute)
hear_echoes = task(name="hear-echoes", **_STEP)(work.hear_echoes)
publish = task(name="publish", **_ONCE)(work.publish)
