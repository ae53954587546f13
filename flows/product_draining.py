"""Product drains: a run claims, handles and claims again until nothing is left; loops side by side.

    intake        what sources say -> the book -> which products of which shops     one loop
    publication   due products -> the shop                                          one loop a shop; parks its lane

The loops meet only in the store: a loop that dies leaves leases that expire, and any other run goes on.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Sequence
from typing import Protocol

from canonical.errors import ConflictError, MisconfiguredError, RetryableError
from canonical.records import Message
from flows.handling.claims import DrainMark, hand_back, wait_for_any, without_worn_out
from flows.handling.lanes import Side, lane_is_open, park
from flows.handling.leases import keep_lease
from flows.handling.products.arrivals import PRODUCTS, publish_kind
from flows.handling.products.papers import ProductBatch, SourceBatch
from flows.handling.products.tally import ProductTally
from flows.runtime import Runtime, stop_requested

LOOK_AGAIN = 0.2


class ProductSteps(Protocol):
    """The steps a product drain takes: Prefect tasks (`flows.steps.products`) or the plain work."""

    async def take_in(self, rt: Runtime, batch: SourceBatch) -> int: ...
    async def plan(self, rt: Runtime, batch: ProductBatch) -> int: ...
    async def publish(self, rt: Runtime, batch: ProductBatch) -> int: ...


class ProductDrain:
    """One run's work: shared by its loops. `shops` are those to publish in; all when left out."""

    def __init__(
        self, rt: Runtime, steps: ProductSteps, run_id: str | None, *, linger: float, shops: Sequence[str] | None = None
    ) -> None:
        self.rt, self.steps, self.run_id, self.linger = rt, steps, run_id, linger
        self.shops = list(rt.goods.channels) if shops is None else list(shops)
        self.tally = ProductTally()
        self.planned = asyncio.Event()
        self.intake_done = asyncio.Event()
        self._numbers = itertools.count(1)
        self._mark = DrainMark(rt, PRODUCTS)

    def owner(self, loop: str) -> str:
        """A name for one claim: two claims of one run never share a lease."""
        return f"{self.run_id or f'run-{id(self)}'}/{loop}/{next(self._numbers)}"

    async def run(self) -> ProductTally:
        """Drain everything. Raises nothing a product caused; a shop that is away is noted."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._intake(), name="products-intake")
            for shop in self.shops:
                group.create_task(self._publication(shop), name=f"products-{shop}")
        return self.tally

    async def _intake(self) -> None:
        try:
            while not stop_requested():
                await self._mark.leave()
                await self._intake_until_empty()
                await self._mark.clear()
                if stop_requested() or not await self.rt.store.pending(PRODUCTS):
                    return
        except (RetryableError, MisconfiguredError) as error:
            self.tally.note(f"Intake of products paused: {error}")
            await self._mark.clear()
        finally:
            self.intake_done.set()
            self.planned.set()

    async def _intake_until_empty(self) -> None:
        quiet_since = self.rt.now()
        while not stop_requested():
            owner, settings = self.owner("products"), self.rt.settings
            messages = await self.rt.store.claim(PRODUCTS, owner, settings.product_wave, settings.lease)
            if messages:
                await self._intake_batch(owner, await without_worn_out(self.rt, owner, messages, self.tally.counts))
                quiet_since = self.rt.now()
                await self._mark.renew()
            elif (self.rt.now() - quiet_since).total_seconds() >= self.linger:
                return
            else:
                await asyncio.sleep(LOOK_AGAIN)

    async def _intake_batch(self, owner: str, messages: list[Message]) -> None:
        if not messages:
            return
        batch = SourceBatch(owner, messages)
        async with keep_lease(self.rt, owner, messages):
            if await self._guarded(owner, messages, self.steps.take_in(self.rt, batch)):
                self.tally.sources(batch)
                self.planned.set()

    async def _publication(self, shop: str) -> None:
        side = Side(f"{self.rt.landscape.shop(shop).channel}/catalogue", self.rt.goods.channels[shop])
        try:
            while not stop_requested():
                finishing = self.intake_done.is_set()
                if not await lane_is_open(self.rt, shop, side):
                    self.tally.note(f"Lane {side.system} of {shop} is parked.")
                    return
                if await self._wave(shop):
                    continue
                if finishing:
                    return
                self.planned.clear()
                await wait_for_any(self.planned, within=1.0)
        except (RetryableError, MisconfiguredError) as error:
            lane = await park(self.rt, shop, side.system, error)
            self.tally.note(f"Lane {lane.system} of {shop} parked until {lane.parked_until:%H:%M:%S} UTC: {error}")

    async def _wave(self, shop: str) -> bool:
        """Claim and publish. The messages stay leased until then, so no two workers publish one product."""
        owner, settings = self.owner(f"publish-{shop}"), self.rt.settings
        messages = await self.rt.store.claim(publish_kind(shop), owner, settings.product_wave, settings.lease)
        messages = await without_worn_out(self.rt, owner, messages, self.tally.counts)
        if not messages:
            return False
        batch = ProductBatch(owner, shop, messages)
        async with keep_lease(self.rt, owner, messages):
            if await self._guarded(owner, messages, self._publish(batch)):
                self.tally.products(batch)
        if batch.stopped is not None:
            raise batch.stopped
        return True

    async def _publish(self, batch: ProductBatch) -> None:
        await self.steps.plan(self.rt, batch)
        await self.steps.publish(self.rt, batch)

    async def _guarded(self, owner: str, messages: Sequence[Message], work: Awaitable[object]) -> bool:
        """Do the work of a batch; hand its messages back when it fails. False when somebody else has them."""
        try:
            await work
        except ConflictError as error:
            self.tally.note(f"Lease lost, another worker goes on: {error.words}")
            return False
        except (RetryableError, MisconfiguredError) as error:
            await hand_back(self.rt, owner, messages, error, count=False)
            raise
        except Exception as error:
            await hand_back(self.rt, owner, messages, error, count=True)
            raise
        return True
