"""An item on the shelves of a shop, and the calls that change what is there."""

from __future__ import annotations

from itertools import count
from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.stock import level_at, quantity
from tests.sandbox.shopify.asking import Shop

GROUP = """inventoryAdjustmentGroup {
  id reason referenceDocumentUri
  changes { name delta quantityAfterChange ledgerDocumentUri item { id } location { id } }
}"""
INPUTS = {
    "inventorySetQuantities": "InventorySetQuantitiesInput",
    "inventoryAdjustQuantities": "InventoryAdjustQuantitiesInput",
    "inventoryMoveQuantities": "InventoryMoveQuantitiesInput",
    "inventorySetOnHandQuantities": "InventorySetOnHandQuantitiesInput",
}
_keys = count()


class Shelf:
    """One item at two locations of a shop: 10 pieces at the first, none at the second yet."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.here, self.there = (str(one["id"]) for one in shop.state.all(shop.domain, "Location")[:2])
        product = shop.state.add(shop.domain, "Product", {"title": "Lamp"}, topics=())
        variant = {"product": {"id": product["id"]}, "sku": "LAMP", "price": "10.00"}
        self.variant = str(shop.state.add(shop.domain, "ProductVariant", variant, topics=())["id"])
        shop.state.update(shop.domain, product["id"], {"variants": [{"id": self.variant}]}, topics=())
        self.product = str(product["id"])
        self.item = str(shop.record(self.variant)["inventoryItem"]["id"])
        assert self.set(10)["userErrors"] == []
        shop.changes.clear()

    def row(self, **fields: Any) -> Record:
        """A row of an input about this item at the first location."""
        return {"inventoryItemId": self.item, "locationId": self.here, "changeFromQuantity": None, **fields}

    def write(self, root: str, given: Record, *, key: str | None = None) -> Any:
        """The payload of one of the four mutations; `reason` and the key are given when missing."""
        document = (
            f"mutation W($input: {INPUTS[root]}!, $key: String!) "
            f"{{ {root}(input: $input) @idempotent(key: $key) {{ {GROUP} userErrors {{ code field message }} }} }}"
        )
        given = {"reason": "correction", **given}
        return self.shop.ask(document, input=given, key=key or f"key-{next(_keys)}")

    def set(self, figure: int, *, name: str = "available", key: str | None = None, **fields: Any) -> Any:
        """Set a figure of this item at the first location."""
        rows = [self.row(quantity=figure, **fields)]
        return self.write("inventorySetQuantities", {"name": name, "quantities": rows}, key=key)

    def adjust(self, name: str, *rows: Record, **fields: Any) -> Any:
        """Change a figure by deltas."""
        return self.write("inventoryAdjustQuantities", {"name": name, "changes": list(rows), **fields})

    def figures(self, location_id: str | None = None) -> dict[str, int]:
        """What is on the shelf by name, without the zeros."""
        level = level_at(self.shop.state.space(self.shop.domain), self.item, location_id or self.here)
        names = ("available", "committed", "damaged", "incoming", "on_hand", "quality_control", "reserved")
        return {name: quantity(level, name) for name in names if quantity(level, name)} if level else {}


def codes(payload: Any) -> list[str]:
    """The codes of the user errors."""
    return [error["code"] for error in payload["userErrors"]]


def told(payload: Any) -> list[tuple[str, int, int | None]]:
    """The changes of an adjustment: name, delta, quantity after."""
    rows = payload["inventoryAdjustmentGroup"]["changes"]
    return [(row["name"], row["delta"], row["quantityAfterChange"]) for row in rows]
