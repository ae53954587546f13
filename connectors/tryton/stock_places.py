"""The warehouses, and in which of them a location lies."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.tryton.client import TrytonClient

REMEMBERED_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Places:
    """`warehouses`: the code of each, its name where it has none. `inside`: the warehouse of each location in one.

    `known`: every location there was when they were read.
    """

    warehouses: Mapping[int, str]
    inside: Mapping[int, int]
    known: frozenset[int]

    def warehouse_of(self, location: int) -> int | None:
        """The warehouse a location lies in; None for customers, suppliers, lost and found, transit."""
        return self.inside.get(location)


class PlaceDirectory:
    """Asks for all locations at once, and again after ten minutes."""

    def __init__(self, client: TrytonClient) -> None:
        self._client = client
        self._known: Places | None = None
        self._since = 0.0

    async def places(self, locations: Iterable[int] = ()) -> Places:
        """The places as they were at most ten minutes ago, and new ones where any of these locations is new: what
        leaves an unknown location would be counted as there and not as promised."""
        known = self._known.known if self._known else frozenset[int]()
        if not known.issuperset(locations) or time.monotonic() - self._since > REMEMBERED_SECONDS or not self._known:
            fields = ["code", "name", "type", "parent", "active"]
            rows = await self._client.read(
                "model.stock.location.search_read", [], 0, None, None, fields, context={"active_test": False}
            )
            self._known, self._since = places_of(rows), time.monotonic()
        return self._known


def places_of(rows: Iterable[Mapping[str, Any]]) -> Places:
    """Places from rows of `stock.location`, inactive ones too: what lies there still belongs to the warehouse."""
    known = {row["id"]: row for row in rows}
    warehouses = {
        id_: row["code"] or row["name"] for id_, row in known.items() if row["type"] == "warehouse" and row["active"]
    }
    inside = {}
    for id_ in known:
        above: int | None = id_
        while above is not None and above not in warehouses:
            above = known[above]["parent"] if above in known else None
        if above is not None:
            inside[id_] = above
    return Places(warehouses, inside, frozenset(known))
