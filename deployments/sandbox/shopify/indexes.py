"""Records found by what they hold, without looking at every record: a level by its item, an item by its SKU."""

from collections.abc import Iterable
from typing import Any

from deployments.sandbox.shopify.records import Record

# Record type -> fields it can be found by; of a reference the id counts.
INDEXED: dict[str, tuple[str, ...]] = {
    "InventoryItem": ("sku",),
    "InventoryLevel": ("item", "location"),
}


class Bucket:
    """Ids in the order they came, with the place of each. Places are worked out when asked for after a change."""

    __slots__ = ("_order", "_places", "ids")

    def __init__(self) -> None:
        self.ids: dict[str, None] = {}
        self._order: list[str] | None = None
        self._places: dict[str, int] = {}

    def add(self, record_id: str) -> None:
        """Take an id in."""
        self.ids[record_id] = None
        self._order = None

    def discard(self, record_id: str) -> None:
        """Take an id out."""
        self.ids.pop(record_id, None)
        self._order = None

    def order(self) -> tuple[list[str], dict[str, int]]:
        """The ids as a list, and the place of each in it."""
        if self._order is None:
            self._order = list(self.ids)
            self._places = {record_id: place for place, record_id in enumerate(self._order)}
        return self._order, self._places


class Indexes:
    """The buckets of one shop, and how often records of a type came, changed or went."""

    __slots__ = ("_buckets", "listings", "versions")

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, Any], Bucket] = {}
        self.versions: dict[str, int] = {}
        # What `listing.kept_listing` worked out: (root, sort key, reverse) -> version and list.
        self.listings: dict[tuple[str, str, bool], tuple[int, Any]] = {}

    def replace(self, type_name: str, previous: Record | None, record: Record | None) -> None:
        """Follow a change of one record; None stands for one that is not there."""
        self.versions[type_name] = self.versions.get(type_name, 0) + 1
        for name in INDEXED.get(type_name, ()):
            before, after = _held(previous, name), _held(record, name)
            if before == after:
                continue
            if previous is not None:
                self._bucket(type_name, name, before).discard(previous["id"])
            if record is not None:
                self._bucket(type_name, name, after).add(record["id"])

    def bucket(self, type_name: str, name: str, value: Any) -> Bucket:
        """The ids of the records that hold a value in a field."""
        return self._buckets.get((type_name, name, value)) or Bucket()

    def ids(self, type_name: str, name: str, value: Any) -> Iterable[str]:
        """The same, only the ids."""
        return self.bucket(type_name, name, value).ids

    def _bucket(self, type_name: str, name: str, value: Any) -> Bucket:
        return self._buckets.setdefault((type_name, name, value), Bucket())


def _held(record: Record | None, name: str) -> Any:
    """What a record holds in a field; a record that is not there holds what no record can."""
    if record is None:
        return Indexes
    value = record.get(name)
    return value["id"] if isinstance(value, dict) else value
