"""Drains: a run claims, handles and claims again until nothing is left; three loops side by side.

    intake      inbox messages -> checked orders      never waits for the ERP
    posting     accepted orders -> ERP documents      one loop a company; parks its lane when the ERP is down
    write-back  ERP numbers -> the channel            one loop a shop

The loops meet only in the store: a loop that dies leaves leases that expire, and any other run goes on.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Protocol

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RetryableError
from canonical.records import Batch, Message, MessageVerdict
from canonical.states import MessageState
from flows.handling.bookings import give_back
from flows.handling.claims import DrainMark, hand_back, ring_for_waiting, wait_for_any, without_worn_out
from flows.handling.documents import Chunk, IntakeBatch
from flows.handling.lanes import lane_is_open, park
from flows.handling.leases import keep_lease
from flows.handling.lives.messages import FULFILLMENT
from flows.handling.posting import load
from flows.handling.tally import Tally
from flows.handling.work import Claimed
from flows.runtime import Runtime, stop_requested

ORDERS = "orders"
WRITE_BACK_BATCH = 25
LOOK_AGAIN = 0.2
FEW = 3
"""While so few wait, each order gets a task run of its own, to be seen by name."""


class Steps(Protocol):
    """The steps a drain takes: Prefect tasks (`flows.steps.orders`) or the plain work (`flows.handling.work`)."""

    async def translate(self, rt: Runtime, batch: IntakeBatch) -> int: ...
    async def reserve_stock(self, rt: Runtime, batch: IntakeBatch) -> int: ...
    async def complete(self, rt: Runtime, batch: IntakeBatch) -> int: ...
    async def check(self, rt: Runtime, batch: IntakeBatch, run_id: str | None) -> int: ...
    async def prepare(self, rt: Runtime, chunk: Chunk) -> int: ...
    async def post(self, rt: Runtime, chunk: Chunk) -> bool: ...
    async def cancel(self, rt: Runtime, chunk: Chunk) -> int: ...
    async def write_back(self, rt: Runtime, shop: str, owner: str, work: Claimed) -> int: ...


class Drain:
    """One run's work: shared by its loops."""

    def __init__(
        self,
        rt: Runtime,
        steps: Steps,
        run_id: str | None,
        *,
        linger: float,
        on_demand: Callable[[str], Awaitable[None]] | None = None,
        on_life: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """`on_demand` is told the company whose stock figures a batch of orders changes.

        `on_life` is told the kind of messages that booked orders, or changes of them, gave to their lives, and the
        kinds that waited while a batch held their orders.
        """
        self.on_life = on_life
        self.rt, self.steps, self.run_id, self.linger, self.on_demand = rt, steps, run_id, linger, on_demand
        self.tally = Tally()
        self.mark = DrainMark(rt, ORDERS)
        self.accepted = asyncio.Event()
        self.booked = asyncio.Event()
        self.intake_done = asyncio.Event()
        self.posting_done: dict[str, asyncio.Event] = {c: asyncio.Event() for c in rt.erps}
        self._numbers = itertools.count(1)

    def owner(self, loop: str) -> str:
        """A name for one claim: two claims of one run never share a lease."""
        return f"{self.run_id or 'run'}/{loop}/{next(self._numbers)}"

    async def run(self) -> Tally:
        """Drain everything. Raises nothing a document caused; a lane that is down is noted and left parked."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._intake(), name="intake")
            for company in self.rt.erps:
                group.create_task(self._posting(company), name=f"posting-{company}")
            for shop in self.rt.channels:
                group.create_task(self._write_back(shop), name=f"write-back-{shop}")
        return self.tally

    async def _intake(self) -> None:
        try:
            while not stop_requested():
                await self.mark.leave()
                await self._intake_until_empty()
                await self.mark.clear()
                if stop_requested() or not await self.rt.store.pending(ORDERS):
                    return
        except (RetryableError, MisconfiguredError) as error:
            self.tally.note(f"Intake paused: {error}")
            await self.mark.clear()
        finally:
            self.intake_done.set()

    async def _intake_until_empty(self) -> None:
        quiet_since = self.rt.now()
        while not stop_requested():
            owner = self.owner("intake")
            messages = await self.rt.store.claim(ORDERS, owner, self.rt.settings.batch, self.rt.settings.lease)
            if messages:
                await self._intake_batch(owner, await without_worn_out(self.rt, owner, messages, self.tally.counts))
                await ring_for_waiting(self.rt, self.on_life, ORDERS, messages)
                quiet_since = self.rt.now()
                await self.mark.renew()
            elif (self.rt.now() - quiet_since).total_seconds() >= self.linger:
                return
            else:
                await asyncio.sleep(LOOK_AGAIN)

    async def _intake_batch(self, owner: str, messages: list[Message]) -> None:
        if not messages:
            return
        batch = IntakeBatch(owner, messages)
        async with keep_lease(self.rt, owner, messages):
            try:
                await self.steps.translate(self.rt, batch)
                await self.steps.reserve_stock(self.rt, batch)
                await self.steps.complete(self.rt, batch)
                await self.steps.check(self.rt, batch, self.run_id)
            except (RetryableError, MisconfiguredError) as error:
                await self._return(owner, messages, error)
                raise
            except ConflictError as error:
                self.tally.note(f"Lease lost, another worker goes on: {error.words}")
                return
            except Exception as error:
                await hand_back(self.rt, owner, messages, error, count=True)
                raise
        self.tally.intake(batch)
        self.accepted.set()
        if self.on_life is not None and any(d.record is not None and d.record.external_id for d in batch.documents):
            await self.on_life(FULFILLMENT)
        if self.on_demand is not None:
            for company in batch.demand_of:
                await self.on_demand(company)

    async def _posting(self, company: str) -> None:
        try:
            while await self._post_until_parked(company) and not self.intake_done.is_set():
                pass  # the run goes on anyway: it posts again when the lane opens
        finally:
            self.posting_done[company].set()
            self.booked.set()

    async def _post_until_parked(self, company: str) -> bool:
        """Post what waits. True when the ERP failed and its lane was parked, false when nothing is left."""
        try:
            async with aclosing(self._prefetched(company)) as chunks:
                async for chunk in chunks:
                    await self._post_chunk(company, chunk)
        except (RetryableError, MisconfiguredError) as error:
            lane = await park(self.rt, company, self.rt.erps[company].system, error)
            self.tally.note(f"Lane {lane.system} of {company} parked until {lane.parked_until:%H:%M:%S} UTC: {error}")
            return True
        return False

    async def _prefetched(self, company: str) -> AsyncGenerator[Chunk, None]:
        """Chunks, the next one prepared while the ERP works on the one before.

        What was looked for beside a chunk did not see the orders that wait behind it (same customer), so the last look
        comes after the last chunk.
        """
        ahead, beside = asyncio.create_task(self._next_chunk(company)), False
        try:
            while (chunk := await ahead) is not None or beside:
                ahead, beside = asyncio.create_task(self._next_chunk(company)), chunk is not None
                if chunk is not None:
                    yield chunk
        finally:
            await self._drop(ahead)

    async def _drop(self, ahead: "asyncio.Task[Chunk | None]") -> None:
        """Give back what was prepared and not posted."""
        if not ahead.done():
            ahead.cancel()
        (chunk,) = await asyncio.gather(ahead, return_exceptions=True)
        if isinstance(chunk, Chunk):
            parked = RetryableError("the lane was parked before this chunk", code="lane_parked")
            await give_back(self.rt, chunk, parked, not_before=self.rt.now(), count=False)
            await chunk.stack.aclose()

    async def _next_chunk(self, company: str) -> Chunk | None:
        """Claim and prepare the next chunk; None when there is nothing left to post."""
        erp = self.rt.erps[company]
        while not stop_requested():
            finishing = self.intake_done.is_set()
            if not await lane_is_open(self.rt, company, erp):
                self.tally.note(f"Lane {erp.system} of {company} is parked.")
                if finishing:
                    return None
                await wait_for_any(self.intake_done)
                continue
            owner = self.owner(f"post-{company}")
            kind = f"post.{company}"
            messages = await self.rt.store.claim(kind, owner, erp.best_batch, self.rt.settings.lease)
            messages = await without_worn_out(self.rt, owner, messages, self.tally.counts)
            if messages:
                return await self._prepared(owner, company, messages)
            if finishing:
                return None
            self.accepted.clear()
            await wait_for_any(self.accepted, self.intake_done)
        return None

    async def _prepared(self, owner: str, company: str, messages: list[Message]) -> Chunk:
        chunk = Chunk(owner, company, await load(self.rt, messages))
        await chunk.stack.enter_async_context(keep_lease(self.rt, owner, messages))
        try:
            await self.steps.prepare(self.rt, chunk)
        except BaseException as error:
            await chunk.stack.aclose()
            await hand_back(self.rt, owner, [p.message for p in chunk.open()], error, count=True)
            raise
        return chunk

    async def _post_chunk(self, company: str, chunk: Chunk) -> None:
        async with chunk.stack:
            try:
                for part in chunk.parts(1 if len(chunk.postings) <= FEW else self.rt.erps[company].best_batch):
                    if part.keys:
                        await self.steps.post(self.rt, part)
                    if part.open():
                        await self.steps.cancel(self.rt, part)
            except (RetryableError, MisconfiguredError) as error:
                await give_back(self.rt, chunk, error, not_before=self.rt.now(), count=False)
                raise
            except ConflictError as error:
                self.tally.note(f"Lease lost, another worker goes on: {error.words}")
            finally:
                self.tally.chunk(chunk)
                self.booked.set()
        if self.on_life is not None and self.rt.ships(company):
            await self.on_life(FULFILLMENT)

    async def _write_back(self, shop: str) -> None:
        done = self.posting_done[self.rt.landscape.shop(shop).company]
        try:
            while not stop_requested():
                finishing = done.is_set()
                owner = self.owner(f"write-back-{shop}")
                kind = f"write-back.{shop}"
                messages = await self.rt.store.claim(kind, owner, WRITE_BACK_BATCH, self.rt.settings.lease)
                messages = await without_worn_out(self.rt, owner, messages, self.tally.counts)
                if messages:
                    await self._write_back_batch(shop, owner, messages)
                elif finishing:
                    return
                else:
                    self.booked.clear()
                    await wait_for_any(self.booked, done)
        except (RetryableError, MisconfiguredError) as error:
            self.tally.note(f"Write-back to {shop} paused: {error}")

    async def _write_back_batch(self, shop: str, owner: str, messages: list[Message]) -> None:
        async with keep_lease(self.rt, owner, messages):
            try:
                await self.steps.write_back(self.rt, shop, owner, Claimed(f"{shop} ({len(messages)})", messages))
            except (RetryableError, MisconfiguredError) as error:
                await self._return(owner, messages, error)
                raise
            except ConflictError as error:
                self.tally.note(f"Lease lost, another worker goes on: {error.words}")

    async def _return(self, owner: str, messages: Sequence[Message], error: CrossdockError) -> None:
        """Hand messages back unhandled: the other side is away, no attempt is counted."""
        later: datetime = self.rt.now() + timedelta(seconds=self.rt.settings.park_seconds)
        verdicts = tuple(
            MessageVerdict(
                seq=m.seq, state=MessageState.READY, reason=error.code, not_before=later, count_attempt=False
            )
            for m in messages
        )
        await self.rt.store.commit(Batch(owner=owner, messages=verdicts))
