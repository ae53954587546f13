"""Products and variants: reading."""

from collections.abc import Callable
from decimal import Decimal

from deployments.sandbox.shopify.domains.collections import members
from deployments.sandbox.shopify.domains.metafields import by_value
from deployments.sandbox.shopify.domains.product_changes import identified
from deployments.sandbox.shopify.domains.publications import is_live, terms_of
from deployments.sandbox.shopify.goods import variants_of
from deployments.sandbox.shopify.handles import handle_of, owner_of
from deployments.sandbox.shopify.listing import by, by_id, by_index, count, kept_listing, listing, narrowed, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, gid, gid_tail, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.stock import available

domain = Domain()
_PRODUCTS = Search(
    {
        "id": by("id"),
        "title": by("title"),
        "handle": by("handle"),
        "vendor": by("vendor"),
        "product_type": by("productType"),
        "tag": by("tags"),
        "status": by("status"),
        "created_at": by("createdAt"),
        "updated_at": by("updatedAt"),
    },
    words=(by("title"), by("vendor"), by("productType"), by("tags")),
)
_VARIANTS = Search(
    {
        "id": by("id"),
        "sku": by("sku"),
        "barcode": by("barcode"),
        "title": by("title"),
        "product_id": by("product", "id"),
        "updated_at": by("updatedAt"),
    },
    words=(by("sku"), by("title"), by("barcode")),
)
_PRODUCT_SORT = {
    "CREATED_AT": sorted_by("createdAt"),
    "ID": sorted_by("id"),
    "TITLE": sorted_by("title"),
    "UPDATED_AT": sorted_by("updatedAt"),
    "VENDOR": sorted_by("vendor"),
    "PRODUCT_TYPE": sorted_by("productType"),
}
_VARIANT_SORT = {"SKU": sorted_by("sku"), "TITLE": sorted_by("title"), "ID": sorted_by("id")}


_PRODUCT_FINDERS = {
    "id": by_id("Product"),
    "handle": by_index("Product", "handle"),
    "sku": lambda call, text: _owners(call, "sku~", text),
    "barcode": lambda call, text: _owners(call, "barcode~", text),
    "collection_id": lambda call, text: members(call, gid("Collection", gid_tail(text))),
}
_VARIANT_FINDERS = {
    "id": by_id("ProductVariant"),
    "sku": by_index("ProductVariant", "sku~"),
    "barcode": by_index("ProductVariant", "barcode~"),
    "product_id": lambda call, text: [one["id"] for one in _product(call, text).get("variants", ())],
}


def _owners(call: Call, name: str, text: str) -> list[str]:
    rows = call.space.records.get("ProductVariant", {})
    return [rows[one]["product"]["id"] for one in call.space.indexes.ids("ProductVariant", name, text.lower())]


def _product(call: Call, text: str) -> Record:
    return call.find(f"gid://shopify/Product/{gid_tail(text)}") or {}


def _product_search(call: Call) -> Search:
    """A product is found by its variants too, which its record only points at."""

    def held(name: str) -> Callable[[Record, str], bool]:
        def holds(record: Record, text: str) -> bool:
            found = {str(one.get(name) or "").lower() for one in variants_of(call, record)}
            return text.lower() in found or (text == "*" and any(found))

        return holds

    def status(record: Record, text: str) -> bool:
        return str(record["status"]).lower() in text.lower().split(",")

    def published(record: Record, text: str) -> bool:
        live = any(is_live(call, one) for one in terms_of(call, record))
        return live if text.lower() in ("published", "visible") else not live

    def gathered(record: Record, text: str) -> bool:
        return any(gid_tail(one["id"]) == gid_tail(text) for one in record.get("collections", ()))

    special = {"sku": held("sku"), "barcode": held("barcode"), "status": status, "published_status": published}
    special["collection_id"] = gathered
    return Search(_PRODUCTS.getters, special, _PRODUCTS.words)


@domain.query("products")
def products(call: Call, arguments: Arguments) -> Listing:
    """Products, searched and sorted."""
    query = arguments.get("query")
    if not query:
        return kept_listing(call, "Product", "products", _PRODUCTS, _PRODUCT_SORT, arguments)
    rows = narrowed(call, "Product", query, _PRODUCT_FINDERS)
    return listing(call, "products", rows, _product_search(call), _PRODUCT_SORT, arguments)


@domain.query("productsCount")
def products_count(call: Call, arguments: Arguments) -> Record:
    """How many products there are."""
    rows = narrowed(call, "Product", arguments.get("query"), _PRODUCT_FINDERS)
    return count(call, "productsCount", rows, _product_search(call), arguments)


