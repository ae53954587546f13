"""Refusals of returns and refunds against the user errors seen at real shops: the same fields, words and codes."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from deployments.sandbox.shopify.records import gid
from deployments.sandbox.shopify.schema import DATA
from tests.sandbox.shopify.asking import Shop, money, paid
from tests.sandbox.shopify.return_desk import (
    APPROVE,
    DECLINE,
    DISPOSE,
    PARCEL,
    PROCESS,
    REFUND,
    REMOVE,
    REQUEST,
    RETURN,
    Desk,
    turn,
)

OBSERVED = orjson.loads(gzip.decompress((DATA / "user-errors-observed.json.gz").read_bytes()))
ROOTS = (
    "refundCreate",
    "removeFromReturn",
    "returnApproveRequest",
    "returnCancel",
    "returnClose",
    "returnCreate",
    "returnDeclineRequest",
    "returnProcess",
    "returnReopen",
    "returnRequest",
    "reverseDeliveryCreateWithShipping",
    "reverseDeliveryShippingUpdate",
    "reverseFulfillmentOrderDispose",
)
UNSAID = "<not selected>"  # the code was not asked for
Told = tuple[str, tuple[str, ...] | None, str, str | None]
MISSING = gid("Return", 404)


def told(root: str, error: dict[str, Any]) -> Told:
    """A user error without the places of rows."""
    path = tuple("#" if step.isdigit() else step for step in error["field"]) if error["field"] else None
    return root, path, error["message"], error.get("code", UNSAID)


def observed() -> set[Told]:
    """What real shops said to these roots."""
    return {told(one["root"], one) for one in OBSERVED if one["root"] in ROOTS}


class Refused:
    """Calls that must be refused, and every user error they were refused with."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.errors: list[Told] = []
        lines = [{"title": "Custom", "quantity": 3, "priceSet": money("10.00")}]
        self.desk = Desk(shop, lineItems=lines, **paid("35.00"))

    def ask(self, root: str, document: str, /, **variables: Any) -> None:
        answer = self.shop.ask(document, **variables)
        self.errors += [told(root, error) for error in answer["userErrors"]]

    def all(self) -> set[Told]:
        for step in (
            self.refunds,
            self.beginnings,
            self.answers,
            self.turns,
            self.removals,
            self.goods,
            self.processing,
        ):
            step()
        return set(self.errors)

    def refunds(self) -> None:
        self.ask("refundCreate", REFUND, input={"orderId": gid("Order", 404)}, key="a")
        desk = self.desk
        wrong = desk.refund_input("1.00")
        wrong["transactions"][0]["kind"] = "AUTHORIZATION"
        nobody = desk.refund_input("1.00")
        nobody["transactions"][0]["parentId"] = gid("OrderTransaction", 404)
        many = desk.refund_input(refundLineItems=[desk.line(4)])
        for key, given in enumerate((wrong, nobody, many, desk.refund_input("999.00"))):
            self.ask("refundCreate", REFUND, input=given, key=f"b-{key}")
        fewer = Desk(self.shop, lineItems=[{"title": "A", "quantity": 1, "priceSet": money("15.00")}], **paid("15.00"))
        self.ask("refundCreate", REFUND, input=fewer.refund_input("25.00"), key="c")

    def beginnings(self) -> None:
        desk = self.desk
        nothing = {"fulfillmentLineItemId": gid("FulfillmentLineItem", 404)}
        for root, document in (("returnCreate", RETURN), ("returnRequest", REQUEST)):
            rows = [desk.row(4), desk.row(0), desk.row(1, **nothing), desk.row(1, returnReason=None)]
            if root == "returnCreate":
                rows.append(desk.row(1, returnReason="OTHER", returnReasonNote=" "))
            self.ask(root, document, input={"orderId": desk.order_id, "returnLineItems": rows})

    def answers(self) -> None:
        asked, declined = self.desk.asked(), self.desk.asked()
        self.desk.ask(APPROVE, id=asked["id"])
        self.desk.ask(DECLINE, id=declined["id"], note="no")
        for one in (MISSING, asked["id"]):
            self.ask("returnApproveRequest", APPROVE, id=one)
            self.ask("returnDeclineRequest", DECLINE, id=one)
        self.ask("returnDeclineRequest", DECLINE, id=declined["id"])
        self.declined, self.open = declined, asked

    def turns(self) -> None:
        for root in ("returnClose", "returnReopen", "returnCancel"):
            for one in (MISSING, self.declined["id"]):
                self.ask(root, turn(root), id=one)

    def removals(self) -> None:
        line = self.open["returnLineItems"][0]["id"]
        self.ask("removeFromReturn", REMOVE, id=MISSING, lines=[])
        self.ask("removeFromReturn", REMOVE, id=self.declined["id"], lines=[])
        for pieces in (0, 2):
            rows = [{"returnLineItemId": line, "quantity": pieces}]
            self.ask("removeFromReturn", REMOVE, id=self.open["id"], lines=rows)

    def goods(self) -> None:
        desk, one = self.desk, self.open
        back = desk.back(one)
        line = back["lineItems"][0]["id"]
        self.ask("reverseDeliveryCreateWithShipping", PARCEL, id=gid("ReverseFulfillmentOrder", 404), lines=[])
        for row in ((gid("ReverseFulfillmentOrderLineItem", 404), 1), (line, 2)):
            rows = [{"reverseFulfillmentOrderLineItemId": row[0], "quantity": row[1]}]
            self.ask("reverseDeliveryCreateWithShipping", PARCEL, id=back["id"], lines=rows)
        update = """mutation U($id: ID!) { reverseDeliveryShippingUpdate(reverseDeliveryId: $id) {
          userErrors { field message code } } }"""
        self.ask("reverseDeliveryShippingUpdate", update, id=gid("ReverseDelivery", 404))
        other = desk.take_back()
        two = [desk.disposition(one, "MISSING"), desk.disposition(other, "MISSING")]
        for rows in ([], two, [desk.disposition(one, "RESTOCKED", 1, gid("Location", 404))]):
            self.ask("reverseFulfillmentOrderDispose", DISPOSE, rows=rows)

    def processing(self) -> None:
        self.ask("returnProcess", PROCESS, input={"returnId": MISSING})
        row = {"id": gid("ReturnLineItem", 404), "quantity": 1}
        self.ask("returnProcess", PROCESS, input={"returnId": self.open["id"], "returnLineItems": [row]})


@pytest.fixture(scope="module")
def said() -> set[Told]:
    return Refused(Shop()).all()


def test_every_refusal_seen_at_a_real_shop_is_given_with_its_field_words_and_code(said: set[Told]) -> None:
    assert len(observed()) >= 35
    without_code = {(*one[:3], UNSAID) for one in said}
    assert sorted(observed() - said - without_code, key=str) == []


def test_nothing_refused_left_a_trace() -> None:
    refused = Refused(Shop())
    refused.refunds()
    refused.beginnings()

    assert refused.desk.order.get("refunds", []) == []
    assert refused.desk.order.get("returns", []) == []
    assert refused.desk.order["returnStatus"] == "NO_RETURN"
