"""The `StockChannel` of one shop."""

from collections.abc import AsyncIterator, Mapping, Sequence

import httpx

from canonical.inventory import ChannelItem, ChannelLevel, Place, StockWrite
from canonical.outcomes import Outcome
from canonical.ports.budget import CostBudget, Lane
from canonical.ports.stock import CommittedLine
from canonical.records import Message
from connectors.shopify.access import STOCK_SCOPES, check_access
from connectors.shopify.bulk import Bulk
from connectors.shopify.client import ShopifyClient, open_client
from connectors.shopify.settings import ShopifySettings
from connectors.shopify.stock_committed import committed_lines
from connectors.shopify.stock_reading import ITEMS_A_CALL, all_levels, items_by_sku, level_in, levels_at
from connectors.shopify.stock_writing import StockWriter


class ShopifyStock:
    """Stock of one shop: figures are read and written for 250 places a call."""

    best_batch = ITEMS_A_CALL

    def __init__(self, shop: str, domain: str, client: ShopifyClient) -> None:
        self.shop, self._domain, self._client = shop, domain, client
        self._writer = StockWriter(client)

    @property
    def notices(self) -> frozenset[str]:
        """What an operator should know: another API version served, deprecated calls."""
        return frozenset(self._client.notices)

    async def find_items(self, skus: Sequence[str]) -> Mapping[str, tuple[ChannelItem, ...]]:
        """As `StockChannel.find_items`; an item that was just made may be missing, because the search lags."""
        return await items_by_sku(self._client, skus)

    async def read_levels(self, places: Sequence[Place]) -> Mapping[Place, ChannelLevel]:
        """As `StockChannel.read_levels`: one call for each location and 250 items."""
        return await levels_at(self._client, places)

    async def committed_lines(self, order_ids: Sequence[str]) -> Sequence[CommittedLine]:
        """As `StockChannel.committed_lines`: one call for 250 orders."""
        return await committed_lines(self._client, order_ids)

    async def set_available(self, writes: Sequence[StockWrite], key: str) -> list[Outcome[int]]:
        """As `StockChannel.set_available`."""
        return await self._writer.set_available(writes, key)

    async def activate(self, place: Place, available: int, key: str) -> Outcome[int]:
        """As `StockChannel.activate`."""
        return await self._writer.activate(place, available, key)

    def snapshot(self) -> AsyncIterator[ChannelLevel]:
        """As `StockChannel.snapshot`, by a bulk operation."""
        return all_levels(Bulk(self._client, Lane.INVENTORY))

    def level_of(self, message: Message) -> ChannelLevel:
        """As `StockChannel.level_of`."""
        return level_in(message)

    async def check(self) -> None:
        """As `StockChannel.check`; also names missing scopes."""
        await check_access(self._client, self._domain, STOCK_SCOPES)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def open_stock(
    shop: str,
    settings: ShopifySettings,
    *,
    network: httpx.AsyncBaseTransport | None = None,
    budget: CostBudget | None = None,
) -> ShopifyStock:
    """The stock of a shop; connects at the first call. `network` and `budget` are replaced by tests."""
    return ShopifyStock(shop, settings.domain, open_client(settings, network=network, budget=budget))
