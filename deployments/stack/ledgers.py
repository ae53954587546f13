"""What each counterpart itself says became of an order: a witness that shares nothing with what it judges.

Databases and files are opened read-only, past APIs and connectors. Goods are pieces by SKU, money is in the shop's own
currency. An order is known by its shop and Shopify's id, as both stand in the keys under which documents are kept.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from deployments.stack.plan import SHOPS, THREE_PLS, Plan, till_journal

OrderId = tuple[str, str]
"""Shop and the last part of Shopify's id."""
Goods = dict[str, int]
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class StockMove:
    """Goods that moved, once: below zero when they left `place`. `document` is under which key or number."""

    system: str
    document: str
    sku: str
    quantity: int
    place: str


@dataclass
class OrderLedger:
    """One order in one system. What a system does not keep stays empty: a warehouse knows no money.

    `ordered` is what was asked of it, `open` what it still means to ship; `returned` is all that came back, and
    `restocked` what of that is on the shelf again.
    """

    system: str
    ordered: Goods = field(default_factory=dict)
    open: Goods = field(default_factory=dict)
    shipped: Goods = field(default_factory=dict)
    returned: Goods = field(default_factory=dict)
    restocked: Goods = field(default_factory=dict)
    cancelled: bool = False
    total: Decimal = NOTHING
    invoiced: Decimal = NOTHING
    credited: Decimal = NOTHING
    paid: Decimal = NOTHING
    refunded: Decimal = NOTHING
    documents: list[str] = field(default_factory=list)
    """Keys or numbers of everything that stands for it, as often as it stands there."""
    moves: list[StockMove] = field(default_factory=list)

    def add(self, goods: Goods, sku: str, pieces: int) -> None:
        """Count pieces in one of its columns."""
        goods[sku] = goods.get(sku, 0) + pieces


class Ledgers(dict[OrderId, OrderLedger]):
    """The orders of one system; an unknown one is empty.

    `orphans` are documents and entries that nothing explains; `movements` what happened to stock without an order.
    """

    def __init__(self, system: str) -> None:
        super().__init__()
        self.system = system
        self.orphans: list[str] = []
        self.movements: list[StockMove] = []

    def __missing__(self, order: OrderId) -> OrderLedger:
        return self.setdefault(order, OrderLedger(self.system))

    def of_key(self, key: str | None) -> OrderLedger | None:
        """The order that a key is about; None when it is no key of an order."""
        order = order_in(key or "")
        return self[order] if order else None


def order_in(key: str) -> OrderId | None:
    """Shop and order in the key of a document.

    >>> order_in("north:shipment.post:5123:a%3Ab")
    ('north', '5123')
    """
    parts = [unquote(part) for part in key.split(":")]
    return (parts[0], parts[2]) if len(parts) >= 3 and parts[2].isdigit() else None


def tryton_ledgers(database: Path) -> Ledgers:
    """The ERP's books."""
    with closing(_opened(database)) as connection:
        return _Tryton(connection).read()


