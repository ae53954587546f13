"""Shipments of sales: what left a warehouse, taken off the open shipment that Tryton planned, and done.

    find by key -> claim what was shipped (key, quantities, place in one write) -> wait -> assign -> pick -> pack -> do

The rest of a partial shipment becomes a shipment of its own, which Tryton makes by itself. Goods that have left are
booked whether or not Tryton thought they were there (`assign_force`): the floor is right.

Limits: Tryton's open shipment keeps no line ids, so a line that was shipped twice under two keys is told apart by the
quantities that are left. Lots and serial numbers are not kept (module stock_lot is not asked for); tracking numbers
are, as the shipping reference. A posting has to fit into one open shipment of its sale: of two that Tryton planned for
different days, each needs a posting of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from canonical.errors import RejectedError
from canonical.settlement import ShipmentPosting
from connectors.exact import exact
from connectors.tryton.client import TrytonClient
from connectors.tryton.sold import SALE, Sold, SoldSales
from connectors.tryton.warehouses import Warehouse, Warehouses
from connectors.tryton.work import Work, conflict, each, press_through, refresh

MODEL = "stock.shipment.out"
FIELDS = ["reference", "state", "number", "warehouse"]
_OPEN = ("draft", "waiting", "assigned")
_STEPS = (("draft", "wait"), ("waiting", "assign_force"), ("assigned", "pick"), ("picked", "pack"), ("packed", "do"))


@dataclass(frozen=True, slots=True)
class Move:
    """A move to the customer, by the line of the sale it delivers."""

    id: int
    line: int
    quantity: Decimal
    state: str
    shipment: int


class Shipments:
    """Ships sales of one company."""

    def __init__(self, client: TrytonClient, warehouses: Warehouses, sales: SoldSales) -> None:
        self._client, self._warehouses, self._sales = client, warehouses, sales

    async def post(self, works: Sequence[Work[ShipmentPosting]]) -> None:
        """Each of them, shipped or with its error."""
        await self._meet(works)
        await self._claim([w for w in works if w.open and w.id is None])
        await press_through(self._client, MODEL, _STEPS, works)
        await self._refresh(works)
        for work in works:
            if work.open and work.state == "done":
                work.finish()

    async def moves(self, shipments: Sequence[int]) -> dict[int, list[Move]]:
        """The moves to customers of these shipments."""
        names = [f"{MODEL},{id_}" for id_ in shipments]
        domain = [("shipment", "in", names), ("origin", "like", "sale.line,%")]
        fields = ["shipment", "origin", "quantity", "state"]
        found: dict[int, list[Move]] = {id_: [] for id_ in shipments}
        for row in await self._client.read("model.stock.move.search_read", domain, 0, None, [("id", "ASC")], fields):
            at = int(row["shipment"].partition(",")[2])
            line = int(row["origin"].partition(",")[2])
            found[at].append(Move(row["id"], line, exact(row["quantity"]), row["state"], at))
        return found

    async def _meet(self, works: Sequence[Work[ShipmentPosting]]) -> None:
        """Take what stands under the keys; other content there is a conflict."""
        domain = [("reference", "in", [w.posting.key for w in works])]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, [("id", "DESC")], FIELDS)
        standing = {row["reference"]: row for row in rows}
        moves = await self.moves([row["id"] for row in standing.values()]) if standing else {}
        for work in works:
            if row := standing.get(work.posting.key):
                work.id, work.row = row["id"], row
                try:
                    await self._compare(work, moves[row["id"]])
                except RejectedError as error:
                    work.error = error

    async def _compare(self, work: Work[ShipmentPosting], moves: Sequence[Move]) -> None:
        shipped: Counter[int] = Counter()
        for move in moves:
            if move.state != "cancelled":
                shipped[move.line] += int(move.quantity)
        warehouse = await self._warehouses.find(work.posting.shipment.location, work.posting.key)
        if shipped != wanted(work.posting, work.sale) or warehouse.id != work.row["warehouse"]:
            work.error = conflict(
                work.posting.key, f"shipment {work.row['number']} stands under this key with other content"
            )

    async def _claim(self, works: Sequence[Work[ShipmentPosting]]) -> None:
        """Give each the open shipment of its sale. Where that lacks something, the sale is processed once more: a
        crash may have come before Tryton planned the rest."""
        lacking = await self._taken(works, again=False)
        if lacking:
            await each(lacking, lambda group: self._client.call(f"{SALE}.process", [w.sale.id for w in group]))
            fresh = await self._sales.by_key(w.posting.sale_key for w in lacking)
            for work in lacking:
                work.sale = fresh.get(work.posting.sale_key, work.sale)
            await self._taken([w for w in lacking if w.open], again=True)
        await self._refresh(works)

    async def _taken(self, works: Sequence[Work[ShipmentPosting]], *, again: bool) -> list[Work[ShipmentPosting]]:
        """Claim for each what its sale has open; those without are returned, or refused the second time."""
        open_ = await self._open(works)
        claims: list[tuple[Work[ShipmentPosting], dict[str, Any], dict[str, Any]]] = []
        lacking = []
        for work in works:
            try:
                taken = wanted(work.posting, work.sale)
                at = await self._warehouses.find(work.posting.shipment.location, work.posting.key)
                found = _covering(open_.get(work.sale.id, []), taken)
                if found is None and again:
                    raise _exceeds(work)
                if found is None:
                    lacking.append(work)
                    continue
                row, moves = found
                claims.append((work, row, _values(work.posting, row, moves, taken, at)))
            except RejectedError as error:
                work.error = error
        await self._write(claims)
        return lacking

    async def _write(self, claims: Sequence[tuple[Work[ShipmentPosting], dict[str, Any], dict[str, Any]]]) -> None:
        for work, row, _ in claims:
            work.row = row
        by_id = {id(work): (row["id"], values) for work, row, values in claims}
        assigned = [w for w, row, _ in claims if row["state"] == "assigned"]
        await self._each_row(assigned, "wait", by_id)
        reshaped = [w for w, row, values in claims if w.open and "moves" in values and row["state"] != "draft"]
        await self._each_row(reshaped, "draft", by_id)

        async def write(group: Sequence[Work[ShipmentPosting]]) -> None:
            changes: list[Any] = []
            for work in group:
                at, values = by_id[id(work)]
                changes += [[at], values]
            await self._client.call(f"model.{MODEL}.write", *changes)

        ready = [w for w, _, _ in claims if w.open]
        await each(ready, write)
        for work in ready:
            if work.open:
                work.id, work.created = by_id[id(work)][0], True

    async def _each_row(
        self, works: Sequence[Work[ShipmentPosting]], button: str, by_id: Mapping[int, tuple[int, Any]]
    ) -> None:
        await each(works, lambda group: self._client.call(f"model.{MODEL}.{button}", [by_id[id(w)][0] for w in group]))

    async def _open(self, works: Sequence[Work[ShipmentPosting]]) -> dict[int, list[tuple[dict[str, Any], list[Move]]]]:
        """The shipments of these sales that nothing has left by yet and no key has taken."""
        ids = [id_ for work in works for id_ in work.sale.shipments]
        if not ids:
            return {}
        unclaimed = ["OR", ("reference", "=", None), ("reference", "=", "")]
        domain = [("id", "in", ids), ("state", "in", list(_OPEN)), unclaimed]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, [("id", "ASC")], FIELDS)
        moves = await self.moves([row["id"] for row in rows])
        owner = {id_: work.sale.id for work in works for id_ in work.sale.shipments}
        found: dict[int, list[tuple[dict[str, Any], list[Move]]]] = {}
        for row in rows:
            found.setdefault(owner[row["id"]], []).append((row, moves[row["id"]]))
        return found

    async def _refresh(self, works: Sequence[Work[ShipmentPosting]]) -> None:
        await refresh(self._client, MODEL, works, FIELDS)


def wanted(posting: ShipmentPosting, sale: Sold) -> Counter[int]:
    """What was shipped, by the line of the sale. Raises `RejectedError` for a line that the sale lacks."""
    total: Counter[int] = Counter()
    for parcel in posting.shipment.parcels:
        for entry in parcel.lines:
            line = sale.line(entry.line_id, posting.key)
            if line.stocked:
                total[line.id] += entry.quantity
    if not total:
        raise RejectedError(
            "it ships nothing that is stocked",
            code="nothing_to_ship",
            document=posting.key,
            way_out="Services need no shipment in Tryton; do not post it.",
        )
    return total


def _covering(
    open_: Sequence[tuple[dict[str, Any], list[Move]]], taken: Counter[int]
) -> tuple[dict[str, Any], list[Move]] | None:
    """The first open shipment that holds all of it."""
    for row, moves in open_:
        held: dict[int, Decimal] = {}
        for move in moves:
            held[move.line] = held.get(move.line, Decimal(0)) + move.quantity
        if all(held.get(line, 0) >= quantity for line, quantity in taken.items()):
            return row, moves
    return None


def _values(
    posting: ShipmentPosting, row: Mapping[str, Any], moves: Sequence[Move], taken: Counter[int], at: Warehouse
) -> dict[str, Any]:
    """The change that makes an open shipment this one: key, tracking, day, and what is not in it goes."""
    numbers = [parcel.tracking_number for parcel in posting.shipment.parcels if parcel.tracking_number]
    values: dict[str, Any] = {
        "reference": posting.key,
        "shipping_reference": ", ".join(numbers) or None,
        "effective_date": posting.shipment.shipped_at.date(),
    }
    left, elsewhere = Counter(taken), row["warehouse"] != at.id
    changes: list[tuple[Any, ...]] = []
    for move in moves:
        quantity = min(left[move.line], int(move.quantity))
        left[move.line] -= quantity
        change: dict[str, Any] = {"from_location": at.output} if elsewhere else {}
        if quantity != move.quantity:
            change["quantity"] = float(quantity)
        if not quantity:
            changes.append(("delete", [move.id]))
        elif change:
            changes.append(("write", [move.id], change))
    if elsewhere:
        values |= {"warehouse": at.id, "warehouse_storage": at.storage, "warehouse_output": at.output}
    if changes:
        values["moves"] = changes
    return values


def _exceeds(work: Work[ShipmentPosting]) -> RejectedError:
    return RejectedError(
        f"it ships more than sale {work.sale.name} has left to ship",
        code="more_than_ordered",
        document=work.posting.key,
        way_out="Compare the shipments of the sale in Tryton with the warehouse's; correct the one that is wrong.",
    )
