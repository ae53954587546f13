"""A bulk query's rows: a window over its outermost connections, and the JSONL lines of what came back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deployments.sandbox.shopify.paging import page_of
from deployments.sandbox.shopify.records import Record

EVERYTHING = 1_000_000_000
PathKey = tuple[str | int, ...]


@dataclass(slots=True)
class Window:
    """Pages the outermost connections a chunk at a time; what is nested in them comes whole.

    A bulk query has no `first`: it asks for everything, and the stand-in must answer others in between.
    """

    size: int
    cursors: dict[PathKey, str] = field(default_factory=dict)
    finished: set[PathKey] = field(default_factory=set)
    seen: set[PathKey] = field(default_factory=set)

    @property
    def over(self) -> bool:
        """Whether every outermost connection has come to its end."""
        return self.seen <= self.finished

    def page(self, source: Any, arguments: dict[str, Any], path: list[str | int]) -> Record:
        """The rows of a connection at a place of the answer."""
        reverse = bool(arguments.get("reverse"))
        if any(isinstance(step, int) for step in path):
            return page_of(source, EVERYTHING, None, None, None, reverse=reverse)
        key = tuple(path)
        self.seen.add(key)
        size = 0 if key in self.finished else self.size
        found = page_of(source, size, None, self.cursors.get(key), None, reverse=reverse)
        end = found["pageInfo"]["endCursor"]
        if end is None or not found["pageInfo"]["hasNextPage"] or end == self.cursors.get(key):
            self.finished.add(key)
        if end is not None:
            self.cursors[key] = end
        return found


def lines_of(data: Any) -> Iterator[tuple[Record, bool]]:
    """Each row as a line of its own, parents before children; with it, whether it is a root row."""
    yield from _rows(data, None, root=True)


def _rows(value: Any, parent: str | None, *, root: bool) -> Iterator[tuple[Record, bool]]:
    if isinstance(value, list):
        for one in value:
            yield from _rows(one, parent, root=root)
    elif _is_connection(value):
        for edge in value["edges"]:
            node = edge.get("node")
            if node is None:
                continue
            yield {**_without_connections(node), **({"__parentId": parent} if parent else {})}, root
            for inner in node.values():
                yield from _rows(inner, node.get("id"), root=False)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _rows(inner, parent, root=root)


def _without_connections(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_connections(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_connections(one) for name, one in value.items() if not _is_connection(one)}


def _is_connection(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("edges"), list)
