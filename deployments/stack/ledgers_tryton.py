"""Ledgers out of Tryton databases: the ERP's books and the warehouse's shelves. Read-only, past every API."""

import sqlite3
from contextlib import closing
from pathlib import Path

from deployments.stack.ledger_pages import NOTHING, Ledgers, OrderLedger, StockMove, known, money

_UNDONE = """
    WITH led_to AS (
        SELECT line.sale, move.state FROM sale_line AS line
        JOIN stock_move AS move ON move.origin = 'sale.line,' || line.id
        UNION ALL
        SELECT line.sale, invoice.state FROM sale_line AS line
        JOIN account_invoice_line AS part ON part.origin = 'sale.line,' || line.id
        JOIN account_invoice AS invoice ON invoice.id = part.invoice
    )
    SELECT sale FROM led_to GROUP BY sale HAVING MIN(state) = 'cancelled' AND MAX(state) = 'cancelled'
"""
"""Sales that ended because all they led to was cancelled: Tryton calls those done."""


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
        undone = {sale for (sale,) in self._rows(_UNDONE)}
        for sale, key, state, total in self._rows("SELECT id, web_id, state, total_amount_cache FROM sale_sale"):
            page = self._ledgers.of_key(key)
            if page is None:
                continue
            self._sales[sale] = page
            page.documents.append(key)
            if money(total) >= 0:
                page.cancelled = state == "cancelled" or sale in undone
                page.total = NOTHING if page.cancelled else page.total + money(total)
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
            if money(total) >= 0:
                page.invoiced += money(total)
            else:
                page.credited -= money(total)

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
                page.paid += money(amount)
            else:
                page.refunded += money(amount)

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


_LEFT = """
    SELECT party.code, shipment.number, shipment.state, product.code, move.quantity, target.type, move.state,
           warehouse.code
    FROM stock_shipment_out AS shipment
    JOIN party_party AS party ON party.id = shipment.customer
    JOIN stock_location AS warehouse ON warehouse.id = shipment.warehouse
    JOIN stock_move AS move ON move.shipment = 'stock.shipment.out,' || shipment.id
    JOIN stock_location AS target ON target.id = move.to_location
    JOIN product_product AS product ON product.id = move.product
    WHERE target.type = 'customer'
"""
_BACK = """
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


def wms_ledgers(database: Path) -> Ledgers:
    """The shelves of the warehouse that is a Tryton database."""
    ledgers = Ledgers("wms")
    with closing(_opened(database)) as connection:
        for key, number, state, sku, quantity, _, moved, place in connection.execute(_LEFT):
            if page := known(ledgers, key, f"shipment {number}"):
                if key not in page.documents:
                    page.documents.append(key)
                if state == "cancelled":
                    continue
                page.add(page.ordered, sku, int(quantity))
                if state == "done" and moved == "done":
                    page.add(page.shipped, sku, int(quantity))
                    page.moves.append(StockMove("wms", number, sku, -int(quantity), place))
        for key, number, sku, quantity, source, target, place in connection.execute(_BACK):
            if page := known(ledgers, key, f"return {number}"):
                if source == "customer":
                    page.add(page.returned, sku, int(quantity))
                elif target == "storage":
                    page.add(page.restocked, sku, int(quantity))
                    page.moves.append(StockMove("wms", number, sku, int(quantity), place))
    return ledgers


def _opened(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)


def _reference(text: str | None) -> int:
    """The id in Tryton's reference to a record, `sale.line,17`; 0 when it has none."""
    number = (text or "").rpartition(",")[2]
    return int(number) if number.isdigit() else 0
