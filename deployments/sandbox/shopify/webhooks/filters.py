"""A subscription's own filter and field list, in the search syntax of webhook filters.

Understood: `field:value`, `field:>=value`, `-field:value`, `field:*`, quotes, `AND`, `OR`; fields may be dotted
(`line_items.sku`). A field the body does not have matches nothing, silently, as in a real shop.
"""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

Body = dict[str, Any]
_TERM = re.compile(r'(?P<not>-?)(?P<field>[\w.]+):(?P<op>>=|<=|>|<)?(?P<value>"[^"]*"|\'[^\']*\'|[^\s()]+)')


def matches(text: str | None, body: Body) -> bool:
    """Whether a body passes a filter; no filter passes everything."""
    if not text:
        return True
    alternatives = re.split(r"\s+OR\s+", text)
    return any(all(_holds(term, body) for term in _TERM.finditer(part)) for part in alternatives)


def keep_fields(body: Body, names: Iterable[str]) -> Body:
    """The body reduced to the named fields; a dotted name keeps that field of each entry."""
    tree: dict[str, Any] = {}
    for name in names:
        branch = tree
        for step in name.split("."):
            branch = branch.setdefault(step, {})
    reduced = _reduce(body, tree)
    return reduced if isinstance(reduced, dict) else {}


def _reduce(value: Any, tree: dict[str, Any]) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_reduce(entry, tree) for entry in value]
    if isinstance(value, dict):
        return {name: _reduce(value[name], branch) for name, branch in tree.items() if name in value}
    return value


def _holds(term: re.Match[str], body: Body) -> bool:
    wanted = term["value"].strip("\"'")
    values = list(_values(body, term["field"].split(".")))
    if not values:
        return False
    found = any(_compare(value, term["op"], wanted) for value in values)
    return found != bool(term["not"])


def _values(value: Any, path: list[str]) -> Iterable[Any]:
    if isinstance(value, list):
        for entry in value:
            yield from _values(entry, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:])


def _compare(value: Any, operator: str | None, wanted: str) -> bool:
    if wanted == "*":
        return value is not None
    if operator is None:
        return _text(value) == wanted or wanted in _text(value).split(", ")
    left, right = _number(value), _number(wanted)
    if left is None or right is None:
        return _ordered(_text(value), operator, wanted)
    return _ordered(left, operator, right)


def _ordered(left: Any, operator: str, right: Any) -> bool:
    outcomes = {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}
    return bool(outcomes[operator])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
