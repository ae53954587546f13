"""Order ingestion: from the inbox to the ERP, and the poll that finds what a webhook never told.

Started by an event (`crossdock.inbox.orders`), by the sweep schedule, in the Prefect UI, or by
`crossdock orders ingest --name '#1001'`. Every start drains the same inbox; none books anything twice.
"""

from datetime import UTC, datetime

from prefect import flow, get_run_logger, tags
from prefect.runtime import flow_run as current

from canonical.errors import CrossdockError, MisconfiguredError
from flows.draining import Drain
from flows.handling.arrivals import ingest_named, poll, sweep
from flows.runtime import Runtime, runtime
from flows.steps import orders as steps
from flows.steps.bells import InboxBell, StockBell
from flows.steps.reports import report_overview, report_run

MOST_TAGS = 20


def _run_name() -> str:
    names = current.parameters.get("names") or []
    what = ", ".join(names[:3]) + ("…" if len(names) > 3 else "") if names else "drain"
    return f"orders {what} {datetime.now(UTC):%H:%M:%S}"


@flow(name="order-ingestion", flow_run_name=_run_name, log_prints=False)
async def order_ingestion(
    names: list[str] | None = None, shop: str | None = None, linger_seconds: float | None = None
) -> dict[str, int]:
    """Bring orders into the ERP, once each.

    Args:
        names: Orders to read from the shop now (#1001); empty drains what the inbox holds.
        shop: The shop of `names`; may be left out when the landscape has one shop.
        linger_seconds: How long an idle drain waits for more before it ends.

    Returns how many documents ended in which verdict.
    """
    rt = await runtime()
    log = get_run_logger()
    if names:
        chosen = _shop(rt, shop)
        for name in await ingest_named(rt, chosen, names):
            log.warning("Shop %s has no order %s.", chosen, name)
    await sweep(rt)
    linger = rt.settings.linger_seconds if linger_seconds is None else linger_seconds
    drain = Drain(
        rt,
        steps,
        str(current.id) if current.id else None,
        linger=linger,
        on_demand=StockBell(rt).ring,
        on_life=InboxBell(rt).ring,
    )
    if problem := await rt.renew_mappings():
        drain.tally.note(problem)
    tally = await drain.run()
    with tags(*sorted(set(tally.correlation_ids))[:MOST_TAGS]):
        await report_run(tally, "order-ingestion", "Order ingestion", rt.settings.gateway_url)
    if tally.rows or tally.notes:
        await report_overview(rt)
    log.info("Drained: %s%s", dict(tally.counts), f"; {'; '.join(tally.notes)}" if tally.notes else "")
    return dict(tally.counts)


@flow(name="order-poll", flow_run_name="orders poll")
async def order_poll(shop: str | None = None) -> dict[str, int]:
    """Find orders whose webhook never came: read by `updated_at` with an overlap, into the same inbox.

    Returns the new messages per shop; a shop that cannot be read now is left for the next poll and logged.
    """
    rt = await runtime()
    log = get_run_logger()
    found: dict[str, int] = {}
    for name in [shop] if shop else list(rt.channels):
        try:
            found[name] = await poll(rt, name)
        except CrossdockError as error:
            log.warning("Poll of shop %s failed and is tried again by schedule: %s", name, error)
    if any(found.values()):
        drain = Drain(
            rt,
            steps,
            str(current.id) if current.id else None,
            linger=0,
            on_demand=StockBell(rt).ring,
            on_life=InboxBell(rt).ring,
        )
        tally = await drain.run()
        await report_run(tally, "order-poll", "Orders found by the poll", rt.settings.gateway_url)
    await report_overview(rt)
    return found


def _drain(rt: Runtime, linger: float) -> Drain:
    """A drain of this run; it wakes the flows that its work concerns."""
    run, bells = str(current.id) if current.id else None, (StockBell(rt).ring, InboxBell(rt).ring)
    return Drain(rt, steps, run, linger=linger, on_demand=bells[0], on_life=bells[1])


def _shop(rt: Runtime, shop: str | None) -> str:
    """The shop meant. Raises `MisconfiguredError` when that is not clear."""
    if shop is None and len(rt.channels) == 1:
        return next(iter(rt.channels))
    if shop is None or shop not in rt.channels:
        raise MisconfiguredError(
            f"which shop? {shop or 'none'} was given, the landscape has {', '.join(rt.channels)}",
            code="shop_unknown",
            field="shop",
            way_out="Give --shop with one of these names.",
        )
    return shop