@domain.query("productVariants")
def product_variants(call: Call, arguments: Arguments) -> Listing:
    """Variants of all products."""
    query = arguments.get("query")
    if not query:
        return kept_listing(call, "ProductVariant", "productVariants", _VARIANTS, _VARIANT_SORT, arguments)
    rows = narrowed(call, "ProductVariant", query, _VARIANT_FINDERS)
    return listing(call, "productVariants", rows, _VARIANTS, _VARIANT_SORT, arguments)


@domain.query("productVariantsCount")
def product_variants_count(call: Call, arguments: Arguments) -> Record:
    """How many variants there are."""
    rows = narrowed(call, "ProductVariant", arguments.get("query"), _VARIANT_FINDERS)
    return count(call, "productVariantsCount", rows, _VARIANTS, arguments)


@domain.query("product")
@domain.query("productVariant")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A record by id; null when it is unknown."""
    return call.find(arguments["id"])


@domain.query("productByIdentifier")
def product_by_identifier(call: Call, arguments: Arguments) -> Record | None:
    """A product by id, handle or unique metafield."""
    return identified(call, arguments["identifier"])


@domain.query("productByHandle")
def product_by_handle(call: Call, arguments: Arguments) -> Record | None:
    """A product by handle."""
    return call.find(owner_of(call, "Product", handle_of(arguments["handle"])))


@domain.query("productVariantByIdentifier")
def variant_by_identifier(call: Call, arguments: Arguments) -> Record | None:
    """A variant by id or unique metafield."""
    identifier = arguments["identifier"]
    if identifier.get("id"):
        return call.find(identifier["id"])
    return by_value(call, "PRODUCTVARIANT", identifier["customId"])


@domain.computed("Product", "variantsCount")
def variants_count(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """How many variants the product has."""
    return {"count": len(record.get("variants", ())), "precision": "EXACT"}


@domain.computed("Product", "totalVariants")
def total_variants(_call: Call, record: Record, _arguments: Arguments) -> int:
    """The same as a plain number."""
    return len(record.get("variants", ()))


@domain.computed("Product", "priceRangeV2")
def price_range(call: Call, record: Record, _arguments: Arguments) -> Record:
    """The lowest and the highest price of the variants."""
    prices = sorted(Decimal(one["price"]) for one in variants_of(call, record)) or [Decimal("0.00")]
    ends = {"minVariantPrice": prices[0], "maxVariantPrice": prices[-1]}
    return {name: {"amount": f"{price:.2f}", "currencyCode": call.currency} for name, price in ends.items()}


@domain.computed("Product", "description")
def description(_call: Call, record: Record, arguments: Arguments) -> str:
    """The description without its markup."""
    text, limit = str(record.get("description") or ""), arguments.get("truncateAt")
    return text if limit is None or len(text) <= limit else f"{text[: max(0, limit - 3)]}..."


@domain.computed("ProductVariant", "inventoryQuantity", "sellableOnlineQuantity")
def inventory_quantity(call: Call, record: Record, _arguments: Arguments) -> int | None:
    """What may be sold of the variant."""
    return _sellable(call, record)


@domain.computed("ProductVariant", "displayName")
def variant_display_name(call: Call, record: Record, _arguments: Arguments) -> str:
    """Product and variant title."""
    product = call.find(record["product"]["id"]) or {}
    return f"{product.get('title', '')} - {record.get('title', '')}"


@domain.completes("Product")
def complete_product(state: State, shop: str, record: Record) -> Record:
    """An active product."""
    title = record.get("title", "")
    return {
        "status": "ACTIVE",
        "handle": handle_of(title),
        "vendor": state.space(shop).shop["name"],
        "productType": "",
        "tags": [],
        "variants": [],
        "hasOnlyDefaultVariant": len(record.get("variants", ())) <= 1,
        "publishedAt": record["createdAt"],
        "tracksInventory": True,
        **record,
    }


@domain.completes("ProductVariant")
def complete_variant(state: State, shop: str, record: Record) -> Record:
    """A variant with an inventory item of its own."""
    record = {
        "title": "Default Title",
        "price": "0.00",
        "inventoryPolicy": "DENY",
        "taxable": True,
        "availableForSale": True,
        "position": 1,
        "selectedOptions": [{"name": "Title", "value": record.get("title", "Default Title")}],
        **record,
    }
    if "inventoryItem" not in record:
        item = state.add(
            shop,
            "InventoryItem",
            {
                "sku": record.get("sku"),
                "tracked": True,
                "requiresShipping": True,
                "variant": reference(record),
                "measurement": {"weight": {"unit": "KILOGRAMS", "value": 0.0}},
            },
        )
        record["inventoryItem"] = reference(item)
    return record


def _sellable(call: Call, variant: Record) -> int | None:
    item = call.find(variant["inventoryItem"]["id"])
    if item is None or not item.get("tracked"):
        return None if item is None else 0
    return available(call.space, item)
