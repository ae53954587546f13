"""Returns: asked, answered, sent back, inspected, processed, paid back, closed; and what the order shows of it."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.schema import DATA
from deployments.sandbox.shopify.stock import level_at, quantity
from deployments.sandbox.shopify.webhooks.bodies import write_body
from deployments.sandbox.shopify.webhooks.rest import Source
from tests.sandbox.shopify.asking import NORTH, Shop, money, paid
from tests.sandbox.shopify.return_desk import (
    APPROVE,
    DECLINE,
    DISPOSE,
    PARCEL,
    PROCESS,
    REMOVE,
    Desk,
    shop_amount,
    turn,
)

OUTCOME = """query Outcome($id: ID!, $lines: [SuggestedOutcomeReturnLineItemInput!]!,
    $exchanged: [SuggestedOutcomeExchangeLineItemInput!]!) {
  return(id: $id) { suggestedFinancialOutcome(returnLineItems: $lines, exchangeLineItems: $exchanged) {
    discountedSubtotal { shopMoney { amount } } totalTax { shopMoney { amount } }
    financialTransfer { __typename
      ... on RefundReturnOutcome { amount { shopMoney { amount } } suggestedTransactions { parentTransaction { id } } }
      ... on InvoiceReturnOutcome { amount { shopMoney { amount } } } } } } }"""
LEFT = """query Left($id: ID!) { returnableFulfillments(orderId: $id, first: 5) {
  nodes { returnableFulfillmentLineItems(first: 5) { nodes { quantity } } } } }"""
READ = """query Read($id: ID!) { return(id: $id) { status totalQuantity
  returnLineItems(first: 5) { nodes { quantity processableQuantity processedQuantity unprocessedQuantity
    refundableQuantity refundedQuantity returnReasonDefinition { handle } } } } }"""
LINE = {"title": "Anything", "quantity": 3, "priceSet": money("10.00"), "taxLines": [{"title": "VAT", "rate": 0.1}]}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """Three pieces of stocked goods, paid well above their price and shipped."""
    return Desk(shop, **paid("5000.00"))


def priced(shop: Shop) -> Desk:
    """Three pieces at 10.00 with 10 % tax on top, paid and shipped."""
    return Desk(shop, lineItems=[LINE], **paid("33.00"))


def left(desk: Desk) -> list[int]:
    nodes = desk.shop.ask(LEFT, id=desk.order_id)["nodes"]
    return [row["quantity"] for node in nodes for row in node["returnableFulfillmentLineItems"]["nodes"]]


def outcome(desk: Desk, one: Record, pieces: int, exchanged: int = 0) -> Any:
    lines = [{"id": one["returnLineItems"][0]["id"], "quantity": pieces}]
    others = [{"id": row["id"], "quantity": exchanged} for row in one["exchangeLineItems"] if exchanged]
    answer = desk.shop.ask(OUTCOME, id=one["id"], lines=lines, exchanged=others)
    return answer["suggestedFinancialOutcome"]["financialTransfer"]


def amount(transfer: Any) -> Decimal:
    return Decimal(transfer["amount"]["shopMoney"]["amount"])


def status(desk: Desk) -> str:
    return str(desk.order["returnStatus"])


def test_a_request_is_answered_and_only_shipped_pieces_come_back(desk: Desk) -> None:
    assert left(desk) == [3]
    asked = desk.asked(2)

    assert (asked["status"], status(desk), left(desk)) == ("REQUESTED", "RETURN_REQUESTED", [1])
    told = desk.shop.ask(READ, id=asked["id"])
    assert told["returnLineItems"]["nodes"][0] == {
        "quantity": 2,
        "processableQuantity": 0,
        "processedQuantity": 0,
        "unprocessedQuantity": 2,
        "refundableQuantity": 2,
        "refundedQuantity": 0,
        "returnReasonDefinition": {"handle": "changed-my-mind"},
    }
    desk.ask(APPROVE, id=asked["id"])
    assert (desk.shop.record(asked["id"])["status"], status(desk)) == ("OPEN", "IN_PROGRESS")
    assert [line["totalQuantity"] for line in desk.back(asked)["lineItems"]] == [2]
    assert asked["name"] == f"{desk.order['name']}-R1"


def test_a_declined_request_gives_its_pieces_free_and_counts_as_no_return(desk: Desk) -> None:
    asked = desk.asked(3)
    assert left(desk) == []
    desk.ask(DECLINE, id=asked["id"], note="worn")

    assert desk.shop.record(asked["id"])["decline"] == {"reason": "FINAL_SALE", "note": "worn"}
    assert (status(desk), left(desk)) == ("NO_RETURN", [3])


def test_an_order_shows_the_return_that_needs_most_attention(desk: Desk) -> None:
    first = desk.take_back()
    assert status(desk) == "IN_PROGRESS"
    asked = desk.asked()
    assert status(desk) == "RETURN_REQUESTED"
    desk.ask(turn("returnCancel"), id=asked["id"])
    assert status(desk) == "IN_PROGRESS"
    desk.ask(turn("returnClose"), id=first["id"])
    desk.ask(turn("returnClose"), id=first["id"])  # again is no fault
    assert status(desk) == "RETURNED"
    desk.ask(turn("returnReopen"), id=first["id"])
    assert (status(desk), desk.shop.record(first["id"])["closedAt"]) == ("IN_PROGRESS", None)


def test_three_dispositions_of_one_return_move_stock_only_for_what_is_restocked(desk: Desk) -> None:
    there = desk.other_place()
    here, elsewhere = desk.stock(), desk.stock(there)
    one = desk.take_back(3)
    kinds = [("RESTOCKED", there), ("NOT_RESTOCKED", None), ("PROCESSING_REQUIRED", there)]
    rows = [desk.disposition(one, kind, 1, place) for kind, place in kinds]

    desk.ask(DISPOSE, rows=rows)

    assert desk.stock() == here
    assert desk.stock(there) == (elsewhere[0] + 1, elsewhere[1], elsewhere[2] + 1)
    assert (desk.back(one)["status"], status(desk)) == ("OPEN", "IN_PROGRESS")
    desk.ask(DISPOSE, rows=[desk.disposition(one, "MISSING")])  # what was set aside is decided
    assert [row["type"] for row in desk.back(one)["lineItems"][0]["dispositions"]] == [
        "RESTOCKED",
        "NOT_RESTOCKED",
        "MISSING",
    ]
    assert (desk.back(one)["status"], status(desk)) == ("CLOSED", "INSPECTION_COMPLETE")


def test_processing_takes_goods_out_of_the_order_and_pays_back(shop: Shop) -> None:
    desk = priced(shop)
    one = desk.take_back(2)
    assert amount(outcome(desk, one, 2)) == Decimal("22.00")

    desk.process(one, 1, pay="11.00")

    (refund,) = desk.order["refunds"]
    assert refund["return"] == {"id": one["id"]}
    assert [row["quantity"] for row in refund["refundLineItems"]] == [1]
    assert refund["orderAdjustments"] == []
    assert desk.order["lineItems"][0]["currentQuantity"] == 2
    assert desk.figures("currentTotalPriceSet", "netPaymentSet") == [Decimal("22.00")] * 2
    line = desk.shop.record(one["id"])["returnLineItems"][0]
    assert (line["processedQuantity"], line["refundedQuantity"]) == (1, 1)
    assert desk.shop.record(one["id"])["status"] == "OPEN"  # it is closed by hand


def test_goods_processed_without_a_refund_are_owed_until_they_are_paid_back(shop: Shop) -> None:
    desk = priced(shop)
    one = desk.take_back(1)
    desk.process(one, 1)

    assert desk.order.get("refunds", []) == []
    assert desk.figures("currentTotalPriceSet", "netPaymentSet") == [Decimal("22.00"), Decimal("33.00")]
    refund = desk.refund("11.00")
    assert refund["orderAdjustments"] == []  # nothing but what was owed
    assert desk.figures("currentTotalPriceSet", "netPaymentSet") == [Decimal("22.00")] * 2


def test_dispositions_may_come_with_processing_and_show_in_the_refund(desk: Desk) -> None:
    there = desk.other_place()
    elsewhere = desk.stock(there)
    one = desk.take_back(2)
    rows = [desk.disposition(one, "RESTOCKED", 1, there), desk.disposition(one, "MISSING")]
    line = {"id": one["returnLineItems"][0]["id"], "quantity": 2, "dispositions": rows}
    back = {
        "parentId": desk.order["transactions"][0]["id"],
        "transactionAmount": {"amount": "1", "currencyCode": "USD"},
    }
    given = {
        "returnId": one["id"],
        "returnLineItems": [line],
        "financialTransfer": {
            "issueRefund": {"orderTransactions": [back]},
        },
    }

    desk.ask(PROCESS, input=given)

    rows = desk.order["refunds"][0]["refundLineItems"]
    assert [(row["quantity"], row["restockType"], row["location"]) for row in rows] == [
        (1, "RETURN", {"id": there}),
        (1, "NO_RESTOCK", None),
    ]
    assert desk.stock(there) == (elsewhere[0] + 1, elsewhere[1], elsewhere[2] + 1)


def test_fees_are_kept_from_what_is_paid_back(shop: Shop) -> None:
    desk = priced(shop)
    fee = {"amount": {"amount": "2.50", "currencyCode": "USD"}}
    rows = [desk.row(2, restockingFee={"percentage": 15.0})]
    one = desk.take_back(returnLineItems=rows, returnShippingFee=fee)

    assert shop_amount(one["returnLineItems"][0]["restockingFee"]["amountSet"]) == Decimal("3.00")
    assert amount(outcome(desk, one, 2)) == Decimal("22.00") - Decimal("3.00") - Decimal("2.50")
    desk.process(one, 1, pay="7.00")  # 11.00 less half of the restocking fee and the whole delivery fee
    assert desk.order["refunds"][0]["orderAdjustments"] == []
    assert amount(outcome(desk, desk.shop.record(one["id"]), 1)) == Decimal("9.50")
    assert desk.figures("currentTotalPriceSet") == desk.figures("netPaymentSet") == [Decimal("26.00")]


def test_an_exchange_charges_or_pays_the_difference_and_is_shipped(shop: Shop) -> None:
    desk = Desk(shop, (shop.stocked_sku(), 1), **paid("1.00"))
    variant = desk.order["lineItems"][0]["variant"]["id"]
    price = Decimal(shop.record(variant)["price"])
    (before,) = desk.figures("totalPriceSet")
    one = desk.take_back(1, exchangeLineItems=[{"variantId": variant, "quantity": 2}])

    transfer = outcome(desk, one, 1, exchanged=2)
    assert transfer["__typename"] == "InvoiceReturnOutcome"
    assert amount(transfer) == price
    exchanged = [{"id": one["exchangeLineItems"][0]["id"], "quantity": 2}]
    one = desk.process(one, 1, exchangeLineItems=exchanged)

    added = desk.order["lineItems"][-1]
    assert (added["quantity"], added["sku"]) == (2, desk.order["lineItems"][0]["sku"])
    assert one["exchangeLineItems"][0]["lineItems"] == [{"id": added["id"]}]
    assert desk.figures("currentTotalPriceSet", "totalPriceSet") == [price * 2, before + price * 2]
    assert desk.lines_of(desk.requests[-1]) == [(2, 2)]
    assert desk.order["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    desk.ship(desk.requests[-1])
    assert desk.order["displayFulfillmentStatus"] == "FULFILLED"


def test_pieces_taken_out_of_a_return_are_not_expected_and_the_last_one_closes_it(desk: Desk) -> None:
    one = desk.take_back(2)
    line = one["returnLineItems"][0]["id"]
    desk.ask(REMOVE, id=one["id"], lines=[{"returnLineItemId": line, "quantity": 1}])

    assert [row["totalQuantity"] for row in desk.back(one)["lineItems"]] == [1]
    assert left(desk) == [2]
    desk.ask(REMOVE, id=one["id"], lines=[{"returnLineItemId": line, "quantity": 1}])
    told = desk.shop.ask(READ, id=one["id"])
    assert (told["status"], told["totalQuantity"], status(desk)) == ("CLOSED", 0, "RETURNED")


def test_a_return_that_was_processed_cannot_be_cancelled(desk: Desk) -> None:
    one = desk.take_back(1)
    desk.process(one, 1)

    told = desk.shop.ask(turn("returnCancel"), id=one["id"])

    assert told["userErrors"][0]["code"] == "INVALID_STATE"
    assert desk.shop.record(one["id"])["status"] == "OPEN"


def sample(topic: str) -> Any:
    rows = orjson.loads(gzip.decompress((DATA / "webhook-samples-2026-07.json.gz").read_bytes()))
    return rows[topic]


def same_shape(written: Any, published: Any, path: str = "") -> None:
    """Every key of a published sample is there, and no other."""
    if isinstance(published, dict) and isinstance(written, dict):
        assert written.keys() == published.keys(), path
        for name, value in published.items():
            same_shape(written[name], value, f"{path}.{name}")
    elif isinstance(published, list) and published and written:
        same_shape(written[0], published[0], f"{path}[]")


def test_every_step_of_a_return_is_news_in_the_published_shape(desk: Desk) -> None:
    asked = desk.asked(1)
    desk.ask(APPROVE, id=asked["id"])
    desk.ask(turn("returnClose"), id=asked["id"])
    desk.ask(turn("returnReopen"), id=asked["id"])
    desk.ask(PARCEL, id=desk.back(asked)["id"], lines=[], number="1Z999")
    desk.ask(DISPOSE, rows=[desk.disposition(asked, "RESTOCKED", 1, desk.other_place())])
    desk.process(asked, 1)
    other = desk.asked(1)
    desk.ask(REMOVE, id=other["id"], lines=[{"returnLineItemId": other["returnLineItems"][0]["id"], "quantity": 1}])
    third = desk.asked(1)
    desk.ask(DECLINE, id=third["id"], note="no")
    fourth = desk.asked(1)
    desk.ask(turn("returnCancel"), id=fourth["id"])

    told = [(topic, change.record) for change in desk.shop.changes for topic in change.topics]
    told = [(topic, record) for topic, record in told if topic.startswith(("returns/", "reverse_"))]
    assert [topic for topic, _ in told] == [
        "returns/request",
        "returns/approve",
        "returns/close",
        "returns/reopen",
        "reverse_deliveries/attach_deliverable",
        "reverse_fulfillment_orders/dispose",
        "returns/process",
        "returns/request",
        "returns/update",
        "returns/request",
        "returns/decline",
        "returns/request",
        "returns/cancel",
    ]
    source = Source(desk.shop.state, NORTH)
    for topic, record in told:
        if topic != "returns/process":  # its published sample is empty
            same_shape(write_body(topic, record, source), sample(topic), topic)


def test_a_restarted_shop_knows_its_returns_and_refunds(tmp_path: Path) -> None:
    desk = Desk(Shop(state_file=tmp_path / "shop.db"), **paid("5000.00"))
    one = desk.take_back(2)
    desk.process(one, 1, pay="3.00")
    refund = desk.order["refunds"][0]
    desk.shop.state.close()

    again = Shop(state_file=tmp_path / "shop.db", seed=False)
    told = again.ask(READ, id=one["id"])
    assert told["returnLineItems"]["nodes"][0]["processedQuantity"] == 1
    assert again.ask("query R($id: ID!) { refund(id: $id) { return { id } } }", id=refund["id"]) == {
        "return": {"id": one["id"]}
    }
    item = again.record(desk.order["lineItems"][0]["variant"]["id"])["inventoryItem"]["id"]
    place = desk.request["assignedLocation"]["location"]["id"]
    level = level_at(again.state.space(NORTH), item, place)
    assert level is not None
    assert quantity(level, "available") == desk.stock()[0]
    again.state.close()


def test_returns_need_their_scopes() -> None:
    shop = Shop(scopes=frozenset({"read_orders", "write_orders"}))

    error = shop.refusal(READ, id="gid://shopify/Return/1")

    assert error["extensions"]["code"] == "ACCESS_DENIED"
    refused = shop.refusal(turn("returnClose"), id="gid://shopify/Return/1")
    assert "write_returns" in refused["extensions"]["requiredAccess"]


def test_a_preview_has_credits_below_zero_and_keeps_nothing(shop: Shop) -> None:
    desk = priced(shop)
    preview = """query P($input: CalculateReturnInput!) { returnCalculate(input: $input) {
      returnLineItems { quantity subtotalSet { shopMoney { amount } } totalTaxSet { shopMoney { amount } }
        restockingFee { amountSet { shopMoney { amount } } } }
      exchangeLineItems { quantity subtotalSet { shopMoney { amount } } variant { id } }
      returnShippingFee { amountSet { shopMoney { amount } } } } }"""
    row = {name: value for name, value in desk.row(2).items() if name != "returnReason"}
    variant = shop.variant(shop.stocked_sku())
    given = {
        "orderId": desk.order_id,
        "returnLineItems": [{**row, "restockingFee": {"percentage": 10.0}}],
        "exchangeLineItems": [{"variantId": variant["id"], "quantity": 1}],
        "returnShippingFee": {"amount": {"amount": "2.50", "currencyCode": "USD"}},
    }

    told = shop.ask(preview, input=given)

    (line,) = told["returnLineItems"]
    amounts = [Decimal(line[name]["shopMoney"]["amount"]) for name in ("subtotalSet", "totalTaxSet")]
    assert amounts == [Decimal("-20.00"), Decimal("-2.00")]
    assert Decimal(line["restockingFee"]["amountSet"]["shopMoney"]["amount"]) == Decimal("2.00")
    assert Decimal(told["exchangeLineItems"][0]["subtotalSet"]["shopMoney"]["amount"]) == Decimal(variant["price"])
    assert told["returnShippingFee"]["amountSet"]["shopMoney"]["amount"] == "2.5"
    assert desk.order.get("returns", []) == []


def test_what_a_refund_took_out_leaves_no_second_time_when_its_return_is_processed(shop: Shop) -> None:
    desk = priced(shop)
    one = desk.take_back(1)
    desk.refund("33.00", refundLineItems=[desk.line(3)])  # somebody refunded all of it meanwhile

    desk.process(one, 1)

    assert desk.order["lineItems"][0]["currentQuantity"] == 0
    assert desk.figures("currentTotalPriceSet", "netPaymentSet") == [Decimal(0), Decimal(0)]
