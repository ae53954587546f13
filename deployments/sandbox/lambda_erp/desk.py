"""What people in the back office and the warehouse do in Lambda ERP, over its REST API. For tests and the demo.

The same acts as Tryton's desk. It has no planned transfers: goods leave one warehouse and are in the other at once.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from deployments.sandbox.lambda_erp.seed import API_KEY


class LambdaDesk:
    """A clerk of one company."""

    def __init__(self, url: str, company: str = "north") -> None:
        self._company, self._suffix = company.upper(), f" - {company.upper()[:4]}"
        headers = {"Authorization": f"Bearer {API_KEY}"}
        self._http = httpx.Client(base_url=f"{url}/api/", headers=headers, timeout=60, trust_env=False)

    def plan_receipt(self, sku: str, warehouse: str, quantity: int, due: date | None = None) -> str:
        """An order at a supplier, due in a week where no day is given; returns its name."""
        self._ensure("supplier", "SUPPLIER", supplier_name="Supplier")
        item = {"item_code": sku, "qty": quantity, "rate": "1.00", "warehouse": self._owned(warehouse)}
        day = (due or datetime.now(UTC).date() + timedelta(days=7)).isoformat()
        return self._submitted("purchase-order", supplier="SUPPLIER", schedule_date=day, items=[item])

    def receive_planned(self, order: str) -> None:
        """The goods of a purchase order have come."""
        receipt = self._post(f"documents/purchase-order/{order}/convert", {"target_doctype": "Purchase Receipt"})
        self._post(f"documents/purchase-receipt/{receipt['name']}/submit")

    def receive(self, sku: str, warehouse: str, quantity: int) -> None:
        """Goods come from a supplier."""
        self.receive_planned(self.plan_receipt(sku, warehouse, quantity))

    def transfer(self, sku: str, source: str, target: str, quantity: int) -> None:
        """Goods go from one warehouse to another."""
        self._entry(
            "Material Transfer", sku, quantity, s_warehouse=self._owned(source), t_warehouse=self._owned(target)
        )

    def count(self, sku: str, warehouse: str, quantity: int) -> None:
        """Somebody counted; the difference is booked."""
        difference = quantity - self._on_hand(sku, warehouse)
        if difference > 0:
            self._entry("Material Receipt", sku, difference, t_warehouse=self._owned(warehouse), basic_rate="1.00")
        elif difference < 0:
            self._entry("Material Issue", sku, -difference, s_warehouse=self._owned(warehouse))

    def sell_wholesale(self, sku: str, warehouse: str, quantity: int) -> str:
        """An order by telephone, which no shop of ours knows; returns its name."""
        self._ensure("customer", "WHOLESALE", customer_name="Wholesale")
        item = {"item_code": sku, "qty": quantity, "rate": "1.00", "warehouse": self._owned(warehouse)}
        return self._submitted("sales-order", customer="WHOLESALE", items=[item])

    def ship(self, key: str) -> None:
        """All of an order of a shop leaves, by the key it was booked under."""
        (row,) = self._get("documents/sales-order", external_reference=key)["rows"]
        note = self._post(f"documents/sales-order/{row['name']}/convert", {"target_doctype": "Delivery Note"})
        self._post(f"documents/delivery-note/{note['name']}/submit")

    def deactivate(self, sku: str) -> None:
        """An item goes out of sale."""
        self._http.put(f"masters/item/{sku}", json={"disabled": 1}).raise_for_status()

    def reprice(self, sku: str, amount: str) -> None:
        """A new price for an item."""
        self._http.put(f"masters/item/{sku}", json={"standard_rate": amount}).raise_for_status()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _owned(self, warehouse: str) -> str:
        return f"{warehouse}{self._suffix}"

    def _on_hand(self, sku: str, warehouse: str) -> int:
        rows = self._get("reports/stock-balance", item_code=sku, warehouse=self._owned(warehouse))["rows"]
        return int(rows[0]["actual_qty"]) if rows else 0

    def _entry(self, kind: str, sku: str, quantity: int, **item: str) -> None:
        self._submitted("stock-entry", stock_entry_type=kind, items=[{"item_code": sku, "qty": quantity, **item}])

    def _submitted(self, kind: str, **values: Any) -> str:
        name = self._post(f"documents/{kind}", {"company": self._company, **values})["name"]
        self._post(f"documents/{kind}/{name}/submit")
        return str(name)

    def _ensure(self, kind: str, name: str, **values: Any) -> None:
        if set(self._get(f"masters/{kind}/{name}")) == {"detail"}:
            self._post(f"masters/{kind}", {"name": name, **values})

    def _get(self, path: str, **parameters: str) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(path, params=parameters).raise_for_status().json()
        return found

    def _post(self, path: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._http.post(path, json=values or {})
        if answer.is_error:
            raise ValueError(f"{path}: HTTP {answer.status_code} {answer.text[:500]}")
        made: dict[str, Any] = answer.json()
        return made
