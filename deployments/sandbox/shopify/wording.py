"""How graphql-ruby words the faults graphql-core finds: one translation a kind of fault."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import ArgumentNode, GraphQLError, GraphQLSchema, Node, ObjectFieldNode, print_ast

Entry = dict[str, Any]


@dataclass(slots=True)
class Place:
    """Where a node stands: the path a shop prints, and the argument or input field around it.

    `anchor` is the node whose position a shop gives for a bad value: the field, or the input object.
    """

    path: list[str | int]
    owner: Node | None = None
    owner_type: str = ""
    anchor: Node | None = None
    fragment: Node | None = None
    expected: str = ""


@dataclass(slots=True)
class Fault:
    """One fault of graphql-core's, with the place of its node and the parts of its message."""

    schema: GraphQLSchema
    error: GraphQLError
    place: Place
    operation: Node | None = None
    groups: tuple[str, ...] = ()


def entry_of(fault: Fault) -> Entry:
    """The fault as an entry of `errors`."""
    for pattern, translate in _TRANSLATIONS:
        match = re.match(pattern, fault.error.message)
        if match:
            fault.groups = match.groups()
            entry = translate(fault)
            break
    else:
        entry = {"message": fault.error.message, "extensions": {"code": "invalidQuery"}}
    entry.setdefault("locations", _locations(fault.error.nodes[:1] if fault.error.nodes else []))
    entry.setdefault("path", fault.place.path)
    return entry


def _locations(nodes: Any) -> list[Entry]:
    spots = []
    for node in nodes:
        if node.loc is not None:
            location = node.loc.source.get_location(node.loc.start)
            spots.append({"line": location.line, "column": location.column})
    return spots


def _say(message: str, code: str, **extensions: Any) -> Entry:
    return {"message": message, "extensions": {"code": code, **extensions}}


def _undefined_field(fault: Fault) -> Entry:
    name, type_name = fault.groups
    message = f"Field '{name}' doesn't exist on type '{type_name}'"
    return _say(message, "undefinedField", typeName=type_name, fieldName=name)


def _unknown_argument(fault: Fault) -> Entry:
    name, owner = fault.groups
    owner = owner.rsplit(".", 1)[-1]
    message = f"Field '{owner}' doesn't accept argument '{name}'"
    return _say(message, "argumentNotAccepted", name=owner, typeName="Field", argumentName=name)


def _missing_argument(fault: Fault) -> Entry:
    owner, name = fault.groups
    owner = owner.rsplit(".", 1)[-1]
    message = f"Field '{owner}' is missing required arguments: {name}"
    return _say(message, "missingRequiredArguments", className="Field", name=owner, arguments=name)


def _missing_directive_argument(fault: Fault) -> Entry:
    owner, name = fault.groups
    message = f"Directive '{owner}' is missing required arguments: {name}"
    return _say(message, "missingRequiredArguments", className="Directive", name=owner, arguments=name)


def _missing_input_field(fault: Fault) -> Entry:
    owner, name = fault.groups
    input_type: Any = fault.schema.type_map[owner]
    type_name = str(input_type.fields[name].type)
    message = f"Argument '{name}' on InputObject '{owner}' is required. Expected type {type_name}"
    entry = _say(
        message,
        "missingRequiredInputObjectAttribute",
        argumentName=name,
        argumentType=type_name,
        inputObjectType=owner,
    )
    return {**entry, "path": [*fault.place.path, name]}


def _unknown_input_field(fault: Fault) -> Entry:
    owner, name = fault.groups
    message = f"InputObject '{owner}' doesn't accept argument '{name}'"
    return _say(message, "argumentNotAccepted", name=owner, typeName="InputObject", argumentName=name)


def _unused_variable(fault: Fault) -> Entry:
    name, operation = fault.groups[0], fault.groups[-1]
    subject = operation or "anonymous query"
    message = f"Variable ${name} is declared by {subject} but not used"
    entry = _say(message, "variableNotUsed", variableName=name)
    return {
        **entry,
        "path": fault.place.path[:1],
        "locations": _locations([fault.operation] if fault.operation else []),
    }


def _undeclared_variable(fault: Fault) -> Entry:
    name, operation = fault.groups[0], fault.groups[-1]
    message = f"Variable ${name} is used by {operation or 'anonymous query'} but not declared"
    return _say(message, "variableNotDefined", variableName=name)


def _unknown_type(fault: Fault) -> Entry:
    name = fault.groups[0]
    if fault.place.fragment is not None:
        entry = _say(f"No such type {name}, so it can't be a fragment condition", "undefinedType", typeName=name)
        return {**entry, "locations": _locations([fault.place.fragment])}
    return _say(f"{name} isn't a defined input type", "variableRequiresValidType", typeName=name)


