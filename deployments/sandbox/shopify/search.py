"""Shopify's search syntax (`updated_at:>='2026-10-01' -tag:vip (status:open OR status:closed)`) over records."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deployments.sandbox.shopify.records import Record, gid_tail, gid_type

Getter = Callable[[Record], Any]
Match = Callable[[Record], bool]
_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])
    |(?P<not>-|NOT\s+(?=\S))?(?:(?P<field>[A-Za-z_][\w.]*):)?\s*(?P<op><=|>=|<|>)?
     (?:"(?P<double>(?:\\.|[^"])*)"|'(?P<single>(?:\\.|[^'])*)'|(?P<bare>[^\s()]+)))""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


@dataclass(slots=True)
class Search:
    """What can be searched: names with a getter, special terms, and the fields bare words look at."""

    getters: dict[str, Getter]
    special: dict[str, Callable[[Record, str], bool]] = field(default_factory=dict)
    words: Sequence[Getter] = ()

    def compile(self, query: str | None) -> tuple[Match, list[Record]]:
        """A predicate and the warnings for fields that cannot be searched, which a shop ignores."""
        if not query or not query.strip():
            return (lambda record: True), []
        parser = _Parser(self, _tokens(query))
        return parser.expression(), parser.warnings


def plain_terms(query: str | None) -> list[list[tuple[str, str]]] | None:
    """Alternatives of the terms that must all hold, when a query is that simple; None when it is not.

    Terms that compare, exclude, look for a beginning or name no field are left out of their alternative.
    """
    branches: list[list[tuple[str, str]]] = [[]]
    for token in _tokens(query or ""):
        bare, name = token.group("bare"), token.group("field")
        if token.group("paren"):
            return None
        if name is None and bare == "OR":
            branches.append([])
        elif name is not None and not token.group("not") and not token.group("op"):
            text = term_text(token)
            if not text.endswith("*"):
                branches[-1].append((name, text))
    return branches


def term_text(token: re.Match[str]) -> str:
    """What a term looks for, without its quotes."""
    quoted = token.group("double") or token.group("single")
    return re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else token.group("bare") or ""


def _tokens(query: str) -> list[re.Match[str]]:
    return [match for match in _TOKEN.finditer(query) if match.group(0).strip()]


@dataclass(slots=True)
class _Parser:
    search: Search
    tokens: list[re.Match[str]]
    warnings: list[Record] = field(default_factory=list)
    place: int = 0

    def expression(self) -> Match:
        """Alternatives joined by OR; AND binds stronger and may be left out."""
        branches = [self._conjunction()]
        while self._word("OR"):
            branches.append(self._conjunction())
        return branches[0] if len(branches) == 1 else lambda record: any(one(record) for one in branches)

    def _conjunction(self) -> Match:
        terms: list[Match] = []
        while self.place < len(self.tokens) and not self._closing() and not self._is_word("OR"):
            if not self._word("AND"):
                terms.append(self._term())
        return lambda record: all(one(record) for one in terms)

    def _term(self) -> Match:
        token = self.tokens[self.place]
        self.place += 1
        if token.group("paren") == "(":
            inner = self.expression()
            self.place += 1
            return inner
        test = self._test(token)
        return (lambda record: not test(record)) if token.group("not") else test

    def _test(self, token: re.Match[str]) -> Match:
        text, name, operator = term_text(token), token.group("field"), token.group("op")
        if name is None:
            return lambda record: any(_contains(getter(record), text) for getter in self.search.words)
        if name in self.search.special:
            special = self.search.special[name]
            return lambda record: special(record, text)
        getter = self.search.getters.get(name)
        if getter is None:
            self.warnings.append({"field": name, "message": "Invalid search field for this query."})
            return lambda record: True
        return _value_test(getter, operator, text)

    def _closing(self) -> bool:
        return self.tokens[self.place].group("paren") == ")"

    def _is_word(self, word: str) -> bool:
        token = self.tokens[self.place]
        return token.group("bare") == word and not token.group("field")

    def _word(self, word: str) -> bool:
        if self.place < len(self.tokens) and self._is_word(word):
            self.place += 1
            return True
        return False


def _value_test(getter: Getter, operator: str | None, text: str) -> Match:
    if operator:
        compare = _COMPARE[operator]
        return lambda record: _ordered(compare, getter(record), text)
    if text == "*":
        return lambda record: getter(record) not in (None, "", [])
    wanted = text.lower()
    if wanted.endswith("*"):
        return lambda record: any(one.startswith(wanted[:-1]) for one in _texts(getter(record)))
    return lambda record: wanted in _texts(getter(record)) or _same_day(getter(record), text)


def _ordered(compare: Callable[[Any, Any], bool], value: Any, text: str) -> bool:
    if value is None:
        return False
    left, right = _comparable(value), _comparable(text)
    return type(left) is type(right) and compare(left, right)


def _comparable(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return float(value)
    text = gid_tail(value) if gid_type(value) else str(value)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    return moment(text) or text


def moment(text: str) -> datetime | None:
    """A date or date-time of a search term; without a zone it is UTC."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if gid_type(value):
        return [str(value).lower(), gid_tail(value).lower()]
    return [str(value).lower()]


def _same_day(value: Any, text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)) and isinstance(value, str) and value[:10] == text


def _contains(value: Any, text: str) -> bool:
    wanted = text.lower().rstrip("*")
    return any(wanted in one for one in _texts(value))
