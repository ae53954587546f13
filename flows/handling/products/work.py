"""The steps of product sync without Prefect. `flows.steps.products` wraps each as a task; tests call these."""

from flows.handling.products import intake, planning, publishing, recording
from flows.handling.products.papers import ProductBatch, SourceBatch
from flows.runtime import Runtime


async def take_in(rt: Runtime, batch: SourceBatch) -> int:
    """Read what sources say, gate it, keep what is newer, find what it concerns. Returns the changed records."""
    await intake.read(rt, batch)
    await intake.gate_received(rt, batch)
    changed = await intake.save(rt, batch)
    await intake.finish(rt, batch)
    return changed


async def plan(rt: Runtime, batch: ProductBatch) -> int:
    """Merge by field ownership, gate, leave out what is unchanged, match. Returns how many are to be published."""
    await rt.renew_mappings()
    return await planning.plan(rt, batch)


async def publish(rt: Runtime, batch: ProductBatch) -> int:
    """Gate, guard and write the products, and record how each ended. Returns how many were published."""
    count = await publishing.publish(rt, batch)
    await recording.record(rt, batch)
    return count
