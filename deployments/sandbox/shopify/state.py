"""The stateful store behind the stand-in: shops, their records, and what changed.

The agreement with the order generator and the webhook sender:

* `state.add_order(shop_domain, record) -> record` keeps an order. Missing id, name, number, timestamps and
  fulfillment orders are filled in; the topics are `orders/create`, and `orders/paid` when it is paid.
* `state.update_order(shop_domain, order_id, changes, topics=None) -> record` replaces fields; topic `orders/updated`.
* `state.on_change(callback)`: after each commit `callback(Change)` is called once a changed record, in order, with the
  topics it is news for. Changes of one merchant action share `event_id`. A callback must not block and must not raise.
* New transactions and refunds of an order, and new events of a fulfillment, are news too: `order_transactions/create`,
  `refunds/create`, `fulfillment_events/create`. `state.announce` tells news that changes no record.
* `state.add`, `state.update`, `state.remove`, `state.get`, `state.all` do the same for every type
  (`records.py` says how records look). `with state.action():` makes several changes one commit and one event.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from deployments.sandbox.shopify.indexes import Indexes
from deployments.sandbox.shopify.journal import Journal
from deployments.sandbox.shopify.records import Clock, Record, gid, gid_tail, gid_type, iso, utc_now

# Record type -> topics of its creation, change and removal. Types without an entry change silently.
TOPICS: dict[str, tuple[str, str, str]] = {
    "Order": ("orders/create", "orders/updated", "orders/delete"),
    "Customer": ("customers/create", "customers/update", "customers/delete"),
    "Product": ("products/create", "products/update", "products/delete"),
    "InventoryItem": ("inventory_items/create", "inventory_items/update", "inventory_items/delete"),
    "InventoryLevel": ("inventory_levels/connect", "inventory_levels/update", "inventory_levels/disconnect"),
    "Location": ("locations/create", "locations/update", "locations/delete"),
    "Fulfillment": ("fulfillments/create", "fulfillments/update", "fulfillments/update"),
}
# Fields of a record that hold records with ids of their own, found by node(id) through their owner.
EMBEDDED: dict[str, tuple[str, ...]] = {
    "Order": ("lineItems", "shippingLines", "transactions", "refunds"),
    "FulfillmentOrder": ("lineItems", "fulfillmentHolds", "merchantRequests"),
    "Fulfillment": ("fulfillmentLineItems", "events"),
    "Customer": ("addressesV2",),
    "Product": ("options",),
    "Return": ("returnLineItems", "exchangeLineItems"),
    "ReverseFulfillmentOrder": ("lineItems",),
    "ReverseDelivery": ("reverseDeliveryLineItems",),
}
# Parts whose coming is news of its own, told with the record that got them.
PART_NEWS: dict[str, tuple[tuple[str, str], ...]] = {
    "Order": (("transactions", "order_transactions/create"), ("refunds", "refunds/create")),
    "Fulfillment": (("events", "fulfillment_events/create"),),
}
FIRST_NUMBER = 5_000_000_000_001
NUMBERS_A_SHOP = 1_000_000_000
# Changes of what may be sold that a lagging figure can look back on: when, item, by how much. In memory only.
RECENT_KEPT = 20_000


class UnknownShopError(KeyError):
    """No shop of this domain lives here; the message names those that do."""


@dataclass(frozen=True, slots=True)
class Change:
    """One record that changed. `previous` is None when it is new; `record` keeps the last state when it was removed."""

    shop: str
    topics: tuple[str, ...]
    record_type: str
    record: Record
    previous: Record | None
    event_id: str
    triggered_at: datetime


@dataclass(slots=True)
class ShopSpace:
    """The records of one shop, by type and id, and the number its next record gets."""

    domain: str
    next_number: int
    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    indexes: Indexes = field(default_factory=Indexes)
    latest_order_number: int | None = None
    recent_sales: deque[tuple[datetime, str, int]] = field(default_factory=lambda: deque(maxlen=RECENT_KEPT))

    @property
    def shop(self) -> Record:
        """The Shop record."""
        return next(iter(self.records["Shop"].values()))

    def number(self) -> int:
        """A number no other record of any shop has."""
        self.next_number += 1
        return self.next_number - 1

    def keep(self, record: Record) -> None:
        """Put a record in place and index what it embeds."""
        type_name = gid_type(record["id"]) or ""
        rows = self.records.setdefault(type_name, {})
        self.indexes.replace(type_name, rows.get(record["id"]), record)
        rows[record["id"]] = record
        for name in EMBEDDED.get(type_name, ()):
            for part in record.get(name) or ():
                if "id" in part:
                    self.owners[part["id"]] = record["id"]

    def drop(self, record_id: str) -> None:
        """Take a record out."""
        type_name = gid_type(record_id) or ""
        gone = self.records.get(type_name, {}).pop(record_id, None)
        if gone is not None:
            self.indexes.replace(type_name, gone, None)

    def find(self, record_id: str) -> Record | None:
        """A record by gid, or the part of one, or None."""
        type_name = gid_type(record_id)
        if type_name is None:
            return None
        found = self.records.get(type_name, {}).get(record_id)
        if found is None and (owner := self.owners.get(record_id)):
            return self._part(owner, record_id)
        return found

    def _part(self, owner_id: str, part_id: str) -> Record | None:
        owner = self.find(owner_id)
        if owner is None:
            return None
        names = EMBEDDED[gid_type(owner_id) or ""]
        return next((part for name in names for part in owner.get(name) or () if part.get("id") == part_id), None)


Subscriber = Callable[[Change], None]
Completer = Callable[["State", str, Record], Record]


class State:
    """All shops of one stand-in process. Not thread-safe: one event loop owns it."""

    def __init__(self, journal: Journal | None = None, *, clock: Clock = utc_now) -> None:
        self.clock = clock
        self._journal = journal
        self._spaces: dict[str, ShopSpace] = {}
        self._subscribers: list[Subscriber] = []
        self._completers: dict[str, Completer] = {}
        self._pending: list[Change] = []
        self._event_id: str | None = None
        self._second: tuple[datetime | None, str] = (None, "")
        if journal is not None:
            self._load(journal)

    def _load(self, journal: Journal) -> None:
        self._spaces = {shop: ShopSpace(shop, number) for shop, number in journal.counters().items()}
        for shop, record in journal.load():
            self._spaces[shop].keep(record)

    # shops

    @property
    def shops(self) -> list[str]:
        """The domains of all shops, the default one first."""
        return list(self._spaces)

    def add_shop(self, domain: str, record: Record) -> Record:
        """Open a shop; keeps the one that is there already."""
        if domain not in self._spaces:
            self._spaces[domain] = ShopSpace(domain, FIRST_NUMBER + NUMBERS_A_SHOP * len(self._spaces))
            self.add(domain, "Shop", {"myshopifyDomain": domain, **record}, topics=())
        return self.space(domain).shop

    def space(self, domain: str) -> ShopSpace:
        """The records of a shop. Raises UnknownShopError."""
        try:
            return self._spaces[domain]
        except KeyError:
            raise UnknownShopError(f"no shop {domain} here; known: {', '.join(self._spaces) or 'none'}") from None

    # reading

    def get(self, shop: str, record_id: str) -> Record | None:
        """A record, or a part with an id of its own (line item, transaction), or None."""
        return self.space(shop).find(record_id)

    def owner(self, shop: str, part_id: str) -> Record | None:
        """The record that embeds a part."""
        space = self.space(shop)
        owner_id = space.owners.get(part_id)
        return space.find(owner_id) if owner_id else None

    def all(self, shop: str, type_name: str) -> list[Record]:
        """Every record of a type, oldest first."""
        return list(self.space(shop).records.get(type_name, {}).values())

    # writing

    def now_text(self) -> str:
        """The time as records hold it. Written out once a second: many records change at once."""
        now = self.clock()
        if now.replace(microsecond=0) != self._second[0]:
            self._second = (now.replace(microsecond=0), iso(now))
        return self._second[1]

    def on_change(self, callback: Subscriber) -> None:
        """Call back after each commit, once a changed record."""
        self._subscribers.append(callback)

    def on_add(self, type_name: str, completer: Completer) -> None:
        """Let a domain fill in what a new record of its type lacks, before it is kept."""
        self._completers[type_name] = completer

    @contextmanager
    def action(self) -> Iterator[None]:
        """One merchant action: its changes are committed together and share one event id.

        What was done before an exception stays done, in memory and in the file alike.
        """
        if self._event_id is not None:
            yield
            return
        self._event_id = str(uuid4())
        try:
            yield
        finally:
            self._event_id = None
            self._commit()

    def add(self, shop: str, type_name: str, record: Record, *, topics: Sequence[str] | None = None) -> Record:
        """Keep a new record: id and timestamps are given when missing."""
        space, now = self.space(shop), self.now_text()
        with self.action():
            record = {"id": record.get("id") or gid(type_name, space.number()), **record}
            record.setdefault("createdAt", now)
            record.setdefault("updatedAt", record["createdAt"])
            if type_name in self._completers:
                record = self._completers[type_name](self, shop, record)
            news = TOPICS.get(type_name, ("", "", ""))[:1] if topics is None else topics
            self._replace(space, record, None, news)
        return record

    def update(self, shop: str, record_id: str, changes: Record, *, topics: Sequence[str] | None = None) -> Record:
        """Replace fields of a record and its `updatedAt`. Raises KeyError when there is none."""
        space = self.space(shop)
        type_name = gid_type(record_id) or ""
        previous = space.records.get(type_name, {})[record_id]
        with self.action():
            record = {**previous, "updatedAt": self.now_text(), **changes}
            news = TOPICS.get(type_name, ("", "", ""))[1:2] if topics is None else topics
            self._replace(space, record, previous, news)
        return record

    def remove(self, shop: str, record_id: str, *, topics: Sequence[str] | None = None) -> None:
        """Take a record out. Raises KeyError when there is none."""
        space = self.space(shop)
        type_name = gid_type(record_id) or ""
        record = space.records.get(type_name, {})[record_id]
        with self.action():
            space.drop(record_id)
            news = TOPICS.get(type_name, ("", "", ""))[2:3] if topics is None else topics
            self._pending.append(self._change(space, record, record, news, removed=True))

    def add_order(self, shop: str, record: Record, *, topics: Sequence[str] | None = None) -> Record:
        """Keep an order; the topics are `orders/create`, and `orders/paid` when it is paid already."""
        if topics is None:
            paid = record.get("displayFinancialStatus") == "PAID"
            topics = ("orders/create", "orders/paid") if paid else ("orders/create",)
        return self.add(shop, "Order", record, topics=topics)

    def update_order(self, shop: str, order_id: str, changes: Record, *, topics: Sequence[str] | None = None) -> Record:
        """Replace fields of an order; `orders/updated` unless the caller names more."""
        return self.update(shop, order_id, changes, topics=topics)

    def announce(self, shop: str, record: Record, topics: Sequence[str]) -> None:
        """Tell news without a change of its own: what happened to the record of this id, in any shape."""
        with self.action():
            self._pending.append(self._change(self.space(shop), record, None, topics))

    def close(self) -> None:
        """Close the file behind the state."""
        if self._journal is not None:
            self._journal.close()

    # commit

    def _replace(self, space: ShopSpace, record: Record, previous: Record | None, topics: Sequence[str]) -> None:
        space.keep(record)
        self._pending.append(self._change(space, record, previous, topics))
        if topics:
            self._tell_parts(space, record, previous or {})

    def _tell_parts(self, space: ShopSpace, record: Record, previous: Record) -> None:
        type_name = gid_type(record["id"]) or ""
        for name, topic in PART_NEWS.get(type_name, ()):
            parts, before = record.get(name) or (), previous.get(name) or ()
            if parts is before:
                continue
            known = {one["id"] for one in before}
            for part in parts:
                if part["id"] not in known:
                    about = {**part, type_name[0].lower() + type_name[1:]: {"id": record["id"]}}
                    self._pending.append(self._change(space, about, None, (topic,)))

    def _change(
        self, space: ShopSpace, record: Record, previous: Record | None, topics: Sequence[str], *, removed: bool = False
    ) -> Change:
        return Change(
            shop=space.domain,
            topics=tuple(topic for topic in topics if topic),
            record_type=gid_type(record["id"]) or "",
            record=record,
            previous=record if removed else previous,
            event_id=self._event_id or "",
            triggered_at=self.clock(),
        )

    def _commit(self) -> None:
        changes, self._pending = self._pending, []
        if self._journal is not None and changes:
            spaces = {change.shop: self._spaces[change.shop] for change in changes}
            kept = [
                (change.shop, change.record["id"], self._kept(change))
                for change in changes
                if change.record_type in spaces[change.shop].records  # not the parts of records
            ]
            self._journal.write(kept, {domain: space.next_number for domain, space in spaces.items()})
        for change in changes:
            for callback in self._subscribers:
                callback(change)

    def _kept(self, change: Change) -> Record | None:
        return self._spaces[change.shop].records.get(change.record_type, {}).get(change.record["id"])


def number_of(record: Record) -> int:
    """The number in a record's gid, as REST bodies and `legacyResourceId` give it."""
    return int(gid_tail(record["id"]))
