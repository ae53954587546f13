"""Refunds: to the cent of what was charged, never above what was paid by mistake, stock back where it was said."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.buckets import PLANS, Buckets
from deployments.sandbox.shopify.domains.refunds import NO_PARENT, TOO_MANY
from deployments.sandbox.shopify.generator.factory import OrderFactory
from deployments.sandbox.shopify.generator.references import seeded
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.webhooks.bodies import write_body
from deployments.sandbox.shopify.webhooks.rest import Source
from tests.sandbox.shopify.asking import NORTH, Shop, money, paid
from tests.sandbox.shopify.return_desk import REFUND, SUGGEST, Desk, shop_amount

ORDERS = 40
DELIVERED = {"shippingLines": [{"title": "Post", "priceSet": money("7.50")}]}
TAXED = [{"title": "VAT", "rate": 0.2}]


def custom(price: str, quantity: int, **more: Any) -> dict[str, Any]:
    """An order line without a variant."""
    return {"title": "Anything", "quantity": quantity, "priceSet": money(price), **more}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """Three pieces at 9.99 with 20 % tax on top and delivery at 7.50, paid and shipped."""
    lines = [custom("9.99", 3, taxLines=TAXED)]
    return Desk(shop, lineItems=lines, **DELIVERED, **paid("43.46", "SALE"))


def test_pieces_refunded_one_by_one_add_up_to_the_line_and_its_tax(desk: Desk) -> None:
    rows = [desk.refund(amount, refundLineItems=[desk.line(1)]) for amount in ("11.99", "11.98", "11.99")]

    lines = [row["refundLineItems"][0] for row in rows]
    assert [shop_amount(one["subtotalSet"]) for one in lines] == [Decimal("9.99")] * 3
    assert [shop_amount(one["totalTaxSet"]) for one in lines] == [Decimal("2.00"), Decimal("1.99"), Decimal("2.00")]
    assert all(row["orderAdjustments"] == [] for row in rows)
    assert desk.figures("currentSubtotalPriceSet", "currentTotalTaxSet", "currentTotalPriceSet", "netPaymentSet") == [
        Decimal(0),
        Decimal(0),
        Decimal("7.50"),
        Decimal("7.50"),
    ]
    assert desk.order["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert desk.order["lineItems"][0]["currentQuantity"] == desk.order["lineItems"][0]["refundableQuantity"] == 0


def test_delivery_is_refunded_in_part_and_then_the_rest(desk: Desk) -> None:
    first = desk.refund("2.00", shipping={"amount": "2.00"})
    second = desk.refund("5.50", shipping={"fullRefund": True})

    given_back = [row["refundShippingLines"][0]["subtotalAmountSet"] for row in (first, second)]
    assert [shop_amount(one) for one in given_back] == [Decimal("2.00"), Decimal("5.50")]
    assert desk.figures("currentShippingPriceSet") == [Decimal(0)]
    assert desk.refused("0.01", shipping={"amount": "0.01"})[0] == ["shipping", "amount"]


def test_an_amount_without_goods_is_an_adjustment_in_the_shoppers_favour(desk: Desk) -> None:
    refund = desk.refund("10.00")

    (row,) = refund["orderAdjustments"]
    assert (row["reason"], shop_amount(row["amountSet"])) == ("REFUND_DISCREPANCY", Decimal("-10.00"))
    assert desk.figures("currentTotalPriceSet", "netPaymentSet", "totalOutstandingSet") == [
        Decimal("33.46"),
        Decimal("33.46"),
        Decimal(0),
    ]
    assert refund["refundLineItems"] == []


def test_less_than_the_goods_are_worth_is_an_adjustment_with_its_reason(desk: Desk) -> None:
    refund = desk.refund("5.00", refundLineItems=[desk.line(1)], discrepancyReason="DAMAGE")

    (row,) = refund["orderAdjustments"]
    assert (row["reason"], shop_amount(row["amountSet"])) == ("DAMAGE", Decimal("6.99"))
    assert desk.figures("currentTotalPriceSet") == desk.figures("netPaymentSet") == [Decimal("38.46")]


def test_refunds_never_exceed_what_was_paid(desk: Desk) -> None:
    desk.refund("40.00")

    words = "Refund amount $3.47 is greater than net payment received $3.46"
    assert desk.refused("3.47") == (None, words)
    assert desk.refused("3.47", allowOverRefunding=True) == (None, words)  # by hand nothing is handed out twice
    desk.refund("3.46")
    assert desk.order["displayFinancialStatus"] == "REFUNDED"


def test_a_gateway_may_hand_out_more_than_it_took_when_the_app_allows_it(shop: Shop) -> None:
    payment = {"kind": "SALE", "status": "SUCCESS", "gateway": "bogus", "amountSet": money("10.00")}
    desk = Desk(shop, lineItems=[custom("10.00", 1)], transactions=[payment])

    assert desk.refused("11.00")[1].startswith("Refund amount $11.00 is greater than net payment received")
    desk.refund("11.00", allowOverRefunding=True)
    assert desk.figures("totalRefundedSet") == [Decimal("11.00")]


def test_what_was_bought_is_refunded_once(desk: Desk) -> None:
    desk.refund("23.97", refundLineItems=[desk.line(2)])

    assert desk.refused(refundLineItems=[desk.line(1), desk.line(1)]) == (
        ["refundLineItems", "1", "quantity"],
        TOO_MANY,
    )
    assert desk.refused(refundLineItems=[desk.line(2)]) == (["refundLineItems", "0", "quantity"], TOO_MANY)


def test_a_payment_back_needs_its_own_payment(desk: Desk) -> None:
    given = desk.refund_input("1.00")
    given["transactions"][0]["parentId"] = "gid://shopify/OrderTransaction/404"

    told = desk.shop.ask(REFUND, input=given, key="none")

    assert told["userErrors"] == [{"field": ["transactions"], "message": NO_PARENT}]
    back = desk.order["transactions"][-1]
    assert back["kind"] == "SALE"


def test_the_same_key_refunds_once(desk: Desk) -> None:
    first = desk.refund("10.00", key="once")
    again = desk.refund("10.00", key="once")

    assert first["id"] == again["id"]
    assert desk.figures("totalRefundedSet") == [Decimal("10.00")]
    other = desk.shop.ask(REFUND, input=desk.refund_input("11.00"), key="once")
    assert other["refund"] is None
    assert "different parameters" in other["userErrors"][0]["message"]


def test_without_a_key_nothing_is_refunded(desk: Desk) -> None:
    error = desk.shop.refusal(
        REFUND.replace("@idempotent(key: $key)", "").replace(", $key: String!", ""),
        input={
            "orderId": desk.order_id,
        },
    )

    assert error["extensions"]["code"] == "BAD_REQUEST"


def test_cancelled_pieces_are_no_longer_shipped_and_stand_on_the_shelf_again(shop: Shop) -> None:
    desk = Desk(shop, ship=False)
    available, committed, on_hand = desk.stock()

    desk.refund(refundLineItems=[desk.line(2, "CANCEL")])

    assert desk.stock() == (available + 2, committed - 2, on_hand)
    assert desk.lines_of(desk.request) == [(1, 1)]
    assert desk.order["lineItems"][0]["unfulfilledQuantity"] == 1
    desk.refund(refundLineItems=[desk.line(1, "CANCEL")])
    assert desk.request["status"] == "CLOSED"


def test_pieces_cancelled_elsewhere_leave_here_and_are_stocked_there(shop: Shop) -> None:
    desk = Desk(shop, ship=False)
    there = desk.other_place()
    here, elsewhere = desk.stock(), desk.stock(there)

    desk.refund(refundLineItems=[desk.line(1, "CANCEL", locationId=there)])

    assert desk.stock() == (here[0], here[1] - 1, here[2] - 1)
    assert desk.stock(there) == (elsewhere[0] + 1, elsewhere[1], elsewhere[2] + 1)


def test_returned_pieces_are_stocked_only_where_restocked(shop: Shop) -> None:
    desk = Desk(shop)
    there = desk.other_place()
    here, elsewhere = desk.stock(), desk.stock(there)

    desk.refund(refundLineItems=[desk.line(1, "NO_RESTOCK")])
    desk.refund(refundLineItems=[desk.line(1, "RETURN", locationId=there)])

    assert desk.stock() == here
    assert desk.stock(there) == (elsewhere[0] + 1, elsewhere[1], elsewhere[2] + 1)
    rows = [row for one in desk.order["refunds"] for row in one["refundLineItems"]]
    assert [(row["restockType"], row["restocked"]) for row in rows] == [("NO_RESTOCK", False), ("RETURN", True)]
    assert [row["location"] for row in rows] == [None, {"id": there}]


def test_goods_nobody_paid_leave_without_an_adjustment(shop: Shop) -> None:
    desk = Desk(shop, lineItems=[custom("10.00", 3)], ship=False)

    refund = desk.refund(refundLineItems=[desk.line(1, "CANCEL")])

    assert refund["orderAdjustments"] == []
    assert desk.figures("currentTotalPriceSet", "totalOutstandingSet") == [Decimal("20.00")] * 2


def test_a_refund_tells_the_order_the_refund_and_the_payment(desk: Desk) -> None:
    refund = desk.refund("11.99", refundLineItems=[desk.line(1)], note="too small")

    assert sorted(desk.topics()) == ["order_transactions/create", "orders/updated", "refunds/create"]
    change = next(one for one in desk.shop.changes if "refunds/create" in one.topics)
    body: Any = write_body("refunds/create", change.record, Source(desk.shop.state, NORTH))
    assert body["order_id"] == int(desk.order_id.rsplit("/", 1)[-1])
    assert body["admin_graphql_api_id"] == refund["id"]
    assert [(row["kind"], row["amount"], row["order_id"]) for row in body["transactions"]] == [
        ("refund", "11.99", body["order_id"])
    ]
    assert body["refund_line_items"][0]["subtotal"] == 9.99
    assert body["note"] == "too small"


def generated(shop: Shop) -> list[Record]:
    """Orders of all kinds, in one and two currencies, with discounts, taxes, duties, tips and several payments."""
    catalogue = load_catalogue()
    numbers = shop.state.space(NORTH).number
    factory = OrderFactory(catalogue, NORTH, seeded(shop.state, NORTH, catalogue), numbers, profile="mixed", seed=11)
    orders = [shop.state.add_order(NORTH, factory.make(n, shop.state.clock()).record) for n in range(ORDERS)]
    return [one for one in orders if one["displayFinancialStatus"] == "PAID"]


def test_orders_of_all_kinds_are_refunded_whole_to_the_cent_piece_by_piece(shop: Shop) -> None:
    shop.stand_in.buckets = Buckets(PLANS["plus"])
    orders = generated(shop)
    assert len(orders) > 20
    assert any(one["currencyCode"] != one["presentmentCurrencyCode"] for one in orders)
    assert any(one.get("taxesIncluded") for one in orders) or any(one["taxLines"] for one in orders)
    for number, order in enumerate(orders):
        refund_piece_by_piece(shop, order, number)
        left = shop.record(order["id"])
        amounts = [Decimal(left["currentTotalPriceSet"][side]["amount"]) for side in ("shopMoney", "presentmentMoney")]
        assert amounts == [0, 0], left["name"]
        net = [Decimal(left["netPaymentSet"][side]["amount"]) for side in ("shopMoney", "presentmentMoney")]
        assert net == [0, 0], left["name"]
        assert [one["orderAdjustments"] for one in left["refunds"]] == [[]] * len(left["refunds"])
        assert left["displayFinancialStatus"] == "REFUNDED"


def refund_piece_by_piece(shop: Shop, order: Record, number: int) -> None:
    """A refund for each line's first piece, one for all other pieces, then delivery and duties."""
    for place, line in enumerate(order["lineItems"]):
        for turn, pieces in enumerate(n for n in (1, line["quantity"] - 1) if n):
            if pieces > shop.record(line["id"])["refundableQuantity"]:
                continue
            rows = [{"lineItemId": line["id"], "quantity": pieces}]
            suggested = shop.ask(SUGGEST, id=order["id"], lines=rows)["suggestedRefund"]
            pay(shop, order, suggested, f"{number}-{place}-{turn}", refundLineItems=rows)
    duties = [{"dutyId": one["id"], "refundType": "FULL"} for line in order["lineItems"] for one in line["duties"]]
    suggest = SUGGEST.replace("$all: Boolean", "$duties: [RefundDutyInput!]").replace(
        "suggestFullRefund: $all", "refundDuties: $duties"
    )
    rest = shop.ask(suggest, id=order["id"], delivery=True, duties=duties)["suggestedRefund"]
    if shop_amount(rest["amountSet"]):
        pay(shop, order, rest, f"{number}-rest", shipping={"fullRefund": True}, refundDuties=duties)


