"""Publishing a hundred thousand changed figures with four workers: calls, and the share of the allowed rate they use.

The shop is the stand-in with the bucket drained; least calls are 400, at 250 figures a call. Share = points charged /
(restore rate x seconds), wanted 0.95. Then everything is told once more, unchanged: no call is wanted.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import httpx
from pydantic import SecretStr

from canonical.inventory import Figure, FigureState, InventoryLevel, Place, StockReport
from connectors.statestore.settings import StoreSettings
from connectors.statestore.stock_views import SqlStockDesk
from connectors.statestore.store import open_store
from deployments.stack.process import Part, module
from deployments.stack.stack import applied
from tests.benchmarks.measure import CONSOLE, Options

WORKERS, BATCH = 4, 250
DOMAIN, COMPANY, SHOP, LOCATION = "north.myshopify.com", "north", "north", "DC-EAST"
RESTORE = {"standard": 100.0, "plus": 1000.0}


async def run(options: Options) -> Mapping[str, float | str]:
    """The stand-in, four worker processes, one store."""
    changed = 1_000 if options.quick else 100_000
    secret = "bench-secret"
    command = module(
        "deployments.sandbox.shopify",
        *("--port", "{port}", "--port-file", "{port_file}", "--plan", "standard", "--shop", DOMAIN),
        *("--client-id", "bench", "--client-secret", secret, "--state", "memory"),
    )
    shop = Part("shopify", command, home=options.workspace, environment={})
    await shop.start()
    try:
        environment = {
            "CROSSDOCK_STORE_URL": f"sqlite:///{options.workspace / 'store.sqlite'}",
            "CROSSDOCK_SHOP_NORTH_BASE_URL": shop.url,
            "CROSSDOCK_SHOP_NORTH_CLIENT_ID": "bench",
            "CROSSDOCK_SHOP_NORTH_CLIENT_SECRET": secret,
        }
        with applied(environment):
            return await _measured(shop.url, environment, changed)
    finally:
        await shop.stop()


async def _measured(url: str, environment: Mapping[str, str], changed: int) -> Mapping[str, float | str]:
    async with httpx.AsyncClient(base_url=url, timeout=600, trust_env=False) as http:
        location_id, items = await _goods(http, changed)
        store = await open_store(StoreSettings(url=SecretStr(environment["CROSSDOCK_STORE_URL"])))
        desk = SqlStockDesk(store.database)
        await _plan(desk, location_id, items)
        CONSOLE.print(f"{changed} figures are due.")
        first = await _workers(http, location_id)
        counts = await desk.figure_counts(SHOP)
        await _plan(desk, location_id, items)
        again = await _workers(http, location_id)
        await store.aclose()
    least = -(-changed // BATCH)
    CONSOLE.print(f"first {first}; again {again}; {dict(counts)}")
    return {
        "changed": changed,
        "workers": WORKERS,
        "calls": first["calls"],
        "least": least,
        "share_of_rate": first["charged"] / (RESTORE["standard"] * first["seconds"]),
        "throttled": first["throttled"],
        "unchanged_calls": again["calls"],
        "seconds": first["seconds"],
        "left": changed - counts.get(FigureState.PUBLISHED, 0),
    }


async def _goods(http: httpx.AsyncClient, count: int) -> tuple[str, dict[str, str]]:
    """The items of the shop by SKU, and the location they are stocked at."""
    body = {"shop": DOMAIN, "products": count, "variants": 1, "locations": 1, "available": 10, "prefix": "BENCH"}
    (await http.post("/_sandbox/goods", json=body)).raise_for_status()
    rows = (await http.get(f"/_sandbox/state/{DOMAIN}/InventoryItem")).raise_for_status().json()["records"]
    items = {row["sku"]: row["id"].rsplit("/", 1)[-1] for row in rows if str(row["sku"]).startswith("BENCH")}
    places = (await http.get(f"/_sandbox/state/{DOMAIN}/Location")).raise_for_status().json()["records"]
    return next(p["id"] for p in places if p["isActive"]).rsplit("/", 1)[-1], items


async def _plan(desk: SqlStockDesk, location_id: str, items: Mapping[str, str]) -> None:
    """Every item has 25 where the shop shows 10."""
    now, skus = datetime.now(UTC), list(items)
    for start in range(0, len(skus), 5_000):
        part = skus[start : start + 5_000]
        levels = tuple(
            InventoryLevel(sku=sku, location=LOCATION, on_hand=Decimal(25), source="erp", as_of=now) for sku in part
        )
        await desk.record(StockReport(source="erp", company=COMPANY, levels=levels), now)
        await desk.plan([_figure(sku, items[sku], location_id, now) for sku in part])


def _figure(sku: str, item: str, location_id: str, now: datetime) -> Figure:
    return Figure(
        shop=SHOP,
        sku=sku,
        place=Place(item_id=item, location_id=location_id),
        target=25,
        published=10,
        changed_at=now,
        not_before=now,
    )


async def _workers(http: httpx.AsyncClient, location_id: str) -> dict[str, float]:
    """All workers at once, from a drained bucket until nothing is due."""
    command = [sys.executable, "-m", "tests.benchmarks.publish_worker", location_id]
    pipe = asyncio.subprocess.PIPE
    workers = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(WORKERS)]
    for worker in workers:
        await _line(worker)
    await http.post("/_sandbox/buckets/drain", json={"shop": DOMAIN})
    began = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"go\n")
    told = [json.loads(await _line(worker)) for worker in workers]
    seconds = time.perf_counter() - began
    for worker in workers:
        await worker.wait()
    found = {name: sum(one[name] for one in told) for name in ("calls", "reads", "charged", "throttled", "cpu")}
    return found | {"seconds": seconds}


async def _line(worker: asyncio.subprocess.Process) -> str:
    assert worker.stdout is not None
    line = await worker.stdout.readline()
    if not line:
        raise RuntimeError("a worker ended early")
    return line.decode()
