"""One whole stack for all tests here: Shopify stand-in, Tryton, Prefect, worker, gateway, each a real process."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from canonical.ports import StateStore
from canonical.records import OrderRecord
from canonical.states import OrderState
from deployments.engine import read_run, start_run
from deployments.sandbox.shopify.generator.command import place_orders
from deployments.sandbox.shopify.generator.profiles import Deck
from deployments.stack.books import BookedSale, read_books
from deployments.stack.plan import SHOPS, Plan
from deployments.stack.scene import Placed, expectations, finished, open_store, outcomes
from deployments.stack.stack import Stack, running

FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
PARK_SECONDS = 2


@dataclass
class Street:
    """The stack with its store open, and the moves a test makes."""

    stack: Stack
    store: StateStore

    async def place(
        self, shop: str, count: int, *, seed: int, start: int = 0, profile: str = "bookable"
    ) -> list[Placed]:
        """Shoppers place orders. Returns what they placed."""
        before = {(o.shop, o.order_id) for o in await expectations(self.stack)}
        url, domain = self.stack.shopify.url, SHOPS[shop]
        await place_orders(url, count=count, profile=profile, seed=seed, start=start, shop=domain)
        return [o for o in await expectations(self.stack) if (o.shop, o.order_id) not in before]

    async def place_one_held_for(self, reason: str, shop: str) -> Placed:
        """A shopper places an order that is to be held for this reason."""
        deck = Deck("mixed", shop, 1)
        card = next(i for i in range(len(deck)) if deck.draw(i).expectation.reason == reason)
        (order,) = await self.place(shop, 1, seed=1, start=card, profile="mixed")
        assert order.reason == reason
        return order

    async def settled(self, orders: Sequence[Placed], within: float = 150.0) -> None:
        """Every order has become what it was made to become."""

        async def done() -> bool:
            return all(finished(order, record) for order, record in (await self.records(orders)).items())

        await until(done, within, "the orders did not settle")

    async def records(self, orders: Sequence[Placed]) -> dict[Placed, OrderRecord | None]:
        return await outcomes(self.store, list(orders))

    async def reaches(self, orders: Sequence[Placed], state: OrderState, within: float = 30.0) -> list[OrderRecord]:
        """Every order is in this state; returns what the store knows of them."""

        async def there() -> bool:
            return all(r is not None and r.state == state for r in (await self.records(orders)).values())

        await until(there, within, f"the orders did not become {state}")
        return [record for record in (await self.records(orders)).values() if record is not None]

    def books(self) -> list[BookedSale]:
        """What the ERP's own database holds."""
        return read_books(self.stack.plan.erp, self.stack.erp_database)

    def sales_of(self, order: Placed) -> list[BookedSale]:
        return [s for s in self.books() if (s.place, s.reference) == (SHOPS[order.shop], order.name)]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A look into the state store's tables, read-only."""
        file = self.stack.plan.home / "crossdock.sqlite"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(query).fetchall()

    async def run(self, deployment: str, **parameters: object) -> None:
        """Start a run by hand and wait for its good end."""
        run = await start_run(deployment, parameters, self.stack.environment)

        async def ended() -> bool:
            return (await read_run(run["id"], self.stack.environment))["state"]["type"] in FINAL

        await until(ended, 90.0, f"{deployment} did not end")
        state = (await read_run(run["id"], self.stack.environment))["state"]
        assert state["type"] == "COMPLETED", state

    async def ask_shop(self, shop: str, document: str, **variables: object) -> Any:
        """A GraphQL request of the shop's own staff."""
        plan, address = self.stack.plan, f"{self.stack.shopify.url}/shops/{SHOPS[shop]}/admin"
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            grant = {"client_id": plan.client_id, "client_secret": plan.client_secret}
            token = await http.post(f"{address}/oauth/access_token", json=grant | {"grant_type": "client_credentials"})
            answer = await http.post(
                f"{address}/api/2026-10/graphql.json",
                json={"query": document, "variables": variables},
                headers={"X-Shopify-Access-Token": token.raise_for_status().json()["access_token"]},
            )
        body = answer.raise_for_status().json()
        assert "errors" not in body, body["errors"]
        return body["data"]


async def until(true: Callable[[], Awaitable[bool]], within: float, otherwise: str) -> None:
    """Wait until it is so; fails with the words given when the time is up first."""
    deadline = time.monotonic() + within
    while not await true():
        if time.monotonic() > deadline:
            pytest.fail(f"{otherwise} within {within:.0f} s")
        await asyncio.sleep(0.2)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """Everything running and subscribed."""
    plan = Plan(
        home=tmp_path_factory.mktemp("stack"),
        webhook_time_scale=0.002,
        extra={"CROSSDOCK_FLOW_PARK_SECONDS": str(PARK_SECONDS)},
    )
    async with running(plan) as stack:
        store = await open_store(stack)
        try:
            yield Street(stack, store)
        finally:
            await store.aclose()
