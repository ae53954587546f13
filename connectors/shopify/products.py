"""The `ProductChannel` of one shop."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import httpx

from canonical.outcomes import Outcome
from canonical.ports.budget import CostBudget
from canonical.ports.products import ChannelProduct, Matches, Pictures
from canonical.product import ProductChange, ProductRef
from connectors.shopify.access import PRODUCT_SCOPES, check_access
from connectors.shopify.client import ShopifyClient, open_client
from connectors.shopify.products_after import Followers
from connectors.shopify.products_bulk import ProductBulk
from connectors.shopify.products_directory import Directory
from connectors.shopify.products_reading import all_products, matches, whole_products
from connectors.shopify.products_writing import ProductWriter
from connectors.shopify.settings import ShopifySettings

BULK_FROM: Final = 100
"""A bulk operation takes some seconds to begin with; a hundred single calls cost about 2,000 points."""


class ShopifyProducts:
    """Products of one shop."""

    bulk_from = BULK_FROM

    def __init__(self, shop: str, domain: str, client: ShopifyClient, pictures: Pictures | None = None) -> None:
        self.shop, self._domain, self._client = shop, domain, client
        self._directory = Directory(client)
        followers = Followers(client, self._directory)
        self._writer = ProductWriter(client, self._directory, followers, pictures)
        self._bulk = ProductBulk(client, self._writer, followers)

    @property
    def notices(self) -> frozenset[str]:
        """What an operator should know: another API version served, deprecated calls."""
        return frozenset(self._client.notices)

    async def read_products(self, ids: Sequence[str]) -> Mapping[str, ChannelProduct]:
        """As `ProductChannel.read_products`; the first 50 metafields, pictures and collections of each."""
        return await whole_products(self._client, ids, await self._directory.currency())

    async def match(self, skus: Sequence[str], barcodes: Sequence[str]) -> Matches:
        """As `ProductChannel.match`; a variant that was just made may be missing, because the search lags."""
        return await matches(self._client, skus, barcodes)

    async def publish(self, changes: Sequence[ProductChange]) -> list[Outcome[ProductRef]]:
        """As `ProductChannel.publish`."""
        return await self._writer.publish(changes)

    async def publish_many(self, changes: Sequence[ProductChange]) -> list[Outcome[ProductRef]]:
        """As `ProductChannel.publish_many`."""
        return await self._bulk.publish(changes)

    async def snapshot(self) -> AsyncIterator[ChannelProduct]:
        """As `ProductChannel.snapshot`, by a bulk operation; `publications` is empty, the rest is whole."""
        async for product in all_products(self._client, await self._directory.currency()):
            yield product

    async def check(self) -> None:
        """As `ProductChannel.check`; also names missing scopes."""
        await check_access(self._client, self._domain, PRODUCT_SCOPES)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def open_products(
    shop: str,
    settings: ShopifySettings,
    *,
    network: httpx.AsyncBaseTransport | None = None,
    budget: CostBudget | None = None,
    pictures: Pictures | None = None,
) -> ShopifyProducts:
    """The products of a shop; connects at the first call. `network` and `budget` are replaced by tests.

    `pictures` reads those that Shopify cannot fetch by http(s); without it they are refused.
    """
    client = open_client(settings, network=network, budget=budget)
    return ShopifyProducts(shop, settings.domain, client, pictures)