class _Tryton:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._rows = connection.execute
        self._ledgers = Ledgers("erp")
        self._sales: dict[int, OrderLedger] = {}
        self._of_line: dict[int, OrderLedger] = {}

    def read(self) -> Ledgers:
        self._read_sales()
        self._read_moves()
        self._read_invoices()
        self._read_payments()
        self._read_movements()
        self._read_entries()
        return self._ledgers

    def _read_sales(self) -> None:
        """Orders; a sale of negative quantities is a permission to return."""
        for sale, key, state, total in self._rows("SELECT id, web_id, state, total_amount_cache FROM sale_sale"):
            page = self._ledgers.of_key(key)
            if page is None:
                continue
            self._sales[sale] = page
            page.documents.append(key)
            if _money(total) >= 0:
                page.cancelled = state == "cancelled"
                page.total = NOTHING if page.cancelled else page.total + _money(total)
        query = """
            SELECT line.id, line.sale, product.code, line.quantity, template.type FROM sale_line AS line
            LEFT JOIN product_product AS product ON product.id = line.product
            LEFT JOIN product_template AS template ON template.id = product.template WHERE line.type = 'line'
        """
        for line, sale, sku, quantity, kind in self._rows(query):
            if sale in self._sales:
                self._of_line[line] = page = self._sales[sale]
                if kind == "goods" and quantity > 0:
                    page.add(page.ordered, sku, int(quantity))

    def _read_moves(self) -> None:
        """What left to customers and came back from them, done."""
        query = """
            SELECT move.origin, move.shipment, product.code, move.quantity, source.type, target.type,
                   COALESCE(gone.reference, back.reference), COALESCE(here.code, there.code)
            FROM stock_move AS move
            JOIN product_product AS product ON product.id = move.product
            JOIN stock_location AS source ON source.id = move.from_location
            JOIN stock_location AS target ON target.id = move.to_location
            LEFT JOIN stock_shipment_out AS gone ON move.shipment = 'stock.shipment.out,' || gone.id
            LEFT JOIN stock_shipment_out_return AS back ON move.shipment = 'stock.shipment.out.return,' || back.id
            LEFT JOIN stock_location AS here ON here.id = gone.warehouse
            LEFT JOIN stock_location AS there ON there.id = back.warehouse
            WHERE move.state = 'done' AND 'customer' IN (source.type, target.type)
        """
        for origin, shipment, sku, quantity, _, target, key, place in self._rows(query):
            page = self._ledgers.of_key(key) or self._of_line.get(_reference(origin))
            if page is None:
                self._ledgers.orphans.append(shipment or origin or "a move")
                continue
            leaves = target == "customer"
            page.add(page.shipped if leaves else page.restocked, sku, int(quantity))
            page.moves.append(StockMove("erp", key or shipment, sku, int(-quantity if leaves else quantity), place))
            if (name := key or shipment) not in page.documents:
                page.documents.append(name)

    def _read_invoices(self) -> None:
        """Posted invoices, and memos, which are invoices below zero."""
        lines = """
            SELECT invoice, origin FROM account_invoice_line WHERE origin LIKE 'sale.line,%' AND invoice IS NOT NULL
        """
        by_line = {invoice: self._of_line.get(_reference(origin)) for invoice, origin in self._rows(lines)}
        query = """
            SELECT id, reference, number, total_amount_cache FROM account_invoice
            WHERE type = 'out' AND state IN ('posted', 'paid')
        """
        for invoice, key, number, total in self._rows(query):
            page = self._ledgers.of_key(key) or by_line.get(invoice)
            if page is None:
                self._ledgers.orphans.append(f"invoice {number}")
                continue
            page.documents.append(key or number)
            if _money(total) >= 0:
                page.invoiced += _money(total)
            else:
                page.credited -= _money(total)

    def _read_payments(self) -> None:
        """Payments that succeeded."""
        query = "SELECT origin, reference, number, kind, amount FROM account_payment WHERE state = 'succeeded'"
        for origin, key, number, kind, amount in self._rows(query):
            page = self._ledgers.of_key(key) or self._sales.get(_reference(origin))
            if page is None:
                self._ledgers.orphans.append(f"payment {number}")
                continue
            page.documents.append(key or number)
            if kind == "receivable":
                page.paid += _money(amount)
            else:
                page.refunded += _money(amount)

    def _read_movements(self) -> None:
        """What is neither sale nor return. Counts, and whatever has a shipment, explain themselves."""
        query = """
            SELECT move.shipment, move.origin, inside.reference, product.code, move.quantity, source.code, source.type,
                   target.code
            FROM stock_move AS move
            JOIN product_product AS product ON product.id = move.product
            JOIN stock_location AS source ON source.id = move.from_location
            JOIN stock_location AS target ON target.id = move.to_location
            LEFT JOIN stock_shipment_internal AS inside ON move.shipment = 'stock.shipment.internal,' || inside.id
            WHERE move.state = 'done' AND 'customer' NOT IN (source.type, target.type)
        """
        for shipment, origin, key, sku, quantity, source, kind, target in self._rows(query):
            if shipment is None and not (origin or "").startswith("stock.inventory.line,"):
                self._ledgers.orphans.append(f"a move of {sku}")
            elif (shipment or "").startswith("stock.shipment.internal,"):
                comes = kind == "lost_found"
                place = (target if comes else source) or ""
                signed = int(quantity if comes else -quantity)
                self._ledgers.movements.append(StockMove("erp", key or shipment, sku, signed, place))

    def _read_entries(self) -> None:
        """Posted entries of the journals; each has a document behind it."""
        query = "SELECT number, id FROM account_move WHERE state = 'posted' AND origin IS NULL"
        self._ledgers.orphans += [f"entry {number or entry}" for number, entry in self._rows(query)]


