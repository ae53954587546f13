"""How a shop is set up: `canonical.ports.readiness.ChannelSetup`."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import httpx

from canonical.ports.budget import CostBudget, Lane
from canonical.ports.readiness import ApiVersion, ChannelCustomer, Subscription
from connectors.shopify.access import SCOPES, lacking
from connectors.shopify.client import ShopifyClient, open_client
from connectors.shopify.settings import ShopifySettings

DAY_OF_END = 16
"""A version that came on the first of a month is served for a year and a fortnight."""


class ShopifySetup:
    """Reads only, in the last lane: a doctor never delays an order."""

    def __init__(self, shop: str, settings: ShopifySettings, client: ShopifyClient) -> None:
        self.shop, self._settings, self._client = shop, settings, client

    async def locations(self) -> dict[str, str]:
        """As `ChannelSetup.locations`."""
        return {_number(node["id"]): node["name"] async for node in self._pages("list_locations", "locations")}

    async def missing_scopes(self) -> list[str]:
        """As `ChannelSetup.missing_scopes`."""
        data = (await self._client.call("check_access", {}, lane=Lane.CATALOGUE)).data
        granted = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
        return lacking(granted, SCOPES)

    async def subscriptions(self) -> list[Subscription]:
        """As `ChannelSetup.subscriptions`; topics as Shopify writes them in a webhook's header."""
        names = {topic.upper().replace("/", "_"): topic for topic in self._settings.topics}
        found = self._pages("list_subscriptions", "webhookSubscriptions")
        return [Subscription(names.get(node["topic"], node["topic"]), node["uri"]) async for node in found]

    async def missing_topics(self, uri: str | None = None) -> list[str]:
        """As `ChannelSetup.missing_topics`."""
        delivered = {one.topic for one in await self.subscriptions() if uri is None or one.uri == uri}
        return [topic for topic in self._settings.topics if topic not in delivered]

    async def api_version(self) -> ApiVersion:
        """As `ChannelSetup.api_version`."""
        data = (await self._client.call("list_api_versions", {}, lane=Lane.CATALOGUE)).data
        name = self._settings.api_version
        served = {version["handle"] for version in data["publicApiVersions"] if version["supported"]}
        year, month = (int(part) for part in name.split("-"))
        return ApiVersion(name, date(year + 1, month, DAY_OF_END), name in served)

    async def customers(self, limit: int) -> AsyncIterator[ChannelCustomer]:
        """As `ChannelSetup.customers`."""
        read = 0
        async for node in self._pages("list_customers", "customers"):
            if (read := read + 1) > limit:
                return
            yield ChannelCustomer(_number(node["id"]), (node["defaultEmailAddress"] or {}).get("emailAddress"))

    @property
    def notices(self) -> frozenset[str]:
        """As `ChannelSetup.notices`."""
        return frozenset(self._client.notices)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _pages(self, operation: str, field: str) -> AsyncIterator[dict[str, Any]]:
        after: str | None = None
        while True:
            page = (await self._client.call(operation, {"after": after}, lane=Lane.CATALOGUE)).data[field]
            nodes: Sequence[dict[str, Any]] = page["nodes"]
            for node in nodes:
                yield node
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]


def _number(gid: str) -> str:
    return gid.rsplit("/", 1)[-1].split("?")[0]


def open_setup(
    shop: str,
    settings: ShopifySettings,
    *,
    network: httpx.AsyncBaseTransport | None = None,
    budget: CostBudget | None = None,
) -> ShopifySetup:
    """The set-up of a shop; connects at the first call. `network` and `budget` are replaced by tests."""
    return ShopifySetup(shop, settings, open_client(settings, network=network, budget=budget))
