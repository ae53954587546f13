"""How long a change of stock takes from the ERP to the shop, single changes while 50 orders a minute flow.

The whole stack with real processes. From the moment at which the ERP has answered the clerk that the goods are in, to
the shop's acknowledgement of the figure. Wanted: p95 at most 6 s, the coalescing window of 1 s in it. An ERP without
events is asked every two seconds (CROSSDOCK_FLOW_STOCK_POLL_SECONDS).

`erp` is the part of it that is the ERP's: from the question that found the change to the end of the answer. It grows
with what else the ERP does at that moment (booking the orders), and nobody outside of it can make it shorter. `ours` is
the rest: the wait for the question, computing, the window, and the shop's answer.
"""

import asyncio
import itertools
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

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
_BROUGHT = """
    SELECT inbox.occurred_at, inbox.received_at FROM inbox JOIN payload USING (seq)
    WHERE kind = 'stock.north' AND topic = 'stock/told' AND received_at <= ? AND CAST(body AS TEXT) LIKE ?
    ORDER BY seq DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds of one change: all of them, and those that the ERP took to answer."""

    whole: float
    erp: float


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
    return _figures([lag for lag in lags if lag is not None], len(lags))


def _figures(seen: list[Lag], changes: int) -> Mapping[str, float | str]:
    table = Table("part", "p50", "p95", "longest", title=f"{len(seen)} of {changes} changes seen, seconds")
    parts = {"whole": [s.whole for s in seen], "erp": [s.erp for s in seen], "ours": [s.whole - s.erp for s in seen]}
    for name, values in parts.items():
        table.add_row(name, *(f"{percentile(values, p):.2f}" for p in (0.5, 0.95, 1.0)))
    CONSOLE.print(table)
    tails = {f"{name}_p95" if name != "whole" else "p95": percentile(values, 0.95) for name, values in parts.items()}
    halves = {"p50": percentile(parts["whole"], 0.5), "erp": percentile(parts["erp"], 0.5)}
    return halves | tails | {"changes": changes, "lost": changes - len(seen)}


async def _shoppers(url: str, seconds: int) -> None:
    count = ORDERS_A_MINUTE * seconds // 60
    await place_orders(url, count=count, profile="bookable", seed=5, shop=SHOPS["north"], rate=ORDERS_A_MINUTE / 60)


async def _change(scene: StockScene, sku: str) -> Lag | None:
    """Seconds until the shop has acknowledged one receipt; None when it never does."""
    before = await scene.figures("north", sku)
    known = await scene.receive(sku, "DC-EAST", 25)
    figure = await scene.shown_after(before, within=90.0)
    if figure is None or figure.published_at is None:
        return None
    await asyncio.sleep(1.0)
    whole = max(0.0, (figure.published_at - known).total_seconds())
    return Lag(whole, min(whole, _answer(scene, sku, figure.published_at)))


def _answer(scene: StockScene, sku: str, shown: datetime) -> float:
    """Seconds from question to answer of the poll that brought the change: its message in the inbox has both."""
    file = scene.stack.plan.home / "crossdock.sqlite"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as store:
        values = (shown.isoformat(timespec="microseconds"), f'%"{sku}"%')
        asked, answered = (datetime.fromisoformat(moment) for moment in store.execute(_BROUGHT, values).fetchone())
    return (answered - asked).total_seconds()
