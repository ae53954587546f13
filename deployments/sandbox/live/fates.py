"""What can become of an order: one coroutine a fate. Each tells a line at every stage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random

from deployments.sandbox.live.jobs import NEW, Job
from deployments.sandbox.live.people import Left, People
from deployments.sandbox.live.shopper import Asked, Order
from deployments.sandbox.live.tracking import CARRIERS

Tell = Callable[[str, Order, str], None]
"""A stage, the order, and words about it."""
DISPOSITIONS = ("restock", "restock", "restock", "refurbish", "scrap", "missing", "wrong_item")


@dataclass(frozen=True)
class Scene:
    """One order, the people who see to it, and dice of its own. Waits are multiplied by `pace`."""

    people: People
    order: Order
    dice: Random
    tell: Tell
    pace: float = 1.0
    patience: float = 120.0

    async def wait(self, shortest: float = 0.2, longest: float = 2.0) -> None:
        """Life goes on."""
        await asyncio.sleep(self.dice.uniform(shortest, longest) * self.pace)

    async def ship(self, missing: Mapping[str, int] | None = None) -> list[Left]:
        """Every warehouse that has a part of it ships that."""
        await self.wait()
        left = await self.people.ship(
            self.order,
            parcels=self.dice.choice((1, 1, 1, 2, 3)),
            carrier=self.dice.choice(CARRIERS),
            missing=missing,
            within=self.patience,
        )
        for one in left:
            parcels = len(one.boxes) or 1
            self.tell("shipped", self.order, f"{one.job.place}, {parcels} parcel{'s' if parcels > 1 else ''}")
        return left

    async def shown_as_shipped(self) -> bool:
        """Wait until the shop shows something of it as shipped."""
        for _ in range(max(1, round(self.patience / 0.5))):
            if await self.people.shopper.anything_shipped(self.order):
                return True
            await asyncio.sleep(0.5)
        return False

    async def first_job(self) -> Job:
        """The first job of the order."""
        wanted = await self.people.await_jobs(self.order, within=self.patience, wanted=lambda job: job.state == NEW)
        return wanted[0]


async def delivered(scene: Scene) -> None:
    """Shipped, in one or several parcels, and delivered."""
    await scene.ship()
    await scene.wait()
    if await scene.shown_as_shipped() and await scene.people.deliver(scene.order):
        scene.tell("delivered", scene.order, "")


async def short(scene: Scene) -> None:
    """A piece is not found; the rest leaves, and whoever is asked for the piece ships it."""
    job = await scene.first_job()
    sku = scene.dice.choice(sorted(job.goods))
    scene.tell("short", scene.order, f"1 {sku} at {job.place}")
    await scene.ship({sku: 1})


async def rejected(scene: Scene) -> None:
    """The first warehouse does not do it; another one ships."""
    await scene.wait()
    job = await scene.people.reject(scene.order, "no space", within=scene.patience)
    scene.tell("rejected", scene.order, job.place)
    await scene.ship()


async def cancelled_at_once(scene: Scene) -> None:
    """The shopper thinks better of it."""
    await scene.wait(0.0, 1.0)
    await scene.people.shopper.cancel(scene.order)
    scene.tell("cancelled", scene.order, "at once")


async def cancelled_while_picking(scene: Scene) -> None:
    """Cancelled when goods are picked already."""
    job = await scene.people.pick(await scene.first_job())
    await scene.people.shopper.cancel(scene.order)
    scene.tell("cancelled", scene.order, f"picked at {job.place}")


async def cancelled_too_late(scene: Scene) -> None:
    """Cancelled when it is packed: the warehouse refuses, and ships."""
    await scene.people.refuse_cancel(scene.order, within=scene.patience)
    await scene.people.shopper.cancel(scene.order)
    scene.tell("cancelled", scene.order, "packed already")
    await scene.wait(1.0, 2.0)
    await scene.ship()


async def edited(scene: Scene) -> None:
    """One piece more of something, then it ships."""
    lines = [row for row in (await scene.people.shopper.look(scene.order))["lineItems"]["nodes"] if row["sku"]]
    row = scene.dice.choice(lines)
    await scene.people.shopper.edit(scene.order, {row["sku"]: row["currentQuantity"] + 1})
    scene.tell("edited", scene.order, f"one {row['sku']} more")
    await scene.wait(2.0, 4.0)
    await scene.ship()


async def shipped_by_hand(scene: Scene) -> None:
    """The staff ship it in the shop's admin."""
    await scene.wait()
    await scene.people.shopper.ship_by_hand(scene.order, "UPS", scene.people.labels.number("UPS"))
    scene.tell("shipped by hand", scene.order, "")


