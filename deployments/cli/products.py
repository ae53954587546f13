"""`crossdock products`: bring named products to the shops, see what would change, see what waits."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from canonical.product import ProductStatus
from canonical.records import CaseKind
from deployments.cli.context import age, console, opened_store, show
from deployments.cli.runs import run_and_wait
from deployments.landscape_loader import load_landscape

SYNC = "product-sync/sync"
CHANGES = ("shop", "product", "verdict", "field", "shown now", "would be")
WAITING = ("kind", "scope", "product", "reason", "in words", "way out", "age")
RECORD_KINDS = (":product:", ":product-record:", ":product-row:")


def sync(
    *,
    key: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    shop: str | None = None,
    full: bool = False,
    dry_run: bool = False,
    wait: bool = True,
) -> int:
    """Read products from their sources and bring them to the shops. What is shown as it should be is not written.

    Parameters
    ----------
    key
        Product codes; several may follow. Without any, what waits is handled.
    shop
        Only this shop.
    full
        Read everything from every source, and look at every product.
    dry_run
        Only show, field by field, what would change in the shops. Nothing is written.
    wait
        Wait for the run to end and say how it went.
    """
    if dry_run:
        return asyncio.run(_try(key, shop))
    parameters = {"keys": key, "shop": shop, "full": full, "dry_run": False, "linger_seconds": 0}
    return asyncio.run(run_and_wait(SYNC, parameters, wait=wait))


async def _try(keys: list[str] | None, shop: str | None) -> int:
    """In this process: a trial needs no run, and its table is for the terminal."""
    from flows.handling.products.comparing import trial
    from flows.runtime import open_runtime
    from flows.settings import FlowSettings

    rt = await open_runtime(FlowSettings())
    try:
        for problem in rt.goods.problems:
            console.print(problem)
        trials = await trial(rt, [rt.landscape.shop(shop).name] if shop else list(rt.goods.channels), keys)
    finally:
        await rt.aclose()
    rows = [(t.shop, t.product, t.verdict, c.field, c.shown, c.wanted) for t in trials for c in t.changes]
    rows += [
        (t.shop, t.product, t.verdict, "", "; ".join(t.reasons), "")
        for t in trials
        if not t.changes and t.verdict != "unchanged"
    ]
    show("Dry run: what would change", CHANGES, rows)
    verdicts = sorted({t.verdict for t in trials})
    counts = ", ".join(f"{sum(t.verdict == v for t in trials)} {v}" for v in verdicts) or "no products"
    console.print(f"{counts}. Nothing was written.")
    return 0


def status(*, shop: str | None = None) -> int:
    """How many products each shop shows, what is withheld, and what waits with its reason.

    Parameters
    ----------
    shop
        Only this shop.
    """
    asyncio.run(_status(shop))
    return 0


async def _status(only: str | None) -> None:
    from connectors import registry

    async with opened_store() as store:
        book = registry.product_book(store)
        rows = []
        for shop in [s.name for s in load_landscape().shops if only in (None, s.name)]:
            counts = await book.status_counts(shop)
            numbers = (counts.get(status.value, 0) for status in ProductStatus)
            rows.append((shop, *numbers, len(await book.withheld(shop))))
        show("Products", ("shop", *(status.value for status in ProductStatus), "withheld"), rows)
        cases = [case for kind in CaseKind for case in await store.cases(kind=kind, limit=1_000)]
        mine = [c for c in cases if any(k in c.aggregate_key for k in RECORD_KINDS) and only in (None, c.scope)]
        show(
            "Waiting",
            WAITING,
            [(c.kind, c.scope, c.document, c.reason_code, c.words, c.way_out or "", age(c.opened_at)) for c in mine],
        )
