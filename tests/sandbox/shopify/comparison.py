"""Compares a recorded answer with the stand-in's, learning on the way which id of theirs is which of ours."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from deployments.sandbox.shopify.records import gid_tail, gid_type

# Root fields that answer with the recorded shop's own settings and places: only their shape can be equal.
OWN_ROOTS = frozenset({"shop", "currentAppInstallation", "locations", "location"})
# Places inside other answers where the recorded shop's own data shows.
OWN_FIELDS = frozenset({"assignedLocation", "location", "stagedTargets", "url", "fileSize"})
CURSORS = frozenset({"cursor", "startCursor", "endCursor"})
INCOMPLETE = "the recorded answer lacks fields its document asks for"
_GID = re.compile(r"gid://shopify/\w+/\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ID_TERM = re.compile(r"\bid:\d+\b")
# An order, or a part of one: a shipment, a return.
_ORDER_NAME = re.compile(r"#\d+(-[FR]\d+)?")
# The values of an enum are listed in an order that introspection does not give.
_ONE_OF = re.compile(r"(?<=one of: )[A-Z0-9_, ]+")


class IncompleteRecordingError(Exception):
    """The recorded answer is not the whole answer to its document."""


@dataclass
class Comparison:
    """Knows the ids (and cursors) of one recording, theirs to ours."""

    ids: dict[str, str] = field(default_factory=dict)

    def translated(self, value: Any) -> Any:
        """Variables with their ids as ours."""
        if isinstance(value, str):
            return self.ids.get(value) or _ID_TERM.sub(
                lambda term: self._numbers().get(term.group(0), term.group(0)), value
            )
        if isinstance(value, list):
            return [self.translated(one) for one in value]
        return {name: self.translated(one) for name, one in value.items()} if isinstance(value, dict) else value

    def _numbers(self) -> dict[str, str]:
        """Search terms for an id by its number, theirs to ours."""
        return {f"id:{gid_tail(theirs)}": f"id:{gid_tail(ours)}" for theirs, ours in self.ids.items()}

    def data(self, wanted: Any, answer: Any, path: tuple[str, ...] = ()) -> str:
        """The first place where two answers differ, empty when none does. Raises IncompleteRecordingError."""
        where = ".".join(path) or "data"
        if isinstance(wanted, dict) and isinstance(answer, dict):
            if wanted.keys() < answer.keys():
                raise IncompleteRecordingError(where)
            if wanted.keys() != answer.keys():
                return f"{where}: other fields {sorted(wanted.keys() ^ answer.keys())}"
            return _first(self.data(wanted[name], answer[name], (*path, name)) for name in wanted)
        if path and path[0] in OWN_ROOTS:
            return ""
        if OWN_FIELDS & set(path):
            return "" if (wanted is None) == (answer is None) else f"{where}: recorded {wanted!r}, answered {answer!r}"
        if isinstance(wanted, list) and isinstance(answer, list):
            if len(wanted) != len(answer):
                return f"{where}: {len(wanted)} rows recorded, {len(answer)} answered"
            return _first(self.data(*pair, (*path, str(n))) for n, pair in enumerate(zip(wanted, answer, strict=True)))
        return "" if self._same(wanted, answer, path) else f"{where}: recorded {wanted!r}, answered {answer!r}"

    def _same(self, wanted: Any, answer: Any, path: tuple[str, ...]) -> bool:
        if wanted == answer:
            return True
        if not isinstance(wanted, str) or not isinstance(answer, str):
            return False
        if gid_type(wanted) == "Job" == gid_type(answer):
            return True  # a shop batches: several cancellations share one job
        same_type = gid_type(wanted) is not None and gid_type(wanted) == gid_type(answer)
        if same_type or path[-1] in CURSORS:
            return self.ids.setdefault(wanted, answer) == answer or path[-1] in CURSORS
        if path[-1] == "legacyResourceId" or _GID.sub(self._mine, wanted) == answer:
            return True
        return any(kind.fullmatch(wanted) and kind.fullmatch(answer) for kind in (_TIME, _ORDER_NAME))

    def _mine(self, theirs: re.Match[str]) -> str:
        return self.ids.get(theirs.group(0), theirs.group(0))


def _first(found: Any) -> str:
    return next((one for one in found if one), "")


def refusals(wanted: list[dict[str, Any]], answer: list[dict[str, Any]]) -> str:
    """How the errors of a document that was refused outright differ: code, path and message of each must be equal."""
    missing, extra = _told(wanted) - _told(answer), _told(answer) - _told(wanted)
    return f"errors: recorded {list(missing)[:2]}, answered {list(extra)[:2]}" if missing or extra else ""


def _told(entries: list[dict[str, Any]]) -> Counter[str]:
    rows = ({"message": _sorted_values(one["message"]), "path": one.get("path"), "code": code(one)} for one in entries)
    return Counter(orjson.dumps(row).decode() for row in rows)


def _sorted_values(message: str) -> str:
    return _ONE_OF.sub(lambda match: ", ".join(sorted(match.group(0).split(", "))), message)


def errors_beside_data(wanted: list[dict[str, Any]] | None, answer: list[dict[str, Any]] | None) -> str:
    """How the errors of an answer with data differ, by code and path."""

    def told(entries: list[dict[str, Any]] | None) -> list[tuple[str, str]]:
        return sorted((code(one), ".".join(map(str, one.get("path") or []))) for one in entries or ())

    left, right = told(wanted), told(answer)
    return "" if left == right else f"errors beside data: recorded {left[:3]}, answered {right[:3]}"


def code(entry: dict[str, Any]) -> str:
    """The code of an error."""
    return str((entry.get("extensions") or {}).get("code"))
