"""Where an item is stocked: activate, deactivate, and both for many locations at once."""

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.stock import close, level_at, levels_of, move, open_level, quantity, reopen

domain = Domain()
MOST = 1_000_000_000
MINIMUM = "because products need to be stocked at a minimum of 1 location."
_UNSAFE = {
    "committed": ("COMMITTED_INVENTORY_AT_LOCATION", "committed"),
    "incoming": ("INCOMING_INVENTORY_AT_LOCATION", "incoming"),
    "reserved": ("RESERVED_INVENTORY_AT_LOCATION", "unavailable"),
}


@domain.mutation("inventoryActivate")
def activate(call: Call, arguments: Arguments) -> Record:
    """Stock an item at a location; without a quantity it has what it had there before."""
    item_id, location_id = arguments["inventoryItemId"], arguments["locationId"]
    available, on_hand = arguments.get("available"), arguments.get("onHand")
    location = call.find(location_id)
    if location is None:
        message = "The product couldn't be stocked because the location wasn't found."
        return _level(None, user_error(["locationId"], message))
    if call.find(item_id) is None:
        message = f"The product couldn't be stocked at {location['name']} because the product was deleted."
        return _level(None, user_error(["inventoryItemId"], message))
    level = level_at(call.space, item_id, location_id)
    asked = [(name, value) for name, value in (("available", available), ("onHand", on_hand)) if value is not None]
    if level is not None and level["isActive"]:
        return _level(level, *(user_error([name], _already(name)) for name, _ in asked))
    if reason := _unfit(asked):
        message = f"The product couldn't be stocked at {location['name']} because {reason}"
        return _level(None, *(user_error([name], message) for name, _ in asked))
    if level is None:
        return _level(open_level(call.state, call.shop, item_id, location_id, asked[0][1] if asked else 0))
    level = reopen(call.state, call.shop, level)
    for name, value in asked:
        now = quantity(level, "on_hand" if name == "onHand" else name)
        level = move(call.state, call.shop, level, {"available": value - now})
    return _level(level)


def _already(name: str) -> str:
    which = "available" if name == "available" else "an on_hand"
    return f"Not allowed to set {which} quantity when the item is already active at the location."


def _unfit(asked: list[tuple[str, int]]) -> str:
    if len(asked) > 1:
        return "not allowed to set available and on_hand quantities at the same time."
    if any(abs(value) > MOST for _, value in asked):
        return "the quantity needs to be between -1 billion and 1 billion."
    return ""


def _level(level: Record | None, *errors: Record) -> Record:
    return {"inventoryLevel": reference(level) if level else None, "userErrors": list(errors)}


@domain.mutation("inventoryDeactivate")
def deactivate(call: Call, arguments: Arguments) -> Record:
    """Stop stocking an item at a location."""
    level_id = arguments["inventoryLevelId"]
    level = call.find(level_id)
    if level is None:
        item = call.find(gid("InventoryItem", level_id.rpartition("inventory_item_id=")[2]))
        gone = "location" if item else "product"
        return {"userErrors": [user_error(None, f"The product couldn't be unstocked because the {gone} was deleted.")]}
    place = (call.find(level["location"]["id"]) or {}).get("name", "")
    refusal = _refusal(call, level)
    if refusal is not None:
        return {"userErrors": [user_error(None, f"The product couldn't be unstocked from {place} {refusal[1]}")]}
    if level["isActive"]:
        close(call.state, call.shop, level)
    return {"userErrors": []}


def _refusal(call: Call, level: Record) -> tuple[str, str] | None:
    """Why a level cannot be closed: code and words."""
    for name, (code, word) in _UNSAFE.items():
        if quantity(level, name) > 0:
            return code, f"because it has {word} quantities there."
    item = call.find(level["item"]["id"])
    open_levels = [one for one in levels_of(call.space, item) if one["isActive"]] if item else []
    if level["isActive"] and len(open_levels) == 1:
        return "CANNOT_DEACTIVATE_FROM_ONLY_LOCATION", MINIMUM
    return None


@domain.mutation("inventoryBulkToggleActivation")
def toggle(call: Call, arguments: Arguments) -> Record:
    """Stock an item at some locations and stop it at others; all of it or nothing."""
    item = call.find(arguments["inventoryItemId"])
    if item is None:
        error = user_error(["inventoryItemId"], "The inventory item was not found.", "INVENTORY_ITEM_NOT_FOUND")
        return {"inventoryItem": None, "inventoryLevels": None, "userErrors": [error]}
    updates = arguments["inventoryItemUpdates"]
    errors = _toggle_errors(call, item, updates)
    if errors:
        return {"inventoryItem": None, "inventoryLevels": None, "userErrors": errors}
    levels = []
    for update in updates:
        level = level_at(call.space, item["id"], update["locationId"])
        if update["activate"]:
            levels.append(_opened(call, item["id"], update["locationId"], level))
        elif level is not None and level["isActive"]:
            close(call.state, call.shop, level)
    rows = [reference(level) for level in levels]
    return {"inventoryItem": reference(item), "inventoryLevels": rows, "userErrors": []}


def _opened(call: Call, item_id: str, location_id: str, level: Record | None) -> Record:
    if level is None:
        return open_level(call.state, call.shop, item_id, location_id, 0)
    return level if level["isActive"] else reopen(call.state, call.shop, level)


def _toggle_errors(call: Call, item: Record, updates: list[Record]) -> list[Record]:
    errors = []
    stocked = {level["location"]["id"] for level in levels_of(call.space, item) if level["isActive"]}
    left = (stocked | {one["locationId"] for one in updates if one["activate"]}) - {
        one["locationId"] for one in updates if not one["activate"]
    }
    for place, update in enumerate(updates):
        path = ["inventoryItemUpdates", str(place), "locationId"]
        location, level = call.find(update["locationId"]), level_at(call.space, item["id"], update["locationId"])
        if location is None:
            message = "The quantity couldn't be updated because the location was not found."
            errors.append(user_error(path, message, "LOCATION_NOT_FOUND"))
            continue
        if update["activate"] or level is None or not level["isActive"]:
            continue
        start = f"The variant couldn't be unstocked from {location['name']}"
        refusal = _refusal(call, level)
        if refusal is not None and refusal[1] != MINIMUM:
            errors.append(user_error(path, f"{start} {refusal[1]}", refusal[0]))
        elif not left:
            errors.append(user_error(path, f"{start} {MINIMUM}", "CANNOT_DEACTIVATE_FROM_ONLY_LOCATION"))
    return errors
