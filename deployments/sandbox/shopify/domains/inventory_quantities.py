"""Changing quantities: set, adjust, move. A call is checked whole before it writes, so it is all or nothing."""

from typing import Any

from deployments.sandbox.shopify.domains.inventory_rules import (
    ADJUSTABLE,
    INVALID_NAME,
    Error,
    header_errors,
    item_errors,
    ledger_errors,
    location_errors,
    must_compare,
    stale_error,
)
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.stock import SUMMED, level_at, move, open_level, quantity, reopen

domain = Domain()
MOST = 1_000_000_000
MOST_MOVED = 2_000_000_000
TOO_HIGH, TOO_LOW, NEGATIVE = "INVALID_QUANTITY_TOO_HIGH", "INVALID_QUANTITY_TOO_LOW", "INVALID_QUANTITY_NEGATIVE"
# One write: item, location, name, delta, ledger document.
Write = tuple[str, str, str, int, str | None]


def _terminals(given: Arguments) -> list[Record]:
    return [end for change in given["changes"] for end in (change["from"], change["to"])]


domain.prechecks.update(
    {
        "inventorySetQuantities": must_compare("InventoryQuantityInput", lambda given: given["quantities"]),
        "inventorySetOnHandQuantities": must_compare("InventorySetQuantityInput", lambda given: given["setQuantities"]),
        "inventoryAdjustQuantities": must_compare("InventoryChangeInput", lambda given: given["changes"]),
        "inventoryMoveQuantities": must_compare("InventoryMoveQuantityTerminalInput", _terminals),
    }
)


@domain.mutation("inventorySetQuantities")
def set_quantities(call: Call, arguments: Arguments) -> Record:
    """Set `available` or `on_hand` to figures."""
    given = arguments["input"]
    name = given["name"]
    errors = header_errors(given)
    if name not in ("available", "on_hand"):
        message = "The quantity name must be either 'available' or 'on_hand'."
        errors.append(user_error(["input", "name"], message, "INVALID_NAME"))
        return _refused(errors)
    return _set(call, given, name, given["quantities"], "quantities", errors)


@domain.mutation("inventorySetOnHandQuantities")
def set_on_hand_quantities(call: Call, arguments: Arguments) -> Record:
    """Set `on_hand` to figures; the older form."""
    given = arguments["input"]
    return _set(call, given, "on_hand", given["setQuantities"], "setQuantities", header_errors(given))


