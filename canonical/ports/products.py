"""Products: who masters them, who enriches them, and where they are shown."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from canonical.errors import RejectedError
from canonical.outcomes import Outcome
from canonical.product import Product, ProductChange, ProductRef, SourceProduct


@dataclass(frozen=True, slots=True)
class ProductReport:
    """What a source told: products it could read, errors for those it could not (with line or id), the next cursor."""

    products: tuple[SourceProduct, ...]
    errors: tuple[RejectedError, ...] = ()
    cursor: str | None = None


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


@dataclass(frozen=True, slots=True)
class PublishedProduct:
    """What we last wrote to a shop: the digest of the content, the channel's ids, and prices for the band."""

    shop: str
    key: str
    digest: str
    ref: ProductRef
    prices: Mapping[str, str]  # SKU -> amount
    status: str


class ProductBook(Protocol):
    """What the state store remembers of products: source records, and what was published where."""

    async def save_sources(self, products: Sequence[SourceProduct]) -> frozenset[str]:
        """Write what is newer; the keys that changed. Twice is once."""
        ...

    async def sources(self, keys: Sequence[str] | None = None) -> list[SourceProduct]: ...

    async def published(self, shop: str, keys: Sequence[str] | None = None) -> dict[str, PublishedProduct]: ...

    async def save_published(self, products: Sequence[PublishedProduct]) -> None: ...

    async def by_channel_ids(self, shop: str, product_ids: Sequence[str]) -> dict[str, str]:
        """Our key by the channel's product id."""
        ...
