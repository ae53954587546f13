"""Shopify's own Python packages, pointed at the stand-in over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import shopify
from shopify_app import ShopifyApp

from tests.processes import RunningProcess
from tests.sandbox.shopify.conftest import CLIENT_ID, CLIENT_SECRET

pytestmark = pytest.mark.counterpart


class Loopback(httpx.BaseTransport):
    """Sends what is meant for myshopify.com to a port of this machine; the Host header stays the shop's."""

    def __init__(self, port: int) -> None:
        self._inner = httpx.HTTPTransport()
        self._port = port

    def close(self) -> None:
        self._inner.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return self._inner.handle_request(request)


@pytest.fixture
def client(stand_in: RunningProcess) -> Iterator[httpx.Client]:
    with httpx.Client(transport=Loopback(stand_in.port)) as client:
        yield client


@pytest.fixture
def app() -> ShopifyApp:
    return ShopifyApp(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


def token(app: ShopifyApp, client: httpx.Client, shop: str = "north") -> str:
    exchanged = app.exchange_using_client_credentials(shop=shop, http_client=client)
    assert exchanged.ok, exchanged.log
    return str(exchanged.access_token.token)


def test_shopifyapp_gets_a_token_that_expires_within_a_day(app: ShopifyApp, client: httpx.Client) -> None:
    exchanged = app.exchange_using_client_credentials(shop="north", http_client=client)

    assert exchanged.ok
    assert exchanged.access_token.token.startswith("shpat_")
    assert exchanged.access_token.expires is not None
    assert "write_orders" in exchanged.access_token.scope


def test_shopifyapp_is_told_when_its_secret_is_wrong(client: httpx.Client) -> None:
    exchanged = ShopifyApp(client_id=CLIENT_ID, client_secret="wrong").exchange_using_client_credentials(
        shop="north", http_client=client
    )

    assert not exchanged.ok
    assert exchanged.access_token is None


def test_shopifyapp_reads_a_shop_in_graphql(app: ShopifyApp, client: httpx.Client) -> None:
    answer = app.admin_graphql_request(
        "query Places($first: Int!) { shop { currencyCode } locations(first: $first) { nodes { name isActive } } }",
        shop="north",
        access_token=token(app, client),
        api_version="2026-10",
        variables={"first": 2},
        http_client=client,
    )

    assert answer.ok, answer.log
    assert answer.data["shop"] == {"currencyCode": "USD"}
    assert [place["isActive"] for place in answer.data["locations"]["nodes"]] == [True, True]


def test_shopifyapp_sets_a_quantity_once_for_its_key(app: ShopifyApp, client: httpx.Client) -> None:
    def asked(query: str, **variables: object) -> dict[str, Any]:
        answer = app.admin_graphql_request(
            query,
            shop="north",
            access_token=token(app, client),
            api_version="2026-10",
            variables=variables,
            http_client=client,
        )
        assert answer.ok, answer.log
        return dict(answer.data)

    read = """query { inventoryItems(first: 1) { nodes { id inventoryLevels(first: 1) { nodes { location { id }
      quantities(names: ["available", "on_hand"]) { name quantity } } } } } }"""
    write = """mutation S($input: InventorySetQuantitiesInput!, $key: String!) {
      inventorySetQuantities(input: $input) @idempotent(key: $key) {
        inventoryAdjustmentGroup { changes { name delta } } userErrors { code message } } }"""
    item = asked(read)["inventoryItems"]["nodes"][0]
    level = item["inventoryLevels"]["nodes"][0]
    now = level["quantities"][0]["quantity"]
    row = {"inventoryItemId": item["id"], "locationId": level["location"]["id"], "quantity": now + 3}
    rows = [{**row, "changeFromQuantity": now}]
    given = {"name": "available", "reason": "correction", "quantities": rows}

    first, repeat = (asked(write, input=given, key="client-1")["inventorySetQuantities"] for _ in range(2))

    assert first["inventoryAdjustmentGroup"]["changes"] == [
        {"name": "available", "delta": 3},
        {"name": "on_hand", "delta": 3},
    ]
    assert repeat == first
    stale = asked(write, input=given, key="client-2")["inventorySetQuantities"]["userErrors"]
    assert [error["code"] for error in stale] == ["CHANGE_FROM_QUANTITY_STALE"]


def test_shopifyapp_reaches_another_shop_by_its_host_name(app: ShopifyApp, client: httpx.Client) -> None:
    answer = app.admin_graphql_request(
        "{ shop { currencyCode } }",
        shop="south",
        access_token=token(app, client, "south"),
        api_version="2026-10",
        http_client=client,
    )

    assert answer.data["shop"]["currencyCode"] == "EUR"


def test_shopifyapp_hears_that_a_token_of_another_shop_is_unknown(app: ShopifyApp, client: httpx.Client) -> None:
    answer = app.admin_graphql_request(
        "{ shop { name } }",
        shop="south",
        access_token=token(app, client, "north"),
        api_version="2026-10",
        http_client=client,
    )

    assert not answer.ok
    assert answer.response.status == 401


def test_shopifyapp_accepts_the_signature_of_a_webhook_body_and_no_other(app: ShopifyApp) -> None:
    body = b'{"id":1}'
    signature = base64.b64encode(hmac.new(CLIENT_SECRET.encode(), body, hashlib.sha256).digest()).decode()

    def verified(signed: str) -> bool:
        headers = {"X-Shopify-Hmac-Sha256": signed, "X-Shopify-Shop-Domain": "north.myshopify.com"}
        request = {"method": "POST", "url": "https://app.example.com/hook", "headers": headers, "body": body.decode()}
        return bool(app.verify_webhook_req(request).ok)

    assert verified(signature)
    assert not verified(base64.b64encode(b"0" * 32).decode())


def test_the_older_shopifyapi_package_runs_a_query(
    stand_in: RunningProcess, app: ShopifyApp, client: httpx.Client
) -> None:
    shopify.Session.setup(protocol="http", myshopify_domain="0.0.1", port=stand_in.port)
    session = shopify.Session("127.0.0.1", "2026-10", token(app, client))
    shopify.ShopifyResource.activate_session(session)
    try:
        text = shopify.GraphQL().execute("{ productVariants(first: 3) { edges { node { sku } } } }")
    finally:
        shopify.ShopifyResource.clear_session()

    assert text.count('"sku"') == 3
