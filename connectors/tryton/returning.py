"""Returns of sales: the authorisation, and the goods that come back.

An authorisation is a sale of negative quantities, of the web shop and under our key, which Tryton keeps unique. It
plans neither shipment nor invoice: goods that are only announced count as nobody's stock, and the credit memo follows
the inspection. A receipt is a customer return shipment of what is restocked; the rest comes to no stock.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from canonical.errors import RejectedError
from canonical.ids import digest
from canonical.settlement import ReturnAuthorisation, ReturnReceipt
from connectors.exact import exact
from connectors.tryton.client import TrytonClient
from connectors.tryton.comment import comment_of, digest_in
from connectors.tryton.directory import Directory
from connectors.tryton.sold import SALE
from connectors.tryton.warehouses import Warehouse, Warehouses
from connectors.tryton.work import Work, conflict, each, press, press_through, refresh

RECEIPT = "stock.shipment.out.return"
_FIELDS = ["web_id", "state", "number", "comment", "total_amount"]
_RECEIPT_FIELDS = ["reference", "state", "number", "warehouse"]
_AUTHORISED = ("processing", "done")


class Authorisations:
    """Authorises returns of one company's sales."""

    def __init__(self, client: TrytonClient, directory: Directory, warehouses: Warehouses) -> None:
        self._client, self._directory, self._warehouses = client, directory, warehouses

    async def post(self, works: Sequence[Work[ReturnAuthorisation]]) -> None:
        """Each of them, authorised or with its error."""
        await self._meet(works)
        await self._create([w for w in works if w.open and w.id is None])
        await self._refresh(works)
        await press_through(self._client, "sale.sale", (("draft", "quote"), ("quotation", "confirm")), works)
        await self._refresh(works)
        if confirmed := [w for w in works if w.open and w.state == "confirmed"]:  # Tryton goes on by itself as a rule
            await press(self._client, "sale.sale", "process", confirmed)
            await self._refresh(confirmed)
        for work in works:
            if work.open and work.state in _AUTHORISED:
                work.finish(total=-work.money(work.row["total_amount"]))

    async def _meet(self, works: Sequence[Work[ReturnAuthorisation]]) -> None:
        shops = sorted(shop.id for shop in (await self._directory.shops()).values())
        domain = [("web_shop", "in", shops), ("web_id", "in", [w.posting.key for w in works])]
        rows = await self._client.read(f"{SALE}.search_read", domain, 0, None, None, _FIELDS)
        standing = {row["web_id"]: row for row in rows}
        for work in works:
            if row := standing.get(work.posting.key):
                work.id, work.row = row["id"], row
                if digest_in(row["comment"] or "") != _digest(work.posting):
                    number = row["number"] or row["id"]
                    work.error = conflict(work.posting.key, f"return {number} stands under this key, of other content")

    async def _create(self, works: Sequence[Work[ReturnAuthorisation]]) -> None:
        shops = {shop.company: shop.id for shop in (await self._directory.shops()).values()}
        values: dict[str, dict[str, Any]] = {}
        for work in works:
            try:
                at = await self._warehouses.find(work.posting.location, work.posting.key)
                values[work.posting.key] = _values(work, shops[work.sale.company], at)
            except RejectedError as error:
                work.error = error

        async def create(group: Sequence[Work[ReturnAuthorisation]]) -> None:
            ids = await self._client.call(f"{SALE}.create", [values[w.posting.key] for w in group])
            for work, id_ in zip(group, ids, strict=True):
                work.id, work.created = id_, True

        await each([w for w in works if w.open], create)

    async def _refresh(self, works: Sequence[Work[ReturnAuthorisation]]) -> None:
        await refresh(self._client, "sale.sale", works, _FIELDS)


class Receipts:
    """Receives returned goods of one company. The sale of a receipt is its authorisation."""

    def __init__(self, client: TrytonClient, warehouses: Warehouses) -> None:
        self._client, self._warehouses = client, warehouses

    async def post(self, works: Sequence["Work[Receipt]"]) -> None:
        """Each of them, in stock or with its error."""
        await self._meet(works)
        await self._create([w for w in works if w.open and w.id is None])
        await self._refresh(works)
        await press_through(self._client, RECEIPT, (("draft", "receive"), ("received", "do")), works)
        await self._refresh(works)
        for work in works:
            if work.open and work.state == "done":
                work.finish()

    async def _meet(self, works: Sequence["Work[Receipt]"]) -> None:
        domain = [("reference", "in", [w.posting.key for w in works])]
        rows = await self._client.read(f"model.{RECEIPT}.search_read", domain, 0, None, None, _RECEIPT_FIELDS)
        standing = {row["reference"]: row for row in rows}
        received = await self._received([f"{RECEIPT},{row['id']}" for row in rows])
        for work in works:
            if row := standing.get(work.posting.key):
                work.id, work.row = row["id"], row
                at = await self._warehouses.find(work.posting.receipt.location, work.posting.key)
                here = received.get(f"{RECEIPT},{row['id']}", Counter())
                if here != _back(work) or row["warehouse"] != at.id:
                    work.error = conflict(
                        work.posting.key, f"return receipt {row['number']} stands under this key, of other content"
                    )

    async def _create(self, works: Sequence["Work[Receipt]"]) -> None:
        customers = await self._warehouses.customers() if works else 0
        earlier = await self._received_of(works)
        values: dict[str, dict[str, Any]] = {}
        for work in works:
            try:
                _check(work, earlier)
                at = await self._warehouses.find(work.posting.receipt.location, work.posting.key)
                values[work.posting.key] = _receipt_values(work, at, customers)
            except RejectedError as error:
                work.error = error

        async def create(group: Sequence["Work[Receipt]"]) -> None:
            ids = await self._client.call(f"model.{RECEIPT}.create", [values[w.posting.key] for w in group])
            for work, id_ in zip(group, ids, strict=True):
                work.id, work.created = id_, True

        await each([w for w in works if w.open], create)

    async def _received(self, shipments: Sequence[str]) -> dict[str, Counter[int]]:
        """What came with each of these return shipments, by the line of the authorisation."""
        found: dict[str, Counter[int]] = {}
        for row in await self._moves([("shipment", "in", list(shipments))]) if shipments else ():
            found.setdefault(row["shipment"], Counter())[_origin(row)] += int(exact(row["quantity"]))
        return found

    async def _received_of(self, works: Sequence["Work[Receipt]"]) -> Counter[int]:
        """What has come back already of these authorisations, by their lines."""
        origins = [f"sale.line,{line.id}" for work in works for line in work.sale.lines]
        rows = await self._moves([("origin", "in", origins), ("state", "!=", "cancelled")]) if origins else []
        total: Counter[int] = Counter()
        for row in rows:
            total[_origin(row)] += int(exact(row["quantity"]))
        return total

    async def _moves(self, domain: list[Any]) -> list[dict[str, Any]]:
        fields = ["shipment", "origin", "quantity"]
        rows: list[dict[str, Any]] = await self._client.read(
            "model.stock.move.search_read", [*domain, ("origin", "like", "sale.line,%")], 0, None, None, fields
        )
        return rows

    async def _refresh(self, works: Sequence["Work[Receipt]"]) -> None:
        await refresh(self._client, RECEIPT, works, _RECEIPT_FIELDS)


