"""What a shop refuses of products and variants, in its words; each mutation gives faults codes and paths of its own."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.handles import LONGEST, handle_of, owner_of
from deployments.sandbox.shopify.option_choices import Fault
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import Call

DEAREST = Decimal(10) ** 18
TITLE_BLANK = "Title can't be blank"
_NAMES = {"handle": "Handle", "title": "Title", "vendor": "Vendor", "productType": "Product type"}


def product_faults(call: Call, given: Record, product: Record | None) -> list[Fault]:
    """What is wrong with a product's own fields; the path is the field, as productCreate names it."""
    title = given.get("title", "" if product is None else product["title"])
    if not (title or "").strip():
        return [(["title"], TITLE_BLANK, "BLANK")]
    found: list[Fault] = []
    for name, label in _NAMES.items():
        if len(given.get(name) or "") > LONGEST:
            found.append(([name], f"{label} is too long (maximum is {LONGEST} characters)", "TOO_LONG"))
            if name == "productType":
                words = f"Custom product type is too long (maximum is {LONGEST} characters)"
                found.append((["customProductType"], words, "TOO_LONG"))
    return found or handle_faults(call, given, product)


def handle_faults(call: Call, given: Record, product: Record | None) -> list[Fault]:
    """A handle that another product has."""
    if not given.get("handle"):
        return []
    owner = owner_of(call, "Product", handle_of(given["handle"]))
    if owner is None or (product is not None and owner == product["id"]):
        return []
    words = f"Handle '{given['handle']}' already in use. Please provide a new handle."
    return [(["input", "handle"], words, "HANDLE_NOT_UNIQUE")]


def variant_faults(given: Record) -> list[Fault]:
    """What is wrong with the figures of a variant and its item."""
    found: list[Fault] = []
    item = given.get("inventoryItem") or {}
    price, compare = given.get("price"), given.get("compareAtPrice")
    if price is not None and _amount(price) < 0:
        found.append((["price"], "Price must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO"))
    for name, value in (("price", price), ("compareAtPrice", compare)):
        if value is not None and _amount(value) >= DEAREST:
            found.append(([name], f"must be less than {DEAREST:f}", "INVALID_INPUT"))
    if compare is not None and _amount(compare) < 0:
        found.append((["compareAtPrice"], "must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO"))
    found += _item_faults(item)
    return found


def _item_faults(item: Record) -> list[Fault]:
    found: list[Fault] = []
    cost, code = item.get("cost"), item.get("harmonizedSystemCode")
    if cost is not None and _amount(cost) < 0:
        words = "Cost per item must be greater than or equal to 0"
        found.append((["inventoryItem", "cost"], words, "GREATER_THAN_OR_EQUAL_TO"))
    if cost is not None and _amount(cost) >= DEAREST:
        found.append((["inventoryItem", "cost"], f"Cost per item must be less than {DEAREST:f}", "INVALID_INPUT"))
    if code and not (code.isdigit() and 6 <= len(code) <= 13):
        words = "Harmonized system code must be a number between six and thirteen digits"
        found.append((["inventoryItem", "harmonizedSystemCode"], words, "INVALID_INPUT"))
    if len(item.get("sku") or "") > LONGEST:
        words = f"SKU is too long (maximum is {LONGEST} characters)"
        found.append((["inventoryItem", "sku"], words, "INVALID_INPUT"))
    return found


def missing_ids(call: Call, ids: Sequence[str]) -> list[int]:
    """Places of the ids that nothing has."""
    return [place for place, one in enumerate(ids) if call.find(one) is None]


def _amount(value: Any) -> Decimal:
    return Decimal(str(value))
