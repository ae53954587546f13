"""`crossdock stock`: publish named items, see what waits, believe a position, compare the shops."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from canonical.inventory import Figure, FigureState
from canonical.landscape import Landscape
from canonical.ports.stock_views import StockDesk
from canonical.records import AuditEntry, Batch, Case
from deployments.cli.context import actor, age, console, now, opened_store, show
from deployments.cli.runs import run_and_wait
from deployments.landscape_loader import load_landscape
from flows.handling.stock.messages import read_again

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


def believe(*, sku: Annotated[list[str], Parameter(consume_multiple=True)], because: str) -> int:
    """Let positions pass that a gate stopped, such as a jump of on hand: they are read again and taken as they are.

    Parameters
    ----------
    sku
        ERP items; several may follow.
    because
        Why, for the audit.
    """
    released = asyncio.run(_believe(load_landscape(), set(sku), because))
    console.print(f"{released} positions are read again and believed." if released else "No position of these waits.")
    return 0 if released else 1


async def _believe(landscape: Landscape, skus: set[str], because: str) -> int:
    async with opened_store() as store:
        released = 0
        for company in landscape.companies:
            cases = [c for c in await store.cases(scope=company.name, limit=10_000) if _sku_of(c) in skus]
            for sku in sorted({_sku_of(c) or "" for c in cases}):
                codes = [c.reason_code for c in cases if _sku_of(c) == sku]
                told = read_again(company.name, [sku], now(), because, codes)
                entry = AuditEntry(
                    at=now(),
                    actor=actor(),
                    action="stock.believed",
                    scope=company.name,
                    aggregate_key=told[0].aggregate_key,
                    correlation_id=told[0].correlation_id,
                    detail={"sku": sku, "waived": codes, "because": because},
                )
                await store.commit(Batch(audit=(entry,), deliveries=tuple(told)))
            released += len(cases)
        return released


def _sku_of(case: Case) -> str | None:
    """The SKU of a position's case: `stock of TEE-1 at DC-EAST`."""
    words = case.document.removeprefix("stock of ")
    return words.rpartition(" at ")[0] if words != case.document else None


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
