"""Drains of order lives: a run claims, hears, carries out and claims again until nothing is left.

    fulfillment   booked orders, warehouse events, changes of orders -> warehouses, ERP, shop
    returns       returns, refunds, goods that came back             -> ERP, shop

One loop a kind of message. What a system cannot take now waits in the life, not in the inbox: the sweep looks again.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from canonical.errors import ConflictError, MisconfiguredError, RetryableError
from canonical.records import Message
from flows.handling.claims import DrainMark, Ring, hand_back, ring_for_waiting, without_worn_out
from flows.handling.leases import keep_lease
from flows.handling.lives.living import live
from flows.handling.lives.messages import WAREHOUSE
from flows.handling.lives.movements import split_movements
from flows.handling.lives.papers import LifeBatch, Wave
from flows.handling.run_table import RunTable
from flows.runtime import Runtime, stop_requested

LOOK_AGAIN = 0.25


class LifeSteps(Protocol):
    """The steps of a drain: Prefect tasks (`flows.steps.lives`) or the plain work (`flows.handling.lives.work`)."""

    async def hear(self, rt: Runtime, batch: LifeBatch) -> int: ...
    async def carry(self, rt: Runtime, wave: Wave) -> bool: ...
    async def close(self, rt: Runtime, batch: LifeBatch) -> None: ...
    async def move_stock(self, rt: Runtime, company: str, owner: str, messages: Sequence[Message]) -> int: ...


class LifeTally(RunTable):
    """What a run did: for its table in the Prefect UI and its one log line."""

    def batch(self, batch: LifeBatch) -> None:
        """Add what became of a batch."""
        for paper in batch.papers:
            steps = Counter(paper.done)
            self.counts.update({step.value: count for step, count in steps.items()})
            self.words |= {step.value: step.words for step in steps}
            self.counts["handed on"] += len(paper.forwards)
            self.counts["quarantined"] += len(paper.unreadable) + (paper.error is not None)
            self.asked |= paper.asked
            reasons = [f"{wait.code}: {wait.words}" for wait in paper.waits]
            reasons += [f"{error.code}: {error.words}" for _, error in paper.unreadable]
            reasons += [f"{paper.error.code}: {paper.error.words}"] if paper.error else []
            did = ", ".join(f"{count} x {step.words}" if count > 1 else step.words for step, count in steps.items())
            if did or reasons:
                row = {"shop": paper.scope, "order": paper.label, "verdict": did, "reasons": "; ".join(reasons)}
                self.keep(row, always=bool(reasons))
                self.correlation_ids.append(paper.correlation_id)


class LifeDrain:
    """One run's work. While it holds its mark, nobody wakes another run."""

    def __init__(
        self,
        rt: Runtime,
        steps: LifeSteps,
        kinds: Sequence[str],
        run_id: str | None,
        *,
        linger: float,
        on_waiting: Ring | None = None,
    ) -> None:
        """`on_waiting` is told the kinds that a batch handed on, and those that waited while it held their orders."""
        self.on_waiting = on_waiting
        self.rt, self.steps, self.kinds, self.run_id, self.linger = rt, steps, kinds, run_id, linger
        self.tally = LifeTally()
        self._numbers = itertools.count(1)
        self._marks = {kind: DrainMark(rt, kind) for kind in kinds}
        self._busy_at = rt.now()

    async def run(self) -> LifeTally:
        """Drain everything. Raises nothing an order caused; a system that is away is noted."""
        async with asyncio.TaskGroup() as group:
            for kind in self.kinds:
                group.create_task(self._drain(kind), name=kind)
        return self.tally

    async def _drain(self, kind: str) -> None:
        try:
            while not stop_requested():
                await self._marks[kind].leave()
                await self._until_empty(kind)
                await self._marks[kind].clear()
                if stop_requested() or not await self.rt.store.pending(kind):
                    return
        except (RetryableError, MisconfiguredError) as error:
            self.tally.note(f"{kind} paused: {error}")
            await self._marks[kind].clear()

    async def _until_empty(self, kind: str) -> None:
        """Claim until nothing came for `linger` seconds, of any kind of this drain: one kind makes work for another."""
        while not stop_requested():
            owner = f"{self.run_id or f'run-{id(self)}'}/{kind}/{next(self._numbers)}"
            messages = await self.rt.store.claim(kind, owner, self.rt.settings.batch, self.rt.settings.lease)
            messages = await without_worn_out(self.rt, owner, messages, self.tally.counts)
            if messages:
                await self._batch(kind, owner, messages)
                await ring_for_waiting(self.rt, self.on_waiting, kind, messages)
                self._busy_at = self.rt.now()
            elif (self.rt.now() - self._busy_at).total_seconds() >= self.linger:
                return
            else:
                await asyncio.sleep(LOOK_AGAIN)
            await self._marks[kind].renew()

    async def _batch(self, kind: str, owner: str, messages: list[Message]) -> None:
        """Stock movements go to the ERP beside the lives: what one of them waits for holds up nobody else."""
        moves, rest = split_movements(messages) if kind == WAREHOUSE else ({}, messages)
        async with keep_lease(self.rt, owner, messages):
            try:
                for company, part in moves.items():
                    await self._moves(company, owner, part)
                    messages = [message for message in messages if message not in part]
                if rest:
                    await self._lives(LifeBatch(owner, kind, rest))
            except ConflictError as error:
                self.tally.note(f"Another worker goes on: {error.words}")
                await hand_back(self.rt, owner, messages, error, count=False)
            except (RetryableError, MisconfiguredError) as error:
                await hand_back(self.rt, owner, messages, error, count=False)
                raise
            except Exception as error:
                await hand_back(self.rt, owner, messages, error, count=True)
                raise

    async def _moves(self, company: str, owner: str, part: Sequence[Message]) -> None:
        """Book a company's stock movements; while its ERP is away they are handed back, as often as it takes."""
        try:
            self.tally.counts["stock-movement.post"] += await self.steps.move_stock(self.rt, company, owner, part)
        except (RetryableError, MisconfiguredError) as error:
            self.tally.note(f"Stock movements of {company} wait: {error}")
            await hand_back(self.rt, owner, part, error, count=False)

    async def _lives(self, batch: LifeBatch) -> None:
        await self.steps.hear(self.rt, batch)
        await live(self.rt, batch, self.steps.carry)
        await self.steps.close(self.rt, batch)
        self.tally.batch(batch)
        for kind in {forward.kind for paper in batch.papers for forward in paper.forwards} - {batch.kind}:
            if self.on_waiting is not None:
                await self.on_waiting(kind)
