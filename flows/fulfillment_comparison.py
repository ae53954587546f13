"""Fulfillment comparison: what shop, warehouses and ERP say of the same orders, every night and by hand."""

from datetime import timedelta
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact

from flows.handling.lives.mismatches import compare
from flows.handling.run_table import MOST_ROWS
from flows.runtime import runtime


@flow(name="fulfillment-comparison", flow_run_name="fulfillment comparison")
async def fulfillment_comparison(heal: bool = False, quiet_minutes: int = 30) -> dict[str, int]:
    """Compare orders at rest in all systems; what differs is a case until it is gone.

    Args:
        heal: Look again at every order that differs, what was stopped included.
        quiet_minutes: Leave out orders with news since so many minutes: they are still moving.

    Returns how many orders were compared, differences found, and orders looked at again.
    """
    rt, log = await runtime(), get_run_logger()
    if rt.logistics is None:
        log.info("No company has a warehouse in the landscape: nothing to compare.")
        return {}
    found = await compare(rt, quiet=timedelta(minutes=quiet_minutes), heal=heal)
    for words in found.unasked:
        log.warning("Not asked, so not compared: %s", words)
    lines = [f"{found.compared} orders compared, {len(found.rows)} differences.", *found.unasked]
    created = create_table_artifact(
        key="fulfillment-comparison", table=found.rows[:MOST_ROWS], description="\n\n".join(lines)
    )
    if not isinstance(created, UUID):
        await created
    return {"compared": found.compared, "differences": len(found.rows), "looked_at": found.healed}
