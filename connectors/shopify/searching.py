"""Finding orders: by time of change, by name. What is found goes to the inbox as a pointer, not as the order.

A poll meets mostly orders whose webhook came. A pointer costs a 19th of a point, the whole order three; the flow sees
from `occurred_at` (the order's own time of change) that it has the version already, and reads only what it lacks.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.records import Delivery
from connectors.shopify.client import ShopifyClient
from connectors.shopify.identify import order_id_in
from connectors.shopify.topics import CHANNEL, ORDERS, POLLED

REACH = 24_750
"""Rows read with one search: Shopify pages no further than 25,000. The next search starts behind the last id."""
NAMES_A_SEARCH = 50


async def updated_between(client: ShopifyClient, shop: str, since: datetime, until: datetime) -> list[Delivery]:
    """A delivery for each order last changed at or after `since` and before `until`, by id.

    By id, because an order that changes while we page must not push others over a page's edge.
    """
    window = f"updated_at:>='{_time(since)}' AND updated_at:<'{_time(until)}'"
    found: dict[str, Delivery] = {}
    search: str | None = window
    while search:
        nodes, more = await _search(client, search)
        found |= {delivery.delivery_key: delivery for delivery in (_delivery(shop, node) for node in nodes)}
        search = f"{window} AND id:>{_tail(nodes[-1])}" if more and nodes else None
    return list(found.values())


async def named(client: ShopifyClient, shop: str, names: Sequence[str]) -> list[Delivery]:
    """A delivery for each order of these names. Shopify's search also finds similar ones: those are dropped."""
    found: list[Delivery] = []
    for start in range(0, len(names), NAMES_A_SEARCH):
        chunk = names[start : start + NAMES_A_SEARCH]
        nodes, _ = await _search(client, any_of("name", chunk))
        found += [_delivery(shop, node) for node in nodes if node["name"] in chunk]
    return found


def any_of(field: str, values: Sequence[str]) -> str:
    """A search for any of the values."""
    return " OR ".join(f"{field}:{_quoted(value)}" for value in values)


async def _search(client: ShopifyClient, search: str) -> tuple[list[Mapping[str, Any]], bool]:
    """The orders that match, as far as one search reaches, and whether there are more."""
    nodes: list[Mapping[str, Any]] = []
    after: str | None = None
    while len(nodes) < REACH:
        page = (await client.call("find_orders", {"search": search, "after": after})).data["orders"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes, False
        after = page["pageInfo"]["endCursor"]
    return nodes, True


def _delivery(shop: str, node: Mapping[str, Any]) -> Delivery:
    """The pointer as a delivery. Its key is order and version: polling a version twice is one delivery."""
    body = orjson.dumps({"id": node["id"], "name": node["name"], "updatedAt": node["updatedAt"]})
    order_id = order_id_in(POLLED, body) or _tail(node)
    return Delivery(
        delivery_key=delivery_key(CHANNEL, shop, f"polled/{order_id}/{node['updatedAt']}"),
        channel=CHANNEL,
        scope=shop,
        topic=POLLED,
        kind=ORDERS,
        aggregate_key=aggregate_key(shop, "order", order_id),
        correlation_id=correlation_id(shop, "order", order_id),
        occurred_at=datetime.fromisoformat(node["updatedAt"]),
        body=body,
    )


def _tail(node: Mapping[str, Any]) -> str:
    return str(node["id"]).rpartition("/")[2]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _quoted(name: str) -> str:
    """A name as a term of Shopify's search, its own quotes and backslashes escaped."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
