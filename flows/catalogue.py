"""The product side of a runtime: who knows products, which shops show them, what is remembered of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from canonical.errors import MisconfiguredError
from canonical.landscape import EVERY_SHOP, Landscape, Role
from canonical.ports.products import ChannelProduct, PictureProbe, ProductBook, ProductChannel, ProductSource

INDEX_FOR: Final = 300.0
"""Seconds for which a shop's whole catalogue, once read, is used to match products; our own writes go by their key."""

Places = Mapping[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class ShopIndex:
    """A shop's variants by SKU and by barcode: (product id, variant id)."""

    read_at: datetime
    by_sku: Places
    by_barcode: Places


@dataclass(frozen=True)
class Catalogue:
    """`channels` by shop; `sources` by the company they speak for, `*` for those that speak for every shop.

    `problems`: sources that are not set up, in words. A house without a feed still books orders.
    """

    book: ProductBook
    channels: Mapping[str, ProductChannel]
    sources: Mapping[str, Sequence[ProductSource]]
    pictures: PictureProbe | None = None
    problems: tuple[str, ...] = ()
    indexes: dict[str, ShopIndex] = field(default_factory=dict)

    def all_sources(self) -> Iterator[tuple[str, ProductSource]]:
        """Each source once, with its scope."""
        for scope, sources in self.sources.items():
            for source in sources:
                yield scope, source

    async def index(self, shop: str, now: datetime) -> ShopIndex:
        """The shop's variants, read by one bulk read and kept for a while."""
        kept = self.indexes.get(shop)
        if kept is not None and (now - kept.read_at).total_seconds() < INDEX_FOR:
            return kept
        by_sku: dict[str, dict[tuple[str, str], None]] = {}
        by_barcode: dict[str, dict[tuple[str, str], None]] = {}
        async for found in self.channels[shop].snapshot():
            _enter(found, by_sku, by_barcode)
        made = ShopIndex(now, _frozen(by_sku), _frozen(by_barcode))
        self.indexes[shop] = made
        return made

    async def aclose(self) -> None:
        """Close every connection."""
        for channel in self.channels.values():
            await channel.aclose()
        for _, source in self.all_sources():
            await source.aclose()
        if self.pictures is not None:
            await self.pictures.aclose()


_Open = dict[str, dict[tuple[str, str], None]]


def _enter(found: ChannelProduct, by_sku: _Open, by_barcode: _Open) -> None:
    for variant in found.product.variants:
        place = (found.ref.product_id, variant.id)
        if variant.sku:
            by_sku.setdefault(variant.sku, {})[place] = None
        if variant.barcode:
            by_barcode.setdefault(variant.barcode, {})[place] = None


def _frozen(found: _Open) -> Places:
    return {value: tuple(places) for value, places in found.items()}


def open_sources(
    landscape: Landscape, opened: Callable[[str], Sequence[ProductSource]]
) -> tuple[dict[str, tuple[ProductSource, ...]], tuple[str, ...]]:
    """The sources of every shop, each once: an ERP for each company, a feed for all. And what is not set up.

    `opened` gives the sources of a shop, or raises `MisconfiguredError`.
    """
    found: dict[str, tuple[ProductSource, ...]] = {}
    problems: dict[str, None] = {}
    for company in landscape.companies:
        for shop in landscape.shops_of(company.name):
            try:
                sources = opened(shop.name)
            except MisconfiguredError as error:
                problems[str(error)] = None
                continue
            for source in sources:
                erp = landscape.system(source.system).role is Role.ERP
                scope = company.name if erp else EVERY_SHOP
                if all(known.system != source.system for known in found.get(scope, ())):
                    found[scope] = (*found.get(scope, ()), source)
    return found, tuple(problems)
