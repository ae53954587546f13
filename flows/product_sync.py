"""Product sync: from the item master and the PIM to the products of the shops.

Started by an event (`crossdock.inbox.products`), by the sweep and poll schedules, in the Prefect UI, or by
`crossdock products sync --key LAMP`. Every start drains the same inbox; a product that is shown as it should be is
written by none of them.
"""

from datetime import UTC, datetime

from prefect import flow, get_run_logger, tags
from prefect.runtime import flow_run as current

from canonical.errors import CrossdockError, MisconfiguredError
from canonical.records import Delivery
from flows.handling.products.arrivals import ask_by_key, poll_source, publish_again
from flows.handling.products.comparing import trial
from flows.handling.products.sweeping import sweep_products
from flows.handling.products.tally import ProductTally
from flows.product_draining import ProductDrain
from flows.runtime import Runtime, runtime
from flows.steps import products as steps
from flows.steps.approvals import answer_to, show_approval
from flows.steps.product_reports import report_overview, report_run, report_trial

APPROVAL = "product-approval/approval"
MOST_TAGS = 20


def _run_name() -> str:
    keys = current.parameters.get("keys") or []
    what = ", ".join(keys[:3]) + ("…" if len(keys) > 3 else "") if keys else "drain"
    trying = " dry run" if current.parameters.get("dry_run") else ""
    return f"products {what}{trying} {datetime.now(UTC):%H:%M:%S}"


@flow(name="product-sync", flow_run_name=_run_name, log_prints=False)
async def product_sync(
    keys: list[str] | None = None,
    shop: str | None = None,
    full: bool = False,
    dry_run: bool = False,
    linger_seconds: float | None = None,
) -> dict[str, int]:
    """Bring products to the shops.

    Args:
        keys: Products to read from their sources and look at now; empty drains what waits.
        shop: Only this shop; empty for every shop.
        full: Read everything from every source, and look at every product.
        dry_run: Only show, field by field, what would change in the shops. Nothing is written.
        linger_seconds: How long an idle drain waits for more before it ends.

    Returns how many of what were handled.
    """
    rt = await runtime()
    shops = _shops(rt, shop)
    if dry_run:
        trials = await trial(rt, shops, keys)
        await report_trial(trials)
        return {verdict: sum(t.verdict == verdict for t in trials) for verdict in sorted({t.verdict for t in trials})}
    for key in await ask_by_key(rt, keys, shops) if keys else ():
        get_run_logger().warning("No source has a product %s.", key)
    if full:
        await _poll(rt, full=True)
        await rt.store.put(_everything(rt, shops, await rt.goods.book.all_keys()))
    await sweep_products(rt)
    linger = rt.settings.linger_seconds if linger_seconds is None else linger_seconds
    tally = await _drain(rt, linger, shops)
    with tags(*sorted(set(tally.correlation_ids))[:MOST_TAGS]):
        await report_run(tally, "product-sync", "Product sync")
    if tally.rows or tally.notes:
        await report_overview(rt)
    return dict(tally.counts)


@flow(name="product-poll", flow_run_name="products poll")
async def product_poll(full: bool = False) -> dict[str, int]:
    """Ask the sources what changed, and publish it.

    Args:
        full: Read everything instead of what changed.

    Returns the new messages of each source; one that cannot be asked now is left for the next time and logged.
    """
    rt = await runtime()
    found = await _poll(rt, full=full)
    await sweep_products(rt)
    await report_run(await _drain(rt, 0, None), "product-poll", "Products found by the poll")
    await report_overview(rt)
    return found


@flow(name="product-approval", flow_run_name="products approval {approval}")
async def product_approval(approval: int) -> dict[str, int]:
    """Suspend until somebody with the role has decided about withheld products; publish them when approved.

    Args:
        approval: The number of the approval; started by the run that withheld the products.

    Returns how many of what were handled; nothing when it is not approved.
    """
    rt = await runtime()
    permission = await answer_to(rt, approval)
    get_run_logger().info("Approval %s: %s.", approval, permission.words)
    await sweep_products(rt)
    if not permission.granted:
        return {}
    tally = await _drain(rt, 0, None)
    await report_run(tally, "product-approval", f"Published: {permission.words}")
    return dict(tally.counts)


async def _drain(rt: Runtime, linger: float, shops: list[str] | None) -> ProductTally:
    drain = ProductDrain(rt, steps, str(current.id) if current.id else None, linger=linger, shops=shops)
    for problem in (await rt.renew_mappings(), *rt.goods.problems):
        if problem:
            drain.tally.note(problem)
    tally = await drain.run()
    for number in sorted(tally.asked):
        await show_approval(APPROVAL, number)
    log, counts = get_run_logger(), {name: count for name, count in tally.counts.items() if count}
    log.info("Drained: %s%s", counts, f"; {'; '.join(tally.notes)}" if tally.notes else "")
    return tally


async def _poll(rt: Runtime, *, full: bool) -> dict[str, int]:
    log = get_run_logger()
    found: dict[str, int] = {}
    for scope, source in rt.goods.all_sources():
        name = f"{source.system} ({scope})"
        try:
            found[name], faults = await poll_source(rt, scope, source, full=full)
        except CrossdockError as error:
            log.warning("Poll of %s failed and is tried again by schedule: %s", name, error)
        else:
            if faults:
                log.warning("%s rows of %s could not be read; see `crossdock holds list`.", faults, name)
    return found


def _everything(rt: Runtime, shops: list[str], keys: list[str]) -> list[Delivery]:
    cause = f"full/{rt.now().isoformat()}"
    return [delivery for shop in shops for delivery in publish_again(rt, shop, keys, cause)]


def _shops(rt: Runtime, shop: str | None) -> list[str]:
    """The shops meant. Raises `MisconfiguredError` for one that there is not."""
    if shop is None:
        return list(rt.goods.channels)
    if shop not in rt.goods.channels:
        raise MisconfiguredError(
            f"the landscape has no shop {shop}, it has {', '.join(rt.goods.channels)}",
            code="shop_unknown",
            field="shop",
            way_out="Give --shop with one of these names.",
        )
    return [shop]
