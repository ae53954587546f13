"""Fulfillment orders: ids change when they are split, moved, merged, held and cancelled; pieces and stock never do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.shopify.asking import Shop
from tests.sandbox.shopify.shipping import ACTIONS, CREATE, HOLD, MERGE, MOVE, RELEASE, SPLIT, Counter, step

PROGRESS = step("fulfillmentOrderReportProgress", 'progressReport: {reasonNotes: "picking"}')
OPEN = step("fulfillmentOrderOpen")
CANCEL = step("fulfillmentOrderCancel", answer="fulfillmentOrder { id } replacementFulfillmentOrder { id }")
SERVICE = """mutation S { fulfillmentServiceCreate(name: "Depot", inventoryManagement: true) {
  fulfillmentService { id location { id } } userErrors { message } } }"""
ASSIGNED = "query Q { assignedFulfillmentOrders(first: 5, assignmentStatus: FULFILLMENT_REQUESTED) { nodes { id } } }"
READY = """mutation R($id: ID!) { fulfillmentOrderLineItemsPreparedForPickup(
  input: {lineItemsByFulfillmentOrder: [{fulfillmentOrderId: $id}]}) { userErrors { field message code } } }"""


@pytest.fixture
def counter(shop: Shop) -> Counter:
    """An order of four pieces of what the first location stocks."""
    return Counter(shop, (shop.stocked_sku(), 4))


def actions(counter: Counter, request: Any) -> list[str]:
    answer = counter.shop.ask(ACTIONS, id=request["id"])
    return [one["action"] for one in answer["supportedActions"]]


def split_off(counter: Counter, pieces: int) -> Any:
    request = counter.request
    lines = [{"id": request["lineItems"][0]["id"], "quantity": pieces}]
    [result] = counter.ask(SPLIT, splits=[{"fulfillmentOrderId": request["id"], "fulfillmentOrderLineItems": lines}])[
        "fulfillmentOrderSplits"
    ]
    return counter.shop.record(result["remainingFulfillmentOrder"]["id"])


def test_a_whole_move_keeps_the_id_and_takes_the_promise_along(counter: Counter) -> None:
    here, there = counter.request["assignedLocation"]["location"]["id"], counter.other_place()
    before = counter.stock(here), counter.stock(there)
    moved = counter.ask(MOVE, id=counter.request["id"], place=there)

    assert moved["movedFulfillmentOrder"] == moved["originalFulfillmentOrder"] == {"id": counter.request["id"]}
    assert moved["remainingFulfillmentOrder"] is None
    assert counter.stock(here) == (before[0][0] + 4, before[0][1] - 4, before[0][2])
    assert counter.stock(there) == (before[1][0] - 4, before[1][1] + 4, before[1][2])
    assert counter.topics() == ["fulfillment_orders/moved"]


def test_a_partial_move_makes_a_new_one_and_the_original_keeps_the_rest(counter: Counter) -> None:
    line = counter.request["lineItems"][0]["id"]
    moved = counter.ask(
        MOVE, id=counter.request["id"], place=counter.other_place(), lines=[{"id": line, "quantity": 3}]
    )

    old, new = counter.requests
    assert moved["movedFulfillmentOrder"]["id"] == new["id"] != old["id"]
    assert moved["remainingFulfillmentOrder"]["id"] == moved["originalFulfillmentOrder"]["id"] == old["id"]
    assert (counter.lines_of(old), counter.lines_of(new)) == ([(1, 1)], [(3, 3)])
    assert counter.stock(new["assignedLocation"]["location"]["id"])[1] == 3


def test_what_goes_where_another_waits_is_joined_with_it_under_a_new_id(counter: Counter) -> None:
    there = counter.other_place()
    for pieces in (1, 2):
        line = counter.request["lineItems"][0]["id"]
        counter.ask(MOVE, id=counter.request["id"], place=there, lines=[{"id": line, "quantity": pieces}])

    assert [(one["status"], counter.lines_of(one)) for one in counter.requests] == [
        ("OPEN", [(1, 1)]),
        ("CLOSED", [(0, 0)]),
        ("OPEN", [(3, 3)]),
    ]


def test_what_is_shipped_or_begun_does_not_move(counter: Counter) -> None:
    counter.ask(PROGRESS, id=counter.request["id"])
    refused = counter.shop.ask(MOVE, id=counter.request["id"], place=counter.other_place())
    assert refused["userErrors"][0]["code"] == "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS"
    counter.ask(OPEN, id=counter.request["id"])
    counter.ship()
    closed = counter.shop.ask(MOVE, id=counter.request["id"], place=counter.other_place())
    assert closed["userErrors"] == [{"field": None, "message": "Cannot change location.", "code": None}]


def test_the_rest_of_a_part_shipment_moves_as_a_new_one(counter: Counter) -> None:
    counter.ship(counter.request, 1)
    moved = counter.ask(MOVE, id=counter.request["id"], place=counter.other_place())

    old, new = counter.requests
    assert moved["movedFulfillmentOrder"]["id"] == new["id"]
    assert (old["status"], counter.lines_of(old), counter.lines_of(new)) == ("CLOSED", [(1, 0)], [(3, 3)])


def test_splitting_and_merging_keep_the_pieces_and_the_promise(counter: Counter) -> None:
    before = counter.stock()
    rest = split_off(counter, 1)
    assert (counter.lines_of(counter.request), counter.lines_of(rest)) == ([(3, 3)], [(1, 1)])
    assert actions(counter, counter.request)[-2:] == ["SPLIT", "MERGE"]

    intents = [{"fulfillmentOrderId": one["id"]} for one in counter.requests]
    counter.ask(MERGE, inputs=[{"mergeIntents": intents}])

    assert [(one["status"], counter.lines_of(one)) for one in counter.requests] == [
        ("OPEN", [(4, 4)]),
        ("CLOSED", [(0, 0)]),
    ]
    assert counter.stock() == before
    assert counter.topics() == ["fulfillment_orders/split", "fulfillment_orders/merged"]


def test_all_splits_are_made_or_none(counter: Counter) -> None:
    request = counter.request
    line = request["lineItems"][0]["id"]
    splits = [
        {"fulfillmentOrderId": request["id"], "fulfillmentOrderLineItems": [{"id": line, "quantity": pieces}]}
        for pieces in (1, 9)
    ]
    refused = counter.shop.ask(SPLIT, splits=splits)

    assert refused["fulfillmentOrderSplits"] is None
    assert (len(counter.requests), counter.lines_of(counter.request)) == (1, [(4, 4)])


def test_a_hold_on_a_part_splits_it_off_until_it_is_released(counter: Counter) -> None:
    line = counter.request["lineItems"][0]["id"]
    hold = {"reason": "OTHER", "handle": "a", "fulfillmentOrderLineItems": [{"id": line, "quantity": 1}]}
    held = counter.ask(HOLD, id=counter.request["id"], hold=hold)

    assert counter.request["status"] == "ON_HOLD"
    assert counter.order["displayFulfillmentStatus"] == "UNFULFILLED"
    assert counter.order["lineItems"][0]["fulfillableQuantity"] == 3
    assert [counter.lines_of(one) for one in counter.requests] == [[(1, 1)], [(3, 3)]]
    assert held["remainingFulfillmentOrder"]["id"] == counter.requests[1]["id"]

    counter.ask(RELEASE, id=counter.request["id"], holds=[held["fulfillmentHold"]["id"]])
    assert [(one["status"], counter.lines_of(one)) for one in counter.requests] == [
        ("OPEN", [(4, 4)]),
        ("CLOSED", [(0, 0)]),
    ]
    told = [topic for topic in counter.topics() if topic != "orders/updated"]
    assert told == [
        "fulfillment_orders/placed_on_hold",
        "fulfillment_holds/added",
        "fulfillment_holds/released",
        "fulfillment_orders/hold_released",
    ]


def test_what_shipped_meanwhile_does_not_come_back_to_a_released_hold(counter: Counter) -> None:
    line = counter.request["lineItems"][0]["id"]
    hold = {"reason": "OTHER", "fulfillmentOrderLineItems": [{"id": line, "quantity": 1}]}
    counter.ask(HOLD, id=counter.request["id"], hold=hold)
    counter.ship(counter.requests[1])
    counter.ask(RELEASE, id=counter.request["id"])

    assert [counter.lines_of(one) for one in counter.requests] == [[(1, 1)], [(3, 0)]]
    assert counter.order["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"


def test_an_order_on_hold_shows_it_until_the_last_of_ten_holds_is_gone(counter: Counter) -> None:
    held = [
        counter.ask(HOLD, id=counter.request["id"], hold={"reason": "OTHER", "handle": f"h{n}"})["fulfillmentHold"][
            "id"
        ]
        for n in range(10)
    ]
    assert counter.order["displayFulfillmentStatus"] == "ON_HOLD"
    assert actions(counter, counter.request) == ["RELEASE_HOLD", "MOVE"]

    counter.ask(RELEASE, id=counter.request["id"], holds=held[1:])
    assert counter.request["status"] == "ON_HOLD"
    counter.ask(RELEASE, id=counter.request["id"], holds=held[:1])
    assert (counter.request["status"], counter.order["displayFulfillmentStatus"]) == ("OPEN", "UNFULFILLED")


def test_cancelling_closes_it_and_the_work_stands_in_a_replacement(counter: Counter) -> None:
    before, line = counter.stock(), counter.request["lineItems"][0]["id"]
    counter.ask(CANCEL, id=counter.request["id"])

    old, new = counter.requests
    assert (old["status"], old["lineItems"], new["status"]) == ("CLOSED", [], "OPEN")
    assert new["lineItems"][0]["id"] == line
    assert counter.stock() == before
    assert counter.topics() == ["fulfillment_orders/cancelled"]


def test_a_service_is_asked_accepts_gives_back_and_is_asked_to_stop(counter: Counter) -> None:
    depot = counter.ask(SERVICE)["fulfillmentService"]["location"]["id"]
    request = counter.request
    lines = [{**line, "inventoryItemId": None} for line in request["lineItems"]]
    counter.shop.state.update(counter.shop.domain, request["id"], {"lineItems": lines}, topics=())
    counter.ask(MOVE, id=request["id"], place=depot)
    assert actions(counter, request) == ["REQUEST_FULFILLMENT", "CREATE_FULFILLMENT", "HOLD", "MOVE"]

    submit = step("fulfillmentOrderSubmitFulfillmentRequest", answer="submittedFulfillmentOrder { id }")
    counter.ask(submit, id=request["id"])
    assert counter.shop.ask(ASSIGNED)["nodes"] == [{"id": request["id"]}]
    counter.ask(step("fulfillmentOrderAcceptFulfillmentRequest"), id=request["id"])
    assert (counter.request["status"], counter.request["requestStatus"]) == ("IN_PROGRESS", "ACCEPTED")
    refused = counter.shop.ask(MOVE, id=request["id"], place=counter.other_place())
    assert "3PL" in refused["userErrors"][0]["message"]

    counter.ask(step("fulfillmentOrderSubmitCancellationRequest"), id=request["id"])
    counter.ask(step("fulfillmentOrderRejectCancellationRequest"), id=request["id"])
    counter.ask(step("fulfillmentOrderSubmitCancellationRequest"), id=request["id"])
    counter.ask(step("fulfillmentOrderAcceptCancellationRequest"), id=request["id"])
    assert [(one["status"], one["requestStatus"]) for one in counter.requests] == [
        ("CANCELLED", "CANCELLATION_ACCEPTED"),
        ("OPEN", "UNSUBMITTED"),
    ]
    assert [topic.split("/")[1] for topic in counter.topics() if "request" in topic] == [
        "fulfillment_request_submitted",
        "fulfillment_request_accepted",
        "cancellation_request_submitted",
        "cancellation_request_rejected",
        "cancellation_request_submitted",
        "cancellation_request_accepted",
    ]


def test_an_app_without_a_service_is_told_so_at_the_top_level(shop: Shop) -> None:
    assert shop.refusal(ASSIGNED)["message"] == "The api_client is not associated with any fulfillment service."


def test_what_is_collected_is_told_to_be_ready_once(counter: Counter) -> None:
    pickup = {**counter.request["deliveryMethod"], "methodType": "PICK_UP"}
    counter.shop.state.update(counter.shop.domain, counter.request["id"], {"deliveryMethod": pickup}, topics=())
    counter.ask(READY, id=counter.request["id"])

    again = counter.shop.ask(READY, id=counter.request["id"])
    assert again["userErrors"][0]["code"] == "NO_LINE_ITEMS_TO_PREPARE_FOR_FULFILLMENT_ORDER"
    assert counter.topics() == ["fulfillment_orders/line_items_prepared_for_pickup"]


def test_an_app_for_services_alone_neither_sees_nor_changes_the_merchants_own() -> None:
    scopes = frozenset({"write_orders", "write_products", "write_assigned_fulfillment_orders", "write_inventory"})
    shop = Shop(scopes=scopes)
    order = shop.place_order((shop.stocked_sku(), 1))
    request = order["fulfillmentOrders"][0]["id"]

    assert shop.ask("query Q($id: ID!) { fulfillmentOrder(id: $id) { id } }", id=request) is None
    assert shop.ask(
        "query Q($id: ID!) { order(id: $id) { fulfillmentOrders(first: 1) { nodes { id } } } }", id=order["id"]
    )["fulfillmentOrders"] == {"nodes": []}
    for document in (PROGRESS, CANCEL):
        assert shop.refusal(document, id=request)["extensions"]["code"] == "ACCESS_DENIED"
    denied = shop.refusal(CREATE, fulfillment={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": request}]})
    assert denied["extensions"]["requiredAccess"] == "`write_merchant_managed_fulfillment_orders` access scope."


def test_a_restarted_stand_in_goes_on_with_holds_parcels_and_edits(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    counter = Counter(first := Shop(state_file=file), (first.stocked_sku(), 3))
    counter.ship(counter.request, 1, tracking={"number": "1", "company": "UPS"})
    counter.ask(HOLD, id=counter.request["id"], hold={"reason": "OTHER", "handle": "kept"})
    told = counter.order, counter.requests
    first.state.close()

    again = Shop(state_file=file)
    assert again.record(counter.order_id) == told[0]
    assert [again.record(one["id"]) for one in told[0]["fulfillmentOrders"]] == told[1]
    hold = again.record(told[1][0]["fulfillmentHolds"][0]["id"])
    assert hold["handle"] == "kept"
    again.state.close()
