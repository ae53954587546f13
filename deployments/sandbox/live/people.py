"""Shopper and workers together: what happens to an order in the world outside, one method an event.

Tests, chaos and the demo tell them what to do; `lives.py` lets them live by themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from deployments.sandbox.live.jobs import (
    NEW,
    PACKED,
    PICKED,
    READY,
    SHIPPED,
    Box,
    Counter,
    Found,
    Goods,
    Job,
    NotPossibleError,
    Worker,
    boxed,
)
from deployments.sandbox.live.shopper import Asked, Order, Shopper
from deployments.sandbox.live.tracking import Labels

POLL = 0.25


class NothingThereError(RuntimeError):
    """No warehouse has a job for the order in time."""


@dataclass(frozen=True)
class Left:
    """What left a warehouse."""

    job: Job
    boxes: Sequence[Box]


class People:
    """Everybody around the shops. `workers` by the name of their warehouse."""

    def __init__(self, shopper: Shopper, workers: Mapping[str, Worker], seed: int | str = 0) -> None:
        self.shopper, self.workers, self.labels = shopper, workers, Labels(seed)

    async def jobs(self, order: Order) -> list[Job]:
        """The jobs of an order, everywhere, those that ended too."""
        found = await asyncio.gather(*(worker.jobs(order.id) for worker in self.workers.values()))
        return [job for jobs in found for job in jobs]

    async def await_jobs(
        self, order: Order, *, within: float = 60.0, wanted: Callable[[Job], bool] = lambda job: job.open
    ) -> list[Job]:
        """The jobs of an order that are as wanted (open), once there is one. Raises `NothingThereError`."""
        deadline = time.monotonic() + within
        while True:
            with suppress(httpx.TransportError):  # a warehouse that does not answer has nothing yet
                if found := [job for job in await self.jobs(order) if wanted(job)]:
                    return found
            if time.monotonic() > deadline:
                raise NothingThereError(f"no warehouse has a job for {order.name} after {within:.0f} s")
            await asyncio.sleep(POLL)

    async def pick(self, job: Job, missing: Goods | None = None) -> Job:
        """Take the goods from the shelves; what is missing comes short."""
        await self._of(job).pick(job, missing)
        return await self._again(job)

    async def pack(self, job: Job, *, parcels: int = 1, carrier: str = "UPS") -> list[Box]:
        """Goods that are picked go into parcels with labels."""
        boxes = boxed(job.goods, parcels, carrier, self.labels)
        await self._of(job).pack(job, boxes)
        return boxes

    async def hand_over(self, job: Job) -> None:
        """The carrier takes what is packed."""
        await self._of(job).hand_over(job)

    async def ship_job(self, job: Job, *, parcels: int = 1, carrier: str = "UPS", missing: Goods | None = None) -> Left:
        """Whatever is still to be done for a job until it has left. A pickup is collected."""
        if job.state == NEW:
            job = await self.pick(job, missing)
        if job.pickup:
            return await self._over_the_counter(job)
        boxes: Sequence[Box] = ()
        if job.state == PICKED and job.goods:
            boxes = await self.pack(job, parcels=parcels, carrier=carrier)
            job = await self._again(job)
        if job.state == PACKED:
            await self.hand_over(job)
        return Left(job, boxes)

    async def ship(
        self,
        order: Order,
        *,
        parcels: int = 1,
        carrier: str = "UPS",
        missing: Goods | None = None,
        within: float = 60.0,
    ) -> list[Left]:
        """Ship every open job of an order, once there is one; `missing` comes short at the first that has it."""
        left, short = [], dict(missing or {})
        for job in await self.await_jobs(order, within=within):
            here = {sku: min(pieces, job.goods.get(sku, 0)) for sku, pieces in short.items() if sku in job.goods}
            left.append(await self.ship_job(job, parcels=parcels, carrier=carrier, missing=here or None))
            short = {sku: pieces - here.get(sku, 0) for sku, pieces in short.items()}
        return left

    async def short(self, order: Order, missing: Goods, *, within: float = 60.0) -> Job:
        """Pick the first open job of an order; some of it is not there."""
        (job, *_) = await self.await_jobs(order, within=within, wanted=lambda job: job.state == NEW)
        return await self.pick(job, missing)

    async def reject(self, order: Order, reason: str = "no space", *, within: float = 60.0) -> Job:
        """The first warehouse that has the order does not do it."""
        (job, *_) = await self.await_jobs(order, within=within, wanted=lambda job: job.state == NEW)
        await self._of(job).reject(job, reason)
        return job

    async def refuse_cancel(self, order: Order, *, within: float = 60.0) -> list[Job]:
        """Pack everything, without handing it over: a warehouse refuses to cancel what is packed."""
        packed = []
        for job in await self.await_jobs(order, within=within):
            picked = await self.pick(job) if job.state == NEW else job
            await self.pack(picked)
            packed.append(await self._again(picked))
        return packed

    async def deliver(self, order: Order) -> int:
        """The parcels arrive: warehouses that hear of it tell it, for the others the carrier tells the shop."""
        gone = [job for job in await self.jobs(order) if job.state == SHIPPED]
        told = [await self._of(job).deliver(job) for job in gone]
        return sum(told) if all(told) else await self.shopper.delivered(order)

    async def ready(self, order: Order, *, within: float = 60.0) -> Job:
        """A pickup is picked and waits at the counter."""
        (job, *_) = await self.await_jobs(order, within=within)
        job = await self.pick(job) if job.state == NEW else job
        await self._counter(job).make_ready(job)
        return await self._again(job)

    async def collect(self, order: Order) -> None:
        """The shopper comes for a pickup that waits."""
        for job in await self._waiting(order):
            await self._counter(job).collect(job)

    async def expire(self, order: Order) -> None:
        """Nobody comes for a pickup that waits."""
        for job in await self._waiting(order):
            await self._counter(job).expire(job)

    async def receive(self, order: Order | None, goods: Goods, *, return_id: str = "", place: str = "DC-EAST") -> str:
        """A parcel comes back to the warehouse that shipped it, or blind to `place`. Returns its receipt."""
        gone = [job for job in await self.jobs(order) if job.state == SHIPPED] if order else []
        fits = [job for job in gone if all(job.goods.get(sku, 0) >= pieces for sku, pieces in goods.items())]
        job = next(iter(fits or gone), None)
        worker = self._of(job) if job else self._at(place)
        receipt = await worker.receive(job, return_id, job.place if job else place, goods)
        return f"{worker.name}/{receipt}"

    async def inspect(self, receipt: str, found: Found) -> None:
        """Each piece of a receipt gets its disposition: {"TEE-WHI-S": {"restock": 1, "scrap": 1}}."""
        warehouse, _, number = receipt.partition("/")
        await self.workers[warehouse].inspect(number, found)

    async def send_back(self, asked: Asked, found: Found | None = None) -> str:
        """What was asked for comes back and is inspected, all fit to be sold again unless told otherwise."""
        receipt = await self.receive(asked.order, asked.goods, return_id=asked.id)
        await self.inspect(receipt, found or {sku: {"restock": pieces} for sku, pieces in asked.goods.items()})
        return receipt

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.shopper.aclose()
        for worker in self.workers.values():
            await worker.aclose()

    async def _over_the_counter(self, job: Job) -> Left:
        counter = self._counter(job)
        if job.state == PICKED:
            await counter.make_ready(job)
            job = await self._again(job)
        await counter.collect(job)
        return Left(job, ())

    async def _waiting(self, order: Order) -> list[Job]:
        found = [job for job in await self.jobs(order) if job.state == READY]
        if not found:
            raise NotPossibleError(f"{order.name} does not wait at a counter")
        return found

    async def _again(self, job: Job) -> Job:
        """The same job as it is now."""
        jobs = await self._of(job).jobs(job.key.split(":")[2])
        return next(one for one in jobs if one.key == job.key)

    def _of(self, job: Job) -> Worker:
        return self.workers[job.warehouse]

    def _at(self, place: str) -> Worker:
        """Who works at a place."""
        return next((worker for worker in self.workers.values() if place in worker.places), self.workers["wms"])

    def _counter(self, job: Job) -> Counter:
        worker = self._of(job)
        if not isinstance(worker, Counter):
            raise NotPossibleError(f"{job.warehouse} has no counter")
        return worker
