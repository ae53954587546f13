"""Tiny flows that tell a notebook, a file of JSON lines, what happened to them. The workers of these tests run them."""

import asyncio
import json
import os
import time
import uuid
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.runtime import flow_run
from pydantic import SecretStr

from canonical.approvals import ApprovalRequest
from canonical.errors import RejectedError, RetryableError
from canonical.rules import example
from connectors import registry
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import open_store
from flows.handling import intake, posting, verdicts
from flows.handling.documents import Chunk, IntakeBatch
from flows.runtime import Runtime, stop_requested
from flows.settings import FlowSettings
from flows.steps import orders as steps
from flows.steps.approvals import approved, finished
from tests.fakes.systems import FakeErp, FakeShop, FakeTranslator, delivery
from tests.flows.conftest import LANDSCAPE, some_orders

IMPORTED = uuid.uuid4().hex
"""Another value each time this module is imported."""


def note(notebook: str, what: str) -> None:
    """One line; short enough to be written whole by several processes at once."""
    entry = {"what": what, "run": str(flow_run.id), "at": time.time(), "pid": os.getpid(), "imported": IMPORTED}
    with Path(notebook).open("a") as file:
        file.write(json.dumps(entry) + "\n")


@flow(name="sample-quick")
async def quick(notebook: str, word: str = "hello") -> None:
    note(notebook, word)


@flow(name="sample-slow")
async def slow(notebook: str, seconds: float = 60.0) -> None:
    """Works for some time and cares about nothing."""
    note(notebook, "begun")
    try:
        await asyncio.sleep(seconds)
        note(notebook, "ended")
    finally:
        note(notebook, "left")


@flow(name="sample-draining")
async def draining(notebook: str) -> None:
    """Works until its process is about to end, like a drain."""
    note(notebook, "begun")
    while not stop_requested():  # noqa: ASYNC110 - drains ask between batches, nobody tells them
        await asyncio.sleep(0.05)
    note(notebook, "told to stop")


@flow(name="sample-failing")
async def failing() -> None:
    raise RejectedError("line 2 has no SKU", code="sku_missing", document="order #1001", way_out="Add the SKU.")


@flow(name="sample-blocking")
def blocking() -> None:
    """Not `async def`: the warm worker must not run it."""


@task(retries=2, retry_delay_seconds=0, retry_condition_fn=steps.is_retryable, cache_policy=NO_CACHE)
async def attempt(notebook: str, error: str) -> None:
    note(notebook, f"attempt {error}")
    raise RetryableError("away", code="erp_down") if error == "retryable" else RejectedError("wrong", code="refused")


@flow(name="sample-retrying")
async def retrying(notebook: str, error: str) -> None:
    await attempt(notebook, error)


@flow(name="sample-booking")
async def booking(
    notebook: str, store: str, first: int = 0, reject: list[str] | None = None, lose_reply: int = 0
) -> None:
    """Books a chunk of four orders, from `first` on, with the real task, the real ledger and a fake ERP."""
    erp = FakeErp("north")
    erp.reject, erp.lose_reply = set(reject or ()), lose_reply
    rt = Runtime(
        landscape=LANDSCAPE,
        store=await open_store(StoreSettings(url=SecretStr(f"sqlite:///{store}"))),
        channels={"north": FakeShop("north")},
        translators={"north": FakeTranslator()},
        erps={"north": erp},
        mappings=example.MAPPINGS,
        settings=FlowSettings(),
    )
    try:
        settled = await steps.post(rt, await accepted_chunk(rt, first))
    finally:
        await rt.aclose()
    note(notebook, f"settled={settled} calls={len(erp.calls)} documents={len(erp.documents)}")


async def accepted_chunk(rt: Runtime, first: int) -> Chunk:
    """Four orders, arrived, checked, claimed for posting and prepared."""
    orders = some_orders(first + 4)[first:]
    await rt.store.put([delivery(order, webhook=f"w{order.id}") for order in orders])
    batch = IntakeBatch("intake", await rt.store.claim("orders", "intake", 10, rt.settings.lease))
    await intake.translate(rt, batch)
    await verdicts.check_and_record(rt, batch, None)
    claimed = await rt.store.claim("post.north", "posting", 10, rt.settings.lease)
    chunk = Chunk("posting", "north", await posting.load(rt, claimed))
    await posting.prepare(rt, chunk)
    return chunk


@task(persist_result=True, cache_policy=CacheKeyFnPolicy(cache_key_fn=lambda _, given: f"before-{given['key']}"))
async def before_the_question(notebook: str, key: str) -> str:
    note(notebook, "step before")
    return key


@flow(name="sample-asking")
async def asking(notebook: str, store: str, key: str, tidy_seconds: float = 0.0) -> None:
    """Asks for a mass change, waits, and tells whether it may go on."""
    opened = await open_store(StoreSettings(url=SecretStr(f"sqlite:///{store}")))
    rt = Runtime(
        landscape=LANDSCAPE,
        store=opened,
        channels={},
        translators={},
        erps={},
        mappings=example.MAPPINGS,
        settings=FlowSettings(),
        approvals=registry.approvals(opened),
    )
    try:
        note(notebook, "begun")
        await before_the_question(notebook, key)
        permission = await approved(rt, mass_change(key))
        note(notebook, "granted" if permission.granted else "withheld")
        note(notebook, permission.words)
        if permission.granted:
            await finished(rt, permission)
    finally:
        await asyncio.sleep(tidy_seconds)
        await rt.aclose()


def mass_change(key: str) -> ApprovalRequest:
    """What it asks, on behalf of Dan."""
    return ApprovalRequest(
        key=key,
        scope="north",
        kind="mass_change",
        role="stock",
        subject="DC-EAST",
        words="412 of 500 SKUs would go to zero",
        digest="d1",
        requested_by="cli:dan",
        correlation_id=key,
    )
