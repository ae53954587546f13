"""Static validation as a shop does it: graphql-core finds the faults, `wording.py` says them as Shopify would.

Codes and wording follow recorded answers. A client should switch on `extensions.code`, never on the text.
"""

import re
from dataclasses import replace
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    Lexer,
    NamedTypeNode,
    Node,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    Source,
    SourceLocation,
    TokenKind,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    validate,
    visit,
)
from graphql.error import GraphQLSyntaxError

from deployments.sandbox.shopify.wording import Entry, Fault, Place, entry_of


def validation_errors(schema: GraphQLSchema, document: DocumentNode) -> list[Entry]:
    """Every static fault of a document as entries of `errors`; empty when it is valid."""
    found = validate(schema, document)
    if not found:
        return []
    places = _places(schema, document)
    entries: list[Entry] = []
    for error in [*found, *_only_in_refused_arguments(document, found)]:
        # A mismatched variable names its declaration first and its use second; the use is what a shop points at.
        which = -1 if "used in position" in error.message else 0
        node = error.nodes[which] if error.nodes else document
        operation = next((one for one in document.definitions if isinstance(one, OperationDefinitionNode)), None)
        entries.append(entry_of(Fault(schema, error, places.get(id(node)) or Place([]), operation)))
    return entries


def _only_in_refused_arguments(document: DocumentNode, found: list[GraphQLError]) -> list[GraphQLError]:
    """Variables used in no other place than an argument that is not accepted: a shop counts them as unused."""
    refused = [error.nodes[0] for error in found if error.nodes and error.message.startswith("Unknown argument")]
    if not refused:
        return []
    extra = []
    for operation in document.definitions:
        for definition in getattr(operation, "variable_definitions", None) or ():
            name = definition.variable.name.value
            uses = _uses(document, name)
            inside = sum(_uses(node, name) for node in refused)
            if inside and uses == inside + 1:
                extra.append(GraphQLError(f"Variable '${name}' is never used{_in(operation)}.", definition))
    return extra


def _in(operation: Any) -> str:
    return f" in operation '{operation.name.value}'" if operation.name else ""


def _uses(node: Node, name: str) -> int:
    counter = _VariableCounter(name)
    visit(node, counter)
    return counter.count


class _VariableCounter(Visitor):
    """Counts where a variable stands, its declaration included."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.count = 0

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """One place."""
        self.count += node.name.value == self.name


def syntax_error(error: GraphQLSyntaxError) -> Entry:
    """A document that does not parse."""
    where = error.locations[0] if error.locations else None
    spot = f"[{where.line}, {where.column}]" if where else "[1, 1]"
    unexpected = re.search(r"Unexpected (.+?)\.", error.message) or re.search(r"found (.+?)\.", error.message)
    token = unexpected.group(1) if unexpected else "token"
    what = "end of file" if "<EOF>" in token else token
    if what == "end of file" and error.source is not None and (last := _last_token(error.source)) is not None:
        where = last
        spot = f"[{where.line}, {where.column}]"
    return {
        "message": f"syntax error, unexpected {what} at {spot}",
        "locations": [{"line": where.line, "column": where.column}] if where else [],
        "extensions": {"code": "PARSE_ERROR"},
    }


def _last_token(source: Source) -> SourceLocation | None:
    """Where the last word of a document begins: there a shop sees the end coming too early."""
    lexer, last = Lexer(source), None
    while (token := lexer.advance()).kind is not TokenKind.EOF:
        last = source.get_location(token.start)
    return last


class _PlaceFinder(Visitor):
    """Notes the path of every node while walking down."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.places: dict[int, Place] = {}
        self._types = types
        self._stack: list[Place] = [Place([])]

    def enter(self, node: Node, key: Any, _parent: Any, _path: Any, _ancestors: Any) -> None:
        """Step into a node."""
        around = self._stack[-1]
        step: str | int | None = _step(node)
        if step is None and isinstance(key, int) and _in_value(around):
            step = key
        place = replace(around, path=[*around.path, step] if step is not None else around.path)
        if isinstance(node, FieldNode | ObjectValueNode):
            place.anchor = node
        place.fragment = node if isinstance(node, InlineFragmentNode | FragmentDefinitionNode) else None
        if isinstance(node, NamedTypeNode):
            place.fragment = around.fragment
        if isinstance(node, ArgumentNode | ObjectFieldNode):
            place.owner, place.owner_type = node, self._owner_type(node)
            place.expected = str(self._types.get_input_type() or "")
        self.places[id(node)] = place
        self._stack.append(place)

    def leave(self, *_: Any) -> None:
        """Step out of a node."""
        self._stack.pop()

    def _owner_type(self, node: Node) -> str:
        if isinstance(node, ObjectFieldNode):
            parent = self._types.get_parent_input_type()
            return str(parent).strip("[]!") if parent else ""
        around = self._stack[-1].anchor
        return around.name.value if isinstance(around, FieldNode) else ""


def _in_value(around: Place) -> bool:
    return around.owner is not None


def _step(node: Node) -> str | None:
    if isinstance(node, OperationDefinitionNode):
        return f"{node.operation.value} {node.name.value}" if node.name else node.operation.value
    if isinstance(node, FieldNode):
        return node.alias.value if node.alias else node.name.value
    if isinstance(node, ArgumentNode | ObjectFieldNode):
        return node.name.value
    if isinstance(node, InlineFragmentNode):
        return f"... on {node.type_condition.name.value}" if node.type_condition else "..."
    if isinstance(node, FragmentSpreadNode):
        return f"... {node.name.value}"
    if isinstance(node, FragmentDefinitionNode):
        return f"fragment {node.name.value}"
    return None


def _places(schema: GraphQLSchema, document: DocumentNode) -> dict[int, Place]:
    types = TypeInfo(schema)
    finder = _PlaceFinder(types)
    visit(document, TypeInfoVisitor(types, finder))
    return finder.places
