"""Metafields: written in sets of at most 25, guarded by a digest, read through their owners."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.option_choices import Fault
from deployments.sandbox.shopify.records import Record, gid_type, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
LARGEST_SET = 25
OWNERS = {
    "Collection": "COLLECTION",
    "Company": "COMPANY",
    "CompanyLocation": "COMPANY_LOCATION",
    "Customer": "CUSTOMER",
    "DraftOrder": "DRAFTORDER",
    "Location": "LOCATION",
    "Order": "ORDER",
    "Product": "PRODUCT",
    "ProductVariant": "PRODUCTVARIANT",
    "Shop": "SHOP",
}
NOT_YOURS = "Access to this namespace and key on Metafields for this resource type is not allowed."
STALE = "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value."


@domain.mutation("metafieldsSet")
def metafields_set(call: Call, arguments: Arguments) -> Record:
    """Write all metafields of the set, or none."""
    rows = arguments["metafields"]
    if len(rows) > LARGEST_SET:
        message = f"Exceeded the maximum metafields input limit of {LARGEST_SET}."
        return {"metafields": [], "userErrors": [user_error(["metafields"], message, "LESS_THAN_OR_EQUAL_TO")]}
    rows = [{**row, "namespace": app_namespace(call, row.get("namespace"))} for row in rows]
    errors = [error for place, row in enumerate(rows) for error in _faults(call, place, row)]
    if errors:
        return {"metafields": [], "userErrors": errors}
    return {"metafields": [write(call, row) for row in rows], "userErrors": []}


@domain.mutation("metafieldsDelete")
def metafields_delete(call: Call, arguments: Arguments) -> Record:
    """Take metafields away; null where there was none."""
    deleted: list[Record | None] = []
    for row in arguments["metafields"]:
        namespace = app_namespace(call, row.get("namespace"))
        known = find(call, call.find(row["ownerId"]), namespace, row["key"])
        deleted.append(
            None if known is None else {"ownerId": row["ownerId"], "namespace": namespace, "key": row["key"]}
        )
        if known is not None:
            _relink(call, row["ownerId"], [one for one in _links(call, row["ownerId"]) if one != reference(known)])
            call.state.remove(call.shop, known["id"], topics=())
    return {"deletedMetafields": deleted, "userErrors": []}


def write(call: Call, row: Record) -> Record:
    """Write one metafield onto its owner; the owner's own timestamps stay as they are."""
    known = find(call, call.find(row["ownerId"]), row["namespace"], row["key"])
    value = {"value": row["value"], "type": row.get("type") or (known or {}).get("type", "single_line_text_field")}
    value["compareDigest"] = _digest(value)
    if known is not None:
        return reference(call.state.update(call.shop, known["id"], value, topics=()))
    owner_type = OWNERS[gid_type(row["ownerId"]) or ""]
    record = {"namespace": row["namespace"], "key": row["key"], "owner": {"id": row["ownerId"]}, **value}
    added = reference(call.state.add(call.shop, "Metafield", {**record, "ownerType": owner_type}, topics=()))
    _relink(call, row["ownerId"], [*_links(call, row["ownerId"]), added])
    return added


def find(call: Call, owner: Record | None, namespace: str, key: str) -> Record | None:
    """A metafield of an owner by name."""
    rows = [call.find(one["id"]) for one in (owner or {}).get("metafields", ())]
    return next((row for row in rows if row and (row["namespace"], row["key"]) == (namespace, key)), None)