class Receipt:
    """A receipt as a posting that follows its authorisation."""

    __slots__ = ("receipt",)

    def __init__(self, receipt: ReturnReceipt) -> None:
        self.receipt = receipt

    @property
    def key(self) -> str:
        """The receipt's own key."""
        return self.receipt.key

    @property
    def sale_key(self) -> str:
        """The authorisation, which is a sale in Tryton."""
        return self.receipt.authorisation_key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Receipt) and other.receipt == self.receipt

    def __hash__(self) -> int:
        return hash(self.receipt.key)


def _digest(posting: ReturnAuthorisation) -> str:
    return digest(posting.model_dump(mode="json"))


def _values(work: Work[ReturnAuthorisation], shop: int, at: Warehouse) -> dict[str, Any]:
    """The sale of negative quantities. Raises `RejectedError` for more than was sold."""
    lines = [_returned(work, key, quantity) for key, quantity in work.posting.lines.items()]
    return {
        "party": work.sale.party,
        "company": work.sale.company,
        "currency": work.sale.currency,
        "web_shop": shop,
        "web_id": work.posting.key,
        "origin": f"sale.sale,{work.sale.id}",
        "reference": work.posting.return_id,
        "description": f"Return of {work.sale.name}",
        "comment": comment_of(_digest(work.posting)),
        "invoice_address": work.sale.invoice_address,
        "shipment_address": work.sale.shipment_address,
        "warehouse": at.id,
        "invoice_method": "manual",
        "shipment_method": "manual",
        "lines": [("create", lines)],
    }


def _returned(work: Work[ReturnAuthorisation], key: str, quantity: int) -> dict[str, Any]:
    """A line of it, at the price it was sold for."""
    line = work.sale.line(key, work.posting.key)
    if not 0 < quantity <= line.quantity:
        raise RejectedError(
            f"line {key} of sale {work.sale.name} sold {line.quantity}, {quantity} cannot come back",
            code="more_than_sold",
            document=work.posting.key,
            field=f"line {key}",
            way_out="Correct the quantity of the return.",
        )
    return {
        "type": "line",
        "product": line.product,
        "unit": line.unit,
        "quantity": -quantity,
        "unit_price": line.price,
        "taxes": [("add", list(line.taxes))],
        "description": line.description,
        "note": key,
    }


def _back(work: "Work[Receipt]") -> Counter[int]:
    lines = work.posting.receipt.lines
    return Counter({work.sale.line(key, work.posting.key).id: count for key, count in lines.items() if count})


def _check(work: "Work[Receipt]", earlier: Counter[int]) -> None:
    """Raises `RejectedError` for a receipt of nothing, or of more than is authorised and has not come yet."""
    words, code = "nothing of it is restocked", "nothing_restocked"
    if back := _back(work):
        for line in work.sale.lines:
            if back[line.id] + earlier[line.id] > -line.quantity:
                words, code = f"line {line.key} of it is more than was authorised", "more_than_authorised"
                break
        else:
            return
    raise RejectedError(
        words,
        code=code,
        document=work.posting.key,
        way_out="A receipt names what is restocked of an authorised return; correct it, or authorise more.",
    )


def _receipt_values(work: "Work[Receipt]", at: Warehouse, customers: int) -> dict[str, Any]:
    day = work.posting.receipt.received_at.date()
    lines = {line.id: line for line in work.sale.lines}
    return {
        "company": work.sale.company,
        "customer": work.sale.party,
        "reference": work.posting.key,
        "warehouse": at.id,
        "warehouse_storage": at.storage,
        "warehouse_input": at.input,
        "planned_date": day,
        "effective_date": day,
        "incoming_moves": [
            (
                "create",
                [
                    {
                        "company": work.sale.company,
                        "product": lines[id_].product,
                        "unit": lines[id_].unit,
                        "quantity": float(quantity),
                        "from_location": customers,
                        "to_location": at.input,
                        "unit_price": lines[id_].price,
                        "currency": work.sale.currency,
                        "origin": f"sale.line,{id_}",
                    }
                    for id_, quantity in _back(work).items()
                ],
            )
        ],
    }


def _origin(row: dict[str, Any]) -> int:
    return int(row["origin"].partition(",")[2])
