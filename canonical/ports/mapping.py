"""Mapped values: how our systems name the same thing."""

from typing import Protocol


class Mappings(Protocol):
    """Mapped values. `None` means unmapped: the caller holds the document that needs it, nothing else."""

    def item(self, shop: str, sku: str | None, variant_id: str | None) -> str | None: ...

    def tax(self, shop: str, title: str, rate: str | None, country: str | None, region: str | None) -> str | None: ...

    def shipping_method(self, shop: str, code: str | None, title: str) -> str | None: ...

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None: ...

    def payment_method(self, shop: str, gateway: str) -> str | None: ...

    def account_item(self, shop: str, purpose: str) -> str | None:
        """The ERP item for shipping, tip, duty, fee, gift_card, cash_rounding."""
        ...