def wms_ledgers(database: Path) -> Ledgers:
    """The shelves of the warehouse that is a Tryton database."""
    ledgers = Ledgers("wms")
    query = """
        SELECT party.code, shipment.number, shipment.state, product.code, move.quantity, target.type, move.state,
               warehouse.code
        FROM stock_shipment_out AS shipment
        JOIN party_party AS party ON party.id = shipment.customer
        JOIN stock_location AS warehouse ON warehouse.id = shipment.warehouse
        JOIN stock_move AS move ON move.shipment = 'stock.shipment.out,' || shipment.id
        JOIN stock_location AS target ON target.id = move.to_location
        JOIN product_product AS product ON product.id = move.product
        WHERE target.type = 'customer' AND shipment.state != 'cancelled'
    """
    back = """
        SELECT party.code, shipment.number, product.code, move.quantity, source.type, target.type, warehouse.code
        FROM stock_shipment_out_return AS shipment
        JOIN party_party AS party ON party.id = shipment.customer
        JOIN stock_location AS warehouse ON warehouse.id = shipment.warehouse
        JOIN stock_move AS move ON move.shipment = 'stock.shipment.out.return,' || shipment.id
        JOIN stock_location AS source ON source.id = move.from_location
        JOIN stock_location AS target ON target.id = move.to_location
        JOIN product_product AS product ON product.id = move.product
        WHERE move.state = 'done'
    """
    with closing(_opened(database)) as connection:
        for key, number, state, sku, quantity, _, moved, place in connection.execute(query):
            if page := _known(ledgers, key, f"shipment {number}"):
                page.add(page.ordered, sku, int(quantity))
                if state == "done" and moved == "done":
                    page.add(page.shipped, sku, int(quantity))
                    page.moves.append(StockMove("wms", number, sku, -int(quantity), place))
        for key, number, sku, quantity, source, target, place in connection.execute(back):
            if page := _known(ledgers, key, f"return {number}"):
                if source == "customer":
                    page.add(page.returned, sku, int(quantity))
                elif target == "storage":
                    page.add(page.restocked, sku, int(quantity))
                    page.moves.append(StockMove("wms", number, sku, int(quantity), place))
    return ledgers


def three_pl_ledgers(system: str, root: Path) -> Ledgers:
    """The house book of a 3PL."""
    ledgers, book = Ledgers(system), root / "house" / "book.json"
    kept = json.loads(book.read_text()) if book.exists() else {"tasks": [], "receipts": {}}
    for task in kept["tasks"]:
        if (page := _known(ledgers, task["key"], f"task {task['number']}")) and task["state"] != "cancelled":
            page.documents.append(task["key"])
            for line, (sku, quantity) in task["lines"].items():
                page.add(page.ordered, sku, quantity)
                left = task["picked"].get(line, 0) if task["state"] == "shipped" else 0
                if left:
                    page.add(page.shipped, sku, left)
                    page.moves.append(StockMove(system, task["number"], sku, -left, task["location"]))
    for number, receipt in kept["receipts"].items():
        if page := _known(ledgers, receipt["key"], f"receipt {number}"):
            _come_back(page, system, number, receipt["location"], receipt["goods"], receipt["found"])
    return ledgers


def till_ledgers(journal: Path, system: str = "stores") -> Ledgers:
    """What the tills of the stores told, one event a line, each id once."""
    ledgers = Ledgers(system)
    lines = journal.read_text().splitlines() if journal.exists() else []
    for told in {event["id"]: event for event in map(json.loads, lines)}.values():
        kind, data = told["type"].partition(".")[2], told["data"]
        subject = told["subject"]
        if not (page := _known(ledgers, subject["id"], f"{kind} {told['id']}")):
            continue
        for line in data.get("lines", ()):
            sku, pieces = line["item"], int(line["quantity"])
            if kind == "shipped":
                page.add(page.shipped, sku, pieces)
                page.moves.append(StockMove(system, told["id"], sku, -pieces, data["location"]))
            elif kind == "return_received":
                page.add(page.returned, sku, pieces)
            elif kind == "return_inspected" and line["disposition"] == "restock":
                page.add(page.restocked, sku, pieces)
                page.moves.append(StockMove(system, told["id"], sku, pieces, data["location"]))
    return ledgers


