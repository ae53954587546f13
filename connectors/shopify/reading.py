"""Reading orders in chunks: one request for up to 50, and the pages of the few that are longer than one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from canonical.ports.budget import Lane
from connectors.shopify.client import ShopifyClient

CHUNK = 50
"""Orders in one request. Its cost does not grow with their number, its answer does (some 10 KB each)."""

Node = dict[str, Any]


async def read_nodes(client: ShopifyClient, operation: str, order_ids: Sequence[str]) -> dict[str, Node]:
    """The order nodes by native id, complete with every page. Ids that do not exist are missing."""
    found: dict[str, Node] = {}
    for start in range(0, len(order_ids), CHUNK):
        chunk = order_ids[start : start + CHUNK]
        answer = await client.call(operation, {"ids": [gid("Order", order_id) for order_id in chunk]})
        for order_id, node in zip(chunk, answer.data.get("nodes") or (), strict=True):
            if node:
                found[order_id] = await with_all_pages(client, node)
    return found


def gid(kind: str, native_id: str) -> str:
    return f"gid://shopify/{kind}/{native_id}"


async def with_all_pages(client: ShopifyClient, node: Node) -> Node:
    """An order node, its connections read to their ends."""
    name = str(node.get("name") or node["id"])
    if "lineItems" in node:
        await extend(client, node["lineItems"], "order_lines", node["id"], ("order", "lineItems"), name)
    for shipped in node.get("fulfillments") or ():
        path = ("fulfillment", "fulfillmentLineItems")
        await extend(client, shipped["fulfillmentLineItems"], "fulfillment_lines", shipped["id"], path, name)
    orders = node["fulfillmentOrders"]
    path = ("order", "fulfillmentOrders")
    await extend(client, orders, "order_fulfillment_orders", node["id"], path, name)
    for entry in orders["nodes"]:
        path = ("fulfillmentOrder", "lineItems")
        await extend(client, entry["lineItems"], "fulfillment_order_lines", entry["id"], path, name)
    return node


async def extend(
    client: ShopifyClient, page: Node, operation: str, owner: str, path: Iterable[str], document: str
) -> None:
    """Append the following pages to a connection that was read in part."""
    info: Mapping[str, Any] = page.get("pageInfo") or {}
    while info.get("hasNextPage"):
        variables = {"id": owner, "after": info["endCursor"]}
        answer = await client.call(operation, variables, lane=Lane.ORDERS, document=document)
        following: Any = answer.data
        for name in path:
            following = (following or {}).get(name)
        if not following:
            break  # the owner was deleted between two pages
        page["nodes"] += following["nodes"]
        info = following["pageInfo"]
