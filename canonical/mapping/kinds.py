"""What can be mapped: the kinds, their columns, and which of them a second person approves."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import ValidationInfo, field_validator

from canonical.model import Code, Model, Utc

ANY: Final = "*"


class MappingKind(StrEnum):
    """What is mapped; also the name of its CSV file."""

    ITEMS = "items"  # what the channel sells -> ERP item: by SKU, variant id, barcode (GTIN) or inventory item id
    KITS = "kits"  # a channel SKU that takes stock of several ERP items: one row a component, the value is how many
    UNITS = "units"  # a unit of measure of a system -> base units in one of it, as an exact fraction
    TAXES = "taxes"
    SHIPPING_METHODS = "shipping_methods"
    CARRIERS = "carriers"  # as the warehouse writes it -> as the channel knows it
    LOCATIONS = "locations"  # a location of the channel <-> the canonical one
    STOCK_LOCATIONS = "stock_locations"  # a location of an ERP or WMS -> the canonical one; several may be one
    PAYMENT_METHODS = "payment_methods"
    ACCOUNT_ITEMS = "account_items"
    ACCOUNTS = "accounts"  # company and company location -> ERP account
    REASONS = "reasons"  # fulfillment, return, cancel reasons; reasons of stock movements
    STATUSES = "statuses"
    PRICE_LISTS = "price_lists"


KEY_COLUMNS: Final[dict[MappingKind, tuple[str, ...]]] = {
    MappingKind.ITEMS: ("sku", "variant_id", "barcode", "inventory_item_id"),
    MappingKind.KITS: ("sku", "item"),
    MappingKind.UNITS: ("item", "unit"),
    MappingKind.TAXES: ("title", "rate", "country", "region"),
    MappingKind.SHIPPING_METHODS: ("code", "title"),
    MappingKind.CARRIERS: ("name",),
    MappingKind.LOCATIONS: ("location_id", "name"),
    MappingKind.STOCK_LOCATIONS: ("native_code",),
    MappingKind.PAYMENT_METHODS: ("gateway",),
    MappingKind.ACCOUNT_ITEMS: ("purpose",),
    MappingKind.ACCOUNTS: ("company_id", "location_id"),
    MappingKind.REASONS: ("kind", "code"),
    MappingKind.STATUSES: ("kind", "code"),
    MappingKind.PRICE_LISTS: ("code",),
}
"""The key of each kind, the strongest column first: a SKU goes before a variant id, an id before a name."""

OPTIONAL_COLUMNS: Final = frozenset({"barcode", "inventory_item_id", "valid_from", "valid_to"})
"""A file may leave them out; then they are blank."""

BY_ANY_COLUMN: Final = frozenset({
    MappingKind.ITEMS, MappingKind.SHIPPING_METHODS, MappingKind.CARRIERS, MappingKind.LOCATIONS,
    MappingKind.PAYMENT_METHODS, MappingKind.ACCOUNT_ITEMS, MappingKind.PRICE_LISTS,
})  # fmt: skip
"""Kinds in which each filled column finds the row by itself. In the others only the whole key does."""

APPROVED_BY_ANOTHER: Final = frozenset({
    MappingKind.TAXES, MappingKind.ACCOUNT_ITEMS, MappingKind.PAYMENT_METHODS, MappingKind.PRICE_LISTS,
})  # fmt: skip
"""What moves money in the books: a change waits for a second person."""


def scope_column(kind: MappingKind) -> str:
    """Whose code it is: of a shop, or of a system of the back office."""
    return "system" if kind in (MappingKind.UNITS, MappingKind.STOCK_LOCATIONS) else "shop"


class MappingRow(Model):
    """One mapped value. `key` follows `KEY_COLUMNS`; an empty part is one the row says nothing about, and parts that
    are left out at its end are empty.

    `shop` is the shop, or the system for kinds of the back office (`scope_column`); `*` is every one. In force from
    `valid_from` (inclusive) to `valid_to` (exclusive), UTC; without them always.
    """

    kind: MappingKind
    shop: Code
    key: tuple[str, ...]
    value: Code
    valid_from: Utc | None = None
    valid_to: Utc | None = None

    @field_validator("key")
    @classmethod
    def _whole_key(cls, key: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        columns = KEY_COLUMNS[info.data["kind"]] if "kind" in info.data else key
        if len(key) > len(columns):
            raise ValueError(f"a key has {len(columns)} parts")
        return key + ("",) * (len(columns) - len(key))

    @property
    def place(self) -> tuple[str, str, tuple[str, ...]]:
        """What the row is about: kind, shop, key."""
        return (self.kind.value, self.shop, self.key)

    def holds(self, moment: datetime) -> bool:
        """Whether the row is in force at the moment."""
        return (self.valid_from is None or self.valid_from <= moment) and (
            self.valid_to is None or moment < self.valid_to
        )

    def words(self) -> str:
        """The row as a person names it.

        >>> MappingRow(kind=MappingKind.ITEMS, shop="north", key=("TEE-1", ""), value="A").words()
        'items of north, sku TEE-1 = A'
        """
        named = zip(KEY_COLUMNS[self.kind], self.key, strict=False)
        key = ", ".join(f"{column} {part}" for column, part in named if part)
        return f"{self.kind} of {'all' if self.shop == ANY else self.shop}, {key} = {self.value}"


def in_force(rows: Iterable[MappingRow], moment: datetime) -> list[MappingRow]:
    """The rows that hold at the moment."""
    return [row for row in rows if row.holds(moment)]


def next_turn(rows: Iterable[MappingRow], moment: datetime) -> datetime | None:
    """When a row begins or ends next after the moment; None when nothing will."""
    turns = (turn for row in rows for turn in (row.valid_from, row.valid_to) if turn is not None and turn > moment)
    return min(turns, default=None)
