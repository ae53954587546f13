"""What the demo does with booked orders in a whole house: they are shipped, one comes back, the books are compared.

Shopper and warehouse workers are people of the sandbox; what came of it is read in the counterparts' own books.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from canonical.ids import aggregate_key
from canonical.life import OrderLife, ReturnLife
from canonical.ports import StateStore
from canonical.records import OrderRecord
from canonical.states import ReturnState
from canonical.steps import Operation
from deployments.engine import start_run
from deployments.sandbox.live.jobs import NEW, Goods, Job, NotPossibleError
from deployments.sandbox.live.people import NothingThereError, People
from deployments.sandbox.live.shop_admin import ShopRefusedError
from deployments.sandbox.live.shopper import Asked, Order
from deployments.stack.ledger_pages import Ledgers, OrderId, OrderLedger
from deployments.stack.ledgers import read_ledgers
from deployments.stack.life_story import SHOP, Told, story
from deployments.stack.plan import SHOPS
from deployments.stack.scene import Placed
from deployments.stack.stack import Stack

POLL: Final = "warehouse-poll/poll"
LIVES: Final = 3
NOWHERE, DOORSTEP, CAME_BACK = range(3)
SMALL: Final = 400
"""An order that comes to less can be given back without anybody's leave."""
PAUSE: Final = 0.5
HOUSES: Final = ("wms", "parcels", "harbour", "stores")
Books = Mapping[str, Ledgers]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Chosen:
    """An order that lies at warehouses, as a whole, and nothing else."""

    shop: str
    order: Order
    placed: Placed
    jobs: tuple[Job, ...]

    @property
    def id(self) -> OrderId:
        return self.shop, self.order.id

    @property
    def pieces(self) -> int:
        return sum(sum(job.goods.values()) for job in self.jobs)

    @property
    def places(self) -> set[str]:
        return {job.place for job in self.jobs}

    @property
    def parcels(self) -> int:
        """Two where it leaves from one place and there is enough for two."""
        return 2 if len(self.places) == 1 and self.pieces > 1 else 1


@dataclass(frozen=True)
class Lived:
    """How many orders came to the doorstep, how many back, and what went wrong or the books do not agree on."""

    lives: int
    returned: int
    faults: tuple[str, ...] = ()

    @property
    def fine(self) -> bool:
        """All that was meant to happen has happened, and the books agree."""
        return (self.lives, self.returned, self.faults) == (LIVES, 1, ())

    def __str__(self) -> str:
        return f"lives={self.lives} returned={self.returned} conserved={'no' if self.faults else 'yes'}"


@dataclass(frozen=True)
class Tale:
    """What a viewer is shown of a life."""

    shop: str
    name: str
    title: str
    rows: Sequence[tuple[str, ...]]


async def keep_polling(stack: Stack, seconds: float) -> None:
    """A poll of the warehouses that stays, so that nothing waits for the first scheduled one."""
    await start_run(POLL, {"seconds": seconds}, stack.environment)


