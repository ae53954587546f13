"""Connections: `first`/`last`/`after`/`before` over a list, with Shopify's refusals."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from deployments.sandbox.shopify.errors import bad_request
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.walking import Walk

LARGEST_PAGE = 250
SortKey = Callable[[Record], Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list ready to be paged; `key` sorts it, and a cursor then survives rows that come and go.

    `ready` says the rows stand in that order already.
    """

    items: Sequence[Record]
    key: SortKey | None = None
    reverse: bool = False
    ready: bool = False


def page(source: Listing | Walk | Sequence[Record] | None, arguments: dict[str, Any]) -> Record:
    """One page of a list as a connection. Raises ShopifyError for the argument mixes a shop refuses."""
    first, last = arguments.get("first"), arguments.get("last")
    _check_sizes(first, last)
    reverse = bool(arguments.get("reverse"))
    return page_of(source, first, last, arguments.get("after"), arguments.get("before"), reverse=reverse)


def page_of(
    source: Listing | Walk | Sequence[Record] | None,
    first: int | None,
    last: int | None,
    after: str | None,
    before: str | None,
    *,
    reverse: bool,
) -> Record:
    """One page of any size."""
    if isinstance(source, Walk):
        return source.page(first, last, after, before)
    listing = source if isinstance(source, Listing) else Listing(source or ())
    items = _in_order(listing, reverse=reverse)
    start, stop = 0, len(items)
    if after:
        start = _position(items, listing, after, after=True)
    if before:
        stop = _position(items, listing, before, after=False)
    low, high = start, max(start, stop)
    if first is not None:
        high = min(high, low + first)
    elif last is not None:
        low = max(low, high - last)
    return _connection(items, listing, low, high)


def _in_order(listing: Listing, *, reverse: bool) -> Sequence[Record]:
    if listing.ready:
        return listing.items
    if listing.key is not None:
        return sorted(listing.items, key=listing.key, reverse=listing.reverse)
    return listing.items[::-1] if reverse else listing.items


def _check_sizes(first: int | None, last: int | None) -> None:
    if first is None and last is None:
        raise bad_request("you must provide one of first or last")
    if first is not None and last is not None:
        raise bad_request("providing both first and last is not supported")
    size = first if first is not None else last
    assert size is not None
    if size < 0:
        raise bad_request(f"{'first' if first is not None else 'last'} cannot be negative")
    if size > LARGEST_PAGE:
        raise bad_request(f"The page size of {size} is greater than the maximum allowed of {LARGEST_PAGE}.")


def _connection(items: Sequence[Record], listing: Listing, low: int, high: int) -> Record:
    rows = items[low:high]
    cursors = [_cursor(row, listing, low + place) for place, row in enumerate(rows)]
    return {
        "nodes": rows,
        "edges": [{"cursor": cursor, "node": row} for cursor, row in zip(cursors, rows, strict=True)],
        "pageInfo": {
            "hasNextPage": high < len(items),
            "hasPreviousPage": low > 0,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _cursor(row: Record, listing: Listing, place: int) -> str:
    value = {"last_id": row.get("id", place), "last_value": listing.key(row) if listing.key else place}
    return base64.b64encode(orjson.dumps(value)).decode()


def _position(items: Sequence[Record], listing: Listing, cursor: str, *, after: bool) -> int:
    try:
        value = orjson.loads(base64.b64decode(cursor, validate=True))
        last_id, last_value = value["last_id"], value["last_value"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise bad_request("Malformed cursor") from None
    if listing.key is not None:
        try:
            return _keyed_position(items, listing.key, last_value, after=after, reverse=listing.reverse)
        except TypeError:  # a cursor of another list, or another shop
            raise bad_request("Malformed cursor") from None
    for place, row in enumerate(items):
        if row.get("id", place) == last_id:
            return place + 1 if after else place
    return 0 if after else len(items)


def _keyed_position(items: Sequence[Record], key: SortKey, mark: Any, *, after: bool, reverse: bool) -> int:
    """Where a sort value stands among the rows, even when the row it came from has moved or is gone."""

    def reached(row: Record) -> bool:
        value = key(row)
        return (value < mark if reverse else value > mark) or (not after and value == mark)

    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if reached(items[middle]):
            high = middle
        else:
            low = middle + 1
    return low
