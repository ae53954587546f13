"""The `Mappings` port over rows in memory.

A row says: for this shop, this key is that value. `*` in a key column matches anything (the shop included); `*` as
value means the same code on both sides. The most specific row wins, so a rule for all and exceptions live together.
"""

import hashlib
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from canonical.model import Code, Model

ANY = "*"


class MappingKind(StrEnum):
    """What is mapped; also the name of its seed file."""

    ITEMS = "items"
    TAXES = "taxes"
    SHIPPING_METHODS = "shipping_methods"
    LOCATIONS = "locations"
    PAYMENT_METHODS = "payment_methods"
    ACCOUNT_ITEMS = "account_items"


KEY_COLUMNS: dict[MappingKind, tuple[str, ...]] = {
    MappingKind.ITEMS: ("sku", "variant_id"),
    MappingKind.TAXES: ("title", "rate", "country", "region"),
    MappingKind.SHIPPING_METHODS: ("code", "title"),
    MappingKind.LOCATIONS: ("location_id", "name"),
    MappingKind.PAYMENT_METHODS: ("gateway",),
    MappingKind.ACCOUNT_ITEMS: ("purpose",),
}
"""The key of each kind, the strongest column first: a SKU goes before a variant id, an id before a name."""


class MappingRow(Model):
    """One mapped value. `key` follows `KEY_COLUMNS`; an empty part is one the row says nothing about."""

    kind: MappingKind
    shop: Code
    key: tuple[str, ...]
    value: Code


class TableMappings:
    """Implements `canonical.ports.Mappings`. Unmapped is `None`, never a guess."""

    def __init__(self, rows: Iterable[MappingRow]) -> None:
        self._rows: dict[tuple[MappingKind, str, int, str], str] = {}
        self._taxes: dict[tuple[str, str, str], list[MappingRow]] = {}
        every = list(rows)
        self._fingerprint = _fingerprint(every)
        for row in every:
            if row.kind is MappingKind.TAXES:
                title, rate = row.key[:2]
                self._taxes.setdefault((row.shop, title, normal_rate(rate)), []).append(row)
                continue
            for column, part in enumerate(row.key):
                if part:
                    self._rows[row.kind, row.shop, column, part] = row.value

    @property
    def fingerprint(self) -> str:
        """Changes when any row changes; the order of rows is no change. How flows notice that a mapping was added."""
        return self._fingerprint

    def item(self, shop: str, sku: str | None, variant_id: str | None) -> str | None:
        """By SKU, then by variant id: a SKU is what both sides print, a variant id outlives a renamed SKU."""
        return self._find(MappingKind.ITEMS, shop, sku, variant_id)

    def tax(self, shop: str, title: str, rate: str | None, country: str | None, region: str | None) -> str | None:
        """By title and rate, the row of the region before that of the country before that for everywhere.

        Where the destination is not known (a sale at a counter) the row is taken only if it is the only one.
        """
        rows = [
            row for scope in (shop, ANY) for row in self._taxes.get((scope, title, normal_rate(rate or "")), ())
        ]  # fmt: skip
        if country is None:
            codes = {row.value for row in rows}
            return codes.pop() if len(codes) == 1 else None
        for scope in (shop, ANY):
            for place in ((country, region or ANY), (country, ANY), (ANY, ANY)):
                for row in rows:
                    if row.shop == scope and row.key[2:] == place:
                        return row.value
        return None

    def shipping_method(self, shop: str, code: str | None, title: str) -> str | None:
        """By the method's code, then by its title."""
        return self._find(MappingKind.SHIPPING_METHODS, shop, code, title)

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None:
        """By the location's id, then by its name."""
        return self._find(MappingKind.LOCATIONS, shop, location_id, name)

    def payment_method(self, shop: str, gateway: str) -> str | None:
        """By gateway."""
        return self._find(MappingKind.PAYMENT_METHODS, shop, gateway)

    def account_item(self, shop: str, purpose: str) -> str | None:
        """The ERP item that stands for shipping, tip, duty, fee, gift_card, cash_rounding."""
        return self._find(MappingKind.ACCOUNT_ITEMS, shop, purpose)

    def _find(self, kind: MappingKind, shop: str, *parts: str | None) -> str | None:
        """Exact matches before rules: each column in turn, the shop's own row before that of every shop."""
        exact = [(column, part, part) for column, part in enumerate(parts) if part]
        for column, part, looked_for in (*exact, *((column, part, ANY) for column, part, _ in exact)):
            for scope in (shop, ANY):
                value = self._rows.get((kind, scope, column, looked_for))
                if value is not None:
                    return part if value == ANY else value
        return None


def _fingerprint(rows: Iterable[MappingRow]) -> str:
    """A digest of all rows."""
    lines = sorted("\x1f".join((row.kind, row.shop, *row.key, row.value)) for row in rows)
    return hashlib.sha256("\x1e".join(lines).encode()).hexdigest()


def normal_rate(rate: str) -> str:
    """A rate as it is compared: `0.20` and `0.2` are one rate. Anything but a number stays as it is.

    >>> normal_rate("0.200"), normal_rate(""), normal_rate("0")
    ('0.2', '', '0')
    """
    try:
        value = Decimal(rate)
    except InvalidOperation:
        return rate
    return f"{value.normalize():f}" if value.is_finite() else rate
