"""Requests as they stand in the warehouse: the consignee that carries our key, what we asked, and its shipments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.tryton_wms.content import Content, read_content
from connectors.tryton_wms.rest import WmsClient

RANKS: Mapping[str, int] = {"draft": 0, "waiting": 1, "assigned": 2, "picked": 3, "packed": 4, "shipped": 5, "done": 5}
PICKED, PACKED, SHIPPED = RANKS["picked"], RANKS["packed"], RANKS["shipped"]
MARK = "Crossdock"
"""The name of the contact entry in which the content is kept."""
MOST = 100  # records of one call
_MOVE = ("quantity", "state", "product.code", "to_location.type", "to_location.code", "from_location.type",
         "lot.number", "package")  # fmt: skip
_SHIPMENT = ("number", "state", "customer", "warehouse.code", "write_date", "create_date", "shipping_reference",
             "carrier.party.name", "packages.number", "packages.shipping_reference", "packages.write_date",
             "packages.create_date", *(f"moves.{field}" for field in _MOVE))  # fmt: skip


@dataclass(frozen=True, slots=True)
class OutMove:
    """Goods of a shipment on their way out of the output area."""

    id: int
    item: str
    quantity: int
    lot: str | None
    package: int | None


@dataclass(frozen=True, slots=True)
class Box:
    id: int
    number: str
    tracking: str | None


@dataclass(frozen=True, slots=True)
class OutShipment:
    """A shipment to a consignee. `rank` says how far it is; None: cancelled."""

    id: int
    number: str
    rank: int | None
    location: str
    carrier: str | None
    tracking: str | None
    moves: tuple[OutMove, ...]
    boxes: tuple[Box, ...]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """A request: `party` is the consignee, `entry` the record that keeps the content."""

    key: str
    party: int
    entry: int
    content: Content
    shipments: tuple[OutShipment, ...] = ()

    @property
    def live(self) -> tuple[OutShipment, ...]:
        """The shipments that were not cancelled."""
        return tuple(shipment for shipment in self.shipments if shipment.rank is not None)

    @property
    def totals(self) -> dict[str, int]:
        """What the live shipments carry, by item."""
        totals: dict[str, int] = {}
        for move in (move for shipment in self.live for move in shipment.moves):
            totals[move.item] = totals.get(move.item, 0) + move.quantity
        return totals


class TaskReader:
    """Reads tasks by our key or by consignee, two calls for a hundred."""

    def __init__(self, client: WmsClient) -> None:
        self._client = client

    async def by_key(self, keys: Sequence[str]) -> dict[str, Task]:
        """The tasks there are, by key."""
        return {task.key: task for part in _parts(keys) for task in await self._tasks([("code", "in", part)])}

    async def by_party(self, parties: Iterable[int]) -> dict[int, Task]:
        """The tasks of these consignees; others than ours are left out."""
        ids = sorted(set(parties))
        return {task.party: task for part in _parts(ids) for task in await self._tasks([("id", "in", part)])}

    async def _tasks(self, domain: list[Any]) -> list[Task]:
        fields = ["code", "contact_mechanisms.name", "contact_mechanisms.comment"]
        parties = await self._client.find("party.party", domain, fields)
        tasks = {task.party: task for party in parties if (task := _task(party)) is not None}
        if not tasks:
            return []
        rows = await self._client.find("stock.shipment.out", [("customer", "in", sorted(tasks))], _SHIPMENT)
        shipments: dict[int, list[OutShipment]] = {}
        for row in rows:
            shipments.setdefault(row["customer"], []).append(_shipment(row))
        return [
            Task(task.key, task.party, task.entry, task.content, tuple(shipments.get(task.party, ())))
            for task in tasks.values()
        ]


def changed_at(row: Mapping[str, Any]) -> datetime:
    """When a record last changed, in UTC."""
    moment: datetime = row.get("write_date") or row["create_date"]
    return moment.replace(tzinfo=UTC)


def whole(quantity: Any) -> int:
    """A quantity in each."""
    pieces: int = round(quantity)
    return pieces


def _task(party: Mapping[str, Any]) -> Task | None:
    for entry in party["contact_mechanisms"]:
        content = read_content(entry["comment"]) if entry["name"] == MARK else None
        if content is not None:
            return Task(party["code"], party["id"], entry["id"], content)
    return None


def _shipment(row: Mapping[str, Any]) -> OutShipment:
    moves = tuple(
        OutMove(
            move["id"],
            move["product"]["code"],
            whole(move["quantity"]),
            move["lot"]["number"] if move["lot"] else None,
            move["package"],
        )
        for move in sorted(row["moves"], key=lambda move: int(move["id"]))
        if move["to_location"]["type"] == "customer" and move["state"] != "cancelled" and move["quantity"]
    )
    boxes = tuple(Box(box["id"], box["number"], box["shipping_reference"] or None) for box in row["packages"])
    return OutShipment(
        id=row["id"],
        number=row["number"] or f"draft {row['id']}",
        rank=RANKS.get(row["state"]),
        location=row["warehouse"]["code"],
        carrier=row["carrier"]["party"]["name"] if row["carrier"] else None,
        tracking=row["shipping_reference"] or None,
        moves=moves,
        boxes=boxes,
        changed_at=max(changed_at(entry) for entry in (row, *row["packages"])),
    )


def _parts(values: Sequence[Any]) -> Iterator[list[Any]]:
    return (list(values[start : start + MOST]) for start in range(0, len(values), MOST))
