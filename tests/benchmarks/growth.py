"""What a deep inbox costs: our CPU seconds per 1,000 orders with 10^3, 10^5 and 10^6 handled messages in it.

Webhooks go into a real SQLite store, are drained by the plain steps (no Prefect) and booked in an ERP that answers at
once, so that all the CPU is ours. The depths take turns; each round compares with the shallowest one of the same round.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from canonical.landscape import Domain, Landscape, Ownership, Role, System
from canonical.order import Order
from canonical.ports import StateStore
from canonical.rules import example
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import open_store
from flows.draining import Drain
from flows.handling import work
from flows.handling.gates import build_gates
from flows.runtime import Runtime
from tests.benchmarks.measure import CONSOLE, Figures, Options, Variant, interleaved, medians, percentile, print_table
from tests.fakes.systems import FakeErp, FakeShop, FakeTranslator, delivery

DEPTHS = (1_000, 100_000, 1_000_000)
QUICK_DEPTHS = (100, 1_000, 10_000)
ORDERS, QUICK_ORDERS = 300, 20
TRACES = 200
LANDSCAPE = Landscape(
    systems=(
        System(name="web", kind="fake", role=Role.CHANNEL),
        System(name="erp", kind="fake", role=Role.ERP),
    ),
    companies=(example.COMPANY,),
    shops=(example.SHOP,),
    ownership=tuple(Ownership(domain=domain, owner="erp") for domain in Domain),
)
_NUMBERS = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?) "
_MESSAGES = (
    "INSERT INTO inbox (seq, delivery_key, channel, scope, topic, kind, aggregate_key, correlation_id, occurred_at, "
    "received_at, state, behind, attempts, reason) "
    "SELECT n, 'shopify:north:old-' || n, 'shopify', 'north', 'orders/create', 'orders', 'north:order:' || (n / 2), "
    "'old-' || (n / 2), '2026-11-01T00:00:00.000000+00:00', '2026-11-01T00:00:00.000000+00:00', 'done', 0, 0, 'posted' "
    "FROM number"
)
_PAYLOADS = "INSERT INTO payload (seq, headers, body) SELECT n, '{}', x'7b7d' FROM number"


class Depth:
    """A store with so many handled messages, and a shop and an ERP around it."""

    def __init__(self, store: StateStore, orders: int) -> None:
        self._orders, self._first = orders, 50_000_000
        self.shop, self.erp = FakeShop("north"), FakeErp("north")
        self.rt = Runtime(
            landscape=LANDSCAPE,
            store=store,
            channels={"north": self.shop},
            translators={"north": FakeTranslator()},
            erps={"north": self.erp},
            mappings=example.MAPPINGS,
        )

    async def round(self, _number: int) -> Figures:
        """Some orders from webhook to ERP document; CPU of this process for 1,000 of them."""
        orders = some_orders(self._first, self._orders)
        self._first += self._orders
        self.shop.orders = {order.id: order for order in orders}
        webhooks = [delivery(order, webhook=f"w{order.id}") for order in orders]
        used, started = time.process_time(), time.perf_counter()
        await self.rt.store.put(webhooks)
        tally = await Drain(self.rt, work, None, linger=0).run()
        cpu, wall = time.process_time() - used, time.perf_counter() - started
        if tally.counts["posted"] != len(orders):
            raise RuntimeError(f"{tally.counts['posted']} of {len(orders)} orders were booked: {dict(tally.counts)}")
        return {"cpu_s_per_1000": cpu / len(orders) * 1000, "per_second": len(orders) / wall}

    async def trace_times(self) -> list[float]:
        """Seconds that the store takes for the timeline of a document, asked by name, order id, ERP id or webhook."""
        recent = range(self._first - self._orders, self._first)[: TRACES // 4]
        asked = [text for number in recent for text in (str(number), f"#{number}", f"w{number}", f"old-{number % 997}")]
        times = []
        for text in asked:
            started = time.perf_counter()
            lines = await self.rt.store.trace(text)
            times.append(time.perf_counter() - started)
            if not lines:
                raise RuntimeError(f"the store knows nothing about {text}")
        return times


def some_orders(first: int, count: int) -> list[Order]:
    """Orders of different customers, alike but for their ids."""
    customer = example.order().customer
    assert customer is not None
    return [
        example.order(id=str(number), name=f"#{number}", customer=customer.model_copy(update={"id": f"{number}"}))
        for number in range(first, first + count)
    ]


async def deep_store(file: Path, depth: int) -> StateStore:
    """A store with so many handled messages: written past the store, which would take minutes for them."""
    store = await open_store(StoreSettings(url=SecretStr(f"sqlite:///{file}")))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(_with_numbers(_MESSAGES), (depth,))
        connection.execute(_with_numbers(_PAYLOADS), (depth,))
    return store


def _with_numbers(insert: str) -> str:
    return _NUMBERS + insert


async def run(options: Options) -> dict[str, float | str]:
    """The figures of `bench growth:`."""
    build_gates()
    depths: dict[int, Depth] = {}
    for size in QUICK_DEPTHS if options.quick else DEPTHS:
        started = time.perf_counter()
        store = await deep_store(options.workspace / f"store-{size}.sqlite", size)
        depths[size] = Depth(store, QUICK_ORDERS if options.quick else ORDERS)
        CONSOLE.print(f"  {size} handled messages written in {time.perf_counter() - started:.1f} s", style="dim")
    try:
        return await _measure(depths, options.rounds)
    finally:
        for depth in depths.values():
            await depth.rt.aclose()


async def _measure(depths: dict[int, Depth], rounds: int) -> dict[str, float | str]:
    for depth in depths.values():
        await depth.round(0)  # caches fill, code is imported
    variants: dict[str, Variant] = {f"{size:.0e}".replace("e+0", "e"): depth.round for size, depth in depths.items()}
    results = await interleaved(variants, rounds)
    base = results[next(iter(results))]
    rows: dict[str, dict[str, float | str]] = {}
    for name, figures in results.items():
        ratios = [{"ratio": a["cpu_s_per_1000"] / b["cpu_s_per_1000"]} for a, b in zip(figures, base, strict=True)]
        rows[name] = {**medians(figures), **medians(ratios)}
    times = await depths[max(depths)].trace_times()
    print_table(f"CPU of 1,000 orders by handled messages in the inbox, medians of {rounds} rounds", rows)
    cpu = {f"cpu_s_{name}": row["cpu_s_per_1000"] for name, row in rows.items()}
    deepest = rows[list(rows)[-1]]["ratio"]
    return {**cpu, "ratio": deepest, "trace_p95_ms": percentile(times, 0.95) * 1000}
