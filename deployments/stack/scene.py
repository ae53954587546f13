"""What the demo, the crash tests and the benchmarks do with a stack: place orders, wait, read the outcome."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from canonical.ids import aggregate_key
from canonical.ports import StateStore
from canonical.records import OrderRecord
from canonical.states import OrderState
from connectors import registry
from deployments.landscape_loader import load_landscape
from deployments.stack.plan import SHOPS
from deployments.stack.stack import Stack, applied

WAITING = (OrderState.HELD, OrderState.QUARANTINED)


@dataclass(frozen=True)
class Placed:
    """An order placed in the stand-in, and what it was made to become (book, hold, quarantine, skip)."""

    shop: str
    order_id: str
    name: str
    kind: str
    reason: str | None
    total: Decimal
    currency: str


async def open_store(stack: Stack) -> StateStore:
    """The state store of the stack, for looking at it from outside."""
    with applied(stack.environment):
        return await registry.state_store()


async def expectations(stack: Stack) -> list[Placed]:
    """Every order the generator placed, from the stand-in's own notes."""
    async with httpx.AsyncClient(base_url=stack.shopify.url, timeout=60, trust_env=False) as http:
        found: list[Placed] = []
        for shop, domain in SHOPS.items():
            answer = await http.get("/_sandbox/orders/expectations", params={"shop": domain})
            answer.raise_for_status()
            found += [_placed(shop, row) for row in answer.json()["orders"]]
        return found


def _placed(shop: str, row: Mapping[str, Any]) -> Placed:
    return Placed(
        shop=shop,
        order_id=str(row["order_id"]).rsplit("/", 1)[-1],
        name=str(row["order_name"]),
        kind=str(row["kind"]),
        reason=row["reason"],
        total=Decimal(str(row["total"])),
        currency=str(row["currency"]),
    )


def wanted(stack: Stack, placed: list[Placed]) -> dict[tuple[str, str], Decimal]:
    """What the ERP must hold, in the words of its books: (shop domain or company, order name) -> total."""
    landscape = load_landscape(stack.plan.landscape)
    by_company = stack.plan.erp != "tryton"

    def place(order: Placed) -> str:
        if not by_company:
            return SHOPS[order.shop]
        company = landscape.company_of(order.shop)
        return company.reference or company.name

    return {(place(o), o.name): o.total for o in placed if o.kind == "book"}


async def outcomes(store: StateStore, placed: list[Placed]) -> dict[Placed, OrderRecord | None]:
    """Where each order stands in the state store."""
    keys = {o: aggregate_key(o.shop, "order", o.order_id) for o in placed}
    records: dict[str, OrderRecord] = {}
    every = list(keys.values())
    for start in range(0, len(every), 500):
        records |= await store.orders(every[start : start + 500])
    return {order: records.get(key) for order, key in keys.items()}


def finished(placed: Placed, record: OrderRecord | None) -> bool:
    """Whether the order has become what it was made to become, or something just as final."""
    if record is None:
        return False
    if placed.kind == "book":
        return record.state == OrderState.POSTED
    if placed.kind == "skip":
        return record.state == OrderState.SKIPPED
    return record.state in WAITING


async def wait_until_done(
    store: StateStore, placed: list[Placed], *, within: float, progress: Callable[[int], None] = lambda _: None
) -> bool:
    """Until every order is what it was made to become; False when the time is up first."""
    deadline = time.monotonic() + within
    while True:
        states = await outcomes(store, placed)
        done = sum(finished(order, record) for order, record in states.items())
        progress(done)
        if done == len(placed):
            return True
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.3)