def input_faults(call: Call, owner: Record | None, rows: Sequence[Record]) -> list[Fault]:
    """What is wrong with metafields given together with their owner, by place in the list."""
    found: list[Fault] = []
    for place, given in enumerate(rows):
        row = _named(call, owner, given)
        if row is None:
            found.append(([str(place), "id"], "Metafield does not exist", "INVALID_METAFIELD"))
            continue
        if _is_foreign(call, row["namespace"]):
            found.append(([str(place)], NOT_YOURS, "APP_NOT_AUTHORIZED"))
        known = find(call, owner, row["namespace"], row["key"])
        message = value_fault(row.get("type") or (known or {}).get("type"), row.get("value") or "")
        if message:
            found.append(([str(place), "value"], message, "INVALID_VALUE"))
        if known is None and not row.get("type"):
            found.append(([str(place), "type"], "Type can't be blank", "BLANK"))
        named = _name_faults(row, lambda field, words, code: {"field": field, "message": words, "code": code})
        found += [([str(place), one["field"]], one["message"], one["code"]) for one in named]
    return found


def put_all(call: Call, owner_id: str, rows: Sequence[Record], *, replace: bool) -> bool:
    """Write metafields given together with their owner; whether that changed any.

    `replace` takes away those that are not named, except what belongs to other apps.
    """
    owner = call.find(owner_id) or {}
    links = list(owner.get("metafields", ()))
    named = [row for given in rows if (row := _named(call, owner, given)) is not None]
    kept = {(row["namespace"], row["key"]) for row in named}
    changed = False
    for link in list(links) if replace else ():
        old = call.find(link["id"])
        if old and (old["namespace"], old["key"]) not in kept and not _is_foreign(call, old["namespace"]):
            links.remove(link)
            call.state.remove(call.shop, old["id"], topics=())
            changed = True
    for row in named:
        changed |= _put(call, owner_id, find(call, owner, row["namespace"], row["key"]), row, links)
    if links != list(owner.get("metafields", ())):
        _relink(call, owner_id, links)
    return changed


def by_value(call: Call, owner_type: str, wanted: Record) -> Record | None:
    """The record of a type whose metafield has a value, as a `customId` names it."""
    namespace = app_namespace(call, wanted.get("namespace"))
    for metafield_id in call.space.indexes.ids("Metafield", "value", wanted["value"]):
        row = call.find(metafield_id) or {}
        if (row.get("namespace"), row.get("key")) == (namespace, wanted["key"]) and row["ownerType"] == owner_type:
            return call.find(row["owner"]["id"])
    return None


def _named(call: Call, owner: Record | None, given: Record) -> Record | None:
    """An input with its namespace and key, which an id may stand for; None when there is nothing of that id."""
    if given.get("id"):
        known = call.find(given["id"])
        mine = known is not None and owner is not None and known["owner"]["id"] == owner["id"]
        return {**known, **{k: v for k, v in given.items() if v is not None}} if known and mine else None
    return {**given, "namespace": app_namespace(call, given.get("namespace")), "key": given.get("key") or ""}


def _put(call: Call, owner_id: str, known: Record | None, row: Record, links: list[Record]) -> bool:
    value = {"value": row["value"], "type": row.get("type") or (known or {}).get("type", "single_line_text_field")}
    value["compareDigest"] = _digest(value)
    if known is not None:
        if known["compareDigest"] == value["compareDigest"]:
            return False
        call.state.update(call.shop, known["id"], value, topics=())
        return True
    record = {"namespace": row["namespace"], "key": row["key"], "owner": {"id": owner_id}, **value}
    owner_type = OWNERS[gid_type(owner_id) or ""]
    links.append(reference(call.state.add(call.shop, "Metafield", {**record, "ownerType": owner_type}, topics=())))
    return True


def app_namespace(call: Call, namespace: str | None) -> str:
    """A namespace as stored: none means the app's own, `$app:x` one inside it."""
    own = f"app--{call.app.number}"
    if namespace is None or namespace == "$app":
        return own
    return namespace.replace("$app:", f"{own}--", 1) if namespace.startswith("$app:") else namespace


def _is_foreign(call: Call, namespace: str) -> bool:
    own = f"app--{call.app.number}"
    return namespace.startswith("app--") and namespace != own and not namespace.startswith(f"{own}--")


def _links(call: Call, owner_id: str) -> list[Record]:
    return list((call.find(owner_id) or {}).get("metafields", ()))