def pay(shop: Shop, order: Record, suggested: Record, key: str, **fields: Any) -> None:
    back = [
        {
            "orderId": order["id"],
            "parentId": one["parentTransaction"]["id"],
            "kind": "REFUND",
            "gateway": one["gateway"],
            "amount": one["amountSet"]["presentmentMoney"]["amount"],
        }
        for one in suggested["suggestedTransactions"]
    ]
    given = {"orderId": order["id"], "currency": order["presentmentCurrencyCode"], "transactions": back, **fields}
    assert shop.ask(REFUND, input=given, key=key)["userErrors"] == []


def test_a_cancelled_order_is_refunded_with_its_taxes_and_delivery_to_each_payment(shop: Shop) -> None:
    payments = [
        {"kind": "SALE", "status": "SUCCESS", "gateway": one, "amountSet": money(amount)}
        for one, amount in (("gift_card", "20.00"), ("bogus", "23.46"))
    ]
    lines = [custom("9.99", 3, taxLines=TAXED)]
    desk = Desk(shop, lineItems=lines, ship=False, transactions=payments, **DELIVERED)
    cancel = """mutation C($id: ID!) { orderCancel(orderId: $id, reason: OTHER, restock: true,
      refundMethod: {originalPaymentMethodsRefund: true}) { userErrors { message } } }"""
    desk.ask(cancel, id=desk.order_id)
    shop.later(seconds=2)

    (refund,) = desk.order["refunds"]
    backs = [one for one in desk.order["transactions"] if one["kind"] == "REFUND"]
    assert [(one["gateway"], shop_amount(one["amountSet"])) for one in backs] == [
        ("gift_card", Decimal("20.00")),
        ("bogus", Decimal("23.46")),
    ]
    (row,) = refund["refundLineItems"]
    assert [shop_amount(row[name]) for name in ("subtotalSet", "totalTaxSet")] == [Decimal("29.97"), Decimal("5.99")]
    assert shop_amount(refund["refundShippingLines"][0]["subtotalAmountSet"]) == Decimal("7.50")
    assert refund["orderAdjustments"] == []


