"""Shipping: pieces, parcels, stock and what an order shows, together and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.sandbox.shopify.carriers import tracking_info
from tests.sandbox.shopify.asking import Shop, paid
from tests.sandbox.shopify.shipping import CREATE, Counter

EVENT = """mutation E($event: FulfillmentEventInput!) {
  fulfillmentEventCreate(fulfillmentEvent: $event) { fulfillmentEvent { id } userErrors { field message } } }"""
TRACK = """mutation T($id: ID!, $info: FulfillmentTrackingInput!) {
  fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $info) {
    fulfillment { trackingInfo { company number url } } userErrors { field message } } }"""
CANCEL = "mutation C($id: ID!) { fulfillmentCancel(id: $id) { fulfillment { status } userErrors { field message } } }"
READ = """query R($id: ID!) { fulfillment(id: $id) {
  displayStatus inTransitAt deliveredAt estimatedDeliveryAt events(first: 9) { nodes { status happenedAt } }
  fulfillmentLineItems(first: 5) { nodes { quantity originalTotalSet { shopMoney { amount } } lineItem { sku } } }
  fulfillmentOrders(first: 5) { nodes { id } } order { name } service { handle } location { id } } }"""
ORDER_CANCEL = """mutation X($id: ID!) { orderCancel(orderId: $id, reason: OTHER, restock: true) {
  job { id } orderCancelUserErrors { message } userErrors { message } } }"""


@pytest.fixture
def counter(shop: Shop) -> Counter:
    """An order of four pieces of what the first location stocks."""
    return Counter(shop, (shop.stocked_sku(), 4))


def test_a_shipment_takes_what_was_promised_off_the_shelf(counter: Counter) -> None:
    available, committed, on_hand = counter.stock()
    fulfillment = counter.ship()

    assert counter.stock() == (available, committed - 4, on_hand - 4)
    assert (fulfillment["name"], fulfillment["status"]) == (f"{counter.order['name']}-F1", "SUCCESS")
    assert (counter.request["status"], counter.lines_of(counter.request)) == ("CLOSED", [(4, 0)])
    assert counter.order["displayFulfillmentStatus"] == "FULFILLED"
    [line] = counter.order["lineItems"]
    assert [line[name] for name in ("unfulfilledQuantity", "fulfillableQuantity", "fulfillmentStatus")] == [
        0,
        0,
        "fulfilled",
    ]
    assert counter.topics() == ["fulfillments/create", "orders/updated", "orders/fulfilled"]


def test_the_rest_of_a_part_shipment_is_shipped_as_a_second_one(counter: Counter) -> None:
    counter.ship(counter.request, 1)
    assert (counter.request["status"], counter.lines_of(counter.request)) == ("IN_PROGRESS", [(4, 3)])
    assert counter.order["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert "orders/partially_fulfilled" in counter.topics()

    second = counter.ship()
    assert (second["name"][-3:], second["totalQuantity"]) == ("-F2", 3)
    assert counter.order["displayFulfillmentStatus"] == "FULFILLED"


def test_an_order_says_whether_something_of_it_can_be_shipped(counter: Counter) -> None:
    query = "query Q($id: ID!) { order(id: $id) { fulfillable fulfillmentsCount { count } } }"
    assert counter.shop.ask(query, id=counter.order_id) == {"fulfillable": True, "fulfillmentsCount": {"count": 0}}
    counter.ship()
    assert counter.shop.ask(query, id=counter.order_id) == {"fulfillable": False, "fulfillmentsCount": {"count": 1}}


def test_the_same_call_twice_ships_twice_for_as_long_as_there_is_something(counter: Counter) -> None:
    line = counter.request["lineItems"][0]["id"]
    part = {"fulfillmentOrderId": counter.request["id"], "fulfillmentOrderLineItems": [{"id": line, "quantity": 2}]}
    given = {"lineItemsByFulfillmentOrder": [part]}
    for _ in range(2):
        counter.ask(CREATE, fulfillment=given)

    third = counter.shop.ask(CREATE, fulfillment=given)
    assert third["userErrors"][0]["message"].endswith("has an unfulfillable status= closed.")
    assert len(counter.order["fulfillments"]) == 2


def test_what_is_on_hold_does_not_ship(counter: Counter) -> None:
    counter.shop.state.update(counter.shop.domain, counter.request["id"], {"status": "ON_HOLD"}, topics=())
    given = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": counter.request["id"]}]}

    assert "status= on_hold" in counter.shop.ask(CREATE, fulfillment=given)["userErrors"][0]["message"]


def test_a_shipment_of_two_parcels_shows_each_at_its_carrier(counter: Counter) -> None:
    fulfillment = counter.ship(tracking={"company": "UPS", "numbers": ["1Z999AA10123456784", "1Z999AA10123456793"]})

    assert [one["number"] for one in fulfillment["trackingInfo"]] == ["1Z999AA10123456784", "1Z999AA10123456793"]
    assert all(one["url"].endswith(one["number"]) for one in fulfillment["trackingInfo"])
    answer = counter.ask(
        TRACK, id=fulfillment["id"], info={"company": "Van", "number": "7", "url": "https://van.example/7"}
    )
    assert answer["fulfillment"]["trackingInfo"] == [{"company": "Van", "number": "7", "url": "https://van.example/7"}]
    assert counter.topics()[-1] == "fulfillments/update"


@pytest.mark.parametrize(
    ("given", "company", "page"),
    [
        ({"number": "1Z999AA10123456784"}, "UPS", "ups.com"),
        ({"number": "9400111899223197428490"}, "USPS", "usps.com"),
        ({"number": "42", "company": "FedEx"}, "FedEx", "fedex.com"),
        ({"number": "42", "company": "fedex"}, "fedex", None),
        ({"number": "42"}, None, None),
        ({"number": "42", "company": "DPD", "url": "https://own.example/42"}, "DPD", "own.example"),
    ],
)
def test_a_carrier_is_known_by_its_exact_name_or_by_a_telling_number(
    given: dict[str, Any], company: str | None, page: str | None
) -> None:
    [row] = tracking_info(given)

    assert row["company"] == company
    assert (page in row["url"]) if page else row["url"] is None


def test_the_last_event_is_what_a_shipment_shows(counter: Counter) -> None:
    fulfillment = counter.ship()
    for status, happened in (("IN_TRANSIT", "2026-10-06T08:00:00Z"), ("DELIVERED", "2026-10-07T12:00:00+02:00")):
        counter.ask(EVENT, event={"fulfillmentId": fulfillment["id"], "status": status, "happenedAt": happened})

    shown = counter.shop.ask(READ, id=fulfillment["id"])
    assert [shown[name] for name in ("displayStatus", "inTransitAt", "deliveredAt")] == [
        "DELIVERED",
        "2026-10-06T08:00:00Z",
        "2026-10-07T10:00:00Z",
    ]
    assert [one["status"] for one in shown["events"]["nodes"]] == ["IN_TRANSIT", "DELIVERED"]
    assert shown["fulfillmentOrders"]["nodes"] == [{"id": counter.request["id"]}]
    assert shown["fulfillmentLineItems"]["nodes"][0]["quantity"] == 4
    assert counter.topics()[-4:] == ["fulfillments/update", "fulfillment_events/create"] * 2


def test_a_cancelled_shipment_is_to_be_shipped_again_from_the_same_stock(counter: Counter) -> None:
    before = counter.stock()
    fulfillment = counter.ship()
    counter.ask(CANCEL, id=fulfillment["id"])

    old, new = counter.requests
    assert (old["status"], new["status"], counter.lines_of(new)) == ("CLOSED", "OPEN", [(4, 4)])
    assert counter.stock() == before
    assert counter.order["displayFulfillmentStatus"] == "UNFULFILLED"
    assert counter.order["lineItems"][0]["unfulfilledQuantity"] == 4
    assert counter.ship(new)["name"].endswith("-F2")


def test_a_cancelled_part_counts_again_where_it_came_from(counter: Counter) -> None:
    first = counter.ship(counter.request, 1)
    counter.ask(CANCEL, id=first["id"])

    [request] = counter.requests
    assert (request["status"], counter.lines_of(request)) == ("OPEN", [(4, 4)])
    assert counter.shop.ask(CANCEL, id=first["id"])["userErrors"] != []


def test_a_paid_order_is_cancelled_only_after_its_shipments(shop: Shop) -> None:
    counter = Counter(shop, (shop.stocked_sku(), 4), **paid("1.00"))
    fulfillment = counter.ship()
    refused = counter.shop.ask(ORDER_CANCEL, id=counter.order_id)
    assert [one["message"] for one in refused["userErrors"]] == [
        "Cannot cancel an order that has outstanding fulfillments"
    ]
    counter.ask(CANCEL, id=fulfillment["id"])
    before = counter.stock()
    counter.ask(ORDER_CANCEL, id=counter.order_id)
    counter.shop.later(seconds=1)

    assert counter.order["cancelledAt"] is not None
    assert counter.stock() == (before[0] + 4, before[1] - 4, before[2])
    assert {one["status"] for one in counter.requests} == {"CLOSED"}
    assert counter.topics().count("fulfillment_orders/cancelled") == 1


def test_a_paid_order_whose_location_closed_is_not_cancelled_with_a_restock(shop: Shop) -> None:
    counter = Counter(shop, (shop.stocked_sku(), 1))
    counter.shop.state.update_order(shop.domain, counter.order_id, {"displayFinancialStatus": "PAID"}, topics=())
    shop.state.update(shop.domain, counter.request["assignedLocation"]["location"]["id"], {"isActive": False})
    job = counter.ask(ORDER_CANCEL, id=counter.order_id)["job"]["id"]
    shop.later(seconds=1)

    assert shop.record(job)["status"] == "FAILED"
    assert counter.order.get("cancelledAt") is None


def test_a_cancellation_without_a_restock_writes_the_promised_stock_off(counter: Counter) -> None:
    available, committed, on_hand = counter.stock()
    counter.ask(ORDER_CANCEL.replace("restock: true", "restock: false"), id=counter.order_id)
    counter.shop.later(seconds=1)

    assert counter.stock() == (available, committed - 4, on_hand - 4)


def test_money_goes_back_as_store_credit_when_asked(shop: Shop) -> None:
    counter = Counter(shop, **paid("10.00"))
    credit = "restock: true, refundMethod: {storeCreditRefund: {}}"
    counter.ask(ORDER_CANCEL.replace("restock: true", credit), id=counter.order_id)
    shop.later(seconds=1)

    assert [(one["kind"], one["gateway"]) for one in counter.order["transactions"]] == [
        ("SALE", "manual"),
        ("REFUND", "shopify_store_credit"),
    ]
    assert counter.topics().count("order_transactions/create") == 1
