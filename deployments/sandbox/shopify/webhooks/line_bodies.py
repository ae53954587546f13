"""Line items, shipping lines, discounts, taxes and duties, wherever a body carries them."""

from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.webhooks.rest import Source, amount, each, lower, money, money_set, number, price

Body = dict[str, Any]
APPLICATION_TYPES = {
    "DiscountCodeApplication": "discount_code",
    "AutomaticDiscountApplication": "automatic",
    "ManualDiscountApplication": "manual",
    "ScriptDiscountApplication": "script",
}


def line_item(record: Record, source: Source) -> Body:
    """A line of an order."""
    return {
        **sold_item(record, source),
        "attributed_staffs": [],
        "current_quantity": record.get("currentQuantity", record["quantity"]),
        "sales_line_item_group_id": number(record.get("lineItemGroup")),
    }


def sold_item(record: Record, source: Source) -> Body:
    """A line as fulfillments and refunds carry it: an order's line without what happened to it since."""
    variant = source.find(record.get("variant"))
    product = record.get("product")
    price_set = money_set(record["originalUnitPriceSet"])
    return {
        "id": number(record),
        "admin_graphql_api_id": record["id"],
        "fulfillable_quantity": record.get("unfulfilledQuantity", record["quantity"]),
        "fulfillment_service": "gift_card" if record.get("isGiftCard") else "manual",
        "fulfillment_status": None if record.get("unfulfilledQuantity", 1) else _fulfilled(record),
        "gift_card": bool(record.get("isGiftCard")),
        "grams": _grams(record.get("weight")),
        "name": record.get("name") or record["title"],
        "price": price(record["originalUnitPriceSet"]),
        "price_set": price_set,
        "product_exists": product is not None,
        "product_id": number(product),
        "properties": each(attribute, record.get("customAttributes")),
        "quantity": record["quantity"],
        "requires_shipping": bool(record.get("requiresShipping")),
        "sku": record.get("sku"),
        "taxable": bool(record.get("taxable")),
        "title": record["title"],
        "total_discount": price(record.get("totalDiscountSet")),
        "total_discount_set": money_set(record.get("totalDiscountSet")) or _nothing(price_set or {}),
        "variant_id": number(record.get("variant")),
        "variant_inventory_management": _managed(variant, source),
        "variant_title": record.get("variantTitle"),
        "vendor": record.get("vendor"),
        "tax_lines": each(tax_line, record.get("taxLines")),
        "duties": each(duty, record.get("duties")),
        "discount_allocations": each(allocation, record.get("discountAllocations")),
    }


def shipping_line(record: Record) -> Body:
    """A delivery charge of an order."""
    return {
        "id": number(record),
        "carrier_identifier": record.get("carrierIdentifier"),
        "code": record.get("code"),
        "current_discounted_price_set": money_set(record.get("currentDiscountedPriceSet")),
        "discounted_price": price(record.get("discountedPriceSet")),
        "discounted_price_set": money_set(record.get("discountedPriceSet")),
        "is_removed": bool(record.get("isRemoved")),
        "phone": record.get("phone"),
        "price": price(record["originalPriceSet"]),
        "price_set": money_set(record["originalPriceSet"]),
        "requested_fulfillment_service_id": None,
        "source": record.get("source"),
        "title": record["title"],
        "tax_lines": each(tax_line, record.get("taxLines")),
        "discount_allocations": each(allocation, record.get("discountAllocations")),
    }


def tax_line(record: Record) -> Body:
    """One jurisdiction's tax."""
    return {
        "channel_liable": bool(record.get("channelLiable")),
        "price": price(record["priceSet"]),
        "price_set": money_set(record["priceSet"]),
        "rate": record.get("rate"),
        "title": record["title"],
    }


def duty(record: Record) -> Body:
    """A customs duty of a line."""
    return {
        "id": str(number(record)),
        "harmonized_system_code": record.get("harmonizedSystemCode"),
        "country_code_of_origin": record.get("countryCodeOfOrigin"),
        **(money_set(record["price"]) or {}),
        "tax_lines": each(tax_line, record.get("taxLines")),
        "admin_graphql_api_id": record["id"],
    }


def allocation(record: Record) -> Body:
    """The part of a discount that falls on a line."""
    return {
        "amount": price(record["allocatedAmountSet"]),
        "discount_application_index": record["discountApplication"]["index"],
        "amount_set": money_set(record["allocatedAmountSet"]),
    }


def discount_application(record: Record) -> Body:
    """A discount of the order; its place in the list is the index that allocations point at."""
    body: Body = {
        "target_type": lower(record["targetType"]),
        "type": APPLICATION_TYPES.get(record.get("__typename", ""), "manual"),
        **_value(record["value"]),
        "allocation_method": lower(record["allocationMethod"]),
        "target_selection": lower(record["targetSelection"]),
    }
    named = {name: record[name] for name in ("title", "code", "description") if record.get(name) is not None}
    return {**body, **named}


def attribute(record: Record) -> Body:
    """A custom attribute."""
    return {"name": record["key"], "value": record.get("value")}


def _value(value: Record) -> Body:
    if "percentage" in value:
        return {"value": str(float(value["percentage"])), "value_type": "percentage"}
    return {"value": amount(value["amount"], value["currencyCode"]), "value_type": "fixed_amount"}


def _nothing(like: Body) -> Body:
    """Nothing in the currencies of another pair."""
    return {side: money({"amount": "0", "currencyCode": one["currency_code"]}) for side, one in like.items()}


def _fulfilled(record: Record) -> str | None:
    return "fulfilled" if record.get("requiresShipping") else None


def _grams(weight: Record | None) -> int:
    factors = {"GRAMS": 1.0, "KILOGRAMS": 1000.0, "OUNCES": 28.349523125, "POUNDS": 453.59237}
    return round(weight["value"] * factors[weight["unit"]]) if weight else 0


def _managed(variant: Record | None, source: Source) -> str | None:
    item = source.find((variant or {}).get("inventoryItem"))
    return "shopify" if item and item.get("tracked") else None
