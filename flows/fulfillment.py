"""Fulfillment: booked orders to the warehouses, and what warehouses tell to ERP and shop.

Started by events (`crossdock.inbox.fulfillment`, `crossdock.inbox.warehouse`), by the sweep schedule, in the Prefect
UI, or by `crossdock lives look '#1001'`. Every start drains the same inbox; none ships, books or tells anything twice.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from time import monotonic

from prefect import flow, get_run_logger, tags
from prefect.runtime import flow_run as current

from canonical.errors import CrossdockError
from flows.handling.lives.messages import FULFILLMENT, WAREHOUSE
from flows.handling.lives.sweeping import ask_for, poll_cancelled_sales, poll_warehouse, sweep_lives
from flows.handling.lives.waking import ring_for_rest
from flows.life_draining import LifeDrain, LifeTally
from flows.runtime import Runtime, runtime, stop_requested
from flows.steps import lives as steps
from flows.steps.bells import InboxBell
from flows.steps.reports import report_overview, report_run

MOST_TAGS = 20


def _run_name() -> str:
    names = current.parameters.get("names") or []
    what = ", ".join(names[:3]) + ("…" if len(names) > 3 else "") if names else "drain"
    return f"fulfillment {what} {datetime.now(UTC):%H:%M:%S}"


@flow(name="fulfillment", flow_run_name=_run_name, log_prints=False)
async def fulfillment(
    names: list[str] | None = None, shop: str | None = None, linger_seconds: float | None = None
) -> dict[str, int]:
    """Carry orders on from the ERP to the doorstep.

    Args:
        names: Orders to look at again now (#1001), what was stopped included; empty drains what the inbox holds.
        shop: The shop of `names`, where two shops use the same name.
        linger_seconds: How long an idle drain waits for more before it ends.

    Returns how often each step was done.
    """
    rt = await runtime()
    if rt.logistics is None:
        get_run_logger().info("No company has a warehouse in the landscape: nothing to ship.")
        return {}
    await look_at(rt, names, shop)
    await sweep_lives(rt)
    linger = rt.settings.linger_seconds if linger_seconds is None else linger_seconds
    tally = await drain_lives(rt, (FULFILLMENT, WAREHOUSE), linger, "fulfillment", "Fulfillment")
    return {name: count for name, count in tally.counts.items() if count}


@flow(name="warehouse-poll", flow_run_name="warehouses poll")
async def warehouse_poll(seconds: float | None = None) -> dict[str, int]:
    """Ask the warehouses what happened, and the ERP which sales were cancelled there, into the same inbox.

    Args:
        seconds: How long to go on asking; the schedule starts the next run a minute later.

    Returns the new messages by system; a system that does not answer is left for the next poll and logged.
    """
    rt, found = await runtime(), Counter[str]()
    if rt.logistics is None:
        return dict(found)
    until = monotonic() + (rt.settings.warehouse_poll_for_seconds if seconds is None else seconds)
    while True:
        started = monotonic()
        new = await _poll_all(rt)
        if any(new.values()):
            found.update(new)
            await drain_lives(rt, (FULFILLMENT, WAREHOUSE), 0, "warehouse-poll", "What warehouses told")
        pause = max(0.0, started + rt.settings.warehouse_poll_seconds - monotonic())
        if stop_requested() or monotonic() + pause > until:
            return dict(found)
        await asyncio.sleep(pause)


async def _poll_all(rt: Runtime) -> dict[str, int]:
    """Every warehouse and every ERP, once."""
    log, found = get_run_logger(), dict[str, int]()
    for company, systems in rt.house.warehouses.items():
        for name, warehouse in systems.items():
            try:
                found[f"{company}/{name}"] = await poll_warehouse(rt, company, name, warehouse)
            except CrossdockError as error:
                log.warning("Poll of %s for %s failed and is tried again by schedule: %s", name, company, error)
    for company in rt.house.settlements:
        try:
            found[f"{company}/cancelled"] = await poll_cancelled_sales(rt, company)
        except CrossdockError as error:
            log.warning("Poll of cancelled sales of %s failed and is tried again: %s", company, error)
    return found


async def look_at(rt: Runtime, names: list[str] | None, shop: str | None) -> None:
    """Put a look at named orders into the inbox."""
    for name in names or []:
        found = await rt.store.find_orders(name, shop)
        if not found:
            get_run_logger().warning("No order %s is known.", name)
        await ask_for(rt, found, "cli")


async def drain_lives(rt: Runtime, kinds: tuple[str, ...], linger: float, key: str, title: str) -> LifeTally:
    """Drain, and show what was done."""
    bell = InboxBell(rt)
    await ring_for_rest(rt, bell.ring, kinds)
    run_id = str(current.id) if current.id else None
    drain = LifeDrain(rt, steps, kinds, run_id, linger=linger, on_waiting=bell.ring)
    for problem in (await rt.renew_mappings(), rt.house.renew()):
        if problem:
            drain.tally.note(problem)
    tally = await drain.run()
    with tags(*sorted(set(tally.correlation_ids))[:MOST_TAGS]):
        await report_run(tally, key, title, rt.settings.gateway_url)
    if tally.rows or tally.notes:
        await report_overview(rt)
    counts = {name: count for name, count in tally.counts.items() if count}
    get_run_logger().info("Drained: %s%s", counts, f"; {'; '.join(tally.notes)}" if tally.notes else "")
    return tally