def _relink(call: Call, owner_id: str, links: list[Record]) -> None:
    owner = call.find(owner_id) or {}
    call.state.update(call.shop, owner_id, {"metafields": links, "updatedAt": owner.get("updatedAt")}, topics=())


def _digest(value: Record) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _faults(call: Call, place: int, row: Record) -> list[Record]:
    def fault(field: str | None, message: str, code: str) -> Record:
        path = ["metafields", str(place), *([field] if field else [])]
        return {**user_error(path, message, code), "elementIndex": None}

    owner = call.find(row["ownerId"])
    if owner is None or gid_type(row["ownerId"]) not in OWNERS:
        return [fault("ownerId", "Owner does not exist.", "INVALID_VALUE")]
    if _is_foreign(call, row["namespace"]):
        return [fault(None, NOT_YOURS, "APP_NOT_AUTHORIZED")]
    known = find(call, owner, row["namespace"], row["key"])
    found = _name_faults(row, fault)
    if "compareDigest" in row and row["compareDigest"] != (known["compareDigest"] if known else None):
        found.append(fault(None, STALE, "STALE_OBJECT"))
    if known is None and not row.get("type"):
        found.append(fault("type", "Type can't be blank", "BLANK"))
    message = value_fault(row.get("type") or (known or {}).get("type"), row["value"])
    if message:
        found.append(fault("value", message, "INVALID_VALUE"))
    return found


def _name_faults(row: Record, fault: Any) -> list[Record]:
    found = []
    if len(row["namespace"]) < 3:
        found.append(fault("namespace", "Namespace is too short (minimum is 3 characters)", "TOO_SHORT"))
    if len(row["namespace"]) > 255:
        found.append(fault("namespace", "Namespace is too long (maximum is 255 characters)", "TOO_LONG"))
    if len(row["key"]) < 2:
        found.append(fault("key", "Key is too short (minimum is 2 characters)", "TOO_SHORT"))
    if len(row["key"]) > 64:
        found.append(fault("key", "Key is too long (maximum is 64 characters)", "TOO_LONG"))
    return found


def value_fault(type_name: str | None, value: str) -> str | None:
    """What is wrong with a value of a metafield type, in recorded words; None when it fits."""
    if not value:
        return "Value can't be blank."
    match type_name:
        case "number_integer" if not value.lstrip("-").isdigit():
            return "Value must be an integer."
        case "boolean" if value not in ("true", "false"):
            return "Value must be true or false."
        case "single_line_text_field" if "\n" in value:
            return "Value must be a single line text string."
        case "date" if not _is_date(value):
            return "Value must be in YYYY-MM-DD format."
        case "json" if not _is_json(value):
            return "Value is invalid JSON."
        case _:
            return None


def _is_date(value: str) -> bool:
    try:
        return len(value) == 10 and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_json(value: str) -> bool:
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return False
    return True


@domain.computed("Metafield", "jsonValue")
def json_value(_call: Call, record: Record, _arguments: Arguments) -> Any:
    """The value as JSON where its type has a JSON form, else the text."""
    if record["type"] in ("json", "number_integer", "boolean") or record["type"].startswith("list."):
        return orjson.loads(record["value"])
    return record["value"]


def _metafield(call: Call, record: Record, arguments: Arguments) -> Record | None:
    return find(call, record, app_namespace(call, arguments.get("namespace")), arguments["key"])


def _metafields(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    rows = [row for one in record.get("metafields", ()) if (row := call.find(one["id"])) is not None]
    if arguments.get("namespace"):
        rows = [row for row in rows if row["namespace"] == app_namespace(call, arguments["namespace"])]
    if arguments.get("keys"):
        rows = [row for row in rows if f"{row['namespace']}.{row['key']}" in arguments["keys"]]
    return rows


for _owner in OWNERS:
    domain.computed(_owner, "metafield")(_metafield)
    domain.computed(_owner, "metafields")(_metafields)
