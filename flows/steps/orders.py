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
from flows.handling import intake, posting, verdicts, writeback
from flows.handling.documents import Chunk, IntakeBatch
from flows.handling.gates import gate_canonical, gate_postings, gate_received
from flows.runtime import Runtime


def is_retryable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """A step tries again on `RetryableError` only; what reaches the other classes: `canonical.errors`."""
    return isinstance(state.data, RetryableError)


def _name() -> str:
    """`reserve-stock #1001 … #1050 (50)`."""
    parameters = current.parameters or {}
    work = parameters.get("batch") or parameters.get("chunk")
    return f"{current.task_name} {getattr(work, 'label', parameters.get('label', ''))}".strip()


_RETRY: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": exponential_backoff(backoff_factor=0.5),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_retryable,
}
_STEP: dict[str, Any] = {**_RETRY, "cache_policy": NO_CACHE, "task_run_name": _name}


@task(name="translate", **_STEP)
async def translate(rt: Runtime, batch: IntakeBatch) -> int:
    """Gate the messages as received, and turn them into canonical orders."""
    await gate_received(rt, batch)
    await intake.translate(rt, batch)
    return len(batch.open())


@task(name="reserve-stock", **_STEP)
async def reserve_stock(rt: Runtime, batch: IntakeBatch) -> int:
    """Reserve what the orders took. Nothing in this step waits for the ERP."""
    return await intake.reserve(rt, batch)


@task(name="complete", **_STEP)
async def complete(rt: Runtime, batch: IntakeBatch) -> int:
    """Read what webhooks lack, one call for up to 50 orders, and gate the canonical orders."""
    await intake.complete(rt, batch)
    return await gate_canonical(rt, batch)


@task(name="check", **_STEP)
async def check(rt: Runtime, batch: IntakeBatch, run_id: str | None) -> int:
    """Decide every order (accepted, held, quarantined, skipped) and record the batch in one transaction."""
    await verdicts.check_and_record(rt, batch, run_id)
    return sum(d.verdict == "accepted" for d in batch.documents)


@task(name="prepare", **_STEP)
async def prepare(rt: Runtime, chunk: Chunk) -> int:
    """Build the ERP documents of a chunk and gate them before posting."""
    await posting.prepare(rt, chunk)
    await gate_postings(rt, chunk)
    await posting.close_unbookable(rt, chunk)
    return len(chunk.open())


def _chunk_cache_key(_context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    keys = parameters["chunk"].keys
    return f"post-{chunk_key(keys)}" if keys else None


@task(
    name="post",
    **_RETRY,
    task_run_name=_name,
    cache_policy=CacheKeyFnPolicy(cache_key_fn=_chunk_cache_key),
    persist_result=True,
)
async def post(rt: Runtime, chunk: Chunk) -> list[str]:
    """Book a chunk in one ERP call; cached by the idempotency keys of its orders once all of them settled.

    On a retry only what failed in a retryable way is sent again: the ledger skips what is settled.
    """
    settled = await posting.post(rt, chunk)
    transaction = get_transaction()
    if not settled and transaction is not None:
        transaction.write_on_commit = False  # a rerun must ask the ledger, not the cache
    return [f"{p.label}: {p.verdict or 'open'}" for p in chunk.postings]


@task(name="cancel", **_STEP)
async def cancel(rt: Runtime, chunk: Chunk) -> int:
    """Undo booked orders that the channel cancelled."""
    await posting.cancel(rt, chunk)
    return sum(p.verdict == "cancelled" for p in chunk.postings)


@task(name="write-back", **_STEP)
async def write_back(rt: Runtime, shop: str, owner: str, work: "Claimed", label: str) -> int:
    """Tell the channel the ERP numbers, 25 orders a call."""
    return await writeback.write_back(rt, shop, owner, work.messages)


class Claimed:
    """Messages handed to a task without Prefect walking through them."""

    def __init__(self, messages: list[Any]) -> None:
        self.messages = messages
