"""Stock drains: a run claims, handles and claims again until nothing is left; loops side by side.

    intake        reports and changed demand -> positions -> targets     one loop a company
    echoes        what a shop says of its stock -> recognised, or doubted  one loop a shop
    publication   due figures -> the channel                               one loop a shop; parks its lane

The loops meet only in the store: a loop that dies leaves leases that expire, and any other run goes on.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Protocol

from canonical.errors import ConflictError, MisconfiguredError, RetryableError
from canonical.records import Message
from flows.handling.claims import DrainMark, hand_back, wait_for_any, without_worn_out
from flows.handling.lanes import Side, lane_is_open, park
from flows.handling.leases import keep_lease
from flows.handling.lives.messages import FULFILLMENT
from flows.handling.lives.waking import wake_unplaced
from flows.handling.stock.messages import echo_kind, stock_kind
from flows.handling.stock.papers import EchoBatch, PublishBatch, StockBatch
from flows.handling.stock.tally import StockTally
from flows.runtime import Runtime, stop_requested

LOOK_AGAIN = 0.25
ECHOES = 500


class StockSteps(Protocol):
    """The steps a stock drain takes: Prefect tasks (`flows.steps.stock`) or the plain work."""

    async def take_in(self, rt: Runtime, batch: StockBatch) -> int: ...
    async def recompute(self, rt: Runtime, batch: StockBatch) -> int: ...
    async def hear_echoes(self, rt: Runtime, batch: EchoBatch) -> int: ...
    async def publish(self, rt: Runtime, batch: PublishBatch) -> int: ...


class StockDrain:
    """One run's work: shared by its loops. While it holds its mark, nobody wakes another run."""

    def __init__(
        self,
        rt: Runtime,
        steps: StockSteps,
        run_id: str | None,
        *,
        linger: float,
        stays: Callable[[], bool] = lambda: False,
        on_life: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """`linger`: seconds an idle drain waits for more. `stays`: it does not end while that says so.

        `on_life` is told the kind of messages that goods which came in let go on.
        """
        self.rt, self.steps, self.run_id, self.linger, self.stays = rt, steps, run_id, linger, stays
        self.on_life = on_life
        self.tally = StockTally()
        self.planned = asyncio.Event()
        self.intake_done: dict[str, asyncio.Event] = {c.name: asyncio.Event() for c in rt.landscape.companies}
        self._numbers = itertools.count(1)
        self._marks = {c.name: DrainMark(rt, stock_kind(c.name)) for c in rt.landscape.companies}

    def owner(self, loop: str) -> str:
        """A name for one claim: two claims of one run never share a lease."""
        return f"{self.run_id or f'run-{id(self)}'}/{loop}/{next(self._numbers)}"

    async def run(self) -> StockTally:
        """Drain everything. Raises nothing a position or figure caused; a shop that is away is noted."""
        async with asyncio.TaskGroup() as group:
            for company in self.intake_done:
                group.create_task(self._intake(company), name=f"stock-{company}")
            for shop in self.rt.stock_channels:
                group.create_task(self._echoes(shop), name=f"echoes-{shop}")
                group.create_task(self._publication(shop), name=f"publish-{shop}")
        return self.tally

    async def _intake(self, company: str) -> None:
        kind = stock_kind(company)
        try:
            while not stop_requested():
                await self._marks[company].leave()
                await self._intake_until_empty(company, kind)
                await self._marks[company].clear()
                if stop_requested() or not await self.rt.store.pending(kind):
                    return
        except (RetryableError, MisconfiguredError) as error:
            self.tally.note(f"Intake of stock of {company} paused: {error}")
            await self._marks[company].clear()
        finally:
            self.intake_done[company].set()
            self.planned.set()

    async def _intake_until_empty(self, company: str, kind: str) -> None:
        quiet_since = self.rt.now()
        while not stop_requested():
            owner = self.owner(f"stock-{company}")
            messages = await self.rt.store.claim(kind, owner, self.rt.settings.batch, self.rt.settings.lease)
            if messages:
                await self._intake_batch(
                    company, owner, await without_worn_out(self.rt, owner, messages, self.tally.counts)
                )
                quiet_since = self.rt.now()
                await self._marks[company].renew()
            elif (self.rt.now() - quiet_since).total_seconds() >= self.linger and not self.stays():
                return
            else:
                await self._marks[company].renew()
                await asyncio.sleep(LOOK_AGAIN)

    async def _intake_batch(self, company: str, owner: str, messages: list[Message]) -> None:
        if not messages:
            return
        batch = StockBatch(owner, company, messages)
        async with keep_lease(self.rt, owner, messages):
            try:
                await self.steps.take_in(self.rt, batch)
                await self.steps.recompute(self.rt, batch)
                if await wake_unplaced(self.rt, company, batch.changed) and self.on_life is not None:
                    await self.on_life(FULFILLMENT)
            except ConflictError as error:
                self.tally.note(f"Lease lost, another worker goes on: {error.words}")
                return
            except (RetryableError, MisconfiguredError) as error:
                await hand_back(self.rt, owner, messages, error, count=False)
                raise
            except Exception as error:
                await hand_back(self.rt, owner, messages, error, count=True)
                raise
        self.tally.intake(batch)
        self.planned.set()

    async def _echoes(self, shop: str) -> None:
        company = self.rt.landscape.shop(shop).company
        done = self.intake_done[company]
        try:
            while not stop_requested():
                finishing, owner = done.is_set(), self.owner(f"echoes-{shop}")
                messages = await self.rt.store.claim(echo_kind(shop), owner, ECHOES, self.rt.settings.lease)
                messages = await without_worn_out(self.rt, owner, messages, self.tally.counts)
                if messages:
                    batch = EchoBatch(owner, shop, messages)
                    if await self.steps.hear_echoes(self.rt, batch):
                        self.planned.set()
                    self.tally.echoes(batch)
                elif finishing:
                    return
                else:
                    await wait_for_any(done)
        except ConflictError as error:
            self.tally.note(f"Lease lost, another worker goes on: {error.words}")
        except (RetryableError, MisconfiguredError) as error:
            self.tally.note(f"Echoes of {shop} paused: {error}")

    async def _publication(self, shop: str) -> None:
        """Claim and publish; after the intake is done, stay for the coalescing window of what it planned last."""
        done = self.intake_done[self.rt.landscape.shop(shop).company]
        side = Side(self.rt.landscape.shop(shop).channel, self.rt.stock_channels[shop])
        last_work = self.rt.now()
        try:
            while not stop_requested():
                finishing = done.is_set()
                if not await lane_is_open(self.rt, shop, side):
                    self.tally.note(f"Lane {side.system} of {shop} is parked.")
                    return
                if await self._publish_wave(shop):
                    last_work = self.rt.now()
                    continue
                window = self.rt.settings.coalesce_seconds + LOOK_AGAIN
                if finishing and (self.rt.now() - last_work).total_seconds() > window:
                    return
                if not finishing:
                    last_work = self.rt.now()
                self.planned.clear()
                await wait_for_any(self.planned, within=LOOK_AGAIN)
        except (RetryableError, MisconfiguredError) as error:
            lane = await park(self.rt, shop, side.system, error)
            self.tally.note(f"Lane {lane.system} of {shop} parked until {lane.parked_until:%H:%M:%S} UTC: {error}")

    async def _publish_wave(self, shop: str) -> bool:
        if await self.rt.stock_book.oldest_due(shop) is None:  # a look costs less than a claim
            return False
        owner, settings = self.owner(f"publish-{shop}"), self.rt.settings
        figures = await self.rt.stock_book.claim_figures(shop, owner, settings.stock_wave, settings.publish_lease)
        if not figures:
            return False
        batch = PublishBatch(owner, shop, figures)
        try:
            await self.steps.publish(self.rt, batch)
        except ConflictError as error:
            self.tally.note(f"Lease lost, another worker goes on: {error.words}")
        finally:
            self.tally.published(batch)
        return True