EDIT = """mutation E($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { id lineItems(first: 5) { nodes { id } } }
  userErrors { message } } }"""
SET = """mutation S($id: ID!, $line: ID!, $n: Int!) { orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $n,
  restock: true) { userErrors { message } } }"""
COMMIT = "mutation C($id: ID!) { orderEditCommit(id: $id) { userErrors { message } } }"


def test_what_is_left_of_an_edited_order_is_refunded_to_the_cent(shop: Shop) -> None:
    lines = [custom("9.99", 3, taxLines=TAXED)]
    desk = Desk(shop, lineItems=lines, ship=False, **DELIVERED, **paid("43.46"))
    edit = desk.ask(EDIT, id=desk.order_id)["calculatedOrder"]
    desk.ask(SET, id=edit["id"], line=edit["lineItems"]["nodes"][0]["id"], n=2)
    desk.ask(COMMIT, id=edit["id"])
    (costs,) = desk.figures("currentTotalPriceSet")
    owed = Decimal("43.46") - costs
    assert owed == Decimal("11.99")

    desk.refund(str(owed))  # what the edit made too much
    rest = desk.refund(str(costs), refundLineItems=[desk.line(2, "CANCEL")], shipping={"fullRefund": True})

    assert rest["orderAdjustments"] == []
    assert desk.figures("currentTotalPriceSet", "netPaymentSet") == [Decimal(0), Decimal(0)]