def _set(call: Call, given: Arguments, name: str, rows: list[Record], where: str, errors: list[Error]) -> Record:
    seen: set[tuple[str, str]] = set()
    for place, row in enumerate(rows):
        path = ["input", where, str(place)]
        errors += item_errors(call, row["inventoryItemId"], path)
        errors += location_errors(call, row["locationId"], path)
        errors += _bounds(row["quantity"], name, path)
        pair = (row["inventoryItemId"], row["locationId"])
        if pair in seen and where == "quantities":
            message = "The combination of inventoryItemId and locationId must be unique."
            errors.append(user_error([*path, "locationId"], message, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"))
        seen.add(pair)
    if errors:
        return _refused(errors)
    writes: list[Write] = []
    for place, row in enumerate(rows):
        now = _current(call, row["inventoryItemId"], row["locationId"], name)
        errors += stale_error(row["changeFromQuantity"], now, ["input", where, str(place)])
        writes.append((row["inventoryItemId"], row["locationId"], name, row["quantity"] - now, None))
    return _refused(errors) if errors else _apply(call, given, writes)


def _bounds(figure: int, name: str, path: list[str]) -> list[Error]:
    where = [*path, "quantity"]
    if figure > MOST:
        return [user_error(where, "The quantity can't be higher than 1,000,000,000.", TOO_HIGH)]
    if name == "on_hand" and figure < 0:
        return [user_error(where, "The quantity can't be negative.", NEGATIVE)]
    if figure < -MOST:
        return [user_error(where, "The quantity can't be lower than -1,000,000,000.", TOO_LOW)]
    return []


@domain.mutation("inventoryAdjustQuantities")
def adjust_quantities(call: Call, arguments: Arguments) -> Record:
    """Change a quantity by deltas."""
    given = arguments["input"]
    name, rows = given["name"], given["changes"]
    errors = header_errors(given)
    if name not in ADJUSTABLE:
        errors.append(user_error(["input", "name"], INVALID_NAME, "INVALID_QUANTITY_NAME"))
        return _refused(errors)
    for place, row in enumerate(rows):
        path = ["input", "changes", str(place)]
        errors += item_errors(call, row["inventoryItemId"], path)
        errors += location_errors(call, row["locationId"], path)
        errors += ledger_errors(name, row.get("ledgerDocumentUri"), path)
        errors += _delta_bounds(row["delta"], [*path, "delta"])
    if len({row.get("ledgerDocumentUri") for row in rows}) > 1:
        message = "All changes must have the same ledger document URI or, in the case of adjusting available, no "
        message += "ledger document URI."
        errors.append(user_error(["input", "changes"], message, "MAX_ONE_LEDGER_DOCUMENT"))
    if errors:
        return _refused(errors)
    writes: list[Write] = []
    for place, row in enumerate(rows):
        now = _current(call, row["inventoryItemId"], row["locationId"], name)
        errors += stale_error(row["changeFromQuantity"], now, ["input", "changes", str(place)])
        document = row.get("ledgerDocumentUri")
        writes.append((row["inventoryItemId"], row["locationId"], name, row["delta"], document))
    return _refused(errors) if errors else _apply(call, given, writes)


def _delta_bounds(figure: int, where: list[str]) -> list[Error]:
    if figure > MOST_MOVED:
        return [user_error(where, "The quantity can't be higher than 2,000,000,000.", TOO_HIGH)]
    if figure < -MOST_MOVED:
        return [user_error(where, "The quantity can't be lower than -2,000,000,000.", TOO_LOW)]
    return []


@domain.mutation("inventoryMoveQuantities")
def move_quantities(call: Call, arguments: Arguments) -> Record:
    """Move pieces from one name to another at one location."""
    given = arguments["input"]
    errors = header_errors(given)
    for place, change in enumerate(given["changes"]):
        errors += _move_errors(call, change, ["input", "changes", str(place)])
    documents = {end.get("ledgerDocumentUri") for end in _terminals(given)} - {None}
    if len(documents) > 2:
        message = "Only a maximum of 2 ledger document URIs across all changes is allowed."
        errors.append(user_error(["input", "changes"], message, "MAXIMUM_LEDGER_DOCUMENT_URIS"))
    if errors:
        return _refused(errors)
    writes: list[Write] = []
    for place, change in enumerate(given["changes"]):
        for side, sign in (("from", -1), ("to", 1)):
            end, item = change[side], change["inventoryItemId"]
            now = _current(call, item, end["locationId"], end["name"])
            errors += stale_error(end["changeFromQuantity"], now, ["input", "changes", str(place), side])
            document = end.get("ledgerDocumentUri")
            writes.append((item, end["locationId"], end["name"], sign * change["quantity"], document))
    return _refused(errors) if errors else _apply(call, given, writes)


def _move_errors(call: Call, change: Record, path: list[str]) -> list[Error]:
    source, target = change["from"], change["to"]
    errors = item_errors(call, change["inventoryItemId"], path)
    for side, end in (("from", source), ("to", target)):
        if end["name"] not in ADJUSTABLE:
            errors.append(user_error([*path, side, "name"], INVALID_NAME, "INVALID_QUANTITY_NAME"))
            continue
        errors += location_errors(call, end["locationId"], [*path, side])
        errors += ledger_errors(end["name"], end.get("ledgerDocumentUri"), [*path, side])
    if source["locationId"] != target["locationId"]:
        message = "The quantities can't be moved between different locations."
        errors.append(user_error(path, message, "DIFFERENT_LOCATIONS"))
    elif source["name"] == target["name"]:
        message = "The quantity names for each change can't be the same."
        errors.append(user_error(path, message, "SAME_QUANTITY_NAME"))
    if change["quantity"] < 0:
        errors.append(user_error([*path, "quantity"], "The quantity can't be negative.", NEGATIVE))
    return errors + _delta_bounds(max(change["quantity"], 0), [*path, "quantity"])


def _current(call: Call, item: str, location: str, name: str) -> int:
    level = level_at(call.space, item, location)
    return quantity(level, name) if level is not None else 0


def _apply(call: Call, given: Arguments, writes: list[Write]) -> Record:
    """Write the deltas and keep the group that tells them; without any delta there is no group.

    `on_hand` is changed through `available`; what is part of `on_hand` is told with a mirrored row.
    """
    rows: list[tuple[Any, ...]] = []
    for item, location, name, delta, document in writes:
        if not delta:
            continue
        set_name = "available" if name == "on_hand" else name
        level = move(call.state, call.shop, _stocked(call, item, location), {set_name: delta})
        rows.append((item, location, set_name, delta, quantity(level, set_name), document))
        if set_name in SUMMED:
            rows.append((item, location, "on_hand", delta, quantity(level, "on_hand"), None))
    if not rows:
        return {"inventoryAdjustmentGroup": None, "userErrors": []}
    record = {
        "reason": given["reason"],
        "referenceDocumentUri": given.get("referenceDocumentUri"),
        "rows": rows,
        "app": {"id": f"gid://shopify/App/{call.app.number}", "title": call.app.title},
    }
    group = call.state.add(call.shop, "InventoryAdjustmentGroup", record, topics=())
    return {"inventoryAdjustmentGroup": reference(group), "userErrors": []}


def _stocked(call: Call, item: str, location: str) -> Record:
    """The level of a pair, opened when there is none: since 2026-10 a shop no longer refuses to write there."""
    level = level_at(call.space, item, location)
    if level is None:
        return open_level(call.state, call.shop, item, location, 0)
    return level if level["isActive"] else reopen(call.state, call.shop, level)


def _refused(errors: list[Error]) -> Record:
    return {"inventoryAdjustmentGroup": None, "userErrors": errors}
