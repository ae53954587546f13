"""Long lists in groups, so that no statement carries more parameters than a database takes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")

GROUP: Final = 500
"""Rows of a bulk statement: SQLite takes 32,766 parameters, PostgreSQL 65,535."""


def in_groups(items: Iterable[T], size: int = GROUP) -> Iterator[list[T]]:
    """The items in order, in lists of at most `size`.

    >>> list(in_groups("abc", 2))
    [['a', 'b'], ['c']]
    """
    rest = iter(items)
    while group := list(islice(rest, size)):
        yield group
