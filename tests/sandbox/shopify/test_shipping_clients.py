"""Shopify's own clients ship: an order placed, moved, held, shipped in parcels and edited, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from shopify_app import ShopifyApp

from tests.processes import RunningProcess
from tests.sandbox.shopify.conftest import CLIENT_ID, CLIENT_SECRET
from tests.sandbox.shopify.shipping import ACTIONS, CREATE, HOLD, RELEASE
from tests.sandbox.shopify.test_python_clients import Loopback, token

pytestmark = pytest.mark.counterpart
PLACE = """mutation P($order: OrderCreateOrderInput!) { orderCreate(order: $order) {
  order { id fulfillmentOrders(first: 1) { nodes { id lineItems(first: 5) { nodes { id } } } } }
  userErrors { message } } }"""
EDIT = "mutation B($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { id } userErrors { message } } }"
ITEM = """mutation A($id: ID!) { orderEditAddCustomItem(id: $id, title: "Card", quantity: 1,
  price: {amount: "2.00", currencyCode: USD}) { userErrors { message } } }"""
COMMIT = "mutation K($id: ID!) { orderEditCommit(id: $id) { order { edited } userErrors { message } } }"
SHOWN = """query Q($id: ID!) { order(id: $id) {
  displayFulfillmentStatus edited currentTotalPriceSet { shopMoney { amount } }
  fulfillments(first: 5) { name trackingInfo { company url } } } }"""
PRICE = {"shopMoney": {"amount": "10.00", "currencyCode": "USD"}}


@pytest.fixture
def client(stand_in: RunningProcess) -> Iterator[httpx.Client]:
    with httpx.Client(transport=Loopback(stand_in.port)) as client:
        yield client


def test_shopifyapp_holds_ships_in_parts_and_edits(client: httpx.Client) -> None:
    app = ShopifyApp(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    access = token(app, client)

    def ask(document: str, **variables: object) -> Any:
        answer = app.admin_graphql_request(
            document,
            shop="north",
            access_token=access,
            api_version="2026-10",
            variables=variables,
            http_client=client,
        )
        assert answer.ok, answer.log
        [payload] = answer.data.values()
        assert not payload.get("userErrors"), payload
        return payload

    line = {"title": "Kettle", "quantity": 3, "priceSet": PRICE, "requiresShipping": True}
    order = ask(PLACE, order={"lineItems": [line]})["order"]
    [request] = order["fulfillmentOrders"]["nodes"]
    ask(HOLD, id=request["id"], hold={"reason": "AWAITING_PAYMENT", "handle": "credit"})
    assert [one["action"] for one in ask(ACTIONS, id=request["id"])["supportedActions"]] == [
        "RELEASE_HOLD",
        "HOLD",
        "MOVE",
    ]
    ask(RELEASE, id=request["id"])
    for pieces, number in ((1, "1Z999AA10123456784"), (2, "1Z999AA10123456793")):
        rows = [{"id": request["lineItems"]["nodes"][0]["id"], "quantity": pieces}]
        given = {"fulfillmentOrderId": request["id"], "fulfillmentOrderLineItems": rows}
        tracking = {"company": "UPS", "number": number}
        ask(CREATE, fulfillment={"lineItemsByFulfillmentOrder": [given], "trackingInfo": tracking})
    edit = ask(EDIT, id=order["id"])["calculatedOrder"]["id"]
    ask(ITEM, id=edit)
    ask(COMMIT, id=edit)

    shown = ask(SHOWN, id=order["id"])
    assert (shown["displayFulfillmentStatus"], shown["edited"]) == ("FULFILLED", True)
    assert shown["currentTotalPriceSet"]["shopMoney"]["amount"] == "32.0"
    assert [one["name"].rsplit("-", 1)[1] for one in shown["fulfillments"]] == ["F1", "F2"]
    assert all("ups.com" in one["trackingInfo"][0]["url"] for one in shown["fulfillments"])
