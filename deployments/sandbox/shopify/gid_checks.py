"""Ids in arguments: each must be of a type its place allows, as the schema's `gidTypes` say."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type, get_nullable_type, is_list_type

from deployments.sandbox.shopify.errors import resource_not_found
from deployments.sandbox.shopify.records import gid_tail, gid_type
from deployments.sandbox.shopify.schema import GidTypes


class GidChecker:
    """Checks the arguments of one field. A mutation also looks into its input objects."""

    def __init__(self, gid_types: GidTypes, owner: str, name: str, arguments: dict[str, Any], *, writes: bool) -> None:
        self._gid_types = gid_types
        # An order edit answers number 0 with a user error, as a query answers null.
        self._strict = writes and not name.startswith("orderEdit")
        self._direct = [
            (argument, gid_types[owner, name, argument])
            for argument in arguments
            if (owner, name, argument) in gid_types
        ]
        self._inputs = [
            (argument, definition.type)
            for argument, definition in arguments.items()
            if writes and isinstance(get_named_type(definition.type), GraphQLInputObjectType)
        ]

    def check(self, arguments: dict[str, Any]) -> None:
        """Raises ShopifyError for an id of another type, and in a mutation for one no record can have."""
        for name, allowed in self._direct:
            given = arguments.get(name)
            for value in given if isinstance(given, list) else [given]:
                self._check_one(value, allowed)
        for name, declared in self._inputs:
            for value, allowed in self._within(arguments.get(name), declared):
                self._check_one(value, allowed)

    def _check_one(self, value: Any, allowed: frozenset[str]) -> None:
        if value is None:
            return
        # A query answers null for number 0; a mutation says that no record can have it.
        if gid_type(value) not in allowed or (self._strict and gid_tail(value) == "0"):
            raise resource_not_found(str(value))

    def _within(self, value: Any, declared: Any) -> Iterator[tuple[Any, frozenset[str]]]:
        kind = get_nullable_type(declared)
        if is_list_type(kind):
            for one in value if isinstance(value, list) else ():
                yield from self._within(one, kind.of_type)
        elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
            for name, inner in value.items():
                allowed = self._gid_types.get((kind.name, name, None))
                if allowed is None:
                    yield from self._within(inner, kind.fields[name].type)
                else:
                    yield from ((one, allowed) for one in (inner if isinstance(inner, list) else [inner]))
