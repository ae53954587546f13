"""The tasks of order lives: each visible and named after its orders, retried by error class.

A task run costs about 10 ms, so a task takes a batch: one order while few wait.
"""

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.context import TaskRunContext
from prefect.runtime import task_run as current
from prefect.tasks import exponential_backoff
from prefect.transactions import get_transaction

from canonical.ids import chunk_key
from flows.handling.lives import work
from flows.handling.lives.papers import Wave
from flows.runtime import Runtime
from flows.steps.orders import is_retryable


def _name() -> str:
    """`hear #1001 … #1050 (50)`."""
    papers = (current.parameters or {}).get("batch")
    return f"{current.task_name} {getattr(papers, 'label', '')}".strip()


def _wave_name() -> str:
    """`fulfillment.create #1001 at shopify`."""
    wave = (current.parameters or {})["wave"]
    return f"{wave.operation.value} {wave.label} at {wave.system}"


def _wave_cache_key(_context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    """The effect keys of the wave, hashed: the same steps, the same key, in whichever run."""
    wave = parameters["wave"]
    return f"{wave.operation.value}-{chunk_key(wave.keys)}" if wave.keys else None


_RETRY: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": exponential_backoff(backoff_factor=0.5),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_retryable,
}
_STEP: dict[str, Any] = {**_RETRY, "cache_policy": NO_CACHE}

hear = task(name="hear", task_run_name=_name, **_STEP)(work.hear)
close = task(name="close", task_run_name=_name, **_STEP)(work.close)
move_stock = task(name="move-stock", task_run_name="move-stock {company}", **_STEP)(work.move_stock)


@task(
    name="carry",
    task_run_name=_wave_name,
    **_RETRY,
    cache_policy=CacheKeyFnPolicy(cache_key_fn=_wave_cache_key),
    persist_result=True,
)
async def carry(rt: Runtime, wave: Wave) -> bool:
    """Carry out one operation at one system, cached by the idempotency keys of its steps once all of them settled.

    On a rerun only what is left is sent: the ledger skips what is settled.
    """
    settled = await work.carry(rt, wave)
    transaction = get_transaction()
    if not settled and transaction is not None:
        transaction.write_on_commit = False  # a rerun must ask the ledger, not the cache
    return settled
