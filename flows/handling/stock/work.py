"""The steps of inventory publication without Prefect. `flows.steps.stock` wraps each as a task; tests call these."""

from flows.handling.stock import computing, echoes, intake, publishing, recording
from flows.handling.stock.papers import EchoBatch, PublishBatch, StockBatch
from flows.runtime import Runtime


async def take_in(rt: Runtime, batch: StockBatch) -> int:
    """Read the messages, gate the positions as received, write them into the book. Returns the SKUs that changed."""
    await rt.renew_mappings()
    await intake.read(rt, batch)
    await intake.gate_received(rt, batch)
    return await intake.record(rt, batch)


async def recompute(rt: Runtime, batch: StockBatch) -> int:
    """Compute the figures of what changed, gate them, plan them, end the messages. Returns the new targets."""
    await computing.recompute(rt, batch)
    await recording.finish(rt, batch)
    return batch.planned


async def hear_echoes(rt: Runtime, batch: EchoBatch) -> int:
    """Recognise our own writes and our orders in what the shop says; doubt the rest. Returns the doubted."""
    return await echoes.hear(rt, batch)


async def publish(rt: Runtime, batch: PublishBatch) -> int:
    """Publish claimed figures. Returns how many the channel acknowledged."""
    await rt.renew_mappings()
    if rt.policy_file is not None:
        rt.policy_file.renew()
    return await publishing.publish(rt, batch)
