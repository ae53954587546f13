"""Ledgers out of Lambda ERP's database. Read-only, past its API.

Documents name the sales order that they follow; where one has no such field, our key is its name.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from deployments.stack.ledger_pages import Ledgers, OrderLedger, StockMove, money


def lambda_ledgers(database: Path) -> Ledgers:
    """The ERP's books."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return _Books(connection).read()


class _Books:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._rows = connection.execute
        self._ledgers = Ledgers("erp")
        self._orders: dict[str, OrderLedger] = {}
        self._invoices: dict[str, OrderLedger] = {}

    def read(self) -> Ledgers:
        self._read_orders()
        self._read_deliveries()
        self._read_invoices()
        self._read_payments()
        self._read_stock()
        return self._ledgers

    def _read_orders(self) -> None:
        query = """
            SELECT name, external_reference, docstatus, grand_total FROM "Sales Order" WHERE discarded = 0 AND docstatus
        """
        for name, key, status, total in self._rows(query):
            if page := self._ledgers.of_key(key):
                self._orders[name] = page
                page.documents.append(key)
                page.cancelled = status == 2
                page.total += money(0 if page.cancelled else total)
        query = """
            SELECT line.parent, line.item_code, line.qty FROM "Sales Order Item" AS line
            JOIN "Item" AS item ON item.name = line.item_code WHERE item.is_stock_item = 1
        """
        for parent, sku, quantity in self._rows(query):
            if parent in self._orders:
                page = self._orders[parent]
                page.add(page.ordered, sku, int(quantity))

    def _read_deliveries(self) -> None:
        query = """
            SELECT note.name, line.item_code, line.qty, line.warehouse, line.against_sales_order
            FROM "Delivery Note" AS note JOIN "Delivery Note Item" AS line ON line.parent = note.name
            WHERE note.docstatus = 1 AND note.discarded = 0
        """
        for name, sku, quantity, place, order in self._rows(query):
            page = self._orders.get(order)
            if page is None:
                self._ledgers.orphans.append(f"delivery {name}")
                continue
            page.add(page.shipped, sku, int(quantity))
            page.moves.append(StockMove("erp", name, sku, -int(quantity), _place(place)))
            self._note(page, name)

    def _read_invoices(self) -> None:
        """Invoices, and returns, which are below zero."""
        query = """
            SELECT name, external_reference, sales_order, grand_total FROM "Sales Invoice"
            WHERE docstatus = 1 AND discarded = 0
        """
        for name, key, order, total in self._rows(query):
            page = self._orders.get(order) or self._ledgers.of_key(key)
            if page is None:
                self._ledgers.orphans.append(f"invoice {name}")
                continue
            self._invoices[name] = page
            self._note(page, key or name)
            if money(total) >= 0:
                page.invoiced += money(total)
            else:
                page.credited -= money(total)

    def _read_payments(self) -> None:
        query = """
            SELECT entry.name, entry.payment_type, part.reference_name, part.allocated_amount
            FROM "Payment Entry" AS entry LEFT JOIN "Payment Entry Reference" AS part ON part.parent = entry.name
            WHERE entry.docstatus = 1 AND entry.discarded = 0
        """
        for name, kind, invoice, amount in self._rows(query):
            page = self._invoices.get(invoice)
            if page is None:
                self._ledgers.orphans.append(f"payment {name}")
                continue
            self._note(page, name)
            if kind == "Receive":
                page.paid += abs(money(amount))
            else:
                page.refunded += abs(money(amount))

    def _read_stock(self) -> None:
        """Entries: what an order's returns brought back, and movements without an order."""
        query = """
            SELECT entry.name, entry.remarks, line.item_code, line.qty, line.s_warehouse, line.t_warehouse
            FROM "Stock Entry" AS entry JOIN "Stock Entry Detail" AS line ON line.parent = entry.name
            WHERE entry.docstatus = 1 AND entry.discarded = 0 AND entry.stock_entry_type != 'Opening Stock'
        """
        for name, remarks, sku, quantity, source, target in self._rows(query):
            signed = int(quantity if target and not source else -quantity)
            move = StockMove("erp", name, sku, signed, _place(source or target))
            page = self._ledgers.of_key(name) if (remarks or "").startswith("Return received") else None
            if page is None:
                self._ledgers.movements.append(move)
                continue
            page.add(page.restocked, sku, int(quantity))
            page.moves.append(move)
            self._note(page, name)

    def _note(self, page: OrderLedger, name: str) -> None:
        """A document, once, however many lines it has."""
        if name not in page.documents:
            page.documents.append(name)


def _place(warehouse: str | None) -> str:
    """The code of a warehouse, without the company that it is of."""
    return (warehouse or "").partition(" - ")[0]
