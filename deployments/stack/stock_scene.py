"""What the demo, the tests and the benchmarks do with stock on a stack: goods come in, and are seen in the shop."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from canonical.inventory import Figure, FigureState
from canonical.ports import StateStore
from connectors import registry
from deployments.engine import read_run, start_run
from deployments.stack.plan import SHOPS
from deployments.stack.stack import Stack

POLL = "stock-poll/poll"
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")


class Clerk(Protocol):
    """Somebody in the warehouse."""

    def receive(self, sku: str, warehouse: str, quantity: int) -> None: ...
    def count(self, sku: str, warehouse: str, quantity: int) -> None: ...
    def close(self) -> None: ...


class StockScene:
    """The stock of a running stack, from the warehouse to the shop."""

    def __init__(self, stack: Stack, store: StateStore) -> None:
        self.stack = stack
        self._desk = registry.stock_desk(store)
        self._clerk: Clerk | None = None

    def clerk(self) -> Clerk:
        """The clerk of company north at the stack's ERP; logs in at the first call, and blocks: use a thread."""
        if self._clerk is None:
            if self.stack.plan.erp == "tryton":
                from deployments.sandbox.tryton.desk import TrytonDesk

                self._clerk = TrytonDesk(self.stack.erp.url)
            else:
                from deployments.sandbox.lambda_erp.desk import LambdaDesk

                self._clerk = LambdaDesk(self.stack.erp.url)
        return self._clerk

    async def receive(self, sku: str, warehouse: str, quantity: int) -> datetime:
        """Goods come in. Returns the moment at which the ERP knew."""
        await asyncio.to_thread(lambda: self.clerk().receive(sku, warehouse, quantity))
        return datetime.now(UTC)

    async def first_publication(self, *, within: float = 120.0) -> int:
        """Have the sources asked once, and wait until nothing is due. Returns the figures shown."""
        run = await start_run(POLL, {"seconds": 0}, self.stack.environment)
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            state = (await read_run(run["id"], self.stack.environment))["state"]["type"]
            if state in FINAL:
                break
            await asyncio.sleep(0.2)
        counts = [await self._desk.figure_counts(shop) for shop in SHOPS]
        return sum(count.get(FigureState.PUBLISHED, 0) for count in counts)

    async def keep_polling(self, seconds: float) -> None:
        """A poll that stays, so that nothing waits for the first scheduled one; returns when it runs."""
        run = await start_run(POLL, {"seconds": seconds}, self.stack.environment)
        for _ in range(600):
            if (await read_run(run["id"], self.stack.environment))["state"]["type"] in (*FINAL, "RUNNING"):
                return
            await asyncio.sleep(0.1)

    async def figures(self, shop: str, sku: str) -> Sequence[Figure]:
        """The figures of an item, at all its places."""
        return await self._desk.figures(shop, [sku])

    async def shown_after(self, before: Sequence[Figure], *, within: float = 60.0) -> Figure | None:
        """The first of these figures that the shop acknowledged anew; None when the time is up first."""
        published = {f.place: f.published for f in before}
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for figure in await self.figures(before[0].shop, before[0].sku):
                if figure.state is FigureState.PUBLISHED and figure.published != published[figure.place]:
                    return figure
            await asyncio.sleep(0.05)
        return None

    async def in_the_shop(self, figure: Figure) -> int | None:
        """What the stand-in itself shows at the place."""
        async with httpx.AsyncClient(base_url=self.stack.shopify.url, timeout=30, trust_env=False) as http:
            answer = await http.get(f"/_sandbox/state/{SHOPS[figure.shop]}/InventoryLevel", params={"limit": 250})
            answer.raise_for_status()
        for row in _rows(answer.json()):
            item, place = _tail(row["item"]["id"]), _tail(row["location"]["id"])
            if (item, place) == (figure.place.item_id, figure.place.location_id):
                return int(row["quantities"]["available"])
        return None

    def close(self) -> None:
        """The clerk goes home."""
        if self._clerk is not None:
            self._clerk.close()


def _rows(body: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body["records"] if isinstance(body, dict) else body
    return found


def _tail(gid: str) -> str:
    return gid.rsplit("/", 1)[-1]
