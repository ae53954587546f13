"""What happens to an order: placed, paid, captured, annotated, archived, cancelled."""

from __future__ import annotations

from typing import Any

from deployments.sandbox.shopify.stock import level_at, quantity
from tests.sandbox.shopify.asking import Shop, money, paid

CANCEL = """mutation M($id: ID!, $refund: OrderCancelRefundMethodInput, $restock: Boolean = true, $note: String) {
  orderCancel(orderId: $id, reason: CUSTOMER, restock: $restock, refundMethod: $refund, staffNote: $note) {
    job { id done } jobResult { id status } orderCancelUserErrors { field message code } userErrors { message }
  }
}"""
CAPTURE = """mutation M($input: OrderCaptureInput!) {
  orderCapture(input: $input) { transaction { kind amountSet { shopMoney { amount } } } userErrors { field message } }
}"""
ADD_TAGS = """mutation M($id: ID!, $tags: [String!]!) {
  tagsAdd(id: $id, tags: $tags) { node { id } userErrors { message } }
}"""
RESULT = "query Q($id: ID!) { node(id: $id) { ... on OrderCancelJobResult { status } } }"
PLACE = """mutation M($order: OrderCreateOrderInput!) {
  orderCreate(order: $order) { order { id } userErrors { field code } }
}"""
MARK_PAID = """mutation M($id: ID!) {
  orderMarkAsPaid(input: {id: $id}) { order { displayFinancialStatus } userErrors { field message } }
}"""


def refusal(shop: Shop, order_id: str, **more: Any) -> tuple[Any, str]:
    answer = shop.ask(CANCEL, id=order_id, **more)
    assert answer["job"] is None
    [error] = answer["orderCancelUserErrors"]
    return error["field"], error["message"]


def test_a_placed_order_adds_up_and_gets_number_customer_and_fulfillment_order() -> None:
    shop = Shop()
    sku = shop.stocked_sku()
    price = shop.variant(sku)["price"]

    order = shop.place_order(
        (sku, 2),
        email="ida@example.com",
        shippingLines=[{"title": "Standard", "priceSet": money("5.00")}],
        taxLines=[{"title": "VAT", "rate": "0.1"}],
    )

    goods = 2 * float(price)
    assert order["name"] == "#1001"
    assert float(order["totalPriceSet"]["shopMoney"]["amount"]) == round(goods * 1.1 + 5, 2)
    assert shop.record(order["customer"]["id"])["defaultEmailAddress"]["emailAddress"] == "ida@example.com"
    [request] = [shop.record(one["id"]) for one in order["fulfillmentOrders"]]
    assert [line["remainingQuantity"] for line in request["lineItems"]] == [2]
    assert shop.place_order()["name"] == "#1002"


def test_an_order_promises_stock_and_leaves_what_is_on_the_shelf() -> None:
    shop = Shop()
    sku = shop.stocked_sku()
    order = shop.place_order((sku, 3))
    request = shop.record(order["fulfillmentOrders"][0]["id"])
    item = shop.variant(sku)["inventoryItem"]["id"]
    level = level_at(shop.state.space(shop.domain), item, request["assignedLocation"]["location"]["id"])
    assert level is not None

    assert quantity(level, "committed") == 3
    assert quantity(level, "on_hand") == quantity(level, "available") + 3
    assert "inventory_levels/update" in shop.topics()


def test_a_paid_order_tells_two_topics_at_once(shop: Shop) -> None:
    shop.place_order(**paid("10.00"))

    [placed] = [change for change in shop.changes if change.record_type == "Order"]
    assert placed.topics == ("orders/create", "orders/paid")


def test_marking_as_paid_works_once(shop: Shop) -> None:
    order = shop.place_order()

    first = shop.ask(MARK_PAID, id=order["id"])
    second = shop.ask(MARK_PAID, id=order["id"])

    assert first == {"order": {"displayFinancialStatus": "PAID"}, "userErrors": []}
    assert second["userErrors"] == [{"field": ["id"], "message": "Order cannot be marked as paid."}]
    assert shop.topics().count("orders/paid") == 1
    assert shop.record(order["id"])["totalOutstandingSet"]["shopMoney"]["amount"] == "0.00"


def test_an_authorization_is_captured_in_parts_and_no_further(shop: Shop) -> None:
    order = shop.place_order(**paid("10.00", "AUTHORIZATION"))
    parent = order["transactions"][0]["id"]

    def capture(amount: str) -> Any:
        return shop.ask(CAPTURE, input={"id": order["id"], "parentTransactionId": parent, "amount": amount})

    assert capture("4.00")["transaction"] == {"kind": "CAPTURE", "amountSet": {"shopMoney": {"amount": "4.0"}}}
    assert shop.record(order["id"])["displayFinancialStatus"] == "PARTIALLY_PAID"
    assert (
        capture("7.00")["userErrors"][0]["message"] == "Cannot capture more than the authorized 6.00 for this payment."
    )
    assert capture("0.00")["userErrors"][0]["message"] == "Amount must be greater than zero for capture transactions"
    capture("6.00")
    assert shop.record(order["id"])["displayFinancialStatus"] == "PAID"


def test_archiving_twice_is_no_complaint_and_one_change(shop: Shop) -> None:
    order = shop.place_order()
    shop.changes.clear()
    close = "mutation M($id: ID!) { orderClose(input: {id: $id}) { order { closed } userErrors { message } } }"

    answers = [shop.ask(close, id=order["id"]) for _ in range(2)]

    assert answers == [{"order": {"closed": True}, "userErrors": []}] * 2
    assert shop.topics() == ["orders/updated"]


