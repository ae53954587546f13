"""The `Mappings` port over rows in memory.

A row says: for this shop, this key is that value. `*` in a key column matches anything (the shop included); `*` as
value means the same code on both sides. The most specific row wins, so a rule for all and exceptions live together.
"""

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import product

from canonical.mapping.goods import Goods
from canonical.mapping.kinds import ANY, BY_ANY_COLUMN, KEY_COLUMNS, MappingKind, MappingRow

__all__ = ["ANY", "KEY_COLUMNS", "MappingKind", "MappingRow", "TableMappings", "normal_rate"]

_NONE: Mapping[str, str] = {}


class TableMappings:
    """Implements `canonical.ports.Mappings`. Unmapped is `None`, never a guess. Give it the rows that are in force."""

    def __init__(self, rows: Iterable[MappingRow]) -> None:
        self._rows: dict[tuple[MappingKind, str, int, str], str] = {}
        self._whole: dict[tuple[MappingKind, str, tuple[str, ...]], str] = {}
        self._taxes: dict[tuple[str, str, str], list[MappingRow]] = {}
        self._places: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.rows = tuple(rows)
        self._fingerprint: str | None = None
        for row in self.rows:
            self._take(row)
        self._goods = Goods(self.rows, self.item)

    def _take(self, row: MappingRow) -> None:
        if row.kind is MappingKind.TAXES:
            title, rate = row.key[:2]
            self._taxes.setdefault((row.shop, title, normal_rate(rate)), []).append(row)
        elif row.kind in BY_ANY_COLUMN:
            for column, part in enumerate(row.key):
                if part:
                    self._rows[row.kind, row.shop, column, part] = row.value
        else:
            self._whole[row.kind, row.shop, row.key] = row.value
        if row.kind is MappingKind.LOCATIONS:
            self._places.setdefault((row.shop, row.value), []).append((row.key[0], row.key[1]))

    @property
    def fingerprint(self) -> str:
        """Changes when any row changes; the order of rows is no change. How flows notice that a mapping was added."""
        if self._fingerprint is None:
            self._fingerprint = _fingerprint(self.rows)
        return self._fingerprint

    def fingerprints(self) -> dict[str, str]:
        """The same for each kind, short: so that flows know which documents a change concerns."""
        by_kind: dict[str, list[MappingRow]] = {}
        for row in self.rows:
            by_kind.setdefault(row.kind.value, []).append(row)
        return {kind: _fingerprint(rows)[:16] for kind, rows in by_kind.items()}

    def item(
        self,
        shop: str,
        sku: str | None,
        variant_id: str | None,
        barcode: str | None = None,
        inventory_item_id: str | None = None,
    ) -> str | None:
        """By SKU, then by variant id: a SKU is what both sides print, a variant id outlives a renamed SKU."""
        return self._find(MappingKind.ITEMS, shop, sku, variant_id, barcode, inventory_item_id)

    def components(self, shop: str, sku: str | None, variant_id: str | None) -> tuple[tuple[str, Decimal], ...] | None:
        """What stock one unit takes: the components of a kit, or the one item. Kits in kits are opened."""
        return self._goods.components(shop, sku, variant_id)

    def channel_skus(self, shop: str, item: str) -> tuple[str, ...]:
        """Every SKU of the channel that takes stock of the item, kits included, sorted."""
        return self._goods.channel_skus(shop, item)

    def unit(self, system: str, item: str, code: str) -> Fraction | None:
        """Base units in one of this unit; the row of the item goes before that of every item."""
        value = self._match(MappingKind.UNITS, system, item, code)
        return None if value is None else Fraction(value)

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

    def carrier(self, shop: str, name: str) -> str | None:
        """By the carrier's name as the warehouse writes it."""
        return self._find(MappingKind.CARRIERS, shop, name)

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None:
        """By the location's id, then by its name."""
        return self._find(MappingKind.LOCATIONS, shop, location_id, name)

    def channel_location(self, shop: str, canonical: str, ids: Mapping[str, str] = _NONE) -> str | None:
        """Back to the channel's id. Rows that know only a name find it in `ids` (the channel's name -> id).

        A rule row (`*` = `*`) says that the channel's id, or its name, is the canonical code itself.
        """
        for scope in (shop, ANY):
            for location_id, name in self._places.get((scope, canonical), ()):
                found = location_id if location_id not in ("", ANY) else ids.get(name)
                if found is not None:
                    return found
        for scope in (shop, ANY):
            for location_id, name in self._places.get((scope, ANY), ()):
                found = canonical if location_id == ANY else ids.get(canonical) if name == ANY else None
                if found is not None and self.location(shop, found, canonical) == canonical:
                    return found
        return None

    def stock_location(self, system: str, native_code: str) -> str | None:
        """The canonical location behind a location code of an ERP or WMS."""
        return self._match(MappingKind.STOCK_LOCATIONS, system, native_code)

    def payment_method(self, shop: str, gateway: str) -> str | None:
        """By gateway."""
        return self._find(MappingKind.PAYMENT_METHODS, shop, gateway)

    def account_item(self, shop: str, purpose: str) -> str | None:
        """The ERP item that stands for shipping, tip, duty, fee, gift_card, cash_rounding."""
        return self._find(MappingKind.ACCOUNT_ITEMS, shop, purpose)

    def account(self, shop: str, company_id: str, location_id: str | None) -> str | None:
        """The ERP account of a company location; of the company where the location has none of its own."""
        for key in ((company_id, location_id or ""), (company_id, "")):
            for scope in (shop, ANY):
                if (value := self._whole.get((MappingKind.ACCOUNTS, scope, key))) is not None:
                    return value
        return None

    def reason(self, shop: str, kind: str, code: str) -> str | None:
        """By what it is a reason for (fulfillment, return, cancel, movement) and the code."""
        return self._match(MappingKind.REASONS, shop, kind, code)

    def status(self, shop: str, kind: str, code: str) -> str | None:
        """By what it is a status of (order, shipment, product) and the code."""
        return self._match(MappingKind.STATUSES, shop, kind, code)

    def price_list(self, shop: str, code: str) -> str | None:
        """The price list of the channel behind the ERP's code."""
        return self._find(MappingKind.PRICE_LISTS, shop, code)

    def _find(self, kind: MappingKind, shop: str, *parts: str | None) -> str | None:
        """Exact matches before rules: each column in turn, the shop's own row before that of every shop."""
        exact = [(column, part, part) for column, part in enumerate(parts) if part]
        for column, part, looked_for in (*exact, *((column, part, ANY) for column, part, _ in exact)):
            for scope in (shop, ANY):
                value = self._rows.get((kind, scope, column, looked_for))
                if value is not None:
                    return part if value == ANY else value
        return None

    def _match(self, kind: MappingKind, scope: str, *parts: str) -> str | None:
        """By the whole key, exact parts before `*`; the own row of the shop or system first."""
        for key in product(*((part, ANY) for part in parts)):
            for owner in (scope, ANY):
                value = self._whole.get((kind, owner, key))
                if value is not None:
                    return parts[-1] if value == ANY else value
        return None


def _fingerprint(rows: Iterable[MappingRow]) -> str:
    """A digest of all rows."""
    lines = sorted("\x1f".join((*row.place[:2], *row.place[2], "", row.value)) for row in rows)
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
