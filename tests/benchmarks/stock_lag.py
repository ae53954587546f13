"""How long a change of stock takes from the ERP to the shop, single changes while 50 orders a minute flow.

The whole stack with real processes. From the moment at which the ERP has answered the clerk that the goods are in, to
the shop's acknowledgement of the figure. Wanted: p95 at most 5 s plus the coalescing window of 1 s.
"""

import asyncio
import itertools
from collections.abc import Mapping

from rich.table import Table

from deployments.sandbox.shopify.generator.command import place_orders
from deployments.stack.plan import SHOPS, Plan
from deployments.stack.scene import open_store
from deployments.stack.stack import running
from deployments.stack.stock_scene import StockScene
from tests.benchmarks.measure import CONSOLE, Options, percentile

ORDERS_A_MINUTE = 50
CHANGES = 40
SKUS = ("TEE-WHI-S", "TEE-WHI-M", "TEE-NAV-S", "HOOD-GRE-S", "MUG-WHT", "MUG-BLU", "NOTE-DOT", "NOTE-LIN")


async def run(options: Options) -> Mapping[str, float | str]:
    """Changes one after the other, each waited for."""
    changes = 3 if options.quick else CHANGES
    async with running(Plan(home=options.workspace, webhook_time_scale=0.002), lambda _: None) as stack:
        store = await open_store(stack)
        scene = StockScene(stack, store)
        orders = asyncio.create_task(_shoppers(stack.shopify.url, changes * 6))
        try:
            figures = await scene.first_publication()
            CONSOLE.print(f"{figures} figures in the shops; {changes} changes follow, one by one.")
            await scene.keep_polling(600)
            lags = [await _change(scene, sku) for sku in itertools.islice(itertools.cycle(SKUS), changes)]
        finally:
            orders.cancel()
            await asyncio.gather(orders, return_exceptions=True)
            scene.close()
            await store.aclose()
    seen = [lag for lag in lags if lag is not None]
    table = Table("changes", "seen", "p50", "p95", "longest")
    table.add_row(str(len(lags)), str(len(seen)), *(f"{percentile(seen, p):.2f}" for p in (0.5, 0.95, 1.0)))
    CONSOLE.print(table)
    lost = len(lags) - len(seen)
    return {"p50": percentile(seen, 0.5), "p95": percentile(seen, 0.95), "changes": len(lags), "lost": lost}


async def _shoppers(url: str, seconds: int) -> None:
    count = ORDERS_A_MINUTE * seconds // 60
    await place_orders(url, count=count, profile="bookable", seed=5, shop=SHOPS["north"], rate=ORDERS_A_MINUTE / 60)


async def _change(scene: StockScene, sku: str) -> float | None:
    """Seconds until the shop has acknowledged one receipt; None when it never does."""
    before = await scene.figures("north", sku)
    known = await scene.receive(sku, "DC-EAST", 25)
    figure = await scene.shown_after(before, within=90.0)
    if figure is None or figure.published_at is None:
        return None
    await asyncio.sleep(1.0)
    return max(0.0, (figure.published_at - known).total_seconds())
