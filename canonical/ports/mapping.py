"""Mapped values: how our systems name the same thing."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, runtime_checkable

from canonical.mapping.changes import Change, ChangeState, Draft, Impact, Version
from canonical.mapping.kinds import MappingKind, MappingRow


class Mappings(Protocol):
    """Mapped values. `None` means unmapped: the caller holds the document that needs it, nothing else."""

    @property
    def fingerprint(self) -> str:
        """Another text when any value changed."""
        ...

    def item(
        self,
        shop: str,
        sku: str | None,
        variant_id: str | None,
        barcode: str | None = None,
        inventory_item_id: str | None = None,
    ) -> str | None:
        """The ERP item of something the shop sells. The strongest identifier that is mapped decides: SKU first."""
        ...

    def components(self, shop: str, sku: str | None, variant_id: str | None) -> tuple[tuple[str, Decimal], ...] | None:
        """(ERP item, base units) that one unit of the SKU takes from stock: one item, or the components of a kit."""
        ...

    def channel_skus(self, shop: str, item: str) -> tuple[str, ...]:
        """Every SKU of the shop, kits included, that takes stock of the item."""
        ...

    def unit(self, system: str, item: str, code: str) -> Fraction | None:
        """Base units in one `code` of the item, as the system counts it."""
        ...

    def tax(self, shop: str, title: str, rate: str | None, country: str | None, region: str | None) -> str | None: ...

    def shipping_method(self, shop: str, code: str | None, title: str) -> str | None: ...

    def carrier(self, shop: str, name: str) -> str | None:
        """The channel's name of a carrier, as the warehouse writes it."""
        ...

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None:
        """The canonical code of a location of the channel; the ERP's warehouse goes by it."""
        ...

    def channel_location(self, shop: str, canonical: str, ids: Mapping[str, str] = ...) -> str | None:
        """Back to the channel's location id. `ids` (name -> id at the channel) serves rows that know only the name."""
        ...

    def stock_location(self, system: str, native_code: str) -> str | None:
        """The canonical code of a location of an ERP or WMS; several may be one."""
        ...

    def payment_method(self, shop: str, gateway: str) -> str | None: ...

    def account_item(self, shop: str, purpose: str) -> str | None:
        """The ERP item for shipping, tip, duty, fee, gift_card, cash_rounding."""
        ...

    def account(self, shop: str, company_id: str, location_id: str | None) -> str | None:
        """The ERP account of a company location, else of its company."""
        ...

    def reason(self, shop: str, kind: str, code: str) -> str | None: ...

    def status(self, shop: str, kind: str, code: str) -> str | None: ...

    def price_list(self, shop: str, code: str) -> str | None: ...


@runtime_checkable
class MappingBook(Protocol):
    """The mapping repository: versions of all rows, and the change sets between them. Every step is audited."""

    async def version(self) -> int:
        """The newest version; 0 when there is none yet. Cheap: flows ask with every batch."""
        ...

    async def versions(self, limit: int = 50) -> list[Version]:
        """The newest first."""
        ...

    async def rows(self, version: int | None = None, kind: MappingKind | None = None) -> list[MappingRow]:
        """The rows of a version (None: the newest), those of the future and the past too."""
        ...

    async def seed(self, rows: Sequence[MappingRow], actor: str) -> bool:
        """Make these rows version 1. False, and nothing is written, when there is a version already.

        Raises `RejectedError` when the rows contradict each other.
        """
        ...

    async def preview(self, draft: Draft) -> tuple[tuple[str, ...], Impact]:
        """What a change would contradict, in words, and what it touches. Nothing is kept."""
        ...

    async def propose(self, draft: Draft, actor: str, token: str | None = None) -> Change:
        """Check a change and look what it touches. In force at once, waiting for an approval, or refused.

        `token` says who proposes; without one it is `actor`. Kinds that need an approval need the token, too, so that
        nobody approves what he proposed under another name: raises `RejectedError` (`token_needed`, `token_unknown`).
        """
        ...

    async def decide(self, change_id: int, token: str, *, approve: bool, note: str | None = None) -> Change:
        """Approve or reject a waiting change. It is checked again against what is in force by now.

        Raises `RejectedError` when the token is unknown, lacks the role, belongs to the proposer, or the change does
        not wait; the attempt is audited. Raises `ConflictError` when it does not fit any more; then it is refused.
        """
        ...

    async def change(self, change_id: int) -> Change | None: ...

    async def changes(self, state: ChangeState | None = None, limit: int = 50) -> list[Change]:
        """The newest first."""
        ...
