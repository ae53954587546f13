"""What every warehouse worker can do, whatever the warehouse: jobs, boxes, and the acts that carry a job on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from deployments.sandbox.live.tracking import Labels

NEW, PICKED, PACKED, READY, SHIPPED = "new", "picked", "packed", "ready", "shipped"
CANCELLED, REJECTED, EXPIRED = "cancelled", "rejected", "expired"
ENDED = frozenset({SHIPPED, CANCELLED, REJECTED, EXPIRED})
Goods = Mapping[str, int]
"""Pieces by SKU."""
Found = Mapping[str, Goods]
"""Pieces by disposition, by SKU: {"TEE-WHI-S": {"restock": 1, "scrap": 1}}."""


@dataclass(frozen=True)
class Job:
    """A request as it lies at a warehouse. `goods` is what is there to be shipped now, after what came short."""

    warehouse: str
    key: str
    place: str
    state: str
    goods: Goods
    pickup: bool = False

    @property
    def open(self) -> bool:
        """Something is still to be done."""
        return self.state not in ENDED

    def about(self, order_id: str) -> bool:
        """Whether it is for an order, by the last part of its id."""
        return order_id in self.key.split(":")


@dataclass(frozen=True)
class Box:
    """A parcel: who carries it, its number, and what is in it."""

    carrier: str
    tracking: str
    goods: Goods


class NotPossibleError(RuntimeError):
    """The warehouse cannot do that with this job; the message says why."""


class Worker(Protocol):
    """Somebody in a warehouse. Acts raise `NotPossibleError` where the job does not allow them."""

    name: str

    @property
    def places(self) -> Sequence[str]:
        """Where it ships from."""
        ...

    async def jobs(self, order_id: str | None = None) -> list[Job]:
        """What is to be done; for one order, what is done already as well. Reads the mail first."""
        ...

    async def pick(self, job: Job, missing: Goods | None = None) -> None:
        """Take goods from the shelves; `missing` is not there."""
        ...

    async def pack(self, job: Job, boxes: Sequence[Box]) -> None: ...
    async def hand_over(self, job: Job) -> None:
        """The carrier takes the boxes."""
        ...

    async def reject(self, job: Job, reason: str) -> None: ...
    async def deliver(self, job: Job) -> bool:
        """The parcels have arrived. False where this warehouse does not hear of it."""
        ...

    async def receive(self, job: Job | None, return_id: str, place: str, goods: Goods) -> str:
        """A parcel comes back; without a job, nobody knows from whom. Returns the number of the receipt."""
        ...

    async def inspect(self, receipt: str, found: Found) -> None:
        """Each piece of a receipt gets its disposition."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class Counter(Protocol):
    """Somebody in a store, besides."""

    async def make_ready(self, job: Job) -> None: ...
    async def collect(self, job: Job) -> None: ...
    async def expire(self, job: Job) -> None: ...


def boxed(goods: Goods, parcels: int, carrier: str, labels: Labels) -> list[Box]:
    """Goods in so many parcels, or as many as there are pieces.

    >>> [dict(box.goods) for box in boxed({"TEE": 2, "MUG": 1}, 2, "UPS", Labels())]
    [{'TEE': 2}, {'MUG': 1}]
    """
    pieces = [sku for sku, quantity in goods.items() for _ in range(quantity)]
    most = math.ceil(len(pieces) / max(1, min(parcels, len(pieces))))
    shares = [pieces[start : start + most] for start in range(0, len(pieces), most)]
    return [Box(carrier, labels.number(carrier), {sku: share.count(sku) for sku in share}) for share in shares]
