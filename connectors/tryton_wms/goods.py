"""Returned goods, and what the warehouse did to its own stock, as events."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from canonical.warehouse import EventLine, StockMovement, WarehouseEvent, WarehouseEventKind
from connectors.exact import exact
from connectors.tryton_wms.content import Shares
from connectors.tryton_wms.settings import TrytonWmsSettings
from connectors.tryton_wms.tasks import Task, changed_at, whole

RETURN_FIELDS = (
    "number", "reference", "state", "customer", "customer.code", "warehouse.code", "write_date", "create_date",
    "moves.quantity", "moves.state", "moves.product.code", "moves.from_location.type", "moves.to_location.code",
    "moves.lot.number",
)  # fmt: skip
MOVE_FIELDS = (
    "quantity", "unit.name", "product.code", "origin", "shipment", "write_date", "create_date",
    "from_location.type", "from_location.code",
    "to_location.type", "to_location.code",
)  # fmt: skip
_UNITS = {"Unit": "each"}
_SCRAP = "-SCR"


def return_events(
    row: Mapping[str, Any], task: Task | None, system: str, settings: TrytonWmsSettings
) -> Iterator[WarehouseEvent]:
    """Received, and inspected once the goods are put where they belong."""
    arrived = [move for move in row["moves"] if move["from_location"]["type"] == "customer"]
    away = [move for move in row["moves"] if move["from_location"]["type"] != "customer"]
    if row["state"] in ("received", "done"):
        yield _return_event(WarehouseEventKind.RETURN_RECEIVED, row, task, system, _goods(arrived, task))
    if row["state"] == "done":
        lines = _goods(away, task, settings)
        yield _return_event(WarehouseEventKind.RETURN_INSPECTED, row, task, system, lines)


def _return_event(
    kind: WarehouseEventKind, row: Mapping[str, Any], task: Task | None, system: str, lines: Iterable[EventLine]
) -> WarehouseEvent:
    return WarehouseEvent(
        id=f"{kind}:{row['id']}",
        system=system,
        kind=kind,
        occurred_at=changed_at(row),
        location=row["warehouse"]["code"],
        request_key=task.key if task else None,
        order_name=task.content.order_name if task else None,
        external_id=row["number"],
        return_id=row["reference"] or None,
        lines=tuple(lines),
    )


def _goods(
    moves: Iterable[Mapping[str, Any]], task: Task | None, settings: TrytonWmsSettings | None = None
) -> Iterator[EventLine]:
    """The lines of goods, by the order line they left for where that is known."""
    shares = Shares(task.content.lines if task else ())
    for move in sorted(moves, key=lambda move: int(move["id"])):
        item, quantity = move["product"]["code"], whole(move["quantity"])
        if move["state"] == "cancelled" or not quantity:
            continue
        for line_id, part in shares.take(item, quantity) or [("", quantity)]:
            yield EventLine(
                line_id=line_id or None,
                item=item,
                quantity=part,
                lot=move["lot"]["number"] if move["lot"] else None,
                disposition=settings.disposition(move["to_location"]["code"] or "") if settings else None,
            )


def movement_event(
    row: Mapping[str, Any], homes: Mapping[int, str], system: str, settings: TrytonWmsSettings
) -> WarehouseEvent | None:
    """What a finished move did to the stock of a warehouse; None when nothing entered, left or changed place.

    `homes`: the warehouse of each location that lies in one.
    """
    found = _movement(row, homes)
    if found is None:
        return None
    reason, location, to_location, sign = found
    return WarehouseEvent(
        id=f"{WarehouseEventKind.STOCK_MOVED}:{row['id']}",
        system=system,
        kind=WarehouseEventKind.STOCK_MOVED,
        occurred_at=changed_at(row),
        location=location,
        external_id=row["shipment"] or row["origin"] or None,
        reason=reason,
        movement=StockMovement(
            item=row["product"]["code"],
            quantity=sign * exact(row["quantity"]),
            unit=_UNITS.get(row["unit"]["name"], row["unit"]["name"]),
            location=location,
            to_location=to_location,
            reason=reason,
            account=(settings.accounts or {}).get(reason),
        ),
    )


def homes_of(locations: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """The code of the warehouse in which each location lies, by location."""
    known = {row["id"]: row for row in locations}
    homes: dict[int, str] = {}
    for id_ in known:
        above = id_
        while above in known and known[above]["type"] != "warehouse":
            above = known[above]["parent"]
        if above in known:
            homes[id_] = known[above]["code"] or known[above]["name"]
    return homes


def _movement(row: Mapping[str, Any], homes: Mapping[int, str]) -> tuple[str, str, str | None, Decimal] | None:
    """Reason, location, where to, and sign."""
    source, target = row["from_location"], row["to_location"]
    leaves, enters = homes.get(source["id"]), homes.get(target["id"])
    if leaves == enters:
        return None
    if leaves and enters:
        return "transfer", leaves, enters, Decimal(1)
    location = leaves or enters or ""
    return _reason(row, source if enters else target, bool(enters)), location, None, Decimal(1 if enters else -1)


def _reason(row: Mapping[str, Any], other: Mapping[str, Any], enters: bool) -> str:
    """Why goods came from outside, or went there. A transfer by way of a place in transit is told end by end."""
    if (row["origin"] or "").startswith("stock.inventory.line"):
        return "count"
    if other["type"] == "supplier":
        return "receipt"
    if (other["code"] or "").endswith(_SCRAP):
        return "scrap"
    if (row["shipment"] or "").startswith("stock.shipment.internal"):
        return "transfer_in" if enters else "transfer_out"
    return "found" if other["type"] == "lost_found" else str(other["type"])
