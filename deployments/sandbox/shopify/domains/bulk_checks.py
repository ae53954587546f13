"""What a bulk query or mutation must look like, with the wording of recorded answers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
)
from graphql.error import GraphQLSyntaxError

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.schema import published
from deployments.sandbox.shopify.static_checks import syntax_error, validation_errors

LARGEST_DOCUMENT = 65_535
MOST_CONNECTIONS = 5
DEEPEST = 2
FORBIDDEN_ROOTS = ("bulkOperationRunMutation", "bulkOperationRunQuery", "bulkOperationCancel")
IN_LIST = "Queries that contain a connection field within a list field are not currently supported."


@dataclass
class _Found:
    """What a walk over a document noticed."""

    connections: int = 0
    deepest: int = 0
    with_nodes: list[str] = field(default_factory=list)
    without_id: list[str] = field(default_factory=list)
    in_list: bool = False


def query_errors(text: str) -> list[Record]:
    """Why a bulk query cannot run; empty when it can."""
    if len(text.encode()) > LARGEST_DOCUMENT:
        size = f"({len(text.encode())} bytes; maximum is {LARGEST_DOCUMENT} bytes)"
        return [_invalid(f"Query is too large {size}")]
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        words = str(syntax_error(error)["message"]).rpartition(" at [")[0]
        return [_invalid(f"Invalid bulk query: {words}")]
    operation = _operation(document)
    if operation.operation.value != "query":
        return [_invalid("Invalid operation type. Only `query` operations are supported.")]
    faults = validation_errors(published().schema, document)
    if faults:
        return [_invalid(f"Invalid bulk query: {fault['message']}") for fault in faults]
    return [_invalid(message) for message in _shape_faults(document, operation)]


def _shape_faults(document: DocumentNode, operation: OperationDefinitionNode) -> Iterator[str]:
    walk = _Walk(document)
    walk.visit(operation.selection_set, published().schema.query_type)
    found = walk.found
    if any(name in ("node", "nodes") for name in walk.roots(operation)):
        yield "Bulk queries cannot contain a top level `node` field."
    if not found.connections:
        yield "Bulk queries must contain at least one connection."
    if found.connections > MOST_CONNECTIONS:
        yield f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections."
    if found.deepest > DEEPEST:
        yield f"Bulk queries cannot contain connections with a nesting depth greater than {DEEPEST}."
    if found.in_list:
        yield IN_LIST
    if found.with_nodes:
        first = found.with_nodes[0]
        names = ", ".join(f"'{name}'" for name in found.with_nodes)
        yield (
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: "
            f"'{first} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
            f"Invalid connection fields: {names}."
        )
    if found.without_id:
        yield (
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be "
            f"of 'ID' return type. Connection fields without 'id': {', '.join(found.without_id)}."
        )


def mutation_errors(text: str, client_identifier: str | None) -> list[Record]:
    """Why a bulk mutation cannot run; empty when it can. Some faults have no code."""
    if client_identifier is not None and len(client_identifier) < 10:
        return [_refused(["clientIdentifier"], "is too short (minimum is 10 characters)")]
    if client_identifier is not None and len(client_identifier) > 255:
        return [_refused(["clientIdentifier"], "is too long (maximum is 255 characters)")]
    if len(text.encode()) > LARGEST_DOCUMENT:
        size = f"({len(text.encode())} bytes; maximum is {LARGEST_DOCUMENT} bytes)"
        return [_refused(["query"], f"is too large {size}")]
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        return [_refused(None, f"Failed to parse the mutation - {syntax_error(error)['message']}")]
    operation = _operation(document)
    if operation.operation.value != "mutation":
        return [_refused(None, "Invalid operation type. Only `mutation` operations are supported.")]
    walk = _Walk(document)
    roots = walk.roots(operation)
    if len(roots) != 1:
        return [user_error(["mutation"], "You must specify a single top level mutation.")]
    if roots[0] in FORBIDDEN_ROOTS:
        return [user_error(["mutation"], "You must use an allowed mutation name.")]
    faults = validation_errors(published().schema, document)
    if faults:
        return [_refused(None, f"Failed to parse the mutation - {faults[0]['message']}")]
    walk.visit(operation.selection_set, published().schema.mutation_type)
    if walk.found.connections > 1:
        return [user_error(["mutation"], "Bulk mutations cannot contain more than 1 connection.")]
    return []


class _Walk:
    """Walks a valid document and notes its connections."""

    def __init__(self, document: DocumentNode) -> None:
        self.found = _Found()
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def roots(self, operation: OperationDefinitionNode) -> list[str]:
        """The root fields by name."""
        return [field.name.value for field, _ in self._fields(operation.selection_set, None)]

    def visit(self, selections: SelectionSetNode, parent: Any, depth: int = -1, *, in_list: bool = False) -> None:
        """Note what is below a selection; `depth` counts the connections around it from 0."""
        for node, owner in self._fields(selections, parent):
            if node.selection_set is None or node.name.value.startswith("__"):
                continue
            kind = owner.fields[node.name.value].type
            named = get_named_type(kind)
            if named.name.endswith("Connection") and "edges" in named.fields:
                self._connection(node, named, depth + 1, in_list=in_list)
            else:
                listed = in_list or is_list_type(get_nullable_type(kind))
                self.visit(node.selection_set, named, depth, in_list=listed)

    def _connection(self, node: FieldNode, named: Any, depth: int, *, in_list: bool) -> None:
        found = self.found
        found.connections += 1
        found.deepest = max(found.deepest, depth)
        found.in_list = found.in_list or in_list
        assert node.selection_set is not None
        for part, _ in self._fields(node.selection_set, named):
            if part.name.value == "nodes":
                found.with_nodes.append(node.name.value)
            if part.name.value not in ("edges", "nodes") or part.selection_set is None:
                continue
            rows = get_named_type(named.fields[part.name.value].type)
            inner = [(part, rows)]
            if part.name.value == "edges":
                inner = [
                    (one, get_named_type(rows.fields["node"].type))
                    for one, _ in self._fields(part.selection_set, rows)
                    if one.name.value == "node"
                ]
            for one, row in inner:
                self._row(node, one, row, depth)

    def _row(self, node: FieldNode, row_node: FieldNode, row: Any, depth: int) -> None:
        before = self.found.connections
        assert row_node.selection_set is not None
        self.visit(row_node.selection_set, row, depth)
        selected = [one for one, _ in self._fields(row_node.selection_set, row)]
        has_id = any(one.name.value == "id" and one.alias is None for one in selected)
        if self.found.connections > before and not has_id:
            self.found.without_id.append(node.name.value)

    def _fields(self, selections: SelectionSetNode, parent: Any) -> Iterator[tuple[FieldNode, Any]]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node, parent
            elif isinstance(node, InlineFragmentNode):
                named = published().schema.type_map[node.type_condition.name.value] if node.type_condition else parent
                yield from self._fields(node.selection_set, named)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                named = published().schema.type_map[fragment.type_condition.name.value]
                yield from self._fields(fragment.selection_set, named)


def _operation(document: DocumentNode) -> OperationDefinitionNode:
    return next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))


def _invalid(message: str) -> Record:
    return user_error(["query"], message, "INVALID")


def _refused(path: list[str] | None, message: str) -> Record:
    return user_error(path, message, "INVALID_MUTATION")
