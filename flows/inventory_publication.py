"""Inventory publication: from a source's word on stock to the figure in the shop, and back to compare.

Started by an event (`crossdock.inbox.stock.*`), by the sweep schedule, in the Prefect UI, or by
`crossdock stock publish --sku TEE-1`. Every start drains the same inbox and the same figures; a figure that the shop
shows already is written by none of them.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from prefect import flow, get_run_logger
from prefect.runtime import flow_run as current

from canonical.inventory import Place
from flows.handling.stock.messages import read_again
from flows.handling.stock.polling import StockPolling
from flows.handling.stock.reconciling import compare, heal
from flows.handling.stock.sweeping import recompute_all, sweep_stock
from flows.handling.stock.tally import StockTally
from flows.runtime import Runtime, runtime
from flows.steps import stock as steps
from flows.steps.approvals import answer_to, show_approval
from flows.steps.bells import InboxBell
from flows.steps.stock_reports import report_differences, report_overview, report_run
from flows.stock_draining import StockDrain

APPROVAL = "stock-approval/approval"


def _run_name() -> str:
    skus = current.parameters.get("skus") or []
    what = ", ".join(skus[:3]) + ("…" if len(skus) > 3 else "") if skus else "drain"
    return f"stock {what} {datetime.now(UTC):%H:%M:%S}"


@flow(name="inventory-publication", flow_run_name=_run_name, log_prints=False)
async def inventory_publication(
    skus: list[str] | None = None, shop: str | None = None, linger_seconds: float | None = None
) -> dict[str, int]:
    """Bring stock changes to the shops.

    Args:
        skus: ERP items to read from their sources and compare with the shops now; empty drains what waits.
        shop: The shop to compare `skus` with; empty for every shop.
        linger_seconds: How long an idle drain waits for more before it ends.

    Returns how many of what were handled.
    """
    rt = await runtime()
    if skus:
        await _ask_for(rt, skus, shop)
    await sweep_stock(rt)
    tally = await _drain(rt, rt.settings.linger_seconds if linger_seconds is None else linger_seconds)
    await report_run(tally, "inventory-publication", "Inventory publication")
    if tally.rows or tally.notes:
        await report_overview(rt)
    return dict(tally.counts)


@flow(name="stock-poll", flow_run_name="stock poll")
async def stock_poll(company: str | None = None, seconds: float | None = None, full: bool = False) -> dict[str, int]:
    """Ask the sources what changed, again and again until the next run takes over, and publish it beside that.

    Args:
        company: Only the sources of this company.
        seconds: How long to keep asking at most; 0 asks once. Who asks one company only is not taken over from.
        full: Read everything instead of what changed.

    Returns the positions found by each source; one that cannot be asked now is left for the next time and logged.
    """
    rt = await runtime()
    length = rt.settings.stock_poll_for_seconds if seconds is None else seconds
    polling = StockPolling(rt, company, length, get_run_logger().warning)
    async with asyncio.TaskGroup() as group:  # what events and orders tell meanwhile needs no other run either
        drained = group.create_task(_drain(rt, 0, lambda: polling.going))
        await polling.run(full=full)
    await report_run(drained.result(), "stock-poll", "Stock found by the poll, and all that came beside it")
    return dict(polling.found)


@flow(name="stock-reconciliation", flow_run_name="stock reconciliation")
async def stock_reconciliation(shop: str | None = None, heal_differences: bool = False) -> dict[str, int]:
    """Compare what the shops show with what they should, and say why where it is known.

    Args:
        shop: Only this shop.
        heal_differences: Publish the differences again, each read before it is written.

    Returns the differences per shop, and how many were healed.
    """
    rt = await runtime()
    for company in rt.stock_sources:
        await recompute_all(rt, company, f"reconciliation/{rt.now().isoformat()}")
    await _drain(rt, 0)
    comparisons = [await compare(rt, name) for name in ([shop] if shop else list(rt.stock_channels))]
    healed = sum([await heal(rt, comparison) for comparison in comparisons]) if heal_differences else 0
    if healed:
        await report_run(await _drain(rt, 0), "stock-healing", "Differences published again")
    await report_differences(comparisons, healed)
    await report_overview(rt)
    return {c.shop: len(c.differences) for c in comparisons} | {"healed": healed}


@flow(name="stock-approval", flow_run_name="stock approval {approval}")
async def stock_approval(approval: int) -> dict[str, int]:
    """Suspend until somebody with the role has decided about a mass change; publish it when it is approved.

    Args:
        approval: The number of the approval; started by the run that withheld the figures.

    Returns how many of what were handled; nothing when it is not approved.
    """
    rt = await runtime()
    permission = await answer_to(rt, approval)
    get_run_logger().info("Approval %s: %s.", approval, permission.words)
    await sweep_stock(rt)
    if not permission.granted:
        return {}
    tally = await _drain(rt, 0)
    await report_run(tally, "stock-approval", f"Published: {permission.words}")
    return dict(tally.counts)


async def _drain(rt: Runtime, linger: float, stays: Callable[[], bool] = lambda: False) -> StockTally:
    drain = StockDrain(
        rt, steps, str(current.id) if current.id else None, linger=linger, stays=stays, on_life=InboxBell(rt).ring
    )
    if problem := await rt.renew_mappings():
        drain.tally.note(problem)
    tally = await drain.run()
    for number in sorted(tally.asked):
        await show_approval(APPROVAL, number)
    log, counts = get_run_logger(), {name: count for name, count in tally.counts.items() if count}
    log.info("Drained: %s%s", counts, f"; {'; '.join(tally.notes)}" if tally.notes else "")
    return tally


async def _ask_for(rt: Runtime, skus: list[str], shop: str | None) -> None:
    """Have these SKUs read from their sources, and their figures compared with what the shops show."""
    now = rt.now()
    for company in rt.stock_sources:
        await rt.store.put(read_again(company, skus, now, f"by name {now.isoformat()}"))
    for name in [shop] if shop else list(rt.stock_channels):
        places: list[Place] = [figure.place for figure in await rt.stock_book.figures(name, skus)]
        rt.stock_items.forget(name, skus)
        if places:
            await rt.stock_book.doubt_figures(name, places)
