"""Bodies of fulfillment_orders/*, fulfillment_holds/*, fulfillments/* and the like, as an order's life makes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployments.sandbox.shopify.state import Change
from deployments.sandbox.shopify.webhooks.bodies import WRITERS, write_body
from deployments.sandbox.shopify.webhooks.rest import Source
from tests.sandbox.shopify.asking import Shop, paid
from tests.sandbox.shopify.shipping import CREATE, HOLD, MERGE, MOVE, RELEASE, SPLIT, Counter, step
from tests.sandbox.webhooks.test_bodies import SAMPLES, differences

TOPICS = sorted(topic for topic in WRITERS if topic.startswith(("fulfillment", "order_transactions", "orders/")))
# What these steps do not make happen.
ELSEWHERE = {"orders/delete", "orders/risk_assessment_changed", "fulfillment_events/delete"}
SERVICE = """mutation S { fulfillmentServiceCreate(name: "Depot") {
  fulfillmentService { location { id } } userErrors { message } } }"""
EVENT = """mutation E($id: ID!) { fulfillmentEventCreate(fulfillmentEvent: {fulfillmentId: $id, status: DELIVERED}) {
  userErrors { message } } }"""
TRACK = """mutation T($id: ID!) { fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: {number: "7"}) {
  userErrors { message } } }"""
READY = """mutation R($id: ID!) { fulfillmentOrderLineItemsPreparedForPickup(
  input: {lineItemsByFulfillmentOrder: [{fulfillmentOrderId: $id}]}) { userErrors { message } } }"""
BEGIN = "mutation B($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { id } userErrors { message } } }"
ADD = """mutation A($id: ID!) { orderEditAddCustomItem(id: $id, title: "Card", quantity: 1, requiresShipping: true,
  price: {amount: "1.00", currencyCode: USD}) { userErrors { message } } }"""
COMMIT = "mutation K($id: ID!) { orderEditCommit(id: $id) { userErrors { message } } }"
PAID = "mutation P($id: ID!) { orderMarkAsPaid(input: {id: $id}) { userErrors { message } } }"
CANCEL = """mutation C($id: ID!) { orderCancel(orderId: $id, reason: OTHER, restock: true) {
  userErrors { message } } }"""


def parted(shop: Shop, sku: str) -> None:
    """Split, merged, moved, held, released, begun, put back, rescheduled, collected, cancelled."""
    counter = Counter(shop, (sku, 4), **paid("50.00"))
    request = counter.request["id"]
    lines = [{"id": counter.request["lineItems"][0]["id"], "quantity": 1}]
    counter.ask(SPLIT, splits=[{"fulfillmentOrderId": request, "fulfillmentOrderLineItems": lines}])
    counter.ask(MERGE, inputs=[{"mergeIntents": [{"fulfillmentOrderId": one["id"]} for one in counter.requests]}])
    counter.ask(MOVE, id=request, place=counter.other_place(), lines=lines)
    counter.ask(HOLD, id=request, hold={"reason": "OTHER", "fulfillmentOrderLineItems": lines})
    counter.ask(RELEASE, id=request)
    counter.ask(step("fulfillmentOrderReportProgress"), id=request)
    counter.ask(step("fulfillmentOrderOpen"), id=request)
    later = {"status": "SCHEDULED", "deliveryMethod": {"methodType": "PICK_UP"}}
    shop.state.update(shop.domain, request, later, topics=())
    counter.ask(step("fulfillmentOrderReschedule", 'fulfillAt: "2026-12-01T00:00:00Z"'), id=request)
    counter.ask(step("fulfillmentOrderOpen"), id=request)
    counter.ask(READY, id=request)
    counter.ask(step("fulfillmentOrderCancel"), id=request)
    counter.ask(CANCEL, id=counter.order_id)
    shop.later(seconds=1)


def served(shop: Shop) -> None:
    """At a service that refuses, gives back, does not stop and stops."""
    counter = Counter(shop)
    depot = counter.ask(SERVICE)["fulfillmentService"]["location"]["id"]
    request = counter.request["id"]
    counter.ask(MOVE, id=request, place=depot)
    submit = step("fulfillmentOrderSubmitFulfillmentRequest", answer="submittedFulfillmentOrder { id }")
    for answer in ("RejectFulfillmentRequest", "AcceptFulfillmentRequest", "Close"):
        if answer != "Close":
            counter.ask(submit, id=request)
        counter.ask(step(f"fulfillmentOrder{answer}"), id=request)
    counter.ask(submit, id=request)
    counter.ask(step("fulfillmentOrderAcceptFulfillmentRequest"), id=request)
    for answer in ("RejectCancellationRequest", "AcceptCancellationRequest"):
        counter.ask(step("fulfillmentOrderSubmitCancellationRequest"), id=request)
        counter.ask(step(f"fulfillmentOrder{answer}"), id=request)


def shipped(shop: Shop, sku: str) -> None:
    """Edited, shipped in two parts, delivered."""
    counter = Counter(shop, (sku, 2))
    edit = counter.ask(BEGIN, id=counter.order_id)["calculatedOrder"]["id"]
    counter.ask(ADD, id=edit)
    counter.ask(COMMIT, id=edit)
    first = counter.ship(tracking={"company": "UPS", "number": "1Z999AA10123456784"})
    counter.ask(TRACK, id=first["id"])
    counter.ask(EVENT, id=first["id"])
    rest = [{"fulfillmentOrderId": counter.requests[1]["id"]}]
    counter.ask(CREATE, fulfillment={"lineItemsByFulfillmentOrder": rest})
    counter.ask(PAID, id=counter.order_id)


@pytest.fixture(scope="module")
def lives() -> tuple[Shop, list[Change]]:
    shop = Shop()
    changes: list[Change] = []
    shop.state.on_change(changes.append)
    sku = shop.stocked_sku()
    parted(shop, sku)
    served(shop)
    shipped(shop, sku)
    return shop, changes


@pytest.mark.parametrize("topic", [one for one in TOPICS if one not in ELSEWHERE])
def test_a_body_has_the_shape_of_its_sample(lives: tuple[Shop, list[Change]], topic: str) -> None:
    shop, changes = lives
    source = Source(shop.state, shop.domain)
    bodies = [write_body(topic, change.record, source) for change in changes if topic in change.topics]
    assert bodies, "nothing told it"
    sample = SAMPLES[topic]
    found = [one for body in bodies for one in differences(json.loads(json.dumps(body)), sample)]
    assert [one for one in found if not _beyond(one)] == []


def _beyond(difference: str) -> bool:
    """The samples of these topics are examples: of the two that name a request status some leave it out."""
    return difference == "$.fulfillment_order: keys differ by ['request_status']"


def test_a_move_tells_from_where_to_where(lives: tuple[Shop, list[Change]]) -> None:
    shop, changes = lives
    source = Source(shop.state, shop.domain)
    news = next(change for change in changes if "fulfillment_orders/moved" in change.topics)
    body: Any = write_body("fulfillment_orders/moved", news.record, source)

    assert body["source_location"]["id"] == body["original_fulfillment_order"]["assigned_location_id"]
    assert body["destination_location_id"] == body["moved_fulfillment_order"]["assigned_location_id"]
    assert body["original_fulfillment_order"]["id"] != body["moved_fulfillment_order"]["id"]
    assert [row["quantity"] for row in body["fulfillment_order_line_items_requested"]] == [1]


def test_all_that_one_step_tells_shares_an_event(lives: tuple[Shop, list[Change]]) -> None:
    _, changes = lives
    event = next(change.event_id for change in changes if "fulfillments/create" in change.topics)
    told = {topic for change in changes if change.event_id == event for topic in change.topics}

    assert {"fulfillments/create", "orders/updated", "inventory_levels/update"} <= told