def _unknown_directive(fault: Fault) -> Entry:
    name = fault.groups[0]
    return _say(f"Directive @{name} is not defined", "undefinedDirective", directiveName=name)


def _misplaced_directive(fault: Fault) -> Entry:
    name, target = fault.groups
    message = f"'@{name}' can't be applied to {target.lower()}"
    return _say(message, "directiveCannotBeApplied", targetName=target.lower(), name=f"@{name}")


def _needs_selection(fault: Fault) -> Entry:
    name, type_name = fault.groups
    bare = type_name.strip("[]!")
    message = f"Field must have selections (field '{name}' returns {bare} but has no selections. "
    message += f"Did you mean '{name} {{ ... }}'?)"
    return _say(message, "selectionMismatch", nodeName=f"field '{name}'", typeName=bare)


def _needs_no_selection(fault: Fault) -> Entry:
    name, type_name = fault.groups
    message = f"Selections can't be made on scalars (field '{name}' returns {type_name} but has selections)"
    return _say(message, "selectionMismatch", nodeName=f"field '{name}'", typeName=type_name)


def _variable_mismatch(fault: Fault) -> Entry:
    name, given, wanted = fault.groups
    argument = str(fault.place.path[-1]) if fault.place.path else ""
    message = f"Type mismatch on variable ${name} and argument {argument} ({given} / {wanted})"
    return _say(
        message,
        "variableMismatch",
        variableName=name,
        typeName=given,
        argumentName=argument,
        errorMessage="Type mismatch",
    )


def _undefined_fragment(fault: Fault) -> Entry:
    name = fault.groups[0]
    return _say(f"Fragment {name} was used, but not defined", "useAndDefineFragment", fragmentName=name)


def _unused_fragment(fault: Fault) -> Entry:
    name = fault.groups[0]
    return _say(f"Fragment {name} was defined, but not used", "useAndDefineFragment", fragmentName=name)


def _one_of(fault: Fault) -> Entry:
    owner = fault.groups[0]
    return _say(f"'{owner}' requires exactly one argument", "invalidOneOfInputObject", inputObjectType=owner)


def _conflict(fault: Fault) -> Entry:
    name, one, other = fault.groups
    return _say(f"Field '{name}' has a field conflict: {one} or {other}?", "fieldConflict", fieldName=name)


def _bad_literal(fault: Fault) -> Entry:
    place, owner = fault.place, fault.place.owner
    name = owner.name.value if isinstance(owner, ArgumentNode | ObjectFieldNode) else ""
    kind = "InputObject" if isinstance(owner, ObjectFieldNode) else "Field"
    literal = print_ast(owner.value) if isinstance(owner, ArgumentNode | ObjectFieldNode) else ""
    message = f"Argument '{name}' on {kind} '{place.owner_type}' has an invalid value ({literal}). "
    message += f"Expected type '{place.expected}'."
    entry = _say(message, "argumentLiteralsIncompatible", typeName=kind, argumentName=name)
    return {**entry, "locations": _locations([place.anchor] if place.anchor else [])}


_TRANSLATIONS: tuple[tuple[str, Callable[[Fault], Entry]], ...] = (
    (r"Cannot query field '(\w+)' on type '(\w+)'", _undefined_field),
    (r"Unknown argument '(\w+)' on field '([\w.]+)'", _unknown_argument),
    (r"Argument '([\w.]+)\((\w+):\)' of type", _missing_argument),
    (r"Argument '@(\w+)\((\w+):\)' of type", _missing_directive_argument),
    (r"Expected value of type '(\w+)!?' to include required field '(\w+)'", _missing_input_field),
    (r"Expected value of type '(\w+)!?' not to include unknown field '(\w+)'", _unknown_input_field),
    (r"Within OneOf Input Object type '(\w+)'", _one_of),
    (r"Variable '\$(\w+)' is never used(?: in operation '(\w+)')?", _unused_variable),
    (r"Variable '\$(\w+)' is not defined(?: by operation '(\w+)')?", _undeclared_variable),
    (r"Variable '\$(\w+)' of type '([^']+)' used in position expecting type '([^']+)'", _variable_mismatch),
    (r"Unknown type '(\w+)'", _unknown_type),
    (r"Unknown directive '@(\w+)'", _unknown_directive),
    (r"Directive '@(\w+)' may not be used on (\w+)", _misplaced_directive),
    (r"Field '(\w+)' of type '([^']+)' must have a selection of subfields", _needs_selection),
    (r"Field '(\w+)' must not have a selection since type '([^']+)' has no subfields", _needs_no_selection),
    (r"Fields '([^']+)' conflict because '?(\w+)'? and '?(\w+)'?", _conflict),
    (r"Unknown fragment '(\w+)'", _undefined_fragment),
    (r"Fragment '(\w+)' is never used", _unused_fragment),
    (r"Value '.*' does not exist|.* cannot represent|Expected value of", _bad_literal),
)
