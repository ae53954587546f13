"""What the demo does with products on a stack: a price changes in the ERP, and is seen in the shop."""

import asyncio
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import httpx

from deployments.engine import read_run, start_run
from deployments.stack.plan import SHOPS
from deployments.stack.stack import Stack
from deployments.stack.stock_scene import FINAL

SYNC: Final = "product-sync/sync"


@dataclass(frozen=True)
class Shown:
    """A variant as the shop north shows it, with its product's words."""

    title: str
    description: str
    price: str
    products: int
    """How many products of the shop have a variant with this SKU."""


async def shown(stack: Stack, sku: str) -> Shown | None:
    """What the stand-in itself shows of a SKU; None when it has none."""
    async with httpx.AsyncClient(base_url=stack.shopify.url, timeout=30, trust_env=False) as http:
        variants = await _records(http, "ProductVariant")
        mine = [row for row in variants if row["sku"] == sku]
        if not mine:
            return None
        products = {row["id"]: row for row in await _records(http, "Product")}
    product = products[mine[0]["product"]["id"]]
    description = str(product.get("descriptionHtml") or "")
    return Shown(product["title"], description, str(mine[0]["price"]), len({row["product"]["id"] for row in mine}))


async def _records(http: httpx.AsyncClient, kind: str) -> list[dict[str, Any]]:
    answer = await http.get(f"/_sandbox/state/{SHOPS['north']}/{kind}", params={"limit": 250})
    found: list[dict[str, Any]] = answer.raise_for_status().json()["records"]
    return found


async def reprice(stack: Stack, sku: str, amount: Decimal) -> None:
    """The ERP's clerk sets another price."""
    await asyncio.to_thread(_reprice, stack, sku, amount)


def _reprice(stack: Stack, sku: str, amount: Decimal) -> None:
    if stack.plan.erp == "tryton":
        from deployments.sandbox.tryton.desk import TrytonDesk

        with TrytonDesk(stack.erp.url) as desk:
            desk.reprice(sku, str(amount))
    else:
        from deployments.sandbox.lambda_erp.desk import LambdaDesk

        with LambdaDesk(stack.erp.url) as clerk:
            clerk.reprice(sku, str(amount))


async def sync(stack: Stack, key: str, *, within: float) -> bool:
    """`crossdock products sync --key ...`; whether the run ended well in time."""
    parameters = {"keys": [key], "shop": "north", "linger_seconds": 0}
    run = await start_run(SYNC, parameters, stack.environment)
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        state = (await read_run(run["id"], stack.environment))["state"]["type"]
        if state in FINAL:
            return bool(state == "COMPLETED")
        await asyncio.sleep(0.1)
    return False