class LifeScene:
    """Lives of orders in a running whole house. `tell` gets each when it is over; `within`: patience of one wait."""

    def __init__(
        self, stack: Stack, store: StateStore, people: People, tell: Callable[[Tale], None], *, within: float
    ) -> None:
        self.stack, self._store, self._people, self._tell, self._within = stack, store, people, tell, within
        self._turn = asyncio.Lock()
        self._read: tuple[float, Books] = (0.0, {})
        self._acts: dict[OrderId, list[Told]] = {}
        self._faults: list[str] = []

    async def play(self, placed: Sequence[Placed]) -> Lived:
        """Three of the booked orders are shipped, the cheapest comes back; then every book is asked."""
        chosen = await self._choose(placed)
        if len(chosen) < LIVES:
            return Lived(0, 0, (f"only {len(chosen)} paid orders came to a warehouse whole",))
        back = min(chosen, key=lambda one: one.placed.total)
        ends = await asyncio.gather(*(self._live(one, back) for one in chosen))
        returned = ends[chosen.index(back)] == CAME_BACK
        if not self._faults:
            unequal_: list[str] = []

            async def equal() -> bool:
                unequal_[:] = await self._compared(chosen, back)
                return not unequal_

            await self._until(equal)
            self._faults += unequal_
        return Lived(sum(end != NOWHERE for end in ends), int(returned), tuple(self._faults))

    async def _live(self, one: Chosen, back: Chosen) -> int:
        """One life from the warehouse to its end: how far it came."""
        end = NOWHERE
        try:
            if await self._ship(one):
                end = DOORSTEP
            if end and one is back and await self._return(one):
                end = CAME_BACK
        except (NothingThereError, NotPossibleError, ShopRefusedError) as error:
            self._failed(one, str(error))
        found, life = await self._remembered(one)
        if found and life:
            rows = story(found, life, self._acts.get(one.id, ()), self.stack.plan.erp)
            self._tell(Tale(one.shop, one.order.name, _title(one, end), rows))
        return end

    # --- Choosing ---------------------------------------------------------------------------------------------------

    async def _choose(self, placed: Sequence[Placed]) -> list[Chosen]:
        """Three orders, as soon as there are three that leave from more than one place; else any three."""
        chosen: list[Chosen] = []

        async def varied() -> bool:
            chosen[:] = picked(await self._whole(placed))
            return len(chosen) == LIVES and len(set[str]().union(*(one.places for one in chosen))) > 1

        await self._until(varied)
        return chosen

    async def _whole(self, placed: Sequence[Placed]) -> list[Chosen]:
        """Booked orders, paid for, of which every piece lies at a warehouse that has not begun."""
        lying: dict[str, list[Job]] = {}
        for worker in self._people.workers.values():
            for job in await worker.jobs():
                lying.setdefault(job.key.split(":")[2], []).append(job)
        shop = (await self._books())["shopify"]
        found = []
        for one in placed:
            jobs = tuple(lying.get(one.order_id, ()))
            order = Order(SHOPS[one.shop], one.order_id, one.name)
            chosen = Chosen(one.shop, order, one, jobs)
            ready = jobs and one.kind == "book" and all(job.state == NEW and not job.pickup for job in jobs)
            page = shop[chosen.id]
            if ready and page.paid == page.total > 0 and _sum(job.goods for job in jobs) == page.ordered:
                found.append(chosen)
        return found

    # --- Shipping ---------------------------------------------------------------------------------------------------

    async def _ship(self, one: Chosen) -> bool:
        """Every warehouse that has a part of it ships; then shop and ERP know. Whether they did."""
        if not await self._until(lambda: self._asked(one)):
            return self._failed(one, "its requests are not kept as asked")
        left = await self._people.ship(one.order, parcels=one.parcels, within=self._within)
        for part in left:
            labels = ", ".join(f"{box.carrier} {box.tracking}" for box in part.boxes)
            self._act(one, f"shipped from {part.job.place}", part.job.warehouse, labels)
        numbers = {box.tracking for part in left for box in part.boxes}

        async def shown() -> bool:
            return numbers <= await self._tracking(one)

        async def paid() -> bool:
            books = await self._books()
            erp, shop = books["erp"][one.id], books["shopify"][one.id]
            if not erp.invoiced == shop.total > 0 or erp.paid != shop.paid:
                return False
            _, life = await self._remembered(one)  # the ERP knows it a moment before we have kept that
            return life is not None and any(key.split(":")[1] == Operation.PAYMENT for key in life.done)

        if not await self._until(shown):
            return self._failed(one, f"the shop does not show {', '.join(sorted(numbers))}")
        if not await self._until(paid):
            page = (await self._books())["erp"][one.id]
            return self._failed(one, f"the ERP has invoiced {page.invoiced} and knows {page.paid} paid")
        return True

    async def _asked(self, one: Chosen) -> bool:
        """Whether we have kept that the warehouses have it, which is a moment after they have."""
        _, life = await self._remembered(one)
        return life is not None and all(job.key in life.done for job in one.jobs)

    async def _tracking(self, one: Chosen) -> set[str]:
        """The tracking numbers that the shop shows at an order."""
        admin, domain = self._people.shopper.shop, one.order.domain
        (order,) = await admin.records(domain, "Order", id=one.order.gid)
        mine = {row["id"] for row in order.get("fulfillments") or ()}
        rows = [row for row in await admin.records(domain, "Fulfillment") if row["id"] in mine]
        return {str(track["number"]) for row in rows for track in row.get("trackingInfo") or ()}

    # --- Coming back ------------------------------------------------------------------------------------------------

    async def _return(self, one: Chosen) -> bool:
        """A piece is asked back, comes, is looked at, credited, paid back, and closed. Whether all of that was so."""
        sku = min(await self._people.shopper.shipped(one.order))
        asked = await self._people.shopper.ask_return(one.order, {sku: 1})
        self._act(one, f"return of 1 {sku} requested", SHOP, asked.name)
        if not await self._until(lambda: self._came_to(one, asked.id, ReturnState.IN_TRANSIT)):
            return await self._stuck(one, asked)
        receipt = await self._people.send_back(asked)
        house, _, number = receipt.partition("/")
        self._act(one, "it came back, fit to be sold again", house, number)
        if not await self._until(lambda: self._came_to(one, asked.id, ReturnState.CLOSED)):
            return await self._stuck(one, asked)
        return True

    async def _came_to(self, one: Chosen, return_id: str, state: ReturnState) -> bool:
        found = await self._return_of(one, return_id)
        return found is not None and found.state is state

    async def _return_of(self, one: Chosen, return_id: str) -> ReturnLife | None:
        _, life = await self._remembered(one)
        return next((back for back in life.returns if back.id.rpartition("/")[2] == return_id), None) if life else None

    async def _stuck(self, one: Chosen, asked: Asked) -> bool:
        found = await self._return_of(one, asked.id)
        return self._failed(one, f"return {asked.name} went no further than {found.state if found else 'the shop'}")

    def _failed(self, one: Chosen, words: str) -> bool:
        self._faults.append(f"{one.shop} {one.order.name}: {words}")
        return False

    def _act(self, one: Chosen, what: str, where: str, number: str) -> None:
        """Somebody has done something, just now."""
        self._acts.setdefault(one.id, []).append(Told(datetime.now(UTC), what, where, number))

    # --- Judging ----------------------------------------------------------------------------------------------------

    async def _compared(self, chosen: Sequence[Chosen], back: Chosen) -> list[str]:
        """Everything that the books say differently."""
        books = await self._books()
        found = [f"{name}: nothing explains {what}" for name, kept in books.items() for what in kept.orphans]
        for one in chosen:
            pages = {name: kept[one.id] for name, kept in books.items()}
            pieces = int(one is back)
            found += [f"{one.shop} {one.order.name}: {words}" for words in unequal(pages, pieces)]
        return found

    async def _books(self) -> Books:
        """Every book, at most a second old: whoever looks all the time slows down what is looked at."""
        async with self._turn:
            read, books = self._read
            if time.monotonic() - read > 1.0:
                stack = self.stack
                books = await read_ledgers(stack.plan, stack.shopify.url, stack.erp_database, stack.wms_database)
                self._read = time.monotonic(), books
            return books

    async def _remembered(self, one: Chosen) -> tuple[OrderRecord | None, OrderLife | None]:
        """What we keep of an order: its record, and its life."""
        key = aggregate_key(one.shop, "order", one.order.id)
        order, life = (await self._store.orders([key])).get(key), (await self._store.lives([key])).get(key)
        return order, OrderLife.model_validate_json(life.document) if life else None

    async def _until(self, look: Callable[[], Awaitable[Found]]) -> Found:
        """What a look finds, once it finds anything; else what the last one found when the time was up."""
        deadline = time.monotonic() + self._within
        while True:
            found = await look()
            if found or time.monotonic() > deadline:
                return found
            await asyncio.sleep(PAUSE)


