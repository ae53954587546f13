"""The steps of order ingestion without Prefect. `flows.steps.orders` wraps each as a task; tests call these."""

from collections.abc import Sequence

from canonical.records import Message
from flows.handling import intake, posting, verdicts, writeback
from flows.handling.documents import Chunk, IntakeBatch
from flows.handling.gates import gate_canonical, gate_postings, gate_received
from flows.runtime import Runtime


class Claimed:
    """Messages handed to a step without Prefect walking through them."""

    def __init__(self, label: str, messages: Sequence[Message]) -> None:
        self.label, self.messages = label, list(messages)


async def translate(rt: Runtime, batch: IntakeBatch) -> int:
    """Gate the messages as received, and turn them into canonical orders. Returns how many orders go on."""
    await gate_received(rt, batch)
    await intake.translate(rt, batch)
    return len(batch.open())


async def reserve_stock(rt: Runtime, batch: IntakeBatch) -> int:
    """Reserve what the orders took. Nothing in this step waits for the ERP. Returns the lines reserved."""
    return await intake.reserve(rt, batch)


async def complete(rt: Runtime, batch: IntakeBatch) -> int:
    """Read what webhooks lack, one call for up to 50 orders, and gate the canonical orders. Returns the quarantined."""
    await intake.complete(rt, batch)
    return await gate_canonical(rt, batch)


async def check(rt: Runtime, batch: IntakeBatch, run_id: str | None) -> int:
    """Decide every order and record the batch in one transaction. Returns how many were accepted."""
    await rt.renew_mappings()
    await verdicts.check_and_record(rt, batch, run_id)
    return sum(d.verdict == "accepted" for d in batch.documents)


async def prepare(rt: Runtime, chunk: Chunk) -> int:
    """Build the ERP documents of a chunk and gate them before posting. Returns how many are to be posted."""
    await rt.renew_mappings()
    await posting.prepare(rt, chunk)
    await gate_postings(rt, chunk)
    await posting.close_unbookable(rt, chunk)
    return len(chunk.open())


async def post(rt: Runtime, chunk: Chunk) -> bool:
    """Book a chunk in one ERP call; true when every effect of it is settled."""
    return await posting.post(rt, chunk)


async def cancel(rt: Runtime, chunk: Chunk) -> int:
    """Undo booked orders that the channel cancelled. Returns how many were undone."""
    await posting.cancel(rt, chunk)
    return sum(p.verdict == "cancelled" for p in chunk.postings)


async def write_back(rt: Runtime, shop: str, owner: str, work: Claimed) -> int:
    """Tell the channel the ERP numbers, 25 orders a call. Returns how many were written."""
    return await writeback.write_back(rt, shop, owner, work.messages)
