"""The `SalesChannel` of one shop."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import ParamSpec

import httpx

from canonical.errors import RejectedError
from canonical.order import Order
from canonical.outcomes import Outcome
from canonical.ports.budget import CostBudget
from canonical.records import Delivery, FieldWrite
from connectors.shopify.access import ORDER_SCOPES, check_access, ensure_subscriptions
from connectors.shopify.client import ShopifyClient, open_client
from connectors.shopify.fields import write_fields
from connectors.shopify.mapper_graphql import completed, edited_since, order_from_node
from connectors.shopify.reading import read_nodes
from connectors.shopify.searching import named, updated_between
from connectors.shopify.settings import ShopifySettings


class ShopifyChannel:
    """Orders of one shop, read in chunks of up to 50, and what is told back to it."""

    def __init__(self, shop: str, domain: str, client: ShopifyClient) -> None:
        self.shop, self._domain, self._client = shop, domain, client

    @property
    def notices(self) -> frozenset[str]:
        """What an operator should know: another API version served, deprecated calls."""
        return frozenset(self._client.notices)

    async def read_orders(self, ids: Sequence[str]) -> dict[str, Order | RejectedError]:
        """As `SalesChannel.read_orders`."""
        nodes = await read_nodes(self._client, "read_orders", list(dict.fromkeys(ids)))
        return {order_id: _or_error(order_from_node, node, self.shop) for order_id, node in nodes.items()}

    async def complete_orders(self, orders: Sequence[Order]) -> list[Order | RejectedError]:
        """As `SalesChannel.complete_orders`. One edited since its webhook is read whole; a deleted one stays."""
        nodes = await read_nodes(self._client, "complete_orders", list(dict.fromkeys(order.id for order in orders)))
        full = [_or_error(completed, order, nodes[order.id]) if order.id in nodes else order for order in orders]
        edited = [order.id for order in orders if order.id in nodes and edited_since(order, nodes[order.id])]
        fresh = await self.read_orders(edited) if edited else {}
        return [fresh.get(order.id, found) for order, found in zip(orders, full, strict=True)]

    async def orders_updated_since(self, since: datetime, until: datetime | None = None) -> list[Delivery]:
        """As `SalesChannel.orders_updated_since`; whole seconds, `since` included, `until` (default: now) not."""
        return await updated_between(self._client, self.shop, since, until or datetime.now(UTC))

    async def find_orders(self, names: Sequence[str]) -> list[Delivery]:
        """As `SalesChannel.find_orders`."""
        return await named(self._client, self.shop, list(dict.fromkeys(names)))

    async def write_back(self, updates: Sequence[FieldWrite]) -> list[Outcome[str]]:
        """As `SalesChannel.write_back`: metafields in the namespace `crossdock`."""
        return await write_fields(self._client, updates)

    async def subscribe(self, topics: Sequence[str], uri: str) -> list[str]:
        """As `SalesChannel.subscribe`."""
        return await ensure_subscriptions(self._client, topics, uri)

    async def check(self) -> None:
        """As `SalesChannel.check`; also names missing scopes."""
        await check_access(self._client, self._domain, ORDER_SCOPES)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


P = ParamSpec("P")


def _or_error(mapper: Callable[P, Order], *args: P.args, **kwargs: P.kwargs) -> Order | RejectedError:
    """The order, or why it cannot be understood: one bad order stops none of its chunk."""
    try:
        return mapper(*args, **kwargs)
    except RejectedError as error:
        return error


def open_channel(
    shop: str,
    settings: ShopifySettings,
    *,
    network: httpx.AsyncBaseTransport | None = None,
    budget: CostBudget | None = None,
) -> ShopifyChannel:
    """The channel of a shop; connects at the first call. `network` and `budget` are replaced by tests."""
    return ShopifyChannel(shop, settings.domain, open_client(settings, network=network, budget=budget))
