"""`crossdock stock`: publish named items, see what waits, compare the shops with what they should show."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from canonical.inventory import Figure, FigureState
from canonical.landscape import Landscape
from canonical.ports.stock_views import StockDesk
from deployments.cli.context import age, console, opened_store, show
from deployments.cli.runs import run_and_wait
from deployments.landscape_loader import load_landscape

PUBLISH = "inventory-publication/publish"
RECONCILE = "stock-reconciliation/reconcile"
STOPPED = ("shop", "SKU", "location", "target", "published", "state", "why")


def publish(
    *, sku: Annotated[list[str], Parameter(consume_multiple=True)], shop: str | None = None, wait: bool = True
) -> int:
    """Read items from their sources, compare them with the shops, and publish what differs. The rest is left alone.

    Parameters
    ----------
    sku
        ERP items; several may follow.
    shop
        Only this shop.
    wait
        Wait for the run to end and say how it went.
    """
    return asyncio.run(run_and_wait(PUBLISH, {"skus": sku, "shop": shop, "linger_seconds": 0}, wait=wait))


def reconcile(*, shop: str | None = None, heal: bool = False, wait: bool = True) -> int:
    """Compare what the shops show with what they should; the table is an artifact of the run in the Prefect UI.

    Parameters
    ----------
    shop
        Only this shop.
    heal
        Publish the differences again, each read before it is written.
    wait
        Wait for the run to end and say how it went.
    """
    return asyncio.run(run_and_wait(RECONCILE, {"shop": shop, "heal_differences": heal}, wait=wait))


def status(*, shop: str | None = None) -> int:
    """What is due, withheld or refused, how old the oldest change is, and how fast changes reach the shops.

    Parameters
    ----------
    shop
        Only this shop.
    """
    asyncio.run(_status(load_landscape(), shop))
    return 0


async def _status(landscape: Landscape, only: str | None) -> None:
    from connectors import registry

    async with opened_store() as store:
        desk = registry.stock_desk(store)
        names = [s.name for s in landscape.shops if only in (None, s.name)]
        columns = ("shop", "due", "withheld", "failed", "published", "oldest due")
        show("Stock figures", columns, [await _counts(desk, name) for name in names])
        stopped = [f for name in names for f in await _stopped(desk, name)]
        if stopped:
            rows = [
                (f.shop, f.sku, f.place.location_id, f.target, f.published, f.state, f.reason or "") for f in stopped
            ]
            show("Withheld or refused", STOPPED, rows)
        else:
            console.print("Nothing is withheld or refused.")


async def _counts(desk: StockDesk, shop: str) -> tuple[object, ...]:
    counts, oldest = await desk.figure_counts(shop), await desk.oldest_due(shop)
    states = (FigureState.DUE, FigureState.WITHHELD, FigureState.FAILED, FigureState.PUBLISHED)
    return (shop, *(counts.get(state, 0) for state in states), age(oldest) if oldest else "")


async def _stopped(desk: StockDesk, shop: str) -> list[Figure]:
    found: list[Figure] = []
    for state in (FigureState.WITHHELD, FigureState.FAILED):
        found += await desk.figures(shop, state=state, limit=100)
    return found
