"""Fakes of a stock source and of a shop that shows stock, in memory, with faults on demand.

The shop follows the rules of the stand-in: compare-and-set, nothing at a place that is not stocked, its own orders
lower what is available, an idempotency key answers once. `ceiling` is asked at every write.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from canonical.errors import ConflictError, CrossdockError, RejectedError, RetryableError
from canonical.inventory import AllocatedLine, ChannelItem, ChannelLevel, InventoryLevel, Place, StockReport, StockWrite
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.stock import CommittedLine
from canonical.records import Message


class FakeStock:
    """A source whose positions a test sets. `down` refuses connections."""

    def __init__(self, company: str, system: str = "erp") -> None:
        self.system, self.company = system, company
        self.levels: dict[tuple[str, str], InventoryLevel] = {}
        self.allocated: list[AllocatedLine] = []
        self.dirty: list[tuple[str, str]] = []
        self.ages: dict[str, timedelta] = {}
        self.down = False
        self.polls = 0

    def set(
        self, sku: str, location: str, on_hand: int | str, allocated: int = 0, unit: str = "each"
    ) -> InventoryLevel:
        """A position as it is from now on; the next poll tells it."""
        level = InventoryLevel(
            sku=sku,
            location=location,
            native_location=location,
            unit=unit,
            on_hand=Decimal(on_hand),
            allocated=Decimal(allocated),
            source=self.system,
            as_of=datetime.now(UTC),
        )
        self.levels[sku, location] = level
        self.dirty.append((sku, location))
        return level

    def _report(self, levels: Sequence[InventoryLevel], **more: object) -> StockReport:
        if self.down:
            raise RetryableError("the ERP does not answer", code="erp_down")
        now = datetime.now(UTC)
        told = tuple(
            level.model_copy(update={"as_of": now - self.ages.get(level.sku, timedelta(0))}) for level in levels
        )
        lines = tuple(self.allocated)
        return StockReport(source=self.system, company=self.company, levels=told, allocated=lines, **more)  # type: ignore[arg-type]

    async def changes(self, cursor: str | None) -> StockReport:
        self.polls += 1
        start = max(0, int(cursor or 0) - 1)
        keys = dict.fromkeys(self.dirty[start:])
        return self._report([self.levels[key] for key in keys], cursor=str(len(self.dirty)))

    async def snapshot(self) -> AsyncIterator[StockReport]:
        yield self._report(list(self.levels.values()), complete=tuple({place for _, place in self.levels}))

    async def positions(self, skus: Sequence[str]) -> StockReport:
        return self._report([level for level in self.levels.values() if level.sku in skus])

    def report_of(self, message: Message) -> StockReport:
        try:
            return StockReport.model_validate_json(message.body)
        except ValueError as error:
            raise RejectedError("no report", code="bad_event", field="body") from error

    async def check(self) -> None:
        self._report([])

    async def aclose(self) -> None:
        return None


@dataclass
class Shown:
    """What the shop shows at a place."""

    available: int
    committed: int = 0


class FakeStockShop:
    """A shop that shows stock. `sell` is a shopper's order: it lowers what is available the moment it is placed."""

    def __init__(self, shop: str, *, best_batch: int = 250) -> None:
        self.shop, self.best_batch = shop, best_batch
        self.items: dict[str, list[ChannelItem]] = {}
        self.shown: dict[Place, Shown] = {}
        self.calls: list[list[StockWrite]] = []
        self.keys: dict[str, list[Outcome[int]]] = {}
        self.activated: list[Place] = []
        self.orders: dict[str, tuple[Place, int]] = {}
        self.reads = self.finds = 0
        self.down = False
        self.lose_reply = 0
        self.refuse: set[str] = set()
        self.before_write: Callable[[StockWrite], None] | None = None
        self.on_write: Callable[[StockWrite], None] | None = None

    def add(self, sku: str, *locations: str, available: int = 0) -> Place:
        """An item with this SKU, stocked at the locations. Returns its first place."""
        item = f"i{len([i for items in self.items.values() for i in items]) + 1}"
        self.items.setdefault(sku, []).append(ChannelItem(item_id=item, variant_id=f"v{item}", sku=sku))
        for location in locations:
            self.shown[Place(item_id=item, location_id=location)] = Shown(available)
        return Place(item_id=item, location_id=locations[0] if locations else "7")

    def sell(self, place: Place, quantity: int, number: int = 0) -> None:
        """A shopper's order; below zero it gives back (a cancel). Its line has its number."""
        shown = self.shown[place]
        shown.available -= quantity
        shown.committed += quantity
        self.orders[str(number)] = (place, max(0, quantity))

    def call_off(self, place: Place, quantity: int, number: int = 0) -> None:
        """The order is cancelled, its goods go back on the shelf."""
        self.sell(place, -quantity, number)

    def fulfill(self, place: Place, quantity: int, number: int = 0) -> None:
        """The goods left: what is available stays."""
        self.shown[place].committed -= quantity
        self.orders[str(number)] = (place, 0)

    def edit(self, place: Place, by: int) -> None:
        """Somebody changes the figure in the admin."""
        self.shown[place].available += by

    def available(self, place: Place) -> int:
        """What it shows at a place."""
        return self.shown[place].available

    def told(self, place: Place) -> bytes:
        """A stock webhook about this place, as it is now."""
        return self.level(place).model_dump_json().encode()

    def check_writes(self) -> None:
        """Nothing to look up: `on_write` raised at once."""

    def _reachable(self) -> None:
        if self.down:
            raise RetryableError("the shop does not answer", code="shop_down")

    async def find_items(self, skus: Sequence[str]) -> Mapping[str, tuple[ChannelItem, ...]]:
        self._reachable()
        self.finds += 1
        return {sku: tuple(self.items.get(sku, ())) for sku in skus}

    async def read_levels(self, places: Sequence[Place]) -> Mapping[Place, ChannelLevel]:
        self._reachable()
        self.reads += 1
        await asyncio.sleep(0)
        return {place: self.level(place) for place in places if self._item(place.item_id) is not None}

    def level(self, place: Place) -> ChannelLevel:
        """What the shop shows at a place."""
        shown, item = self.shown.get(place), self._item(place.item_id)
        available, committed = (None, 0) if shown is None else (shown.available, shown.committed)
        return ChannelLevel(place=place, sku=item.sku if item else None, available=available, committed=committed)

    def _item(self, item_id: str) -> ChannelItem | None:
        return next((i for items in self.items.values() for i in items if i.item_id == item_id), None)

    async def committed_lines(self, order_ids: Sequence[str]) -> list[CommittedLine]:
        self._reachable()
        await asyncio.sleep(0)
        known = ((order_id, *self.orders[order_id]) for order_id in order_ids if order_id in self.orders)
        return [CommittedLine(one, one, place.location_id, pieces) for one, place, pieces in known if pieces]

    async def set_available(self, writes: Sequence[StockWrite], key: str) -> list[Outcome[int]]:
        self._reachable()
        await asyncio.sleep(0)
        if key in self.keys:
            return self.keys[key]
        self.calls.append(list(writes))
        self.keys[key] = outcomes = [self._set(write) for write in writes]
        if self.lose_reply:
            self.lose_reply -= 1
            raise RetryableError("the line broke", code="shop_timeout", maybe_applied=True)
        return outcomes

    def _set(self, write: StockWrite) -> Outcome[int]:
        if self.before_write is not None:
            self.before_write(write)
        item, shown = self._item(write.place.item_id), self.shown.get(write.place)
        error: CrossdockError | None = None
        if item is None or write.place.item_id in self.refuse:
            error = RejectedError("there is no such item", code="item_unknown", document=write.place.item_id)
        elif shown is None:
            error = RejectedError("the item is not stocked at the location", code="not_stocked")
        elif write.expected is not None and write.expected != shown.available:
            error = ConflictError("the shop shows something else", code="stale_compare")
        if error is not None or shown is None:
            return Failed(error or RejectedError("not stocked", code="not_stocked"))
        if self.on_write is not None:
            self.on_write(write)
        shown.available = write.quantity
        return Settled(write.quantity)

    async def activate(self, place: Place, available: int, key: str) -> Outcome[int]:
        self._reachable()
        if place not in self.shown:
            self.activated.append(place)
            if self.on_write is not None:
                self.on_write(StockWrite(place=place, quantity=available))
            self.shown[place] = Shown(available)
        return Settled(self.shown[place].available)

    async def snapshot(self) -> AsyncIterator[ChannelLevel]:
        self._reachable()
        for place in list(self.shown):
            yield self.level(place)

    def level_of(self, message: Message) -> ChannelLevel:
        try:
            return ChannelLevel.model_validate_json(message.body)
        except ValueError as error:
            raise RejectedError("no level", code="bad_webhook", field="body") from error

    async def check(self) -> None:
        self._reachable()

    async def aclose(self) -> None:
        return None
