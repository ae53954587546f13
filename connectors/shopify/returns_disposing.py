"""Telling what inspections found. The shop adds up whatever it is told, so only what it lacks is sent."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from canonical.errors import RejectedError, RetryableError
from canonical.returns import Disposition
from connectors.shopify.aftersales_writing import change, need_id, read_back, unknown
from connectors.shopify.client import ShopifyClient
from connectors.shopify.reading import gid
from connectors.shopify.returns_reading import TYPES, ReturnNode, read_nodes, reverse_lines

Found = tuple[str, int, Disposition, str | None]
Place = tuple[str, str, str | None]
"""Return line, Shopify's type, and the location of what is restocked."""


@dataclass(frozen=True, slots=True)
class Disposer:
    """Tells dispositions to one shop."""

    client: ShopifyClient

    async def dispose(self, return_id: str, dispositions: Sequence[Found]) -> str:
        """As `ReturnChannel.dispose`."""
        wanted = _wanted(return_id, dispositions)

        async def told() -> str | None:
            return None if _missing(await self._read(return_id), wanted) else return_id

        node = await self._read(return_id)
        for rows in _rows(node, _missing(node, wanted)):
            try:
                await change(
                    self.client, "dispose_returned", "reverseFulfillmentOrderDispose", {"rows": rows}, node.name
                )
            except RetryableError as error:
                if not error.maybe_applied:
                    raise
                return await read_back(told, error)
        return return_id

    async def _read(self, return_id: str) -> ReturnNode:
        need_id(return_id, "return_id", return_id)
        node = (await read_nodes(self.client, [return_id])).get(return_id)
        if node is None:
            raise unknown("return", return_id)
        if isinstance(node, RejectedError):
            raise node
        return node


def _wanted(return_id: str, dispositions: Sequence[Found]) -> Counter[Place]:
    wanted: Counter[Place] = Counter()
    for line_id, pieces, disposition, location in dispositions:
        if disposition is Disposition.RESTOCK and not location:
            words = "restocked goods need a location"
            raise RejectedError(words, code="location_missing", document=return_id, field="location")
        wanted[line_id, TYPES[disposition], location if disposition is Disposition.RESTOCK else None] += pieces
    return wanted


def _missing(node: ReturnNode, wanted: Counter[Place]) -> Counter[Place]:
    """What the shop was not told yet."""
    known: Counter[Place] = Counter()
    for line in node.return_line_items.nodes:
        for _, row in reverse_lines(node, line):
            for one in row.dispositions:
                place = one.location.id if one.location and one.type == "RESTOCKED" else None
                known[line.id, one.type, place] += one.quantity
    return wanted - known


def _rows(node: ReturnNode, missing: Counter[Place]) -> list[list[dict[str, Any]]]:
    """The inputs, one list for each reverse fulfillment order: Shopify takes no two in one call."""
    lines = {line.id: line for line in node.return_line_items.nodes}
    free: Counter[str] = Counter()
    for order in node.reverse_fulfillment_orders.nodes:
        for row in order.line_items.nodes:
            settled = sum(one.quantity for one in row.dispositions if one.type != "PROCESSING_REQUIRED")
            free[row.id] = row.total_quantity - settled
    calls: dict[str, list[dict[str, Any]]] = {}
    for (line_id, kind, place), pieces in missing.items():
        left = pieces
        for order_id, row in reverse_lines(node, lines[line_id]) if line_id in lines else ():
            taken = min(left, free[row.id])
            if taken > 0:
                free[row.id] -= taken
                left -= taken
                calls.setdefault(order_id, []).append(_input(row.id, taken, kind, place))
        if left:
            raise RejectedError(
                f"{left} more pieces of return line {line_id} were inspected than are expected back",
                code="too_many_returned",
                document=node.name,
                field="dispositions",
                way_out="Count again, or open a return for the pieces that nobody announced.",
            )
    return list(calls.values())


def _input(row_id: str, pieces: int, kind: str, place: str | None) -> dict[str, Any]:
    given = {
        "reverseFulfillmentOrderLineItemId": gid("ReverseFulfillmentOrderLineItem", row_id),
        "quantity": pieces,
        "dispositionType": kind,
    }
    return given | ({"locationId": gid("Location", place)} if place else {})
