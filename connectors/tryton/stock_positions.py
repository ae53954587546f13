"""Positions of some products, read so that any change meanwhile makes a figure too low, never too high:

planned moves that leave  ->  on hand  ->  planned moves that arrive
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from canonical.inventory import AllocatedLine, Incoming, InventoryLevel
from connectors.exact import exact
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory
from connectors.tryton.stock_moves import PLANNED, Move, allocated, allocated_lines, incoming
from connectors.tryton.stock_places import REMEMBERED_SECONDS, PlaceDirectory, Places

SIDE_BY_SIDE = 4  # calls
_NOTHING = Decimal(0)
At = tuple[int, int]
"""A product at a warehouse."""


@dataclass(frozen=True, slots=True)
class StockItem:
    """A product that is stocked."""

    id: int
    code: str
    unit: str


@dataclass(frozen=True, slots=True)
class Positions:
    """What was read of some products."""

    places: Places
    on_hand: Mapping[At, Decimal]
    allocated: Mapping[At, Decimal]
    incoming: Mapping[At, tuple[Incoming, ...]]
    lines: tuple[AllocatedLine, ...]

    def levels(
        self, items: Iterable[StockItem], at_zero: Set[At], source: str, as_of: datetime
    ) -> Iterator[InventoryLevel]:
        """A level for each place that has something, or is among `at_zero`."""
        for item in items:
            for warehouse, code in self.places.warehouses.items():
                at = (item.id, warehouse)
                if self._says_something(at) or at in at_zero:
                    yield InventoryLevel(
                        sku=item.code,
                        location=code,
                        native_location=code,
                        unit=item.unit,
                        on_hand=self.on_hand.get(at, _NOTHING),
                        allocated=self.allocated.get(at, _NOTHING),
                        incoming=self.incoming.get(at, ()),
                        source=source,
                        as_of=as_of,
                    )

    def _says_something(self, at: At) -> bool:
        return bool(self.on_hand.get(at) or self.allocated.get(at) or at in self.incoming)


class PositionReader:
    """Reads positions of one company in six calls and a few, however many products."""

    def __init__(self, client: TrytonClient, directory: Directory) -> None:
        self._client, self._directory = client, directory
        self._places = PlaceDirectory(client)
        self._used: set[int] = set()
        self._used_since = float("-inf")

    async def used(self) -> set[int]:
        """The warehouses in which anything of the company ever moved; of others nothing is to be said."""
        places = await self._places.places()
        if time.monotonic() - self._used_since > REMEMBERED_SECONDS:
            for warehouse in places.warehouses.keys() - self._used:
                inside = [location for location, home in places.inside.items() if home == warehouse]
                domain = ["OR", ("to_location", "in", inside), ("from_location", "in", inside)]
                company = await self._client.company()
                if await self._client.read("model.stock.move.search", [("company", "=", company), domain], 0, 1, None):
                    self._used.add(warehouse)
            self._used_since = time.monotonic()
        return self._used

    async def places(self) -> Places:
        """The warehouses."""
        return await self._places.places()

    async def items(self, domain: list[Any]) -> list[StockItem]:
        """The stocked products with a code, inactive ones too; of two with one code the active, then the older."""
        rows = await self._client.read(
            "model.product.product.search_read",
            [("template.type", "=", "goods"), ("code", "!=", None), *domain],
            0,
            None,
            [("active", "DESC"), ("id", "ASC")],
            ["code", "default_uom.name"],
            context={"active_test": False},
        )
        items: dict[str, StockItem] = {}
        for row in rows:
            if row["code"]:
                items.setdefault(row["code"], StockItem(row["id"], row["code"], row["default_uom."]["name"]))
        return list(items.values())

    async def read(self, items: Sequence[StockItem], since: datetime) -> Positions:
        """The positions of these products, and our order lines that they count: planned, or done since."""
        ids = [item.id for item in items]
        leaving = await self._leaving(ids, since)
        places = await self._places.places({end for move in leaving for end in (move.source, move.target)})
        keys = await self._order_keys(leaving)
        on_hand = await self._on_hand(ids, places)
        arriving = await self._planned(ids, [("to_location", "in", sorted(places.inside))])
        lines = allocated_lines(leaving, keys, {item.id: item.code for item in items}, places)
        return Positions(places, on_hand, allocated(leaving, places), incoming(arriving, places), lines)

    async def _leaving(self, ids: Sequence[int], since: datetime) -> list[Move]:
        """The planned moves of these products, and those of our orders that were done since."""
        shops = sorted(shop.id for shop in (await self._directory.shops()).values())
        done = [("state", "=", "done"), ("write_date", ">=", since), ("origin.sale.web_shop", "in", shops, "sale.line")]
        return await self._moves([("product", "in", list(ids)), ["OR", ("state", "in", list(PLANNED)), done]])

    async def _planned(self, ids: Sequence[int], domain: list[Any]) -> list[Move]:
        return await self._moves([("product", "in", list(ids)), ("state", "in", list(PLANNED)), *domain])

    async def _moves(self, domain: list[Any]) -> list[Move]:
        company = await self._client.company()
        rows = await self._client.read(
            "model.stock.move.search_read", [("company", "=", company), *domain], 0, None, None, list(Move.FIELDS)
        )
        return [Move.of(row) for row in rows]

    async def _order_keys(self, moves: Iterable[Move]) -> dict[int, str]:
        """The keys of our orders by line of a sale; the lines of others are not among them."""
        lines = sorted({move.sale_line for move in moves if move.sale_line is not None})
        if not lines:
            return {}
        shops = sorted(shop.id for shop in (await self._directory.shops()).values())
        domain = [("id", "in", lines), ("sale.web_shop", "in", shops), ("sale.web_id", "!=", None)]
        rows = await self._client.read("model.sale.line.search_read", domain, 0, None, None, ["sale.web_id"])
        return {row["id"]: row["sale."]["web_id"] for row in rows}

    async def _on_hand(self, ids: Sequence[int], places: Places) -> dict[At, Decimal]:
        """What is there, input and output zones too: a call a product or a call a warehouse, whichever is fewer."""
        warehouses = list(places.warehouses)
        gate = asyncio.Semaphore(SIDE_BY_SIDE)

        async def read(model: str, records: Sequence[int], context: Mapping[str, Any]) -> dict[int, Decimal]:
            async with gate:
                rows = await self._client.read(f"model.{model}.read", list(records), ["quantity"], context=context)
            return {row["id"]: exact(row["quantity"]) for row in rows}

        if len(ids) <= len(warehouses):
            found = await asyncio.gather(*(read("stock.location", warehouses, {"product": id_}) for id_ in ids))
            return {(id_, place): held for id_, row in zip(ids, found, strict=True) for place, held in row.items()}
        contexts = [{"locations": [warehouse], "active_test": False} for warehouse in warehouses]
        found = await asyncio.gather(*(read("product.product", ids, context) for context in contexts))
        return {(id_, place): held for place, row in zip(warehouses, found, strict=True) for id_, held in row.items()}
