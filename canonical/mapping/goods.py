"""Items and kits: what stock a SKU of the channel takes, and which SKUs an item is part of."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from canonical.mapping.kinds import ANY, MappingKind, MappingRow

_ONE: Final = Decimal(1)
Kit = dict[str, Decimal]


class Goods:
    """Over the item and kit rows. `item` is the table's own look-up by shop, SKU and variant id.

    A kit's row in `items` says what the ERP books; its rows here say what stock it takes.
    """

    def __init__(self, rows: Iterable[MappingRow], item: Callable[[str, str | None, str | None], str | None]) -> None:
        self._item = item
        self._kits: dict[tuple[str, str], Kit] = {}
        self._skus: dict[str, set[str]] = {}
        for row in rows:
            if row.kind is MappingKind.KITS:
                self._kits.setdefault((row.shop, row.key[0]), {})[row.key[1]] = Decimal(row.value)
                self._skus.setdefault(row.shop, set()).add(row.key[0])
            elif row.kind is MappingKind.ITEMS and row.key[0] not in ("", ANY):
                self._skus.setdefault(row.shop, set()).add(row.key[0])
        self._behind: dict[str, dict[str, tuple[str, ...]]] = {}

    def components(self, shop: str, sku: str | None, variant_id: str | None) -> tuple[tuple[str, Decimal], ...] | None:
        """(item, how many) for one unit, sorted by item; None when unmapped."""
        if sku and self._kit(shop, sku) is not None:
            found: Kit = {}
            self._open(shop, sku, _ONE, found, frozenset())
            return tuple(sorted(found.items()))
        item = self._item(shop, sku, variant_id)
        return None if item is None else ((item, _ONE),)

    def channel_skus(self, shop: str, item: str) -> tuple[str, ...]:
        """Sorted; an item that a rule row maps to itself counts as a SKU."""
        if shop not in self._behind:
            self._behind[shop] = self._reverse(shop)
        found = self._behind[shop].get(item, ())
        if item not in found and self._kit(shop, item) is None and self._item(shop, item, None) == item:
            return tuple(sorted((*found, item)))
        return found

    def _reverse(self, shop: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for sku in sorted(self._skus.get(shop, set()) | self._skus.get(ANY, set())):
            for item, _ in self.components(shop, sku, None) or ():
                found.setdefault(item, []).append(sku)
        return {item: tuple(skus) for item, skus in found.items()}

    def _kit(self, shop: str, sku: str) -> Kit | None:
        return self._kits.get((shop, sku)) or self._kits.get((ANY, sku))

    def _open(self, shop: str, sku: str, times: Decimal, found: Kit, above: frozenset[str]) -> None:
        for item, quantity in (self._kit(shop, sku) or {}).items():
            if item not in above and item != sku and self._kit(shop, item) is not None:
                self._open(shop, item, times * quantity, found, above | {sku})
            else:
                found[item] = found.get(item, Decimal(0)) + times * quantity
