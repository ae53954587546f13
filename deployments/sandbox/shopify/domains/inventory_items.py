"""`inventoryItemUpdate`: SKU, cost, weight, customs data and whether stock is counted."""

import re
from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, money, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
PLAIN = ("sku", "tracked", "requiresShipping", "harmonizedSystemCode", "countryCodeOfOrigin", "provinceCodeOfOrigin")
_HS_CODE = re.compile(r"\d{6,13}")
_UNITS = {"KILOGRAMS": "kg", "GRAMS": "g", "POUNDS": "lb", "OUNCES": "oz"}


@domain.mutation("inventoryItemUpdate")
def update_item(call: Call, arguments: Arguments) -> Record:
    """Change an item. Its SKU is the SKU of its variant too."""
    item, given = call.find(arguments["id"]), arguments["input"]
    if item is None:
        error = user_error(["id"], "The product couldn't be updated because it does not exist.")
        return {"inventoryItem": None, "userErrors": [error]}
    errors = item_input_errors(given, ["input"])
    if errors:
        return {"inventoryItem": None, "userErrors": errors}
    call.state.update(call.shop, item["id"], item_changes(item, given, call.currency))
    variant = call.find((item.get("variant") or {}).get("id"))
    if variant is not None and "sku" in given and variant.get("sku") != given["sku"]:
        call.state.update(call.shop, variant["id"], {"sku": given["sku"]})
    return {"inventoryItem": reference(item), "userErrors": []}


def item_input_errors(given: Record, path: list[str]) -> list[Record]:
    """What a shop does not take in an InventoryItemInput."""
    errors = []
    if given.get("cost") is not None and Decimal(str(given["cost"])) < 0:
        errors.append(user_error([*path, "cost"], "Cost must be greater than or equal to 0"))
    weight = (given.get("measurement") or {}).get("weight")
    if weight is not None and weight["value"] < 0:
        unit = _UNITS.get(weight["unit"], "kg")
        message = f"Measurement weight value {weight['value']:g} {unit} must be >= 0 {unit}"
        errors.append(user_error([*path, "measurement", "weight"], message))
    code = given.get("harmonizedSystemCode")
    if code and not _HS_CODE.fullmatch(code):
        message = "Harmonized system code must be a number between six and thirteen digits"
        errors.append(user_error([*path, "harmonizedSystemCode"], message))
    if given.get("countryCodeOfOrigin") == "ZZ":
        errors.append(user_error([*path, "countryCodeOfOrigin"], "Country code of origin is invalid"))
    return errors


def item_changes(item: Record, given: Record, currency: str) -> Record:
    """The fields of an item that an InventoryItemInput sets; what is absent stays."""
    changes: dict[str, Any] = {name: given[name] for name in PLAIN if name in given}
    if "cost" in given:
        cost = given["cost"]
        changes["unitCost"] = None if cost is None else money(f"{Decimal(str(cost)):.2f}", currency)
    weight = (given.get("measurement") or {}).get("weight")
    if weight is not None:
        kept = {"unit": weight["unit"], "value": float(weight["value"])}
        changes["measurement"] = {**(item.get("measurement") or {}), "weight": kept}
    if "countryHarmonizedSystemCodes" in given:
        changes["countryHarmonizedSystemCodes"] = given["countryHarmonizedSystemCodes"] or []
    return changes
