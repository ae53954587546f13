"""What the workers of the warehouse do in it, over its JSON-RPC. For tests and the demo.

Tasks are named by the code of their consignee. Counting, receiving and moving goods are those of `TrytonDesk`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deployments.sandbox.tryton.desk import TrytonDesk
from deployments.sandbox.wms.seed import PASSWORD, WORKER

SHIPMENT, RETURN = "stock.shipment.out", "stock.shipment.out.return"
ENDINGS = {"restock": "STO", "refurbish": "REF", "scrap": "SCR", "missing": "MIS", "wrong_item": "WRO"}
Boxes = Sequence[tuple[str, Mapping[str, int]]]
"""Tracking number, and quantities by SKU."""


class WmsDesk(TrytonDesk):
    """A worker, logged in."""

    def __init__(self, url: str, database: str = "wms") -> None:
        self._log_in(url, database, WORKER, PASSWORD)

    def shipments(self, key: str) -> list[dict[str, Any]]:
        """The shipments to a consignee that were not cancelled."""
        domain = [("customer.code", "=", key), ("state", "!=", "cancelled")]
        return self._find(SHIPMENT, domain, ["number", "state", "warehouse"])

    def look(self, order: str | None = None) -> list[dict[str, Any]]:
        """What is to be shipped: key, place, state, and goods by SKU. For an order, what has been shipped as well."""
        domain: list[Any] = [("state", "in", ["waiting", "assigned", "picked", "packed"])]
        if order is not None:
            domain = [("customer.code", "like", f"%:{order}:%"), ("state", "!=", "draft")]  # drafts are being entered
        fields = ["state", "customer.code", "warehouse.code", "outgoing_moves"]
        rows = self._find(SHIPMENT, domain, fields)
        ids = [move for row in rows for move in row["outgoing_moves"]]
        moves = {
            move["id"]: move for move in self._find("stock.move", [("id", "in", ids)], ["quantity", "product.code"])
        }
        return [
            {
                "key": row["customer."]["code"],
                "place": row["warehouse."]["code"],
                "state": row["state"],
                "goods": _by_sku(moves[move] for move in row["outgoing_moves"]),
            }
            for row in rows
        ]

    def asked(self, key: str) -> dict[str, int]:
        """What is to be shipped to a consignee, by SKU."""
        ids = [f"{SHIPMENT},{shipment['id']}" for shipment in self.shipments(key)]
        domain = [("shipment", "in", ids), ("to_location.type", "=", "customer")]
        totals: dict[str, int] = {}
        for move in self._find("stock.move", domain, ["quantity", "product.code"]):
            sku = move["product."]["code"]
            totals[sku] = totals.get(sku, 0) + int(move["quantity"])
        return totals

    def pick(self, key: str) -> None:
        """Goods are found and taken from the shelves."""
        for shipment in self.shipments(key):
            self._press(SHIPMENT, ("assign_force", "pick"), shipment["id"])

    def come_short(self, key: str, sku: str, missing: int) -> None:
        """Of what was picked, some is not there after all."""
        move = self._outgoing(key, sku)[0]
        self._call("model.stock.move.write", [move["id"]], {"quantity": move["quantity"] - missing})

    def mark_lot(self, key: str, sku: str, lot: str) -> None:
        """Somebody scans the lot of what was picked."""
        (made,) = self._call("model.stock.lot.create", [{"number": lot, "product": self._product(sku)["id"]}])
        self._call("model.stock.move.write", [move["id"] for move in self._outgoing(key, sku)], {"lot": made})

    def pack(self, key: str, boxes: Boxes = (), carrier: str = "UPS") -> None:
        """Goods go into boxes; what is in none goes as it is."""
        for shipment in self.shipments(key):
            self._call(f"model.{SHIPMENT}.write", [shipment["id"]], {"carrier": self._carrier(carrier)})
            for tracking, content in boxes:
                self._box(key, shipment["id"], tracking, content)
            self._press(SHIPMENT, ("pack",), shipment["id"])

    def hand_over(self, key: str) -> None:
        """The carrier took it."""
        for shipment in self.shipments(key):
            self._press(SHIPMENT, ("do",), shipment["id"])

    def reject(self, key: str) -> None:
        """The warehouse does not do it."""
        for shipment in self.shipments(key):
            self._press(SHIPMENT, ("cancel",), shipment["id"])

    def make_anew(self, key: str) -> None:
        """A worker deletes the shipment and enters another one for the same consignee: another id, another number."""
        for shipment in self.shipments(key):
            (made,) = self._call(f"model.{SHIPMENT}.copy", [shipment["id"]], {})
            self._press(SHIPMENT, ("cancel",), shipment["id"])
            self._call(f"model.{SHIPMENT}.delete", [shipment["id"]])
            self._press(SHIPMENT, ("wait",), made)

    def receive_return(self, key: str | None, number: str, warehouse: str, goods: Mapping[str, int]) -> int:
        """A parcel comes back; returns the id of the document. Without a key nobody knows from whom."""
        here = self._warehouse(warehouse)
        moves = [self._move(sku, held, self._place("customer"), here["input_location"]) for sku, held in goods.items()]
        values = {
            "company": self._company,
            "customer": self._party(key or "UNKNOWN SENDER"),
            "reference": number,
            "warehouse": here["id"],
            "warehouse_input": here["input_location"],
            "warehouse_storage": here["storage_location"],
            "incoming_moves": [("create", [move | self._price() for move in moves])],
        }
        (made,) = self._call(f"model.{RETURN}.create", [values])
        self._press(RETURN, ("receive",), made)
        return int(made)

    def inspect_return(self, number: int, found: Mapping[str, Mapping[str, int]]) -> None:
        """Each piece goes where its disposition says: {sku: {"restock": 1, "scrap": 1}}."""
        (document,) = self._find(RETURN, [("id", "=", number)], ["warehouse", "inventory_moves"])
        (warehouse,) = self._find("stock.location", [("id", "=", document["warehouse"])], ["code"])
        for move in self._find("stock.move", [("id", "in", document["inventory_moves"])], ["product.code"]):
            for row, (disposition, quantity) in enumerate(found[move["product."]["code"]].items()):
                (target,) = self._find(
                    "stock.location", [("code", "=", f"{warehouse['code']}-{ENDINGS[disposition]}")], []
                )
                values = {"quantity": quantity, "to_location": target["id"]}
                if row == 0:
                    self._call("model.stock.move.write", [move["id"]], values)
                else:
                    self._call("model.stock.move.copy", [move["id"]], values)
        self._press(RETURN, ("do",), number)

    def scrap(self, sku: str, warehouse: str, quantity: int) -> None:
        """Damaged goods are thrown away."""
        here = self._warehouse(warehouse)
        (waste,) = self._find("stock.location", [("code", "=", f"{warehouse}-SCR")], [])
        values = {
            "company": self._company,
            "from_location": here["storage_location"],
            "to_location": waste["id"],
            "moves": [("create", [self._move(sku, quantity, here["storage_location"], waste["id"])])],
        }
        (made,) = self._call("model.stock.shipment.internal.create", [values])
        self._press("stock.shipment.internal", ("wait", "assign_force", "do"), made)

    def _box(self, key: str, shipment: int, tracking: str, content: Mapping[str, int]) -> None:
        (kind,) = self._find("stock.package.type", [], [])[:1]
        moves = [move for sku, quantity in content.items() for move in self._set_apart(key, sku, quantity)]
        values = {
            "company": self._company,
            "type": kind["id"],
            "shipment": f"{SHIPMENT},{shipment}",
            "shipping_reference": tracking,
            "moves": [("add", moves)],
        }
        self._call("model.stock.package.create", [values])

    def _set_apart(self, key: str, sku: str, quantity: int) -> list[int]:
        """Moves of just so much that are in no box yet; one that holds more is divided."""
        taken: list[int] = []
        for move in self._outgoing(key, sku):
            if move["package"] or not quantity:
                continue
            held = int(move["quantity"])
            if held > quantity:
                self._call("model.stock.move.copy", [move["id"]], {"quantity": held - quantity})
                self._call("model.stock.move.write", [move["id"]], {"quantity": quantity})
            quantity -= min(held, quantity)
            taken.append(int(move["id"]))
        return taken

    def _outgoing(self, key: str, sku: str) -> list[dict[str, Any]]:
        ids = [f"{SHIPMENT},{shipment['id']}" for shipment in self.shipments(key)]
        domain = [("shipment", "in", ids), ("to_location.type", "=", "customer"), ("product.code", "=", sku)]
        return self._find("stock.move", domain, ["quantity", "package"])

    def _carrier(self, name: str) -> int:
        return int(self._find("carrier", [("party.name", "=", name)], [])[0]["id"])


def _by_sku(moves: Iterable[dict[str, Any]]) -> dict[str, int]:
    goods: dict[str, int] = {}
    for move in moves:
        if move["quantity"]:
            sku = move["product."]["code"]
            goods[sku] = goods.get(sku, 0) + int(move["quantity"])
    return goods
