"""Shopify's own clients take goods back: a return from request to refund, a repeat, and a refusal, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from shopify_app import ShopifyApp

from tests.processes import RunningProcess
from tests.sandbox.shopify.conftest import CLIENT_ID, CLIENT_SECRET
from tests.sandbox.shopify.return_desk import APPROVE, PROCESS, REFUND, REQUEST, turn
from tests.sandbox.shopify.shipping import CREATE
from tests.sandbox.shopify.test_node_clients import run
from tests.sandbox.shopify.test_python_clients import Loopback, token

pytestmark = pytest.mark.counterpart
PRICE = {"shopMoney": {"amount": "10.00", "currencyCode": "USD"}}
PLACE = """mutation P($order: OrderCreateOrderInput!) { orderCreate(order: $order) {
  order { id lineItems(first: 1) { nodes { id } } transactions { id } fulfillmentOrders(first: 1) { nodes { id } } }
  userErrors { message } } }"""
SHIPPED = """query S($id: ID!) { returnableFulfillments(orderId: $id, first: 1) {
  nodes { returnableFulfillmentLineItems(first: 1) { nodes { fulfillmentLineItem { id } } } } } }"""
LINES = "query L($id: ID!) { return(id: $id) { returnLineItems(first: 1) { nodes { id } } } }"
SHOWN = """query Q($id: ID!) { order(id: $id) { returnStatus displayFinancialStatus
  netPaymentSet { shopMoney { amount } } refunds { return { id } totalRefundedSet { shopMoney { amount } } } } }"""
NPM = """
import {createAdminApiClient} from '@shopify/admin-api-client';
%%s
const client = createAdminApiClient({
  storeDomain: 'north.myshopify.com', apiVersion: '2026-10', accessToken: token, customFetchApi: loopback,
});
const input = {orderId: 'gid://shopify/Order/404'};
const keyed = await client.request(`%s`, {variables: {input, key: 'npm'}});
const bare = await client.request('mutation ($input: RefundInput!) { refundCreate(input: $input) { refund { id } } }',
  {variables: {input}});
console.log(JSON.stringify({keyed: keyed.data.refundCreate.userErrors,
  bare: bare.errors.graphQLErrors[0].extensions.code}));
"""


@pytest.fixture
def client(stand_in: RunningProcess) -> Iterator[httpx.Client]:
    with httpx.Client(transport=Loopback(stand_in.port)) as client:
        yield client


def test_shopifyapp_takes_goods_back_and_refunds_once(client: httpx.Client) -> None:
    app = ShopifyApp(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    access = token(app, client)

    def ask(document: str, **variables: object) -> Any:
        known = {"shop": "north", "access_token": access, "api_version": "2026-10", "http_client": client}
        answer = app.admin_graphql_request(document, variables=variables, **known)
        assert answer.ok, answer.log
        [payload] = answer.data.values()
        assert not payload.get("userErrors"), payload
        return payload

    line = {"title": "Kettle", "quantity": 2, "priceSet": PRICE, "requiresShipping": True}
    payment = {"kind": "SALE", "status": "SUCCESS", "amountSet": {"shopMoney": {"amount": "20", "currencyCode": "USD"}}}
    order = ask(PLACE, order={"lineItems": [line], "transactions": [payment]})["order"]
    request = order["fulfillmentOrders"]["nodes"][0]["id"]
    ask(CREATE, fulfillment={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": request}]})
    parcel = ask(SHIPPED, id=order["id"])["nodes"][0]["returnableFulfillmentLineItems"]["nodes"][0]
    wanted = {"fulfillmentLineItemId": parcel["fulfillmentLineItem"]["id"], "quantity": 1, "returnReason": "UNWANTED"}
    one = ask(REQUEST, input={"orderId": order["id"], "returnLineItems": [wanted]})["return"]["id"]
    ask(APPROVE, id=one)
    row = ask(LINES, id=one)["returnLineItems"]["nodes"][0]["id"]
    parent = order["transactions"][0]["id"]
    back = {"parentId": parent, "transactionAmount": {"amount": "10.00", "currencyCode": "USD"}}
    transfer = {"issueRefund": {"orderTransactions": [back]}}
    lines = [{"id": row, "quantity": 1}]
    ask(PROCESS, input={"returnId": one, "returnLineItems": lines, "financialTransfer": transfer})
    ask(turn("returnClose"), id=one)
    more = {"parentId": parent, "amount": "1.00", "kind": "REFUND", "gateway": "manual", "orderId": order["id"]}
    given = {"orderId": order["id"], "note": "sorry", "transactions": [more]}
    ids = {ask(REFUND, input=given, key="kettle")["refund"]["id"] for _ in range(2)}

    assert len(ids) == 1
    shown = ask(SHOWN, id=order["id"])
    assert (shown["returnStatus"], shown["displayFinancialStatus"]) == ("RETURNED", "PARTIALLY_REFUNDED")
    assert shown["netPaymentSet"]["shopMoney"]["amount"] == "9.0"
    assert [refund["return"] for refund in shown["refunds"]] == [{"id": one}, None]


def test_the_admin_api_client_of_npm_hears_why_a_refund_is_refused(
    node_clients: Path, stand_in: RunningProcess
) -> None:
    told = run(NPM % REFUND, node_clients, stand_in)

    assert told == {"keyed": [{"field": ["orderId"], "message": "Order does not exist"}], "bare": "BAD_REQUEST"}
