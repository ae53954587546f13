"""Variables against their declared types, with the problems a shop lists when they do not fit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
    type_from_ast,
    value_from_ast_untyped,
)
from graphql.language import print_ast

LARGEST_ARRAY = 250
# Input lists that may be longer, by input type and field.
LONGER_ARRAYS = {
    ("ProductSetInput", "variants"): 2048,
    ("DraftOrderInput", "lineItems"): 499,
    ("OrderCreateOrderInput", "lineItems"): 499,
}
Path = list[str | int]


@dataclass(slots=True)
class _Problems:
    found: list[dict[str, Any]] = field(default_factory=list)
    oversize: list[str] = field(default_factory=list)

    def add(self, path: Path, explanation: str) -> None:
        """Note one thing that does not fit."""
        self.found.append({"path": path, "explanation": explanation})


def check_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The variables with their defaults, and entries of `errors` for those that do not fit."""
    values = dict(given)
    entries: list[dict[str, Any]] = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name not in values and definition.default_value is not None:
            values[name] = value_from_ast_untyped(definition.default_value)
        problems = _Problems()
        declared: Any = type_from_ast(schema, definition.type)
        _check(values.get(name), declared, [], problems)
        location = _location(definition)
        if problems.found:
            entries.append(_entry(name, print_ast(definition.type), values.get(name), problems, location))
        entries.extend(
            {"message": message, "locations": location, "extensions": {"code": "MAX_INPUT_SIZE_EXCEEDED"}}
            for message in problems.oversize
        )
    return values, entries


def _location(definition: Any) -> list[dict[str, int]]:
    spot = definition.loc.source.get_location(definition.loc.start)
    return [{"line": spot.line, "column": spot.column}]


def _entry(name: str, declared: str, value: Any, problems: _Problems, location: Any) -> dict[str, Any]:
    parts = [f"{'.'.join(map(str, one['path']))} ({one['explanation']})" for one in problems.found if one["path"]]
    tail = f" for {', '.join(parts)}" if parts else ""
    return {
        "message": f"Variable ${name} of type {declared} was provided invalid value{tail}",
        "locations": location,
        "extensions": {"code": "INVALID_VARIABLE", "value": value, "problems": problems.found},
    }


def _check(value: Any, declared: Any, path: Path, problems: _Problems, limit: int = LARGEST_ARRAY) -> None:
    if value is None:
        if is_non_null_type(declared):
            problems.add(path, "Expected value to not be null")
        return
    kind = get_nullable_type(declared)
    if is_list_type(kind):
        _check_list(value, kind, path, problems, limit)
    elif isinstance(kind, GraphQLInputObjectType):
        _check_object(value, kind, path, problems)
    elif isinstance(kind, GraphQLEnumType):
        if value not in kind.values:
            problems.add(path, f'Expected "{value}" to be one of: {", ".join(kind.values)}')
    elif isinstance(kind, GraphQLScalarType):
        _check_scalar(value, kind.name, path, problems)


def _check_list(value: Any, kind: Any, path: Path, problems: _Problems, limit: int) -> None:
    rows = value if isinstance(value, list) else [value]
    if len(rows) > limit:
        problems.oversize.append(f"The input array size of {len(rows)} is greater than the maximum allowed of {limit}.")
        return
    for place, row in enumerate(rows):
        _check(row, kind.of_type, [*path, place], problems)


def _check_object(value: Any, kind: GraphQLInputObjectType, path: Path, problems: _Problems) -> None:
    if not isinstance(value, dict):
        problems.add(path, f"Expected {_shown(value)} to be a key-value object.")
        return
    for name in value:
        if name not in kind.fields:
            problems.add([*path, name], f"Field is not defined on {kind.name}")
    if kind.is_one_of and len(value) != 1:
        problems.add(path, f"'{kind.name}' requires exactly one argument, but {len(value)} were provided.")
    for name, definition in kind.fields.items():
        if name in value or (is_required_input_field(definition) and not kind.is_one_of):
            limit = LONGER_ARRAYS.get((kind.name, name), LARGEST_ARRAY)
            _check(value.get(name), definition.type, [*path, name], problems, limit)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return True
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


_FITS: dict[str, Callable[[Any], bool]] = {
    "Int": _is_int,
    "Float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "String": lambda value: isinstance(value, str),
    "Boolean": lambda value: isinstance(value, bool),
    "Decimal": _is_number,
    "Money": _is_number,
}


def _check_scalar(value: Any, name: str, path: Path, problems: _Problems) -> None:
    if name == "ID":
        if not (isinstance(value, int | str) and not isinstance(value, bool)):
            problems.add(path, f"Could not coerce value {_shown(value)} to ID")
        elif not str(value).startswith("gid://"):
            problems.add(path, f"Invalid global id '{value}'")
    elif name in _FITS and not _FITS[name](value):
        problems.add(path, f"Could not coerce value {_shown(value)} to {name}")


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