def picked(whole: Sequence[Chosen]) -> list[Chosen]:
    """One from two places where there is one, one in two parcels, and one from another place."""
    chosen = [one for one in whole if len(one.places) > 1][:1]
    chosen += [one for one in whole if one.parcels > 1 and one.placed.total < SMALL and one not in chosen][:1]
    chosen += [one for one in whole if not any(one.places & other.places for other in chosen)][:1]
    return (chosen + [one for one in whole if one not in chosen])[:LIVES]


def unequal(pages: Mapping[str, OrderLedger], returned: int) -> list[str]:
    """What the books of one order, shipped as a whole, say differently. `returned`: pieces that came back.

    Goods: ordered is shipped, in shop, ERP and warehouses; what came back stands on a shelf again, in each. Money: what
    was paid is invoiced or given back, and the shop's refund is the ERP's credit memo.
    """
    shop, erp = pages["shopify"], pages["erp"]
    houses = [pages[name] for name in HOUSES]
    sides = {
        "shipped": (shop.ordered, shop.shipped, erp.shipped, _sum(page.shipped for page in houses)),
        "returned": (
            returned,
            sum(erp.restocked.values()),
            *(_pieces(houses, name) for name in ("returned", "restocked")),
        ),
        "still open": (0, sum(shop.open.values())),
        "paid": (shop.paid, erp.paid),
        "invoiced and not credited": (shop.total, erp.invoiced - erp.credited),
        "kept": (shop.total, shop.paid - shop.refunded, erp.paid - erp.refunded),
        "given back": (shop.refunded, erp.credited, erp.refunded),
    }
    return [f"{what}: {' / '.join(map(str, told))}" for what, told in sides.items() if any(x != told[0] for x in told)]


def _pieces(pages: Sequence[OrderLedger], column: str) -> int:
    return sum(sum(getattr(page, column).values()) for page in pages)


def _sum(parts: Iterable[Goods]) -> dict[str, int]:
    total: dict[str, int] = {}
    for goods in parts:
        for sku, pieces in goods.items():
            total[sku] = total.get(sku, 0) + pieces
    return {sku: pieces for sku, pieces in total.items() if pieces}


def _title(one: Chosen, end: int) -> str:
    parcels = f"in {one.parcels} parcels" if one.parcels > 1 else "in one parcel"
    left = f"from {' and '.join(sorted(one.places))}" if len(one.places) > 1 else parcels
    ends = {NOWHERE: "stuck on its way", DOORSTEP: "at the doorstep", CAME_BACK: "there and back"}
    return f"Order {one.order.name} of shop {one.shop}, {left}: {ends[end]}"
