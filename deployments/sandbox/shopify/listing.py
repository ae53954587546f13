"""Root lists: search, sort, then page, as `orders`, `products` and `customers` all do."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deployments.sandbox.shopify.paging import Listing, SortKey
from deployments.sandbox.shopify.records import Record, gid, gid_tail, gid_type, iso
from deployments.sandbox.shopify.registry import Arguments, Call
from deployments.sandbox.shopify.search import Getter, Search, plain_terms

COUNT_LIMIT = 10_000
LISTINGS_KEPT = 8


def by(*names: str) -> Getter:
    """A getter that follows field names, through lists and missing values."""

    def get(record: Record) -> Any:
        value: Any = record
        for name in names:
            if isinstance(value, list):
                value = [one.get(name) for one in value if isinstance(one, dict)]
            else:
                value = value.get(name) if isinstance(value, dict) else None
        return value

    return get


def sorted_by(*names: str) -> SortKey:
    """A sort key on a field, the id breaking ties; what is missing sorts first."""
    getter = by(*names)

    def key(record: Record) -> list[Any]:
        value = getter(record)
        return [value is not None, value if value is not None else 0, number(record)]

    return key


def number(record: Record) -> int:
    """The number in a record's gid, for sorting."""
    tail = gid_tail(record["id"])
    return int(tail) if tail.isdigit() else 0


def found(call: Call, root: str, records: Iterable[Record], search: Search, query: str | None) -> list[Record]:
    """The records a search finds. Unknown search fields are ignored and noted in `extensions.search`.

    A shop's index lags: with `search_lag` a search does not find what changed less than that long ago.
    """
    matches, warnings = search.compile(query)
    if warnings:
        call.search_notes.append({"path": [root], "query": query, "warnings": warnings})
    newest = iso(call.now - call.search_lag) if query and call.search_lag else None
    return [record for record in records if matches(record) and (newest is None or record["updatedAt"] <= newest)]


Finder = Callable[[Call, str], Iterable[str]]


def narrowed(call: Call, type_name: str, query: str | None, finders: Mapping[str, Finder]) -> list[Record]:
    """The records a search has to look at: by index when each alternative names an indexed value, else all."""
    ids: dict[str, None] = {}
    for terms in plain_terms(query) or [[]]:
        finder = next(((finders[name], text) for name, text in terms if name in finders), None)
        if finder is None:
            return call.all(type_name)
        ids.update(dict.fromkeys(finder[0](call, finder[1])))
    rows = call.space.records.get(type_name, {})
    return [rows[one] for one in ids if one in rows]


def by_index(type_name: str, name: str) -> Finder:
    """A finder by an indexed field, whatever the case when the index is."""
    return lambda call, text: call.space.indexes.ids(type_name, name, text.lower() if name.endswith("~") else text)


def by_id(type_name: str) -> Finder:
    """A finder by id, as gid or number."""
    return lambda _call, text: (text if gid_type(text) else gid(type_name, text),)


def listing(
    call: Call, root: str, records: Iterable[Record], search: Search, keys: dict[str, SortKey], arguments: Arguments
) -> Listing:
    """Records searched by `query`, sorted by `sortKey` and `reverse`; ready for the page asked for."""
    rows = found(call, root, records, search, arguments.get("query"))
    key = keys.get(arguments.get("sortKey") or "") or sorted_by("id")
    return Listing(rows, key=key, reverse=bool(arguments.get("reverse")))


def kept_listing(
    call: Call, type_name: str, root: str, search: Search, keys: dict[str, SortKey], arguments: Arguments
) -> Listing:
    """All records of a type, ready for the page asked for.

    Without a search the order is worked out once until one of them changes: a page then costs only its rows.
    """
    if arguments.get("query"):
        return listing(call, root, call.all(type_name), search, keys, arguments)
    indexes = call.space.indexes
    asked = (root, arguments.get("sortKey") or "", bool(arguments.get("reverse")))
    version = indexes.versions.get(type_name, 0)
    kept = indexes.listings.get(asked)
    if kept is not None and kept[0] == version:
        ready: Listing = kept[1]
        return ready
    key = keys.get(asked[1]) or sorted_by("id")
    rows = sorted(call.all(type_name), key=key, reverse=asked[2])
    made = Listing(rows, key=key, reverse=asked[2], ready=True)
    indexes.listings[asked] = (version, made)
    while len(indexes.listings) > LISTINGS_KEPT:
        indexes.listings.pop(next(iter(indexes.listings)))
    return made


def count(call: Call, root: str, records: Iterable[Record], search: Search, arguments: Arguments) -> Record:
    """A Count: exact up to its limit."""
    rows = len(found(call, root, records, search, arguments.get("query")))
    limit = arguments.get("limit", COUNT_LIMIT)
    if limit is None or rows <= limit:
        return {"count": rows, "precision": "EXACT"}
    return {"count": limit, "precision": "AT_LEAST"}
