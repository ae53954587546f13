"""Products: who masters them, who enriches them, and where they are shown."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from canonical.errors import RejectedError
from canonical.outcomes import Outcome
from canonical.product import Product, ProductChange, ProductRef, SourceProduct


@dataclass(frozen=True, slots=True)
class ProductReport:
    """What a source told: products it could read, errors for those it could not (with line or id), the next cursor.

    `read` names what was read whole, as `RejectedError.document` would: an error of it that is not told again is over.
    """

    products: tuple[SourceProduct, ...]
    errors: tuple[RejectedError, ...] = ()
    cursor: str | None = None
    read: frozenset[str] = frozenset()


@runtime_checkable
class ProductSource(Protocol):
    """An item master (ERP) or a product information system (PIM, feed). `system` is its name in the landscape."""

    system: str

    def changes(self, cursor: str | None) -> AsyncIterator[ProductReport]:
        """Whole products that changed since the cursor (None: all), in parts of at most 500; overlapping a little.

        A product that went out of sale is reported with status archived, never left out.
        """
        ...

    async def products(self, keys: Sequence[str]) -> ProductReport:
        """These products now."""
        ...

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ChannelProduct:
    """A product as the channel has it: `ref`, its content in our words, and SKU -> variant id, doubled ones too."""

    ref: ProductRef
    product: Product


class Pictures(Protocol):
    """Who reads a picture that a channel cannot fetch by itself: a file of the feed, on SFTP, in an object store."""

    async def picture(self, url: str) -> bytes:
        """Its content. Raises `RejectedError` naming the address when it cannot be read."""
        ...


@runtime_checkable
class ProductChannel(Protocol):
    """A shop that shows products. One instance serves one shop."""

    shop: str
    bulk_from: int
    """From so many changed products on `publish_many` is cheaper than one call each."""

    async def read_products(self, ids: Sequence[str]) -> Mapping[str, ChannelProduct]:
        """Whole products by the channel's id."""
        ...

    async def match(self, skus: Sequence[str], barcodes: Sequence[str]) -> "Matches":
        """Which products have variants with these SKUs or barcodes (both exact, case kept)."""
        ...

    async def publish(self, changes: Sequence[ProductChange]) -> list[Outcome[ProductRef]]:
        """Write each product by a call of its own; one bad product fails alone. Safe to repeat: never a second one."""
        ...

    async def publish_many(self, changes: Sequence[ProductChange]) -> list[Outcome[ProductRef]]:
        """The same by a bulk mutation: staged upload, start, wait, one result per product."""
        ...

    def snapshot(self) -> AsyncIterator[ChannelProduct]:
        """All products of the shop, by a bulk read."""
        ...

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Matches:
    """Found at the channel: (product id, variant id) by SKU and by barcode; several where it is doubled there."""

    by_sku: Mapping[str, tuple[tuple[str, str], ...]]
    by_barcode: Mapping[str, tuple[tuple[str, str], ...]]


@runtime_checkable
class PictureProbe(Protocol):
    """Who looks whether pictures can be fetched, before a product with dead ones is published."""

    async def unreachable(self, urls: Sequence[str]) -> Mapping[str, str]:
        """Those that cannot be fetched, each with the reason in words. Short time-outs; answers are kept a while."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PublishedProduct:
    """What we last wrote to a shop: the digest of the content, the channel's ids, and prices for the band.

    `version` counts our publications of it, so that the way back to an earlier content is a change of its own.
    """

    shop: str
    key: str
    digest: str
    ref: ProductRef
    prices: Mapping[str, str]  # SKU -> amount
    status: str
    version: int
    published_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class WithheldProduct:
    """Content that waits for an approval: exactly this digest is allowed once the approval is given."""

    shop: str
    key: str
    digest: str
    kind: str  # price_jump, mass_archive
    approval_id: int


@runtime_checkable
class ProductBook(Protocol):
    """What the state store remembers of products: source records, what was published where, what is withheld."""

    async def save_sources(self, products: Sequence[SourceProduct]) -> frozenset[str]:
        """Write what is newer; the keys that changed. Twice is once. Of two of one moment the later written counts."""
        ...

    async def sources(self, keys: Sequence[str] | None = None) -> list[SourceProduct]: ...

    async def related(self, keys: Sequence[str]) -> list[SourceProduct]:
        """The records with these keys, and all that share a SKU with them, directly or over another record."""
        ...

    async def source_digests(self, source: str, company: str | None, keys: Sequence[str]) -> Mapping[str, str]:
        """`canonical.product_content.source_digest` of what stands, by key."""
        ...

    async def all_keys(self) -> list[str]:
        """The keys of every record, sorted."""
        ...

    async def keys_with_skus(self, source: str, company: str | None, skus: Sequence[str]) -> Mapping[str, set[str]]:
        """Which records of a source name each SKU; archived ones do not count."""
        ...

    async def published(self, shop: str, keys: Sequence[str] | None = None) -> dict[str, PublishedProduct]: ...

    async def save_published(self, products: Sequence[PublishedProduct]) -> None:
        """Write, where the version is newer. Raises `ConflictError` when the channel's product is another key's."""
        ...

    async def by_channel_ids(self, shop: str, product_ids: Sequence[str]) -> dict[str, str]:
        """Our key by the channel's product id."""
        ...

    async def status_counts(self, shop: str) -> Mapping[str, int]:
        """How many published products have each status."""
        ...

    async def withheld(self, shop: str, keys: Sequence[str] | None = None) -> list[WithheldProduct]: ...

    async def withhold(self, products: Sequence[WithheldProduct]) -> None:
        """Remember, or replace what was remembered of the same products."""
        ...

    async def let_go(self, shop: str, keys: Sequence[str]) -> None:
        """Forget that these were withheld."""
        ...