def test_tags_are_added_once_whatever_their_case_and_taken_away(shop: Shop) -> None:
    order = shop.place_order(tags=["Gift"])
    shop.ask(ADD_TAGS, id=order["id"], tags=["gift", "booked, checked"])

    assert shop.record(order["id"])["tags"] == ["Gift", "booked", "checked"]

    shop.ask(ADD_TAGS.replace("tagsAdd", "tagsRemove"), id=order["id"], tags=["GIFT"])
    assert shop.record(order["id"])["tags"] == ["booked", "checked"]


def test_an_update_overwrites_what_is_given_and_moves_updated_at(shop: Shop) -> None:
    order = shop.place_order(note="old", tags=["a"])
    shop.later(minutes=5)

    shop.ask(
        "mutation M($input: OrderInput!) { orderUpdate(input: $input) { userErrors { message } } }",
        input={"id": order["id"], "note": "new", "customAttributes": [{"key": "gate", "value": "7"}]},
    )

    changed = shop.record(order["id"])
    assert (changed["note"], changed["tags"]) == ("new", ["a"])
    assert changed["updatedAt"] == "2026-10-05T09:35:00Z"
    assert changed["createdAt"] == "2026-10-05T09:30:00Z"


def test_cancelling_is_a_job_that_is_done_a_moment_later(shop: Shop) -> None:
    sku = shop.stocked_sku()
    order = shop.place_order((sku, 2), **paid("500.00"))
    stock = shop.variant(sku)["inventoryItem"]["id"]
    poll = "query Q($id: ID!) { job(id: $id) { done } }"

    accepted = shop.ask(CANCEL, id=order["id"], refund={"originalPaymentMethodsRefund": True})
    job = accepted["job"]["id"]
    assert (accepted["job"]["done"], accepted["jobResult"]["status"]) == (False, "STARTED")
    assert shop.ask(poll, id=job) == {"done": False}
    assert shop.record(order["id"]).get("cancelledAt") is None

    shop.later(seconds=1)

    cancelled = shop.record(order["id"])
    assert shop.ask(poll, id=job) == {"done": True}
    assert cancelled["cancelReason"] == "CUSTOMER"
    assert cancelled["displayFinancialStatus"] == "REFUNDED"
    assert [one["kind"] for one in cancelled["transactions"]] == ["SALE", "REFUND"]
    assert cancelled["currentTotalPriceSet"]["shopMoney"]["amount"] == "0.00"
    assert {line["currentQuantity"] for line in cancelled["lineItems"]} == {0}
    assert {shop.record(one["id"])["status"] for one in cancelled["fulfillmentOrders"]} == {"CLOSED"}
    levels = [row for row in shop.state.all(shop.domain, "InventoryLevel") if row["item"]["id"] == stock]
    assert sum(quantity(row, "committed") for row in levels) == 0
    assert "orders/cancelled" in shop.topics()
    assert shop.ask(RESULT, id=accepted["jobResult"]["id"]) == {"status": "SUCCEEDED"}


def test_cancelling_without_a_refund_keeps_the_money_and_the_order_open(shop: Shop) -> None:
    order = shop.place_order(**paid("10.00"))
    shop.ask(CANCEL, id=order["id"])
    shop.later(seconds=1)

    cancelled = shop.record(order["id"])
    assert cancelled["displayFinancialStatus"] == "PAID"
    assert cancelled.get("closedAt") is None


def test_cancelling_voids_an_authorization_and_archives_the_order(shop: Shop) -> None:
    order = shop.place_order(**paid("10.00", "AUTHORIZATION"))
    shop.ask(CANCEL, id=order["id"])
    shop.later(seconds=1)

    cancelled = shop.record(order["id"])
    assert [one["kind"] for one in cancelled["transactions"]] == ["AUTHORIZATION", "VOID"]
    assert cancelled["displayFinancialStatus"] == "VOIDED"
    assert cancelled["closedAt"] == cancelled["cancelledAt"]


def test_an_order_is_not_cancelled_twice(shop: Shop) -> None:
    order = shop.place_order()
    shop.ask(CANCEL, id=order["id"])

    assert refusal(shop, order["id"]) == (None, "Cancellation is already in progress")
    shop.later(seconds=1)
    assert refusal(shop, order["id"]) == (["orderId"], "Cannot cancel an order that has already been canceled")


def test_a_paid_order_that_shipped_or_came_back_is_not_cancelled(shop: Shop) -> None:
    gone = [{"id": "gid://shopify/Fulfillment/1", "status": "SUCCESS"}]
    payment = shop.place_order(**paid("10.00"))["transactions"]
    shipped = shop.place_order_as_merchant(fulfillments=gone, transactions=payment)
    returned = shop.place_order_as_merchant(returnStatus="IN_PROGRESS", transactions=payment)

    assert refusal(shop, shipped["id"])[1] == "Cannot cancel an order that has outstanding fulfillments"
    assert refusal(shop, returned["id"])[1] == "Cannot cancel an order that has returns"


def test_a_note_beyond_255_characters_stops_a_cancellation(shop: Shop) -> None:
    order = shop.place_order()

    assert refusal(shop, order["id"], note="x" * 256) == (
        ["staffNote"],
        "Staff note is too long. Maximum length is 255 characters.",
    )


def test_an_order_without_lines_is_refused_with_a_code(shop: Shop) -> None:
    assert shop.ask(PLACE, order={"lineItems": []}) == {
        "order": None,
        "userErrors": [{"field": ["order", "lineItems"], "code": "INVALID"}],
    }
