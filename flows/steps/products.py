"""The tasks of product sync: each visible and named after its products.

A task run costs about 10 ms, so a task takes a batch.
"""

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run as current

from flows.handling.products import work


def _name() -> str:
    """`publish north LAMP … TEE (250)`."""
    batch = (current.parameters or {}).get("batch")
    return f"{current.task_name} {getattr(batch, 'label', '')}".strip()


_ONCE: dict[str, Any] = {"cache_policy": NO_CACHE, "task_run_name": _name}
"""A step that has ended part of its batch is not tried again: the drain claims anew what is left."""

take_in = task(name="take-in-products", **_ONCE)(work.take_in)
plan = task(name="plan-products", **_ONCE)(work.plan)
publish = task(name="publish-products", **_ONCE)(work.publish)
