"""A worker of a 3PL: everything is a file in its folders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from deployments.sandbox.live.jobs import NEW, Box, Found, Goods, Job, NotPossibleError
from deployments.sandbox.three_pl.house import Task, ThreePl

T = TypeVar("T")


class ThreePlWorker:
    """Implements `Worker`. `answers_at_once` false: acknowledgements wait until `answer` is called."""

    def __init__(self, root: Path, name: str, place: str) -> None:
        self.name, self.places, self.answers_at_once = name, (place,), True
        self._root = root
        self._house: ThreePl | None = None
        self._waiting: list[dict[str, object]] = []
        self._carriers: dict[str, str] = {}
        self._turn = asyncio.Lock()

    async def jobs(self, order_id: str | None = None) -> list[Job]:
        """See the protocol."""

        def look(house: ThreePl) -> list[Job]:
            self._waiting += house.take_orders()
            if self.answers_at_once:
                self._send(house, 1)
            found = [self._job(task) for task in house.tasks.values()]
            return [job for job in found if (job.open if order_id is None else job.about(order_id))]

        return await self._inside(look)

    async def answer(self, times: int = 1) -> None:
        """Send the acknowledgements that wait, so many times."""
        await self._inside(lambda house: self._send(house, times))

    async def pick(self, job: Job, missing: Goods | None = None) -> None:
        """See the protocol."""

        def work(house: ThreePl) -> None:
            house.pick(job.key)
            for sku, pieces in (missing or {}).items():
                house.come_short(job.key, sku, pieces)

        await self._inside(work, job)

    async def pack(self, job: Job, boxes: Sequence[Box]) -> None:
        """See the protocol."""
        await self._inside(lambda house: house.pack(job.key, [(box.tracking, box.goods) for box in boxes]), job)
        self._carriers[job.key] = boxes[0].carrier if boxes else "UPS"

    async def hand_over(self, job: Job) -> None:
        """See the protocol."""
        await self._inside(lambda house: house.hand_over(job.key, self._carriers.get(job.key, "UPS")), job)

    async def reject(self, job: Job, reason: str) -> None:
        """See the protocol."""
        await self._inside(lambda house: house.reject(job.key, reason), job)

    async def deliver(self, job: Job) -> bool:
        """See the protocol."""
        await self._inside(lambda house: house.deliver(job.key))
        return True

    async def receive(self, job: Job | None, return_id: str, place: str, goods: Goods) -> str:
        """See the protocol."""
        key = job.key if job else None
        return await self._inside(lambda house: house.receive(key, return_id, goods, place))

    async def inspect(self, receipt: str, found: Found) -> None:
        """See the protocol."""
        await self._inside(lambda house: house.inspect(receipt, found))

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _send(self, house: ThreePl, times: int) -> None:
        answers, self._waiting = self._waiting, []
        house.answer(answers, times=times)

    def _job(self, task: Task) -> Job:
        picked = task.picked if task.state not in (NEW, "cancelled", "rejected") else None
        goods: dict[str, int] = {}
        for line, (sku, quantity) in task.lines.items():
            goods[sku] = goods.get(sku, 0) + (quantity if picked is None else picked.get(line, 0))
        return Job(self.name, task.key, task.location, task.state, {sku: n for sku, n in goods.items() if n})

    async def _inside(self, work: Callable[[ThreePl], T], job: Job | None = None) -> T:
        """One at a time. Raises `NotPossibleError` for a job that has ended."""

        def enter() -> T:
            if self._house is None:
                self._house = ThreePl(self._root)
            if job is not None and (state := self._house.tasks[job.key].state) in ("cancelled", "rejected", "shipped"):
                raise NotPossibleError(f"{job.key} is {state}")
            return work(self._house)

        async with self._turn:
            return await asyncio.to_thread(enter)
