"""Definitions of metafields: one an owner type, namespace and key. Type `id` keeps its values unique.

Messages are recorded ones.
"""

import re

from deployments.sandbox.shopify.domains.metafields import app_namespace
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
LONGEST_NAME = 255
SHORTEST = {"namespace": 3, "key": 2}
_NAME = re.compile(r"[\w-]+")


@domain.mutation("metafieldDefinitionCreate")
def create(call: Call, arguments: Arguments) -> Record:
    """Define a metafield."""
    given = arguments["definition"]
    wanted = {**given, "namespace": app_namespace(call, given.get("namespace"))}
    errors = list(_errors(call, wanted))
    if errors:
        return {"createdDefinition": None, "userErrors": errors}
    fields = {name: wanted.get(name) for name in ("name", "namespace", "key", "ownerType", "description")}
    kept = call.state.add(call.shop, "MetafieldDefinition", {**fields, "type": {"name": wanted["type"]}}, topics=())
    return {"createdDefinition": reference(kept), "userErrors": []}


def _errors(call: Call, wanted: Record) -> list[Record]:
    found = []
    for field, least in SHORTEST.items():
        text, title = wanted[field], field.capitalize()
        if len(text) < least:
            message = f"{title} is too short (minimum is {least} characters)"
            found.append(user_error(["definition", field], message, "TOO_SHORT"))
        elif not _NAME.fullmatch(text):
            message = f"{title} contains one or more invalid characters."
            found.append(user_error(["definition", field], message, "INVALID_CHARACTER"))
    if len(wanted["name"]) > LONGEST_NAME:
        message = f"Name is too long (maximum is {LONGEST_NAME} characters)"
        found.append(user_error(["definition", "name"], message, "TOO_LONG"))
    unique = ((wanted.get("capabilities") or {}).get("uniqueValues") or {}).get("enabled")
    if wanted["type"] == "id" and not unique:
        message = "Capability unique_values is required for type id but is disabled"
        found.append(user_error(["definition"], message, "CAPABILITY_REQUIRED_BUT_DISABLED"))
    return found or _taken(call, wanted)


def _taken(call: Call, wanted: Record) -> list[Record]:
    place = ("ownerType", "namespace", "key")
    if not any(all(one[name] == wanted[name] for name in place) for one in call.all("MetafieldDefinition")):
        return []
    owner = wanted["ownerType"].capitalize()
    message = f"Key is in use for {owner} metafields on the '{wanted['namespace']}' namespace."
    return [user_error(["definition", "key"], message, "TAKEN")]
