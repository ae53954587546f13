"""Whatever is done to what is to be shipped: no piece is lost or made, and stock is promised for what is left."""

from __future__ import annotations

from collections import Counter as Counted
from random import Random
from typing import Any

import pytest

from deployments.sandbox.shopify.buckets import PLANS, Buckets
from deployments.sandbox.shopify.outbound import SETTLED, place_of
from deployments.sandbox.shopify.stock import quantity
from tests.sandbox.shopify.asking import Shop
from tests.sandbox.shopify.shipping import CREATE, HOLD, MERGE, MOVE, RELEASE, SPLIT, Counter, step

STEPS = 250
CANCEL = "mutation C($id: ID!) { fulfillmentCancel(id: $id) { userErrors { message } } }"
BEGIN = "mutation B($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { id } userErrors { message } } }"
QUANTITY = """mutation Q($id: ID!, $line: ID!, $n: Int!) {
  orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $n, restock: true) { userErrors { message } } }"""
COMMIT = "mutation K($id: ID!) { orderEditCommit(id: $id) { userErrors { message } } }"
Stock = Counted[tuple[str, str]]


class Life:
    """Random steps on one order; what a shop refuses changes nothing."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.shop = Shop()
        self.shop.stand_in.buckets = Buckets(PLANS["plus"])
        skus = sorted({self._sku(level) for level in self.shop.state.all(self.shop.domain, "InventoryLevel")[:30]})[:2]
        self.before = self.levels("on_hand")
        self.counter = Counter(self.shop, *((sku, 5) for sku in skus))
        self.places = [one["id"] for one in self.shop.state.all(self.shop.domain, "Location")[:3]]
        self.done: Counted[str] = Counted()

    def _sku(self, level: Any) -> str:
        return str(self.shop.record(level["item"]["id"])["sku"])

    def levels(self, name: str) -> Stock:
        """A quantity of every item at every location."""
        rows = self.shop.state.all(self.shop.domain, "InventoryLevel")
        return Counted({(row["item"]["id"], row["location"]["id"]): quantity(row, name) for row in rows})

    def step(self) -> None:
        """One thing somebody does."""
        names = ("split", "move", "merge", "hold", "release", "cancel", "progress", "ship", "unship", "edit")
        name = self.random.choice(names)
        requests = self.counter.requests
        active = [one for one in requests if one["status"] not in SETTLED]
        request = self.random.choice(active if active and self.random.random() < 0.9 else requests)
        self.shop.stand_in.buckets = Buckets(PLANS["plus"])
        answer = getattr(self, f"_{name}")(request)
        if answer is not None and not answer["userErrors"]:
            self.done[name] += 1

    def _lines(self, request: Any) -> list[dict[str, Any]]:
        lines = [line for line in request["lineItems"] if line["remainingQuantity"]]
        some = self.random.sample(lines, self.random.randint(0, len(lines)))
        return [{"id": line["id"], "quantity": self.random.randint(1, line["remainingQuantity"])} for line in some]

    def _split(self, request: Any) -> Any:
        rows = {"fulfillmentOrderId": request["id"], "fulfillmentOrderLineItems": self._lines(request)}
        return self.shop.ask(SPLIT, splits=[rows])

    def _move(self, request: Any) -> Any:
        return self.shop.ask(
            MOVE, id=request["id"], place=self.random.choice(self.places), lines=self._lines(request) or None
        )

    def _merge(self, request: Any) -> Any:
        place = place_of(request)
        others = [one for one in self.counter.requests if one["id"] != request["id"] and place_of(one) == place]
        if not others:
            return None
        intents = [{"fulfillmentOrderId": one["id"]} for one in (request, self.random.choice(others))]
        return self.shop.ask(MERGE, inputs=[{"mergeIntents": intents}])

    def _hold(self, request: Any) -> Any:
        hold = {"reason": "OTHER", "handle": str(self.random.randint(0, 3))}
        return self.shop.ask(HOLD, id=request["id"], hold={**hold, "fulfillmentOrderLineItems": self._lines(request)})

    def _release(self, request: Any) -> Any:
        return self.shop.ask(RELEASE, id=request["id"])

    def _cancel(self, request: Any) -> Any:
        return self.shop.ask(step("fulfillmentOrderCancel"), id=request["id"])

    def _progress(self, request: Any) -> Any:
        root = self.random.choice(("fulfillmentOrderReportProgress", "fulfillmentOrderOpen"))
        return self.shop.ask(step(root), id=request["id"])

    def _ship(self, request: Any) -> Any:
        row = {"fulfillmentOrderId": request["id"], "fulfillmentOrderLineItems": self._lines(request)}
        return self.shop.ask(CREATE, fulfillment={"lineItemsByFulfillmentOrder": [row]})

    def _unship(self, _request: Any) -> Any:
        shipped = self.counter.order.get("fulfillments") or ()
        return self.shop.ask(CANCEL, id=self.random.choice(shipped)["id"]) if shipped else None

    def _edit(self, _request: Any) -> Any:
        edit = self.shop.ask(BEGIN, id=self.counter.order_id)["calculatedOrder"]["id"]
        line = self.random.choice(self.counter.order["lineItems"])["id"].replace("LineItem", "CalculatedLineItem")
        self.shop.ask(QUANTITY, id=edit, line=line, n=self.random.randint(2, 7))
        return self.shop.ask(COMMIT, id=edit)

    def check(self) -> None:
        """The sums that must hold after every step."""
        active = [one for one in self.counter.requests if one["status"] not in SETTLED]
        left, held, promised = Counted[str](), Counted[str](), Counted[tuple[str, str]]()
        for request in active:
            for line in request["lineItems"]:
                left[line["lineItem"]["id"]] += line["remainingQuantity"]
                held[line["lineItem"]["id"]] += line["remainingQuantity"] * (request["status"] == "ON_HOLD")
                promised[line["inventoryItemId"], str(place_of(request))] += line["remainingQuantity"]
        closed = [one for one in self.counter.requests if one["status"] in SETTLED]
        assert all(line["remainingQuantity"] == 0 for one in closed for line in one["lineItems"])
        shipped, gone = Counted[str](), Counted[tuple[str, str]]()
        for one in self.counter.order.get("fulfillments") or ():
            fulfillment = self.shop.record(one["id"])
            for row in fulfillment["fulfillmentLineItems"] if fulfillment["status"] == "SUCCESS" else ():
                shipped[row["lineItem"]["id"]] += row["quantity"]
            for part in fulfillment["parts"] if fulfillment["status"] == "SUCCESS" else ():
                gone[part["line"]["inventoryItemId"], fulfillment["location"]["id"]] += part["quantity"]
        for line in self.counter.order["lineItems"]:
            unshipped = line.get("unfulfilledQuantity", line["quantity"])
            assert unshipped == left[line["id"]]
            assert line.get("currentQuantity", line["quantity"]) == unshipped + shipped[line["id"]]
            assert line.get("fulfillableQuantity", line["quantity"]) == unshipped - held[line["id"]]
        assert self.levels("committed") - Counted[tuple[str, str]]() == promised - Counted[tuple[str, str]]()
        on_hand = self.levels("on_hand")
        assert all(on_hand[pair] == pieces - gone[pair] for pair, pieces in self.before.items())


@pytest.mark.parametrize("seed", [2, 3, 5])
def test_no_piece_is_lost_or_made_by_any_order_of_steps(seed: int) -> None:
    life = Life(seed)
    life.check()
    for _ in range(STEPS):
        life.step()
        life.check()

    assert len(life.done) >= 9, life.done
