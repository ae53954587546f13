"""Stock moves told as promises: what has left or will leave a warehouse, what is to come, and for which order of ours.

A move within one warehouse (put away, pick) promises nothing. Tryton's states: staging, draft and assigned are planned;
done has happened; cancelled counts for nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from canonical.inventory import AllocatedLine, Incoming
from connectors.exact import exact
from connectors.tryton.stock_places import Places

PLANNED = ("staging", "draft", "assigned")
_LINE = "sale.line,"


@dataclass(frozen=True, slots=True)
class Move:
    """A move as it was read. The quantity is in the product's default unit."""

    product: int
    source: int
    target: int
    quantity: Decimal
    state: str
    due: date | None
    origin: str | None
    shipment: str | None
    id: int

    FIELDS = (
        "product",
        "from_location",
        "to_location",
        "internal_quantity",
        "state",
        "planned_date",
        "origin",
        "shipment",
    )

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Move":
        """From a row read with `FIELDS`."""
        return cls(
            id=row["id"],
            product=row["product"],
            source=row["from_location"],
            target=row["to_location"],
            quantity=exact(row["internal_quantity"]),
            state=row["state"],
            due=row["planned_date"],
            origin=row["origin"],
            shipment=row["shipment"],
        )

    @property
    def sale_line(self) -> int | None:
        """The line of a sale it delivers; None when it is something else's."""
        return int(self.origin.removeprefix(_LINE)) if self.origin and self.origin.startswith(_LINE) else None

    @property
    def document(self) -> str:
        """What a clerk finds it by: its shipment, else where it comes from, else itself."""
        return self.shipment or self.origin or f"stock.move,{self.id}"


def allocated(moves: Iterable[Move], places: Places) -> dict[tuple[int, int], Decimal]:
    """What is planned to leave, by product and warehouse: sales, transfers, returns to suppliers."""
    totals: dict[tuple[int, int], Decimal] = {}
    for move in moves:
        leaves, arrives = places.warehouse_of(move.source), places.warehouse_of(move.target)
        if move.state in PLANNED and leaves is not None and leaves != arrives:
            totals[move.product, leaves] = totals.get((move.product, leaves), Decimal(0)) + move.quantity
    return totals


def incoming(moves: Iterable[Move], places: Places) -> dict[tuple[int, int], tuple[Incoming, ...]]:
    """What is planned to arrive, by product and warehouse, soonest first. One without a date is not counted on."""
    found: dict[tuple[int, int], list[Incoming]] = {}
    for move in moves:
        leaves, arrives = places.warehouse_of(move.source), places.warehouse_of(move.target)
        if move.state in PLANNED and arrives is not None and leaves != arrives and move.due and move.quantity:
            coming = Incoming(quantity=move.quantity, due=move.due, document=move.document)
            found.setdefault((move.product, arrives), []).append(coming)
    return {key: tuple(sorted(coming, key=lambda c: (c.due, c.document))) for key, coming in found.items()}


def allocated_lines(
    moves: Iterable[Move], keys: Mapping[int, str], codes: Mapping[int, str], places: Places
) -> tuple[AllocatedLine, ...]:
    """Our orders and SKUs that these moves count, by warehouse; gone when nothing of it is left to go.

    `keys`: the key of the order (`web_id`) by line of a sale. A line of a sale keeps no key of ours, so what is told
    is the order and the SKU: Tryton plans all moves of an order at once, at the warehouse of the sale. Where the rest
    of it is planned elsewhere, what has left is told by its quantity.
    """
    found: dict[tuple[str, str, str], dict[int, list[Move]]] = {}
    for move in moves:
        order, warehouse = order_of(keys.get(move.sale_line or 0, "")), places.warehouse_of(move.source)
        if order is not None and move.product in codes and warehouse is not None:
            line = found.setdefault((*order, codes[move.product]), {})
            line.setdefault(warehouse, []).append(move)
    return tuple(
        AllocatedLine(shop=shop, order_id=order, sku=sku, gone=not _planned(some), **told)
        for (shop, order, sku), by_warehouse in found.items()
        for some, told in _told(by_warehouse, places)
    )


def _told(by_warehouse: Mapping[int, list[Move]], places: Places) -> Iterable[tuple[list[Move], dict[str, Any]]]:
    """All of a SKU of an order at once when nothing is planned any more, else each warehouse's part."""
    everything = [move for some in by_warehouse.values() for move in some]
    if not _planned(everything):
        yield everything, {}
        return
    for warehouse, some in by_warehouse.items():
        left = None if _planned(some) else sum((move.quantity for move in some), Decimal(0))
        yield some, {"location": places.warehouses.get(warehouse), "quantity": left}


def _planned(moves: Iterable[Move]) -> bool:
    return any(move.state != "done" for move in moves)


def order_of(key: str) -> tuple[str, str] | None:
    """Shop and order id in the key a sale was booked under; None when it is no such key.

    >>> order_of("north:sales-order.create:5123")
    ('north', '5123')
    """
    parts = key.split(":")
    return (unquote(parts[0]), unquote(parts[2])) if len(parts) == 3 and all(parts) else None
