"""A shop that answers what a test tells it to, over httpx's mock transport, and remembers what it was asked."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from connectors.shopify.channel import ShopifyChannel, open_channel
from connectors.shopify.products import ShopifyProducts, open_products
from connectors.shopify.settings import ShopifySettings
from connectors.shopify.stock import ShopifyStock, open_stock

SECRET = "shpss_never_to_be_seen"
Reply = httpx.Response | Exception | Mapping[str, Any]
_OPERATION = re.compile(r"(?:query|mutation) (\w+)")


def settings(**changes: Any) -> ShopifySettings:
    given = {"domain": "north.myshopify.com", "client_id": "app", "client_secret": SECRET, **changes}
    return ShopifySettings(**given)


def answer(
    data: Mapping[str, Any] | None, *, errors: Sequence[Mapping[str, Any]] | str | None = None, **cost: Any
) -> httpx.Response:
    """A GraphQL answer with the headers and the cost Shopify sends."""
    status = {"maximumAvailable": 2000, "currentlyAvailable": 1900, "restoreRate": 100}
    body: dict[str, Any] = {
        "extensions": {"cost": {"requestedQueryCost": 10, "actualQueryCost": 8, "throttleStatus": status, **cost}}
    }
    if data is not None:
        body["data"] = data
    if errors is not None:
        body["errors"] = errors
    headers = {"X-Request-Id": "req-1", "X-Shopify-API-Version": "2026-10"}
    return httpx.Response(200, json=body, headers=headers)


@dataclass
class Asked:
    """One request the shop got."""

    operation: str
    variables: dict[str, Any]
    request: httpx.Request


@dataclass
class ScriptedShop:
    """Replies per operation name, used in order; the last one stays. A callable computes its reply."""

    replies: dict[str, list[Reply | Callable[[dict[str, Any]], Reply]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    tokens: int = 0
    expires_in: int = 86399

    def on(self, operation: str, *replies: Reply | Callable[[dict[str, Any]], Reply]) -> "ScriptedShop":
        self.replies[operation] = list(replies)
        return self

    def asked_for(self, operation: str) -> list[dict[str, Any]]:
        """The variables of each call of the operation."""
        return [entry.variables for entry in self.asked if entry.operation == operation]

    def channel(self, **changes: Any) -> ShopifyChannel:
        return open_channel("north", settings(**changes), network=httpx.MockTransport(self.handle))

    def stock(self, **changes: Any) -> ShopifyStock:
        return open_stock("north", settings(**changes), network=httpx.MockTransport(self.handle))

    def products(self, **changes: Any) -> ShopifyProducts:
        return open_products("north", settings(**changes), network=httpx.MockTransport(self.handle))

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/admin/oauth/access_token":
            return self._token(request)
        if request.url.path != "/admin/api/2026-10/graphql.json":
            self.asked.append(Asked("file", {"url": str(request.url)}, request))
            return self._reply("file", {"url": str(request.url), "content": request.content})
        body = json.loads(request.content)
        found = _OPERATION.search(body["query"])
        assert found is not None
        name, variables = found[1], body.get("variables", {})
        self.asked.append(Asked(name, variables, request))
        return self._reply(name, variables)

    def _token(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(Asked("token", json.loads(request.content), request))
        if self.replies.get("token"):
            return self._reply("token", {})
        self.tokens += 1
        return httpx.Response(
            200, json={"access_token": f"shpat_{self.tokens}", "scope": "read_orders", "expires_in": self.expires_in}
        )

    def _reply(self, name: str, variables: dict[str, Any]) -> httpx.Response:
        replies = self.replies[name]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if callable(reply) and not isinstance(reply, httpx.Response):
            reply = reply(variables)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else answer(reply)
