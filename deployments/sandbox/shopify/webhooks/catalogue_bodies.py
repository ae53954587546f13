"""Bodies of products/*, inventory_items/*, inventory_levels/* and locations/*."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.webhooks.rest import Source, amount, each, lower, number, tags

Body = dict[str, Any]
FULL_VARIANTS = 100  # from the 101st on a product body names variants only in variant_gids
COUNTRIES = {"US": "United States", "CA": "Canada", "DE": "Germany", "FR": "France"}


def product_body(record: Record, source: Source) -> Body:
    """products/create and update: the first 100 variants in full, all of them as gids."""
    variants = [found for one in record.get("variants") or () if (found := source.find(one))]
    images = _images(record, source)
    return {
        "admin_graphql_api_id": record["id"],
        "body_html": record.get("descriptionHtml") or "",
        "created_at": source.time(record.get("createdAt")),
        "handle": record.get("handle"),
        "id": number(record),
        "product_type": record.get("productType") or "",
        "published_at": source.time(record.get("publishedAt")),
        "template_suffix": record.get("templateSuffix"),
        "title": record["title"],
        "updated_at": source.time(record.get("updatedAt")),
        "vendor": record.get("vendor") or "",
        "status": lower(record.get("status") or "ACTIVE"),
        "published_scope": "web",
        "tags": tags(record.get("tags")),
        "variants": [_variant(one, record, source) for one in variants[:FULL_VARIANTS]],
        "options": each(lambda option: _option(option, record, variants), record.get("options")),
        "images": images,
        "image": images[0] if images else None,
        "media": each(lambda one: _media(one, source), record.get("media")),
        "variant_gids": [{"admin_graphql_api_id": one["id"], "updated_at": one.get("updatedAt")} for one in variants],
        "has_variants_that_requires_components": bool(record.get("hasVariantsThatRequiresComponents")),
        "category": _category(record.get("category")),
    }


def deleted_body(record: Record, source: Source) -> Body:
    """Topics whose body is the id alone."""
    return {"id": number(record)}


def inventory_item_body(record: Record, source: Source) -> Body:
    """inventory_items/create and update."""
    weight = (record.get("measurement") or {}).get("weight") or {}
    cost = record.get("unitCost")
    return {
        "id": number(record),
        "sku": record.get("sku"),
        "created_at": source.time(record.get("createdAt")),
        "updated_at": source.time(record.get("updatedAt")),
        "requires_shipping": bool(record.get("requiresShipping")),
        "cost": amount(cost["amount"], cost["currencyCode"]) if cost else None,
        "country_code_of_origin": record.get("countryCodeOfOrigin"),
        "province_code_of_origin": record.get("provinceCodeOfOrigin"),
        "harmonized_system_code": record.get("harmonizedSystemCode"),
        "tracked": bool(record.get("tracked")),
        "country_harmonized_system_codes": [],
        "weight_value": weight.get("value") or 0,
        "weight_unit": {"GRAMS": "g", "KILOGRAMS": "kg", "OUNCES": "oz", "POUNDS": "lb"}.get(
            weight.get("unit", ""), "g"
        ),
        "admin_graphql_api_id": record["id"],
    }


def deleted_item_body(record: Record, source: Source) -> Body:
    """inventory_items/delete: the id, and the customs data as it is when nothing is left to tell."""
    return {
        "id": number(record),
        "country_code_of_origin": None,
        "province_code_of_origin": None,
        "harmonized_system_code": None,
        "country_harmonized_system_codes": [],
        "admin_graphql_api_id": record["id"],
    }


def inventory_level_body(record: Record, source: Source) -> Body:
    """inventory_levels/update and connect: available only, never on hand."""
    return {
        "inventory_item_id": _item_of(record),
        "location_id": number(record.get("location")),
        "available": _available(record),
        "updated_at": source.time(record.get("updatedAt")),
        "admin_graphql_api_id": record["id"],
    }


def disconnected_level_body(record: Record, source: Source) -> Body:
    """inventory_levels/disconnect."""
    return {"inventory_item_id": _item_of(record), "location_id": number(record.get("location"))}


def bulk_operation_body(record: Record, source: Source) -> Body:
    """bulk_operations/finish: that it ended and how; the result is asked for by id."""
    return {
        "admin_graphql_api_id": record["id"],
        "completed_at": source.time(record.get("completedAt")),
        "created_at": source.time(record["createdAt"]),
        "error_code": lower(record.get("errorCode")),
        "status": lower(record["status"]),
        "type": lower(record["type"]),
    }


def location_body(record: Record, source: Source) -> Body:
    """locations/*."""
    address = record.get("address") or {}
    code = address.get("countryCode")
    return {
        "id": number(record),
        "name": record["name"],
        "address1": address.get("address1"),
        "address2": address.get("address2"),
        "city": address.get("city"),
        "zip": address.get("zip"),
        "province": address.get("province"),
        "country": code,
        "phone": address.get("phone"),
        "created_at": source.time(record.get("createdAt")),
        "updated_at": source.time(record.get("updatedAt")),
        "country_code": code,
        "country_name": address.get("country") or COUNTRIES.get(code or "", code),
        "province_code": address.get("provinceCode"),
        "legacy": False,
        "active": bool(record.get("isActive", True)),
        "admin_graphql_api_id": record["id"],
    }


def _variant(record: Record, product: Record, source: Source) -> Body:
    options = [one.get("value") for one in record.get("selectedOptions") or ()]
    item = source.find(record.get("inventoryItem"))
    quantity = source.available(item)
    return {
        "admin_graphql_api_id": record["id"],
        "barcode": record.get("barcode"),
        "compare_at_price": record.get("compareAtPrice"),
        "created_at": source.time(record.get("createdAt")),
        "id": number(record),
        "inventory_policy": lower(record.get("inventoryPolicy") or "DENY"),
        "position": record.get("position") or 1,
        "price": amount(str(record["price"]), source.shop.get("currencyCode") or "USD"),
        "product_id": number(product),
        "sku": record.get("sku"),
        "taxable": bool(record.get("taxable", True)),
        "title": record.get("title"),
        "updated_at": source.time(record.get("updatedAt")),
        **{f"option{place + 1}": options[place] if place < len(options) else None for place in range(3)},
        "image_id": None,
        "inventory_item_id": number(item),
        "inventory_quantity": quantity,
        "old_inventory_quantity": quantity,
    }


def _option(record: Record, product: Record, variants: list[Record]) -> Body:
    chosen = (one for variant in variants for one in variant.get("selectedOptions") or ())
    return {
        "name": record.get("name"),
        "id": number(record),
        "product_id": number(product),
        "position": record.get("position") or 1,
        "values": list(dict.fromkeys(one.get("value") for one in chosen if one.get("name") == record.get("name"))),
    }


def _images(product: Record, source: Source) -> list[Body]:
    """The pictures a product shows, in order."""
    shown = [source.find(one) for one in product.get("media") or ()]
    pictures = [one for one in shown if one and one.get("mediaContentType") == "IMAGE"]
    return [
        {
            "id": number(one),
            "product_id": number(product),
            "position": place + 1,
            "alt": one.get("alt"),
            "src": one.get("source"),
            "created_at": source.time(one.get("createdAt")),
            "updated_at": source.time(one.get("updatedAt")),
            "admin_graphql_api_id": one["id"],
            "variant_ids": [],
        }
        for place, one in enumerate(pictures)
    ]


def _media(reference: Record, source: Source) -> Body:
    record = source.find(reference) or reference
    return {
        "id": number(record),
        "alt": record.get("alt"),
        "media_content_type": record.get("mediaContentType"),
        "admin_graphql_api_id": record["id"],
    }


def _category(record: Record | None) -> Body | None:
    return {"admin_graphql_api_id": record["id"], "name": record.get("name")} if record else None


def _item_of(level: Record) -> int | None:
    """The item of a level: it is in the level's composite gid, and referred to as `item`."""
    if level.get("item"):
        return number(level["item"])
    query = parse_qs(urlsplit(level["id"]).query)
    return number(gid("InventoryItem", query["inventory_item_id"][0])) if "inventory_item_id" in query else None


def _available(level: Record) -> int | None:
    """From the named quantities, however the record keeps them: a mapping, or a list of name and quantity."""
    quantities = level.get("quantities")
    if isinstance(quantities, dict):
        return quantities.get("available")
    return next((one["quantity"] for one in quantities or () if one["name"] == "available"), level.get("available"))