async def returned(scene: Scene) -> None:
    """Shipped; then some of it comes back, and is looked at."""
    await scene.ship()
    if not await scene.shown_as_shipped():
        return
    await scene.wait(1.0, 3.0)
    goods = await scene.people.shopper.shipped(scene.order)
    sku = scene.dice.choice(sorted(goods))
    asked = await scene.people.shopper.ask_return(scene.order, {sku: scene.dice.randint(1, goods[sku])})
    scene.tell("return asked", scene.order, f"{asked.name}: {dict(asked.goods)}")
    await scene.wait(1.0, 3.0)
    await _back(scene, asked)


async def returned_blind(scene: Scene) -> None:
    """Shipped; a piece comes back, and nobody was asked."""
    left = await scene.ship()
    await scene.wait(1.0, 3.0)
    sku = scene.dice.choice(sorted(left[0].job.goods))
    receipt = await scene.people.receive(scene.order, {sku: 1})
    await scene.people.inspect(receipt, {sku: {"restock": 1}})
    scene.tell("returned blind", scene.order, f"1 {sku}")


async def refunded_by_hand(scene: Scene) -> None:
    """The staff give money back for a piece, and no goods come back."""
    await scene.ship()
    if not await scene.shown_as_shipped():
        return
    sku = scene.dice.choice(sorted(await scene.people.shopper.shipped(scene.order)))
    await scene.people.shopper.refund(scene.order, {sku: 1})
    scene.tell("refunded by hand", scene.order, f"1 {sku}")


async def _back(scene: Scene, asked: Asked) -> None:
    found: dict[str, dict[str, int]] = {}
    for sku, pieces in asked.goods.items():
        parts = found.setdefault(sku, {})
        for _ in range(pieces):
            disposition = scene.dice.choice(DISPOSITIONS)
            parts[disposition] = parts.get(disposition, 0) + 1
    receipt = await scene.people.receive(asked.order, asked.goods, return_id=asked.id)
    scene.tell("return received", asked.order, receipt)
    await scene.wait()
    await scene.people.inspect(receipt, found)
    scene.tell(
        "return inspected", asked.order, ", ".join(f"{n} {d}" for parts in found.values() for d, n in parts.items())
    )


Fate = Callable[[Scene], Awaitable[None]]
FATES: tuple[tuple[int, str, Fate], ...] = (
    (40, "delivered", delivered),
    (8, "short", short),
    (5, "rejected", rejected),
    (5, "cancelled at once", cancelled_at_once),
    (4, "cancelled while picking", cancelled_while_picking),
    (3, "cancelled too late", cancelled_too_late),
    (6, "edited", edited),
    (4, "shipped by hand", shipped_by_hand),
    (18, "returned", returned),
    (3, "returned blind", returned_blind),
    (4, "refunded by hand", refunded_by_hand),
)
"""Weight, name, and what happens."""


def fate_of(dice: Random) -> tuple[str, Fate]:
    """Draw one."""
    (drawn,) = dice.choices(FATES, weights=[weight for weight, _, _ in FATES])
    return drawn[1], drawn[2]
