"""What each counterpart itself says became of an order: a witness that shares nothing with what it judges.

Databases and files are opened read-only, past APIs and connectors. Goods are pieces by SKU, money is in the shop's own
currency. An order is known by its shop and Shopify's id, as both stand in the keys under which documents are kept.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from deployments.stack.ledger_pages import Goods, Ledgers, OrderLedger, StockMove, known, money
from deployments.stack.ledgers_lambda import lambda_ledgers
from deployments.stack.ledgers_tryton import tryton_ledgers, wms_ledgers
from deployments.stack.plan import SHOPS, THREE_PLS, Plan, till_journal


def three_pl_ledgers(system: str, root: Path) -> Ledgers:
    """The house book of a 3PL."""
    ledgers, book = Ledgers(system), root / "house" / "book.json"
    kept = json.loads(book.read_text()) if book.exists() else {"tasks": [], "receipts": {}}
    for task in kept["tasks"]:
        page = known(ledgers, task["key"], f"task {task['number']}")
        if page and task["key"] not in page.documents:
            page.documents.append(task["key"])
        if page and task["state"] != "cancelled":
            for line, (sku, quantity) in task["lines"].items():
                page.add(page.ordered, sku, quantity)
                left = task["picked"].get(line, 0) if task["state"] == "shipped" else 0
                if left:
                    page.add(page.shipped, sku, left)
                    page.moves.append(StockMove(system, task["number"], sku, -left, task["location"]))
    for number, receipt in kept["receipts"].items():
        if page := known(ledgers, receipt["key"], f"receipt {number}"):
            _come_back(page, system, number, receipt["location"], receipt["goods"], receipt["found"])
    return ledgers


def till_ledgers(journal: Path, system: str = "stores") -> Ledgers:
    """What the tills of the stores told, one event a line, each id once."""
    ledgers = Ledgers(system)
    lines = journal.read_text().splitlines() if journal.exists() else []
    for told in {event["id"]: event for event in map(json.loads, lines)}.values():
        kind, data = told["type"].partition(".")[2], told["data"]
        subject = told["subject"]
        if not (page := known(ledgers, subject["id"], f"{kind} {told['id']}")):
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


__all__ = [
    "Ledgers",
    "OrderLedger",
    "StockMove",
    "lambda_ledgers",
    "read_ledgers",
    "shop_ledgers",
    "three_pl_ledgers",
    "till_ledgers",
    "tryton_ledgers",
    "wms_ledgers",
]


async def read_ledgers(plan: Plan, shopify_url: str, erp: Path, wms: Path) -> dict[str, Ledgers]:
    """Every counterpart of a whole house, by name; the stand-in is asked for what it keeps."""
    shops = Ledgers("shopify")
    async with httpx.AsyncClient(base_url=shopify_url, timeout=120, trust_env=False) as http:
        for shop, domain in SHOPS.items():
            kept = await http.get(f"/_sandbox/state/{domain}")
            shop_ledgers(shop, kept.raise_for_status().json(), shops)
    houses = {name: three_pl_ledgers(name, plan.drop(name)) for name in THREE_PLS}
    till = till_ledgers(till_journal(plan.drop(THREE_PLS[0]).parent))
    books = tryton_ledgers(erp) if plan.erp == "tryton" else lambda_ledgers(erp)
    return {"erp": books, "wms": wms_ledgers(wms), **houses, "stores": till, "shopify": shops}


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
        page.documents += [refund["id"] for refund in order.get("refunds") or ()]
    return ledgers


def _shown_goods(page: OrderLedger, order: Mapping[str, Any], kept: Mapping[str, Mapping[str, Any]]) -> None:
    skus = {line["id"]: line["sku"] for line in order["lineItems"]}
    for line in order["lineItems"]:
        if line["requiresShipping"] and line["sku"]:
            page.add(page.ordered, line["sku"], line["quantity"])
            page.add(page.taken_out, line["sku"], line["quantity"] if page.cancelled else _taken_out(order, line))
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


def _taken_out(order: Mapping[str, Any], line: Mapping[str, Any]) -> int:
    """Pieces of a line that a refund without a return took out, edits among them; some may have left before."""
    alone = [refund for refund in order.get("refunds") or () if not refund.get("return")]
    rows = [row for refund in alone for row in refund.get("refundLineItems") or ()]
    return sum(int(row["quantity"]) for row in rows if row["lineItem"]["id"] == line["id"])


def _come_back(
    page: OrderLedger, system: str, number: str, place: str, goods: Goods, found: Mapping[str, Goods]
) -> None:
    for sku, pieces in goods.items():
        page.add(page.returned, sku, pieces)
    for sku, parts in found.items():
        if pieces := parts.get("restock", 0):
            page.add(page.restocked, sku, pieces)
            page.moves.append(StockMove(system, number, sku, pieces, place))


def _current(order: Mapping[str, Any]) -> Decimal:
    """What the order comes to now; one that was never changed has no other total than its first."""
    return _bag(order.get("currentTotalPriceSet") or order["totalPriceSet"])


def _bag(bag: Mapping[str, Any]) -> Decimal:
    return money(bag["shopMoney"]["amount"])
