"""How long a quiet order takes: seconds from its webhook to its ERP document, next to the ERP's own call alone.

One order at a time, at most one every three seconds, goes through the whole house (Tryton). Then the same documents,
one a call, go straight to a fresh copy of the same ERP: that is the part we cannot shorten.
"""

import asyncio
import time

from canonical.booking import SalesOrderDocument
from canonical.rules.booking import sales_order_document
from deployments.landscape_loader import load_landscape, load_mappings
from deployments.sandbox.shopify.generator.command import place_orders
from deployments.stack.plan import SHOPS, Plan
from deployments.stack.stack import Stack, running
from tests.benchmarks import backlog
from tests.benchmarks.measure import CONSOLE, Options, percentile, print_table

ORDERS, QUICK_ORDERS = 20, 3
WARM_UP = 2
PAUSE = 3.0
"""Seconds between two orders at least; the next one also waits until the last one is booked."""


async def run(options: Options) -> dict[str, float | str]:
    """The figures of `bench latency:`, seconds; `erp` is the median of the ERP's own call."""
    count = QUICK_ORDERS if options.quick else ORDERS
    plan = Plan(home=options.workspace / "stack")
    async with running(plan, lambda text: CONSOLE.print(f"  {text}", style="dim")) as stack:
        books = backlog.copy_books(stack, options.workspace / "alone")
        ours = await _through_the_house(stack, count)
        documents = await _documents(stack)
        await stack.worker.stop()  # what is measured next is the ERP alone
        async with backlog.fresh_erp(stack, books) as (erp, _):
            alone = await backlog.book_one_by_one(erp, documents)
    rows = {"webhook to ERP document": _spread(ours), "the ERP's own call": _spread(alone[WARM_UP:])}
    print_table(f"Seconds of a quiet order ({len(ours)} orders, one at a time)", rows)
    house, erp_alone = rows["webhook to ERP document"], rows["the ERP's own call"]
    return {"p50": house["p50"], "p95": house["p95"], "erp": erp_alone["p50"]}


async def _through_the_house(stack: Stack, count: int) -> list[float]:
    """Seconds from received to booked of each order but the first ones, which meet cold caches."""
    for number in range(1, WARM_UP + count + 1):
        placed = time.monotonic()
        await place_orders(
            stack.shopify.url, count=1, profile="bookable", seed=11, shop=SHOPS[backlog.SHOP], start=number - 1
        )
        await backlog.wait_until_booked(stack, number)  # quiet means that none waits for another
        await asyncio.sleep(max(0.0, placed + PAUSE - time.monotonic()))
    records = await backlog.wait_until_booked(stack, WARM_UP + count)
    ordered = sorted(records, key=lambda record: record.received_at)[WARM_UP:]
    return [(record.posted_at - record.received_at).total_seconds() for record in ordered if record.posted_at]


async def _documents(stack: Stack) -> list[SalesOrderDocument]:
    landscape = load_landscape(stack.plan.landscape)
    mappings = load_mappings()
    company = landscape.company_of(backlog.SHOP)
    return [sales_order_document(order, mappings, company) for order in await backlog.read_orders(stack)]


def _spread(seconds: list[float]) -> dict[str, float]:
    return {"p50": percentile(seconds, 0.5), "p95": percentile(seconds, 0.95), "most": max(seconds)}
