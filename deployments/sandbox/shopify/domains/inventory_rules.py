"""What every change of quantities must keep to, with the wording of recorded answers."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from deployments.sandbox.shopify.errors import ShopifyError, user_error
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import Arguments, Call

REASONS = (
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_canceled",
    "movement_created",
    "movement_received",
    "movement_updated",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
)
ADJUSTABLE = ("available", "damaged", "incoming", "quality_control", "reserved", "safety_stock")
INVALID_NAME = f"The specified quantity name is invalid. Valid values are: {', '.join(ADJUSTABLE)}."
INVALID_REASON = f"The specified reason is invalid. Valid values are: {', '.join(REASONS)}."
NO_ITEM = "The specified inventory item could not be found."
NO_LOCATION = "The specified location could not be found."
BUNDLE = (
    "The specified inventory item is not allowed to be adjusted via API. "
    "Example: if the inventory item is a parent bundle."
)
STALE = "The changeFromQuantity argument no longer matches the persisted quantity."
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://)?\S+")
_GID = re.compile(r"gid://[^/\s]+/[^/\s]+/\S+")
Error = dict[str, Any]
Path = list[str]


def header_errors(given: Arguments) -> list[Error]:
    """Faults of the reason and of the reference document."""
    errors = []
    if given["reason"] not in REASONS:
        errors.append(user_error(["input", "reason"], INVALID_REASON, "INVALID_REASON"))
    uri = given.get("referenceDocumentUri")
    if uri is not None and not is_uri(uri):
        message = "The specified reference document is invalid."
        errors.append(user_error(["input", "referenceDocumentUri"], message, "INVALID_REFERENCE_DOCUMENT"))
    return errors


def is_uri(value: str) -> bool:
    """Whether a document is a URI with scheme and content; a gid needs all its parts."""
    return bool((_GID if value.startswith("gid:") else _URI).fullmatch(value))


def item_errors(call: Call, item_id: str, path: Path) -> list[Error]:
    """Faults of the item a row speaks of."""
    item = call.find(item_id)
    if item is None:
        return [user_error([*path, "inventoryItemId"], NO_ITEM, "INVALID_INVENTORY_ITEM")]
    variant = call.find((item.get("variant") or {}).get("id"))
    if variant is not None and variant.get("requiresComponents"):
        return [user_error([*path, "inventoryItemId"], BUNDLE, "NON_MUTABLE_INVENTORY_ITEM")]
    return []


def location_errors(call: Call, location_id: str, path: Path) -> list[Error]:
    """Faults of the location a row speaks of."""
    if call.find(location_id) is None:
        return [user_error([*path, "locationId"], NO_LOCATION, "INVALID_LOCATION")]
    return []


def ledger_errors(name: str, uri: str | None, path: Path) -> list[Error]:
    """Faults of the ledger document: required for every name but `available`, and never one of Shopify's own."""
    where = [*path, "ledgerDocumentUri"]
    if name == "available":
        if uri is None:
            return []
        message = "A ledger document URI is not allowed when adjusting available."
        return [user_error(where, message, "INVALID_AVAILABLE_DOCUMENT")]
    if uri is None:
        message = "A ledger document URI is required except when adjusting available."
        return [user_error(where, message, "INVALID_QUANTITY_DOCUMENT")]
    if uri.startswith("gid://shopify/"):
        message = "Internal (gid://shopify/) ledger documents are not allowed to be adjusted via API."
        return [user_error(where, message, "INTERNAL_LEDGER_DOCUMENT")]
    if not is_uri(uri):
        return [user_error(where, "The specified ledger document is invalid.", "INVALID_LEDGER_DOCUMENT")]
    return []


def stale_error(expected: int | None, actual: int, path: Path) -> list[Error]:
    """The compare-and-set: null does not compare. The path is inferred, no recording shows it."""
    if expected is None or expected == actual:
        return []
    return [user_error([*path, "changeFromQuantity"], STALE, "CHANGE_FROM_QUANTITY_STALE")]


def must_compare(input_type: str, rows_of: Callable[[Arguments], Iterable[Record]]) -> Callable[[Arguments], None]:
    """A check that every row says what it changes from, be it null. It comes before the idempotency key's."""

    def check(arguments: Arguments) -> None:
        if any("changeFromQuantity" not in row for row in rows_of(arguments["input"])):
            message = f"{input_type} must include the following argument: changeFromQuantity."
            raise ShopifyError(message, "INVALID_FIELD_ARGUMENTS")

    return check
