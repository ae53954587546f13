"""Answers from a mapping table that may be replaced while flows run."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from canonical.ids import digest
from canonical.mapping.table import TableMappings

_NONE: Mapping[str, str] = {}


class RenewableMappings:
    """Implements `canonical.ports.Mappings` over `table`; who inherits replaces it. `problem` says what is wrong."""

    table: TableMappings
    problem: str | None = None
    _names: Mapping[str, Mapping[str, str]] = {}
    _ids: Mapping[str, Mapping[str, str]] = {}
    _named = ""

    def know(self, names: Mapping[str, Mapping[str, str]]) -> None:
        """What shops call their locations, id -> name: so that rows which know only a name answer to an id, too."""
        if names == self._names:
            return
        self._names = {shop: dict(known) for shop, known in names.items()}
        self._ids = {shop: {name: place for place, name in known.items()} for shop, known in names.items()}
        self._named = digest(self._names)[:16]

    @property
    def fingerprint(self) -> str:
        return f"{self.table.fingerprint}{self._named}"

    def fingerprints(self) -> dict[str, str]:
        return self.table.fingerprints() | ({"location_names": self._named} if self._named else {})

    def item(
        self,
        shop: str,
        sku: str | None,
        variant_id: str | None,
        barcode: str | None = None,
        inventory_item_id: str | None = None,
    ) -> str | None:
        return self.table.item(shop, sku, variant_id, barcode, inventory_item_id)

    def components(self, shop: str, sku: str | None, variant_id: str | None) -> tuple[tuple[str, Decimal], ...] | None:
        return self.table.components(shop, sku, variant_id)

    def channel_skus(self, shop: str, item: str) -> tuple[str, ...]:
        return self.table.channel_skus(shop, item)

    def unit(self, system: str, item: str, code: str) -> Fraction | None:
        return self.table.unit(system, item, code)

    def tax(self, shop: str, title: str, rate: str | None, country: str | None, region: str | None) -> str | None:
        return self.table.tax(shop, title, rate, country, region)

    def shipping_method(self, shop: str, code: str | None, title: str) -> str | None:
        return self.table.shipping_method(shop, code, title)

    def carrier(self, shop: str, name: str) -> str | None:
        return self.table.carrier(shop, name)

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None:
        known = self._names.get(shop, _NONE).get(location_id or "")
        return self.table.location(shop, location_id, name or known)

    def channel_location(self, shop: str, canonical: str, ids: Mapping[str, str] = _NONE) -> str | None:
        return self.table.channel_location(shop, canonical, ids or self._ids.get(shop, _NONE))

    def stock_location(self, system: str, native_code: str) -> str | None:
        return self.table.stock_location(system, native_code)

    def payment_method(self, shop: str, gateway: str) -> str | None:
        return self.table.payment_method(shop, gateway)

    def account_item(self, shop: str, purpose: str) -> str | None:
        return self.table.account_item(shop, purpose)

    def account(self, shop: str, company_id: str, location_id: str | None) -> str | None:
        return self.table.account(shop, company_id, location_id)

    def reason(self, shop: str, kind: str, code: str) -> str | None:
        return self.table.reason(shop, kind, code)

    def status(self, shop: str, kind: str, code: str) -> str | None:
        return self.table.status(shop, kind, code)

    def price_list(self, shop: str, code: str) -> str | None:
        return self.table.price_list(shop, code)
