"""The GraphQL operations: one file each in `operations/`, read at first use.

The first line of a file is `# cost: N`, the points the operation requests from the shop's budget (a test recomputes
it). Fragments are files in `operations/fragments/`, added by their name. To add a call to Shopify: add a file here and
a method to the channel that needs it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("operations")
_COST = "# cost: "
_SPREAD = re.compile(r"\.\.\.([A-Z]\w*)")
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its text without comments, its requested cost in points, whether it changes anything."""

    name: str
    text: str
    cost: int
    changes: bool


@cache
def operation(name: str) -> Operation:
    """The operation in `operations/<name>.graphql`. Raises `ValueError` when its first line states no cost."""
    lines = (_FOLDER / f"{name}.graphql").read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].startswith(_COST):
        raise ValueError(f"the first line of {name}.graphql must state its cost: '{_COST}10'")
    text = _with_fragments(_without_comments(lines))
    return Operation(name, text, int(lines[0].removeprefix(_COST)), text.startswith("mutation"))


@cache
def bulk_text(name: str) -> str:
    """The document in `operations/bulk/<name>.graphql`, which Shopify runs by itself: it costs nothing."""
    return _without_comments((_FOLDER / "bulk" / f"{name}.graphql").read_text(encoding="utf-8").splitlines())


def operation_names() -> list[str]:
    """Every operation there is, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.graphql"))


def bulk_names() -> list[str]:
    """Every document for bulk operations, sorted."""
    return sorted(path.stem for path in (_FOLDER / "bulk").glob("*.graphql"))


def _with_fragments(text: str) -> str:
    """The text with every fragment it names (`...Money`), and those that they name: `fragments/money.graphql`."""
    waiting, added = _SPREAD.findall(text), dict[str, str]()
    while waiting:
        name = waiting.pop(0)
        if name not in added:
            file = _FOLDER / "fragments" / f"{_CAPITAL.sub('_', name).lower()}.graphql"
            added[name] = _without_comments(file.read_text(encoding="utf-8").splitlines())
            waiting += _SPREAD.findall(added[name])
    return "\n".join([text, *added.values()])


def _without_comments(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