async def read_ledgers(plan: Plan, shopify_url: str, erp: Path, wms: Path) -> dict[str, Ledgers]:
    """Every counterpart of a whole house on Tryton, by name; the stand-in is asked for what it keeps."""
    shops = Ledgers("shopify")
    async with httpx.AsyncClient(base_url=shopify_url, timeout=120, trust_env=False) as http:
        for shop, domain in SHOPS.items():
            kept = await http.get(f"/_sandbox/state/{domain}")
            shop_ledgers(shop, kept.raise_for_status().json(), shops)
    houses = {name: three_pl_ledgers(name, plan.drop(name)) for name in THREE_PLS}
    till = till_ledgers(till_journal(plan.drop(THREE_PLS[0]).parent))
    return {"erp": tryton_ledgers(erp), "wms": wms_ledgers(wms), **houses, "stores": till, "shopify": shops}


def shop_ledgers(shop: str, records: Mapping[str, Iterable[Mapping[str, Any]]], ledgers: Ledgers) -> Ledgers:
    """What a shop of the stand-in shows, from everything that it keeps, added to `ledgers`."""
    kept = {row["id"]: row for name in ("Fulfillment", "FulfillmentOrder") for row in records.get(name, ())}
    for order in records.get("Order", ()):
        page = ledgers[shop, order["id"].rpartition("/")[2]]
        page.cancelled, page.total = bool(order.get("cancelledAt")), _current(order)
        _shown_goods(page, order, kept)
        for row in order["transactions"]:
            if row["status"] == "SUCCESS" and row["kind"] in ("SALE", "CAPTURE"):
                page.paid += _bag(row["amountSet"])
            elif row["status"] == "SUCCESS" and row["kind"] == "REFUND":
                page.refunded += _bag(row["amountSet"])
    return ledgers


def _shown_goods(page: OrderLedger, order: Mapping[str, Any], kept: Mapping[str, Mapping[str, Any]]) -> None:
    skus = {line["id"]: line["sku"] for line in order["lineItems"]}
    for line in order["lineItems"]:
        if line["requiresShipping"] and line["sku"]:
            page.add(page.ordered, line["sku"], line["quantity"])
    for one in order.get("fulfillmentOrders", ()):
        request = kept.get(one["id"], one)
        for line in request["lineItems"] if request["status"] not in ("CLOSED", "CANCELLED") else ():
            if line["remainingQuantity"]:
                page.add(page.open, skus[line["lineItem"]["id"]], line["remainingQuantity"])
    for one in order.get("fulfillments", ()):
        row = kept.get(one["id"], one)
        if row["status"] == "SUCCESS":
            page.documents.append(row["id"])
            for line in row["fulfillmentLineItems"]:
                page.add(page.shipped, skus[line["lineItem"]["id"]], line["quantity"])


def _come_back(
    page: OrderLedger, system: str, number: str, place: str, goods: Goods, found: Mapping[str, Goods]
) -> None:
    for sku, pieces in goods.items():
        page.add(page.returned, sku, pieces)
    for sku, parts in found.items():
        if pieces := parts.get("restock", 0):
            page.add(page.restocked, sku, pieces)
            page.moves.append(StockMove(system, number, sku, pieces, place))


def _known(ledgers: Ledgers, key: str, what: str) -> OrderLedger | None:
    """The order a key is about; what is about none is an orphan."""
    page = ledgers.of_key(key)
    if page is None:
        ledgers.orphans.append(what)
    return page


def _opened(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)


def _reference(text: str | None) -> int:
    """The id in Tryton's reference to a record, `sale.line,17`; 0 when it has none."""
    number = (text or "").rpartition(",")[2]
    return int(number) if number.isdigit() else 0


def _current(order: Mapping[str, Any]) -> Decimal:
    """What the order comes to now; one that was never changed has no other total than its first."""
    return _bag(order.get("currentTotalPriceSet") or order["totalPriceSet"])


def _bag(bag: Mapping[str, Any]) -> Decimal:
    return _money(bag["shopMoney"]["amount"])


def _money(amount: Any) -> Decimal:
    """Tryton keeps decimals as text in a blob."""
    return Decimal(amount.decode() if isinstance(amount, bytes) else str(amount or 0)).quantize(NOTHING)
