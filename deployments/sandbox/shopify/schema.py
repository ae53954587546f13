"""The published Admin schema, and what it says beyond GraphQL: needed scopes, and the types an id may have."""

import gzip
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLSchema, build_client_schema, get_named_type, is_abstract_type

DATA = Path(__file__).parent / "data"
# One schema serves both: 2026-10 keeps everything this stand-in implements of 2026-07.
SERVED_VERSIONS = ("2026-07", "2026-10")
IDEMPOTENT_MUTATIONS = frozenset(
    {
        "inventoryActivate",
        "inventoryAdjustQuantities",
        "inventoryMoveQuantities",
        "inventorySetOnHandQuantities",
        "inventorySetQuantities",
        "inventoryShipmentAddItems",
        "inventoryShipmentCreate",
        "inventoryShipmentCreateInTransit",
        "inventoryShipmentReceive",
        "inventoryTransferCreate",
        "inventoryTransferCreateAsReadyToShip",
        "inventoryTransferDuplicate",
        "inventoryTransferSetItems",
        "locationActivate",
        "locationDeactivate",
        "refundCreate",
    }
)
GidTypes = dict[tuple[str, str, str | None], frozenset[str]]
_SCOPE = re.compile(r"`([a-z_]+)` access scope")


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a field or type needs: `words` as Shopify prints them, one of `alternatives` held in full."""

    words: str
    alternatives: tuple[frozenset[str], ...]

    def met_by(self, scopes: frozenset[str]) -> bool:
        """Whether a token with these scopes may read it."""
        return any(alternative <= scopes for alternative in self.alternatives)


@dataclass(frozen=True, slots=True)
class Published:
    """The schema and its two side tables. Keys: (type, field or None), (owner, field, argument or None)."""

    schema: GraphQLSchema
    access: dict[tuple[str, str | None], Requirement]
    gid_types: GidTypes

    def requirement(self, type_name: str, field_name: str) -> Requirement | None:
        """What reading a field needs: its own rule, else that of the records it answers."""
        own = self.access.get((type_name, field_name))
        if own is not None:
            return own
        owner: Any = self.schema.type_map[type_name]
        return self.access.get((record_type(get_named_type(owner.fields[field_name].type)), None))


def record_type(named: Any) -> str:
    """The type a field is about: the nodes of a connection, else the type itself."""
    if named.name.endswith("Connection") and "nodes" in getattr(named, "fields", {}):
        return str(get_named_type(named.fields["nodes"].type).name)
    return str(named.name)


def _requirement(words: str) -> Requirement | None:
    main = words.split(" Also:", 1)[0]
    found = list(_SCOPE.finditer(main))
    if not found:
        return None
    alternatives: list[set[str]] = [set()]
    end = 0
    for match in found:
        if alternatives[-1] and " and " not in main[end : match.start()]:
            alternatives.append(set())
        alternatives[-1].add(match.group(1))
        end = match.end()
    return Requirement(words, tuple(frozenset(one) for one in alternatives))


def _gid_types(schema: GraphQLSchema, types: list[dict[str, Any]]) -> GidTypes:
    table: GidTypes = {}
    for entry in types:
        for one in entry.get("inputFields") or ():
            if one.get("gidTypes"):
                table[entry["name"], one["name"], None] = _concrete(schema, one["gidTypes"])
        for one in entry.get("fields") or ():
            for argument in one["args"]:
                if argument.get("gidTypes"):
                    table[entry["name"], one["name"], argument["name"]] = _concrete(schema, argument["gidTypes"])
    return table


def _concrete(schema: GraphQLSchema, names: list[str]) -> frozenset[str]:
    """The types an id may have; an interface such as Node stands for all that implement it."""
    found: set[str] = set(names)
    for name in names:
        named: Any = schema.type_map.get(name)
        if is_abstract_type(named):
            found |= {one.name for one in schema.get_possible_types(named)}
    return frozenset(found)


@cache
def published() -> Published:
    """Read the schema once a process, about half a second.

    `assume_valid`: graphql-core 3.3 knows a rule on deprecated interface fields that Shopify's schema breaks.
    """
    document = orjson.loads(gzip.decompress((DATA / "admin-2026-10.json.gz").read_bytes()))
    access: dict[tuple[str, str | None], Requirement] = {}
    for item in document["offline_scopes"]["items"]:
        if item["requiredAccess"] and (requirement := _requirement(item["requiredAccess"])):
            access[item["typeName"], item.get("fieldName")] = requirement
    schema = build_client_schema(document["data"], assume_valid=True)
    gid_types = _gid_types(schema, document["data"]["__schema"]["types"])
    return Published(schema, access, gid_types)
