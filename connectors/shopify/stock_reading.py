"""Reading stock: items by SKU, what places show, all levels by a bulk operation, and what a webhook says."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from canonical.errors import RejectedError
from canonical.inventory import ChannelItem, ChannelLevel, Place
from canonical.ports.budget import Lane
from canonical.records import Message
from connectors.shopify.bulk import Bulk
from connectors.shopify.client import ShopifyClient
from connectors.shopify.documents import bulk_text
from connectors.shopify.reading import gid
from connectors.shopify.searching import any_of
from connectors.shopify.topics import LEVEL_GONE

ITEMS_A_CALL: Final = 250
"""Ids one call may carry (Shopify's limit for arrays)."""
SKUS_A_SEARCH: Final = 100

Node = dict[str, Any]


async def items_by_sku(client: ShopifyClient, skus: Sequence[str]) -> dict[str, tuple[ChannelItem, ...]]:
    """Shopify's search ignores case and finds similar ones: only what carries the very SKU counts."""
    found: dict[str, dict[str, ChannelItem]] = {}
    wanted = [sku for sku in dict.fromkeys(skus) if sku.strip()]
    for start in range(0, len(wanted), SKUS_A_SEARCH):
        chunk = wanted[start : start + SKUS_A_SEARCH]
        async for node in variants(client, any_of("sku", chunk), Lane.INVENTORY):
            if node["sku"] in chunk:
                item = _item(node)
                found.setdefault(node["sku"], {})[item.item_id] = item
    return {sku: tuple(items[item_id] for item_id in sorted(items, key=int)) for sku, items in found.items()}


async def variants(client: ShopifyClient, search: str, lane: Lane) -> AsyncIterator[Node]:
    """The variants that match a search, to the last page."""
    after: str | None = None
    while True:
        answer = await client.call("find_variants", {"search": search, "after": after}, lane=lane)
        page = answer.data["productVariants"]
        for node in page["nodes"]:
            yield node
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


async def levels_at(client: ShopifyClient, places: Sequence[Place]) -> dict[Place, ChannelLevel]:
    """One call for up to 250 items of a location: available and committed are of one moment."""
    items: dict[str, list[str]] = {}
    for place in dict.fromkeys(places):
        if is_id(place.item_id) and is_id(place.location_id):
            items.setdefault(place.location_id, []).append(place.item_id)
    found: dict[Place, ChannelLevel] = {}
    for location_id, item_ids in items.items():
        for start in range(0, len(item_ids), ITEMS_A_CALL):
            chunk = item_ids[start : start + ITEMS_A_CALL]
            found |= await _levels(client, location_id, chunk)
    return found


async def _levels(client: ShopifyClient, location_id: str, item_ids: Sequence[str]) -> dict[Place, ChannelLevel]:
    variables = {
        "items": [gid("InventoryItem", item_id) for item_id in item_ids],
        "location": gid("Location", location_id),
    }
    answer = await client.call("read_levels", variables, lane=Lane.INVENTORY)
    found: dict[Place, ChannelLevel] = {}
    for item_id, node in zip(item_ids, answer.data.get("nodes") or (), strict=True):
        if node:
            place = Place(item_id=item_id, location_id=location_id)
            found[place] = _level(place, node, node["inventoryLevel"])
    return found


async def all_levels(bulk: Bulk) -> AsyncIterator[ChannelLevel]:
    """Every level of the shop. Rows of items are passed over: each level names its own."""
    async for row in bulk.read(bulk_text("levels")):
        if "location" in row:
            item = row["item"]
            place = Place(item_id=tail(item["id"]), location_id=tail(row["location"]["id"]))
            yield _level(place, item, row)


def level_in(message: Message) -> ChannelLevel:
    """What an `inventory_levels/...` webhook says. It carries `available` only."""
    fields = _parsed(message)
    place = Place(item_id=_id(fields, "inventory_item_id", message), location_id=_id(fields, "location_id", message))
    available = fields.get("available")
    if isinstance(available, bool) or not isinstance(available, int | None):
        raise _unreadable(message, "available", "this is no whole number")
    gone = message.topic == LEVEL_GONE
    return ChannelLevel(place=place, available=None if gone else available, active=not gone)


def tail(native: str) -> str:
    """The digits of a gid."""
    return native.rpartition("/")[2].partition("?")[0]


def is_id(text: str) -> bool:
    """Whether the text can be an id of Shopify's: a whole number above zero."""
    return text.isascii() and text.isdecimal() and int(text) > 0


def _item(node: Mapping[str, Any]) -> ChannelItem:
    return ChannelItem(
        item_id=tail(node["inventoryItem"]["id"]),
        variant_id=tail(node["id"]),
        product_id=tail(node["product"]["id"]),
        sku=node["sku"] or None,
        barcode=node["barcode"] or None,
        tracked=node["inventoryItem"]["tracked"],
    )


def _level(place: Place, item: Mapping[str, Any], level: Mapping[str, Any] | None) -> ChannelLevel:
    about = {"place": place, "sku": item["sku"] or None, "tracked": item["tracked"]}
    if level is None:
        return ChannelLevel(**about, available=None, active=False)
    shown = _quantities(level["quantities"])
    available = shown.get("available", 0) if level["isActive"] else None
    return ChannelLevel(
        **about,
        available=available,
        on_hand=shown.get("on_hand"),
        committed=shown.get("committed", 0),
        active=level["isActive"],
    )


def _quantities(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return {row["name"]: row["quantity"] for row in rows}


def _parsed(message: Message) -> Mapping[str, Any]:
    try:
        fields = orjson.loads(message.body)
    except orjson.JSONDecodeError as error:
        raise _unreadable(message, "body", "the body is no JSON") from error
    if not isinstance(fields, dict):
        raise _unreadable(message, "body", "the body is no JSON object")
    return fields


def _id(fields: Mapping[str, Any], name: str, message: Message) -> str:
    text = str(fields.get(name) or "")
    if not is_id(text):
        raise _unreadable(message, name, "this is no id of Shopify's")
    return text


def _unreadable(message: Message, field: str, words: str) -> RejectedError:
    return RejectedError(
        f"Shopify's stock message cannot be understood: {words}",
        code="level_unreadable",
        document=message.delivery_key,
        field=field,
        way_out="Nothing is lost: the nightly reconciliation of stock reads every level.",
    )
