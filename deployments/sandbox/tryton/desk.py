"""What people in the back office and the warehouse do in Tryton, over its JSON-RPC: receive, move, count, sell, ship.

For tests and the demo. Quantities in pieces; every act is a document, as it would be by hand.
"""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx

from deployments.sandbox.tryton.seed.access import PASSWORD


class TrytonDesk:
    """A clerk of one company, logged in."""

    def __init__(self, url: str, database: str = "erp", company: str = "north") -> None:
        self._log_in(url, database, f"connector-{company}", PASSWORD)

    def _log_in(self, url: str, database: str, login: str, password: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/{database}", timeout=120, trust_env=False)
        user, token, _ = self._post("common.db.login", [login, {"password": password}, "en"])
        self._http.headers["Authorization"] = f"Session {base64.b64encode(f'{login}:{user}:{token}'.encode()).decode()}"
        self._context = self._post("model.res.user.get_preferences", [True, {}])
        self._company = self._context["company"]

    def plan_receipt(self, sku: str, warehouse: str, quantity: int, due: date | None = None) -> int:
        """A shipment from a supplier, due in a week where no day is given; returns its id."""
        here, day = self._warehouse(warehouse), {"planned_date": _day(due or _today() + timedelta(days=7))}
        move = self._move(sku, quantity, self._place("supplier"), here["input_location"]) | self._price() | day
        values = {
            "company": self._company,
            "supplier": self._party(),
            "warehouse": here["id"],
            "warehouse_input": here["input_location"],
            "warehouse_storage": here["storage_location"],
            "incoming_moves": [("create", [move])],
        }
        (shipment,) = self._call("model.stock.shipment.in.create", [values | day])
        return int(shipment)

    def receive(self, sku: str, warehouse: str, quantity: int) -> None:
        """Goods come from a supplier and are put away."""
        self.receive_planned(self.plan_receipt(sku, warehouse, quantity, _today()))

    def receive_planned(self, shipment: int) -> None:
        """A planned shipment from a supplier has come, and is put away."""
        self._press("stock.shipment.in", ("receive", "do"), shipment)

    def plan_transfer(self, sku: str, source: str, target: str, quantity: int) -> int:
        """A shipment between two warehouses, waiting to be picked; returns its id."""
        here, there = self._warehouse(source), self._warehouse(target)
        (shipment,) = self._call(
            "model.stock.shipment.internal.create",
            [
                {
                    "company": self._company,
                    "from_location": here["storage_location"],
                    "to_location": there["storage_location"],
                    "planned_date": _day(_today()),
                    "planned_start_date": _day(_today()),
                    "moves": [
                        ("create", [self._move(sku, quantity, here["storage_location"], there["storage_location"])])
                    ],
                }
            ],
        )
        self._press("stock.shipment.internal", ("wait",), shipment)
        return int(shipment)

    def send_transfer(self, shipment: int) -> None:
        """The goods leave; they are on their way."""
        self._press("stock.shipment.internal", ("assign_force", "pack", "ship"), shipment)

    def finish_transfer(self, shipment: int) -> None:
        """The goods have come."""
        self._press("stock.shipment.internal", ("do",), shipment)

    def transfer(self, sku: str, source: str, target: str, quantity: int) -> None:
        """Goods go from one warehouse to another."""
        shipment = self.plan_transfer(sku, source, target, quantity)
        self.send_transfer(shipment)
        self.finish_transfer(shipment)

    def count(self, sku: str, warehouse: str, quantity: int) -> None:
        """Somebody counted; the difference is booked."""
        line = {"product": self._product(sku)["id"], "quantity": float(quantity)}
        (inventory,) = self._call(
            "model.stock.inventory.create",
            [
                {
                    "company": self._company,
                    "location": self._warehouse(warehouse)["storage_location"],
                    "lines": [("create", [line])],
                }
            ],
        )
        self._press("stock.inventory", ("confirm",), inventory)

    def sell_wholesale(self, sku: str, warehouse: str, quantity: int) -> int:
        """An order by telephone, which no shop of ours knows; returns the id of the sale, in process."""
        product, party = self._product(sku), self._party("WHOLESALE")
        (address,) = self._find("party.address", [("party", "=", party)], ["id"])[:1]
        line = {"type": "line", "product": product["id"], "unit": product["default_uom"], "quantity": float(quantity)}
        (sale,) = self._call(
            "model.sale.sale.create",
            [
                {
                    "company": self._company,
                    "currency": self._currency(),
                    "party": party,
                    "invoice_address": address["id"],
                    "shipment_address": address["id"],
                    "warehouse": self._warehouse(warehouse)["id"],
                    "sale_date": _day(_today()),
                    "invoice_method": "fulfillment",
                    "shipment_method": "order",
                    "lines": [("create", [line | {"unit_price": _decimal("1.00")}])],
                }
            ],
        )
        self._press("sale.sale", ("quote", "confirm", "process"), sale)
        return int(sale)

    def ship(self, key: str) -> None:
        """All of an order of a shop leaves, by the key it was booked under."""
        (sale,) = self._find("sale.sale", [("web_id", "=", key)], ["shipments"])
        for shipment in sale["shipments"]:
            self._press("stock.shipment.out", ("assign_force", "pick", "pack", "do"), shipment)

    def bounce(self, key: str) -> None:
        """The bank takes a payment back that stands under a key."""
        (payment,) = self._find("account.payment", [("reference", "=", key)], [])
        self._press("account.payment", ("fail",), payment["id"])

    def deactivate(self, sku: str) -> None:
        """A product goes out of sale, all of its variants."""
        template = self._product(sku)["template"]
        self._call("model.product.template.write", [template], {"active": False})

    def reprice(self, sku: str, amount: str) -> None:
        """A new list price for a product, in the company's currency."""
        self._call("model.product.template.write", [self._product(sku)["template"]], {"list_price": _decimal(amount)})

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _move(self, sku: str, quantity: int, source: int, target: int) -> dict[str, Any]:
        product = self._product(sku)
        return {
            "company": self._company,
            "product": product["id"],
            "unit": product["default_uom"],
            "quantity": float(quantity),
            "from_location": source,
            "to_location": target,
        }

    def _price(self) -> dict[str, Any]:
        """What goods from outside need: a price, and its currency."""
        return {"unit_price": _decimal("1.00"), "currency": self._currency()}

    def _currency(self) -> int:
        return int(self._find("company.company", [("id", "=", self._company)], ["currency"])[0]["currency"])

    def _product(self, sku: str) -> dict[str, Any]:
        return self._find("product.product", [("code", "=", sku)], ["default_uom", "template"])[0]

    def _warehouse(self, code: str) -> dict[str, Any]:
        fields = ["input_location", "storage_location", "output_location"]
        return self._find("stock.location", [("code", "=", code), ("type", "=", "warehouse")], fields)[0]

    def _place(self, kind: str) -> int:
        return int(self._find("stock.location", [("type", "=", kind)], ["id"])[0]["id"])

    def _party(self, code: str = "SUPPLIER") -> int:
        """A party of the desk's own, with an address, created when it is not there."""
        if found := self._find("party.party", [("code", "=", code)], ["id"]):
            return int(found[0]["id"])
        address = ("create", [{"street": "1 Quay", "city": "Elizabeth"}])
        return int(self._call("model.party.party.create", [{"name": code, "code": code, "addresses": [address]}])[0])

    def _press(self, model: str, buttons: tuple[str, ...], record: int) -> None:
        for button in buttons:
            self._call(f"model.{model}.{button}", [record])

    def _find(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._call(f"model.{model}.search_read", domain, 0, None, [("id", "ASC")], fields)
        return rows

    def _call(self, method: str, *parameters: Any) -> Any:
        return self._post(method, [*parameters, self._context])

    def _post(self, method: str, parameters: list[Any]) -> Any:
        """The result. A question is answered with yes; an error raises `ValueError` in Tryton's words."""
        body = {"id": 1, "method": method, "params": parameters}
        answer = self._http.post("/rpc/", json=body).raise_for_status().json()
        if "error" in answer:
            if answer["error"][0] == "UserWarning":
                self._post("model.res.user.warning.skip", [answer["error"][1][0], False, {}])
                return self._post(method, parameters)
            raise ValueError(f"{method}: {str(answer['error'])[:500]}")
        return answer["result"]


def _today() -> date:
    return datetime.now(UTC).date()


def _day(day: date) -> dict[str, Any]:
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def _decimal(amount: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": str(Decimal(amount))}
