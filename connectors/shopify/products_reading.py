"""Reading products: by SKU or barcode, whole by id, and all of them by a bulk operation."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from canonical.ports.budget import Lane
from canonical.ports.products import ChannelProduct, Matches
from connectors.shopify.bulk import Bulk
from connectors.shopify.client import ShopifyClient
from connectors.shopify.documents import bulk_text
from connectors.shopify.product_mapper import channel_product
from connectors.shopify.products_grouping import products_of
from connectors.shopify.products_state import all_variants
from connectors.shopify.reading import gid
from connectors.shopify.searching import any_of
from connectors.shopify.stock_reading import SKUS_A_SEARCH, is_id, tail, variants

PRODUCTS_A_CALL: Final = 25
"""The cost of a call does not grow with their number, its answer does (up to 50 KB each)."""

Found = dict[str, dict[tuple[str, str], None]]


async def matches(client: ShopifyClient, skus: Sequence[str], barcodes: Sequence[str]) -> Matches:
    """Variants that carry the very SKUs or barcodes; the search behind it ignores case and lags."""
    return Matches(by_sku=await _matches(client, "sku", skus), by_barcode=await _matches(client, "barcode", barcodes))


async def _matches(
    client: ShopifyClient, field: str, values: Sequence[str]
) -> Mapping[str, tuple[tuple[str, str], ...]]:
    found: Found = {}
    wanted = [value for value in dict.fromkeys(values) if value.strip()]
    for start in range(0, len(wanted), SKUS_A_SEARCH):
        chunk = wanted[start : start + SKUS_A_SEARCH]
        async for node in variants(client, any_of(field, chunk), Lane.CATALOGUE):
            if node[field] in chunk:
                found.setdefault(node[field], {})[tail(node["product"]["id"]), tail(node["id"])] = None
    return {value: tuple(places) for value, places in found.items()}


async def whole_products(client: ShopifyClient, product_ids: Sequence[str], currency: str) -> dict[str, ChannelProduct]:
    """The products that exist, by id, with all their variants."""
    found: dict[str, ChannelProduct] = {}
    wanted = [product_id for product_id in dict.fromkeys(product_ids) if is_id(product_id)]
    for start in range(0, len(wanted), PRODUCTS_A_CALL):
        ids = [gid("Product", product_id) for product_id in wanted[start : start + PRODUCTS_A_CALL]]
        answer = await client.call("read_products", {"ids": ids}, lane=Lane.CATALOGUE)
        for node in answer.data.get("nodes") or ():
            if node:
                whole = await _whole(client, node)
                found[tail(node["id"])] = channel_product(whole, currency)
    return found


async def _whole(client: ShopifyClient, node: dict[str, Any]) -> dict[str, Any]:
    lists = {name: node[name]["nodes"] for name in ("metafields", "media", "collections")}
    shown = node["resourcePublicationsV2"]["nodes"]
    rows = await all_variants(client, node, "whole_variants")
    return {**node, **lists, "publications": shown, "variants": rows}


async def all_products(client: ShopifyClient, currency: str) -> AsyncIterator[ChannelProduct]:
    """Every product of the shop; where it is published is not in a bulk result."""
    rows = Bulk(client, Lane.CATALOGUE).read(bulk_text("products"))
    async for node in products_of(rows):
        yield channel_product(node, currency)
