"""Asking the stand-in to ship: the documents of fulfillment and order edits, and what an order looks like then."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.stock import level_at, quantity
from tests.sandbox.shopify.asking import Shop

CREATE = """mutation Ship($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } } }"""
MOVE = """mutation Move($id: ID!, $place: ID!, $lines: [FulfillmentOrderLineItemInput!]) {
  fulfillmentOrderMove(id: $id, newLocationId: $place, fulfillmentOrderLineItems: $lines) {
    movedFulfillmentOrder { id } originalFulfillmentOrder { id } remainingFulfillmentOrder { id }
    userErrors { field message code } } }"""
SPLIT = """mutation Split($splits: [FulfillmentOrderSplitInput!]!) {
  fulfillmentOrderSplit(fulfillmentOrderSplits: $splits) {
    fulfillmentOrderSplits { fulfillmentOrder { id } remainingFulfillmentOrder { id } }
    userErrors { field message code } } }"""
MERGE = """mutation Merge($inputs: [FulfillmentOrderMergeInput!]!) {
  fulfillmentOrderMerge(fulfillmentOrderMergeInputs: $inputs) {
    fulfillmentOrderMerges { fulfillmentOrder { id } } userErrors { field message code } } }"""
HOLD = """mutation Hold($id: ID!, $hold: FulfillmentOrderHoldInput!) {
  fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) {
    fulfillmentHold { id } remainingFulfillmentOrder { id } userErrors { field message code } } }"""
RELEASE = """mutation Release($id: ID!, $holds: [ID!]) {
  fulfillmentOrderReleaseHold(id: $id, holdIds: $holds) { fulfillmentOrder { status } userErrors { message code } } }"""
ACTIONS = "query A($id: ID!) { fulfillmentOrder(id: $id) { supportedActions { action } } }"


def step(root: str, arguments: str = "", answer: str = "fulfillmentOrder { id status requestStatus }") -> str:
    """A mutation of one fulfillment order by id, with more arguments as they stand in the document."""
    more = f", {arguments}" if arguments else ""
    return f"mutation S($id: ID!) {{ {root}(id: $id{more}) {{ {answer} userErrors {{ field message }} }} }}"


class Counter:
    """One order at the counter where it is shipped."""

    def __init__(self, shop: Shop, *skus_and_quantities: tuple[str, int], **fields: Any) -> None:
        self.shop = shop
        self.order_id = str(shop.place_order(*skus_and_quantities, **fields)["id"])
        shop.changes.clear()

    @property
    def order(self) -> Record:
        """The order as it is now."""
        return self.shop.record(self.order_id)

    @property
    def requests(self) -> list[Record]:
        """Its fulfillment orders."""
        return [self.shop.record(one["id"]) for one in self.order["fulfillmentOrders"]]

    @property
    def request(self) -> Record:
        """The first of them."""
        return self.requests[0]

    def ask(self, document: str, **variables: Any) -> Any:
        """A step that must not be refused."""
        answer = self.shop.ask(document, **variables)
        assert answer["userErrors"] == [], answer
        return answer

    def ship(self, request: Record | None = None, *pieces: int, tracking: Any = None) -> Record:
        """Ship so many pieces of each line of a fulfillment order, all without figures."""
        request = request or self.request
        rows = [{"id": line["id"], "quantity": n} for line, n in zip(request["lineItems"], pieces, strict=False) if n]
        given = {"fulfillmentOrderId": request["id"], "fulfillmentOrderLineItems": rows}
        fulfillment: Any = {"lineItemsByFulfillmentOrder": [given], "trackingInfo": tracking}
        return self.shop.record(self.ask(CREATE, fulfillment=fulfillment)["fulfillment"]["id"])

    def lines_of(self, request: Record) -> list[tuple[int, int]]:
        """What the lines of a fulfillment order count: in all, and left."""
        rows = self.shop.record(request["id"])["lineItems"]
        return [(row["totalQuantity"], row["remainingQuantity"]) for row in rows]

    def stock(self, place: str | None = None, *, line: int = 0) -> tuple[int, int, int]:
        """Available, committed and on hand of an order line's item at a location, the first request's without one."""
        row = self.order["lineItems"][line]
        item = self.shop.record(row["variant"]["id"])["inventoryItem"]["id"]
        place = place or self.request["assignedLocation"]["location"]["id"]
        level = level_at(self.shop.state.space(self.shop.domain), item, place)
        assert level is not None
        return quantity(level, "available"), quantity(level, "committed"), quantity(level, "on_hand")

    def other_place(self) -> str:
        """Another location that stocks the first line's item."""
        item = self.shop.record(self.order["lineItems"][0]["variant"]["id"])["inventoryItem"]["id"]
        here = self.request["assignedLocation"]["location"]["id"]
        levels = self.shop.state.all(self.shop.domain, "InventoryLevel")
        return next(
            str(row["location"]["id"]) for row in levels if row["item"]["id"] == item and row["location"]["id"] != here
        )

    def figures(self, *names: str) -> list[Decimal]:
        """Money fields of the order, in shop currency."""
        return [Decimal(self.order[name]["shopMoney"]["amount"]) for name in names]

    def topics(self) -> list[str]:
        """What was told since it was placed, stock apart."""
        return [topic for topic in self.shop.topics() if not topic.startswith("inventory_")]
