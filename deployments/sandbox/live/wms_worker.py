"""A worker of the warehouse that is a Tryton database: at its own desk, over its own interface."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from deployments.sandbox.live.jobs import (
    CANCELLED,
    NEW,
    PACKED,
    PICKED,
    SHIPPED,
    Box,
    Found,
    Goods,
    Job,
    NotPossibleError,
)
from deployments.sandbox.wms.desk import WmsDesk

T = TypeVar("T")
STATES = {"draft": NEW, "waiting": NEW, "assigned": NEW, "picked": PICKED, "packed": PACKED, "shipped": SHIPPED,
          "done": SHIPPED, "cancelled": CANCELLED}  # fmt: skip


class WmsWorker:
    """Implements `Worker`. Logs in when first asked."""

    def __init__(self, url: str, name: str = "wms") -> None:
        self.name, self.places, self._url = name, ("DC-EAST", "DC-EU"), url
        self._desk: WmsDesk | None = None
        self._turn = asyncio.Lock()

    async def jobs(self, order_id: str | None = None) -> list[Job]:
        """See the protocol."""
        rows = await self._at_desk(lambda desk: desk.look(order_id))
        live = {row["key"] for row in rows if row["state"] != "cancelled"}
        return [
            Job(self.name, row["key"], row["place"], STATES[row["state"]], row["goods"])
            for row in rows
            if row["state"] != "cancelled" or row["key"] not in live
        ]

    async def pick(self, job: Job, missing: Goods | None = None) -> None:
        """See the protocol."""

        def work(desk: WmsDesk) -> None:
            desk.pick(job.key)
            for sku, pieces in (missing or {}).items():
                desk.come_short(job.key, sku, pieces)

        await self._at_desk(work, job)

    async def pack(self, job: Job, boxes: Sequence[Box]) -> None:
        """See the protocol; all boxes of a shipment go with one carrier."""
        carrier = boxes[0].carrier if boxes else "UPS"
        packed = [(box.tracking, box.goods) for box in boxes]
        await self._at_desk(lambda desk: desk.pack(job.key, packed, carrier), job)

    async def hand_over(self, job: Job) -> None:
        """See the protocol."""
        await self._at_desk(lambda desk: desk.hand_over(job.key), job)

    async def reject(self, job: Job, reason: str) -> None:
        """See the protocol; the warehouse has no place for a reason."""
        await self._at_desk(lambda desk: desk.reject(job.key), job)

    async def deliver(self, job: Job) -> bool:
        """See the protocol: it does not hear of it."""
        return False

    async def receive(self, job: Job | None, return_id: str, place: str, goods: Goods) -> str:
        """See the protocol."""
        key = job.key if job else None
        return str(await self._at_desk(lambda desk: desk.receive_return(key, return_id, place, goods)))

    async def inspect(self, receipt: str, found: Found) -> None:
        """See the protocol."""
        await self._at_desk(lambda desk: desk.inspect_return(int(receipt), found))

    async def aclose(self) -> None:
        """Go home."""
        if self._desk is not None:
            await asyncio.to_thread(self._desk.close)

    async def _at_desk(self, work: Callable[[WmsDesk], T], job: Job | None = None) -> T:
        """One at a time: the database has one writer. Raises `NotPossibleError`, in Tryton's words if it has any."""

        def sit() -> Any:
            if self._desk is None:
                self._desk = WmsDesk(self._url)
            if job is not None and not self._desk.shipments(job.key):
                raise NotPossibleError(f"{job.key} is cancelled")
            return work(self._desk)

        async with self._turn:
            try:
                done: T = await asyncio.to_thread(sit)
            except ValueError as error:
                raise NotPossibleError(str(error)) from error
            return done
