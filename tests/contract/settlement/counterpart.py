"""What the suite needs of each real ERP besides its connectors: documents by key, stock, what is owed, cancelling."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import Any, ClassVar, Protocol
from urllib.parse import quote

import httpx

from canonical.ports import SalesOrders, Settlement
from connectors.lambda_erp.keeping import name_of
from connectors.lambda_erp.settings import LambdaErpSettings
from connectors.lambda_erp.settlement import open_settlement as open_lambda_settlement
from connectors.tryton.settings import TrytonSettings
from connectors.tryton.settlement import open_settlement as open_tryton_settlement
from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.lambda_erp.seed import API_KEY
from tests.contract.erp.counterpart import LambdaCounterpart, TrytonCounterpart
from tests.processes import RunningProcess
from tests.sandbox.tryton.rpc import PASSWORD, Tryton

_READS = ("search_read", "read", "search", "login", "get_preferences", "skip")


class Counterpart(Protocol):
    """A real ERP, served by its own process."""

    name: str
    process: RunningProcess

    def connect(self, company: str = "north", **changes: Any) -> SalesOrders:
        """A connector for orders of its own."""
        ...

    def settle(self, **changes: Any) -> Settlement:
        """A connector of its own for what follows them, as another worker would have."""
        ...

    def by_shipment(self) -> SalesOrders:
        """A connector that books orders to be invoiced shipment by shipment."""
        ...

    def standing(self, key: str) -> int:
        """How many documents stand under a key, whatever their kind and state."""
        ...

    def on_hand(self, sku: str, place: str) -> Decimal:
        """What lies in a warehouse."""
        ...

    def owed(self, sale_key: str) -> Decimal:
        """What is open on the invoices of a sale."""
        ...

    def writes(self, request: httpx.Request) -> bool:
        """Whether a request changes something."""
        ...


class TrytonBooks(TrytonCounterpart):
    """Tryton."""

    _kept: ClassVar[dict[str, str]] = {
        "stock.shipment.out": "reference",
        "account.invoice": "reference",
        "account.payment": "reference",
        "sale.sale": "web_id",
        "stock.shipment.out.return": "reference",
        "stock.shipment.internal": "reference",
    }
    _seat: Tryton | None = None

    def settle(self, **changes: Any) -> Settlement:
        transport = changes.pop("transport", None)
        address = {"url": f"{self.process.url}/{self._database}", "login": "connector-north", "password": PASSWORD}
        shops = {"north": load_catalogue().shop("north").domain}
        return open_tryton_settlement("erp", TrytonSettings(**(address | changes)), shops, transport)

    def by_shipment(self) -> SalesOrders:
        return self.connect(invoice_method="fulfillment")

    def standing(self, key: str) -> int:  # type: ignore[override]
        with self._client() as client:
            return sum(len(client.find(model, [(field, "=", key)], ["id"])) for model, field in self._kept.items())

    def on_hand(self, sku: str, place: str) -> Decimal:
        with self._client() as client:
            (warehouse,) = client.find("stock.location", [("code", "=", place), ("type", "=", "warehouse")], ["id"])
            (product,) = client.find("product.product", [("code", "=", sku)], ["id"])
            where = {"locations": [warehouse["id"]], "with_childs": True}
            today = {"__class__": "date", "year": 2999, "month": 1, "day": 1}
            (row,) = client.call(
                "model.product.product.read", [product["id"]], ["quantity"], stock_date_end=today, **where
            )
        return Decimal(str(row["quantity"]))

    def owed(self, sale_key: str) -> Decimal:
        fields = ["invoices.state", "invoices.total_amount", "payments.state", "payments.kind", "payments.amount"]
        with self._client() as client:
            (sale,) = client.find("sale.sale", [("web_id", "=", sale_key)], fields)
        invoiced = [row for row in sale["invoices."] if row["state"] in ("posted", "paid")]
        if all(row["state"] == "paid" for row in invoiced):
            return Decimal(0)
        received = [p["amount"] for p in sale["payments."] if (p["state"], p["kind"]) == ("succeeded", "receivable")]
        owed = sum((row["total_amount"] for row in invoiced), Decimal(0)) - sum(received, Decimal(0))
        assert owed, f"{sale_key} was paid, and its payments are not matched with its invoices"
        return owed

    def writes(self, request: httpx.Request) -> bool:
        method = request.content.decode().partition('"method": "')[2].partition('"')[0]
        return method.rpartition(".")[2] not in _READS

    def _client(self) -> AbstractContextManager[Tryton]:
        """Logged in once: it is asked after every test, and logging in costs more than asking."""
        if self._seat is None:
            self._seat = Tryton(self.process.url, self._database, "connector-north")
        return nullcontext(self._seat)


class LambdaBooks(LambdaCounterpart):
    """Lambda ERP."""

    def settle(self, **changes: Any) -> Settlement:
        transport = changes.pop("transport", None)
        address = {"url": self.process.url, "company": "NORTH", "api_key": API_KEY}
        return open_lambda_settlement("erp", LambdaErpSettings(**(address | changes)), transport)

    def by_shipment(self) -> SalesOrders:
        return self.connect()

    def standing(self, key: str) -> int:  # type: ignore[override]
        with self._http() as http:
            named = [http.get(f"documents/{kind}/{quote(name_of(key), safe='')}").status_code == 200
                     for kind in ("delivery-note", "payment-entry", "stock-entry")]  # fmt: skip
            invoices = http.get("documents/sales-invoice", params={"external_reference": key}).json()["rows"]
        return sum(named) + len(invoices)

    def on_hand(self, sku: str, place: str) -> Decimal:
        with self._http() as http:
            rows = http.get("reports/stock-balance", params={"item_code": sku, "warehouse": f"{place} - NORT"}).json()
        return Decimal(str(rows["rows"][0]["actual_qty"])) if rows["rows"] else Decimal(0)

    def owed(self, sale_key: str) -> Decimal:
        with self._http() as http:
            (order,) = http.get("documents/sales-order", params={"external_reference": sale_key}).json()["rows"]
            found = http.get("documents/sales-invoice", params={"sales_order": order["name"]}).json()["rows"]
        open_ = (Decimal(str(row["outstanding_amount"])) for row in found if not row["is_return"])
        return sum(open_, Decimal(0)).quantize(Decimal("0.01"))

    def writes(self, request: httpx.Request) -> bool:
        return request.method in ("POST", "PUT")
