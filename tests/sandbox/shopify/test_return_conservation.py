"""Whatever is refunded, returned, inspected and processed: no piece, no cent and no promise is lost or made."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from deployments.sandbox.shopify.buckets import PLANS, Buckets
from deployments.sandbox.shopify.domains.refunding import current, payments_left
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.stock import quantity
from tests.sandbox.shopify.asking import Shop, money, paid
from tests.sandbox.shopify.return_desk import (
    APPROVE,
    DISPOSE,
    PROCESS,
    REFUND,
    REQUEST,
    RETURN,
    Desk,
    shop_amount,
    turn,
)

STEPS = 60
PAID = Decimal("900.00")


def pieces_of(line: Record, name: str) -> int:
    """A count of a line; what nothing happened to counts what was ordered."""
    return int(line.get(name, line["quantity"]))


class Life:
    """Random things that happen to one order after it was partly shipped; refusals are part of life."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.random = shop, Random(seed)
        lines = [
            {"variantId": self.shop.variant(sku)["id"], "quantity": 5, "priceSet": money(price)}
            for sku, price in zip(self._skus(), ("19.99", "7.35"), strict=True)
        ]
        taxes = [{"title": "VAT", "rate": 0.19}]
        delivery = [{"title": "Post", "priceSet": money("4.90"), "taxLines": taxes}]
        given = [{**line, "taxLines": taxes} for line in lines]
        self.desk = Desk(shop, ship=False, lineItems=given, shippingLines=delivery, **paid(str(PAID)))
        self.start = self.on_hand()
        self.desk.ship(None, 3, 2)
        self.shipped_out = 5

    def _skus(self) -> list[str]:
        levels = self.shop.state.all(self.shop.domain, "InventoryLevel")
        skus = dict.fromkeys(str(self.shop.record(level["item"]["id"])["sku"]) for level in levels)
        return list(skus)[:2]

    def on_hand(self) -> int:
        """All pieces on all shelves."""
        levels = self.shop.state.all(self.shop.domain, "InventoryLevel")
        return sum(quantity(level, "on_hand") for level in levels)

    def go(self) -> None:
        steps = (self.refund, self.refund, self.ask_back, self.answer, self.inspect, self.process, self.close)
        self.ask_back(0)
        for number in range(STEPS):
            self.random.choice(steps)(number)
            self.check()

    def refund(self, number: int) -> None:
        line = self.random.randrange(2)
        kind = self.random.choice(("CANCEL", "RETURN", "NO_RESTOCK"))
        given = self.desk.refund_input(
            self.random.choice((None, "5.00", "23.79")), refundLineItems=[self.desk.line(1, kind, line=line)]
        )
        if self.random.random() < 0.2:
            given["shipping"] = {"amount": "1.00"}
        self.shop.ask(REFUND, input=given, key=f"step-{number}")

    def ask_back(self, _number: int) -> None:
        row = self.desk.row(self.random.randint(1, 2), line=self.random.randrange(2))
        given = {"orderId": self.desk.order_id, "returnLineItems": [row]}
        self.shop.ask(self.random.choice((RETURN, REQUEST)), input=given)

    def returns(self) -> list[Record]:
        return [self.shop.record(one["id"]) for one in self.desk.order.get("returns") or ()]

    def one(self) -> Record | None:
        rows = self.returns()
        return self.random.choice(rows) if rows else None

    def answer(self, _number: int) -> None:
        if one := self.one():
            self.shop.ask(APPROVE, id=one["id"])

    def inspect(self, _number: int) -> None:
        one = self.one()
        if one and one["reverseFulfillmentOrders"]:
            kind = self.random.choice(("RESTOCKED", "NOT_RESTOCKED", "PROCESSING_REQUIRED", "MISSING"))
            place = self.desk.other_place() if kind == "RESTOCKED" else None
            self.shop.ask(DISPOSE, rows=[self.desk.disposition(one, kind, 1, place)])

    def process(self, _number: int) -> None:
        if one := self.one():
            rows = [{"id": line["id"], "quantity": 1} for line in one["returnLineItems"]]
            given: dict[str, Any] = {"returnId": one["id"], "returnLineItems": rows}
            if self.random.random() < 0.5:
                parent = self.desk.order["transactions"][0]["id"]
                back = {"parentId": parent, "transactionAmount": {"amount": "8.75", "currencyCode": "USD"}}
                given["financialTransfer"] = {"issueRefund": {"orderTransactions": [back]}}
            self.shop.ask(PROCESS, input=given)

    def close(self, _number: int) -> None:
        if one := self.one():
            self.shop.ask(turn(self.random.choice(("returnClose", "returnReopen", "returnCancel"))), id=one["id"])

    # what must hold after every step

    def check(self) -> None:
        self.pieces()
        self.money()
        self.goods()

    def pieces(self) -> None:
        order = self.desk.order
        for line in order["lineItems"]:
            refunds = [row for one in order.get("refunds") or () for row in one["refundLineItems"]]
            refunded = sum(row["quantity"] for row in refunds if row["lineItem"]["id"] == line["id"])
            silent = self.processed(line) - self.processed_and_refunded(line)
            # A return may process what a refund took out before: such pieces do not leave twice.
            assert 0 <= line["quantity"] - refunded - pieces_of(line, "currentQuantity") <= silent
            assert (
                pieces_of(line, "currentQuantity")
                == pieces_of(line, "refundableQuantity")
                >= pieces_of(line, "unfulfilledQuantity")
                >= 0
            )
            asked = [
                row for one in self.desk.requests for row in one["lineItems"] if row["lineItem"]["id"] == line["id"]
            ]
            assert sum(row["remainingQuantity"] for row in asked) == pieces_of(line, "unfulfilledQuantity")

    def return_lines(self, line: Record) -> list[Record]:
        shipped = [row["id"] for row in self.desk.shipped if row["lineItem"]["id"] == line["id"]]
        rows = [row for one in self.returns() for row in one["returnLineItems"]]
        return [row for row in rows if row["fulfillmentLineItem"]["id"] in shipped]

    def processed(self, line: Record) -> int:
        return sum(row["processedQuantity"] for row in self.return_lines(line))

    def processed_and_refunded(self, line: Record) -> int:
        return sum(row["refundedQuantity"] for row in self.return_lines(line))

    def money(self) -> None:
        order = self.desk.order
        backs = [shop_amount(one["amountSet"]) for one in order["transactions"] if one["kind"] == "REFUND"]
        assert shop_amount(order["netPaymentSet"]) == PAID - sum(backs) >= 0
        assert sum(backs) == sum(shop_amount(one["totalRefundedSet"]) for one in order.get("refunds") or ())
        assert [shop_amount(left) for _, left in payments_left(order)] == [PAID - sum(backs)]
        goods = sum((self.share_left(line) for line in order["lineItems"]), Decimal(0))
        assert shop_amount(current(order, "currentSubtotalPriceSet")) == goods
        rows = [row for one in order.get("refunds") or () for row in one["orderAdjustments"]]
        adjusted = sum((shop_amount(row["amountSet"]) for row in rows), Decimal(0))
        parts = ("currentSubtotalPriceSet", "currentShippingPriceSet", "currentTotalTaxSet")
        whole = sum(shop_amount(current(order, name)) for name in parts)
        assert shop_amount(current(order, "currentTotalPriceSet")) == whole + adjusted

    @staticmethod
    def share_left(line: Record) -> Decimal:
        return shop_amount(line["originalUnitPriceSet"]) * pieces_of(line, "currentQuantity")

    def goods(self) -> None:
        """On hand: what it was, less what shipped or was written off, more what was put back."""
        order = self.desk.order
        rows = [row for one in order.get("refunds") or () if not one.get("return") for row in one["refundLineItems"]]
        waiting = sum(pieces_of(line, "unfulfilledQuantity") for line in order["lineItems"])
        gone_unshipped = 5 - waiting
        direct = sum(row["quantity"] for row in rows if row["restockType"] != "NO_RESTOCK")
        disposed = sum(
            made["quantity"]
            for one in self.returns()
            for asked in one["reverseFulfillmentOrders"]
            for line in self.shop.record(asked["id"])["lineItems"]
            for made in line["dispositions"]
            if made["type"] == "RESTOCKED"
        )
        assert self.on_hand() == self.start - self.shipped_out - gone_unshipped + direct + disposed


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_or_made_in_a_random_life(seed: int) -> None:
    shop = Shop()
    shop.stand_in.buckets = Buckets(PLANS["plus"])
    life = Life(shop, seed)

    life.go()

    assert life.desk.order.get("refunds")
    assert life.returns()
