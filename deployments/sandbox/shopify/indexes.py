"""Records found by what they hold, without looking at every record: a level by its item, an item by its SKU."""

from collections.abc import Iterable
from typing import Any

from deployments.sandbox.shopify.records import Record

# Record type -> fields it can be found by; of a reference the id counts, of a list each of its rows.
# `sku~` finds whatever the case, as a search does.
INDEXED: dict[str, tuple[str, ...]] = {
    "Collection": ("handle",),
    "FixedPrice": ("priceList",),
    "InventoryItem": ("sku", "sku~"),
    "InventoryLevel": ("item", "location"),
    "Metafield": ("value",),
    "Product": ("handle", "collections", "media"),
    "ProductVariant": ("sku~", "barcode~", "media"),
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
            key = name.removesuffix("~")
            if previous is not None and record is not None and previous.get(key) is record.get(key):
                continue  # most changes leave what a record is found by untouched
            before, after = _held(previous, name), _held(record, name)
            if before == after:
                continue
            for value in before:
                if value not in after:
                    self._bucket(type_name, name, value).discard(previous["id"])  # type: ignore[index]
            for value in after:
                if value not in before:
                    self._bucket(type_name, name, value).add(record["id"])  # type: ignore[index]

    def bucket(self, type_name: str, name: str, value: Any) -> Bucket:
        """The ids of the records that hold a value in a field."""
        return self._buckets.get((type_name, name, value)) or Bucket()

    def ids(self, type_name: str, name: str, value: Any) -> Iterable[str]:
        """The same, only the ids."""
        return self.bucket(type_name, name, value).ids

    def _bucket(self, type_name: str, name: str, value: Any) -> Bucket:
        return self._buckets.setdefault((type_name, name, value), Bucket())


def _held(record: Record | None, name: str) -> tuple[Any, ...]:
    """What a record can be found by in a field; nothing when it is not there."""
    if record is None:
        return ()
    value = record.get(name.removesuffix("~"))
    if isinstance(value, list):
        return tuple(one["id"] for one in value)
    if isinstance(value, dict):
        return (value["id"],)
    return (value.lower(),) if isinstance(value, str) and name.endswith("~") else (value,)
