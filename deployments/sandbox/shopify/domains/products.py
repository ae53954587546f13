"""Products and variants: reading."""

from deployments.sandbox.shopify.listing import by, count, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, reference
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


@domain.query("products")
def products(call: Call, arguments: Arguments) -> Listing:
    """Products, searched and sorted."""
    return listing(call, "products", call.all("Product"), _PRODUCTS, _PRODUCT_SORT, arguments)


@domain.query("productsCount")
def products_count(call: Call, arguments: Arguments) -> Record:
    """How many products there are."""
    return count(call, "productsCount", call.all("Product"), _PRODUCTS, arguments)


@domain.query("productVariants")
def product_variants(call: Call, arguments: Arguments) -> Listing:
    """Variants of all products."""
    return listing(call, "productVariants", call.all("ProductVariant"), _VARIANTS, _VARIANT_SORT, arguments)


@domain.query("productVariantsCount")
def product_variants_count(call: Call, arguments: Arguments) -> Record:
    """How many variants there are."""
    return count(call, "productVariantsCount", call.all("ProductVariant"), _VARIANTS, arguments)


@domain.query("product")
@domain.query("productVariant")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A record by id; null when it is unknown."""
    return call.find(arguments["id"])


@domain.query("productByIdentifier")
def product_by_identifier(call: Call, arguments: Arguments) -> Record | None:
    """A product by id or handle."""
    identifier = arguments["identifier"]
    if "id" in identifier:
        return call.find(identifier["id"])
    return next((row for row in call.all("Product") if row["handle"] == identifier.get("handle")), None)


@domain.computed("Product", "variantsCount")
def variants_count(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """How many variants the product has."""
    return {"count": len(record.get("variants", ())), "precision": "EXACT"}


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
        "handle": title.lower().replace(" ", "-"),
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
