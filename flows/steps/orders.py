"""The tasks of order ingestion: each visible and named after its documents, retried by error class.

A task run costs about 10 ms, so a task takes a batch; the batch is one order while few wait.
"""

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.runtime import task_run as current
from prefect.tasks import Task, exponential_backoff
from prefect.transactions import get_transaction

from canonical.errors import RetryableError
from canonical.ids import chunk_key
from flows.handling import work
from flows.handling.documents import Chunk
from flows.runtime import Runtime


def is_retryable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """A step tries again on `RetryableError` only; what reaches the other classes: `canonical.errors`."""
    return isinstance(state.data, RetryableError)


def _name() -> str:
    """`reserve-stock #1001 … #1050 (50)`."""
    parameters = current.parameters or {}
    papers = parameters.get("batch") or parameters.get("chunk") or parameters.get("work")
    return f"{current.task_name} {getattr(papers, 'label', '')}".strip()


def _chunk_cache_key(_context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    """The effect keys of the chunk, hashed: the same documents, the same key, in whichever run."""
    keys = parameters["chunk"].keys
    return f"post-{chunk_key(keys)}" if keys else None


_RETRY: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": exponential_backoff(backoff_factor=0.5),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_retryable,
    "task_run_name": _name,
}
_STEP: dict[str, Any] = {**_RETRY, "cache_policy": NO_CACHE}

translate = task(name="translate", **_STEP)(work.translate)
reserve_stock = task(name="reserve-stock", **_STEP)(work.reserve_stock)
complete = task(name="complete", **_STEP)(work.complete)
check = task(name="check", **_STEP)(work.check)
prepare = task(name="prepare", **_STEP)(work.prepare)
cancel = task(name="cancel", **_STEP)(work.cancel)
write_back = task(name="write-back", **_STEP)(work.write_back)


@task(name="post", **_RETRY, cache_policy=CacheKeyFnPolicy(cache_key_fn=_chunk_cache_key), persist_result=True)
async def post(rt: Runtime, chunk: Chunk) -> bool:
    """Book a chunk in one ERP call, cached by the idempotency keys of its orders once all of them settled.

    On a retry only what failed in a retryable way is sent again: the ledger skips what is settled.
    """
    settled = await work.post(rt, chunk)
    transaction = get_transaction()
    if not settled and transaction is not None:
        transaction.write_on_commit = False  # a rerun must ask the ledger, not the cache
    return settled
