"""Product mutations through clients of others, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import shopify
from shopify_app import ShopifyApp

from tests.processes import RunningProcess
from tests.sandbox.shopify.conftest import CLIENT_ID, CLIENT_SECRET
from tests.sandbox.shopify.product_asking import SET, sized
from tests.sandbox.shopify.test_node_clients import run
from tests.sandbox.shopify.test_python_clients import Loopback, token

pytestmark = pytest.mark.counterpart
ADMIN_API_CLIENT = """
import {createAdminApiClient} from '@shopify/admin-api-client';
%%s
const client = createAdminApiClient({
  storeDomain: 'north.myshopify.com', apiVersion: '2026-10', accessToken: token, customFetchApi: loopback,
});
const made = await client.request(`%s`, {variables: {identifier: {handle: 'npm-jacket'}, input: %s}});
const bad = await client.request(
  'mutation ($id: ID!) { productDelete(input: {id: $id}) { deletedProductId userErrors { field message } } }',
  {variables: {id: 'gid://shopify/Product/404'}});
console.log(JSON.stringify({made: made.data.productSet, bad: bad.data.productDelete.userErrors}));
"""


@pytest.fixture
def client(stand_in: RunningProcess) -> Iterator[httpx.Client]:
    with httpx.Client(transport=Loopback(stand_in.port)) as client:
        yield client


@pytest.fixture
def app() -> ShopifyApp:
    return ShopifyApp(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


def test_shopifyapp_sets_a_product_and_hears_of_a_refusal(app: ShopifyApp, client: httpx.Client) -> None:
    access = token(app, client)

    def put(given: dict[str, Any]) -> Any:
        variables = {"identifier": {"handle": "app-jacket"}, "input": given}
        answer = app.admin_graphql_request(
            SET, shop="north", access_token=access, api_version="2026-10", variables=variables, http_client=client
        )
        assert answer.ok, answer.log
        return answer.data["productSet"]

    made, again = put(sized("S", "M")), put(sized("S", "M"))
    refused = put(sized("S", variants=[]) | {"title": ""})

    assert [one["sku"] for one in made["product"]["variants"]["nodes"]] == ["FJ-S", "FJ-M"]
    assert again["product"]["id"] == made["product"]["id"]
    assert [one["message"] for one in refused["userErrors"]] == ["Title can't be blank"]


def test_the_older_shopifyapi_package_creates_a_product(
    stand_in: RunningProcess, app: ShopifyApp, client: httpx.Client
) -> None:
    create = "mutation C($product: ProductCreateInput!) { productCreate(product: $product) { product { handle } } }"
    shopify.Session.setup(protocol="http", myshopify_domain="0.0.1", port=stand_in.port)
    session = shopify.Session("127.0.0.1", "2026-10", token(app, client))
    shopify.ShopifyResource.activate_session(session)
    try:
        text = shopify.GraphQL().execute(create, {"product": {"title": "Older jacket"}})
    finally:
        shopify.ShopifyResource.clear_session()

    assert json.loads(text)["data"]["productCreate"]["product"] == {"handle": "older-jacket"}


def test_the_admin_api_client_of_npm_sets_a_product(node_clients: Path, stand_in: RunningProcess) -> None:
    script = ADMIN_API_CLIENT % (SET, json.dumps(sized("S")))

    told = run(script, node_clients, stand_in)

    assert told["made"]["product"]["handle"] == "npm-jacket"
    assert told["made"]["userErrors"] == []
    assert told["bad"] == [{"field": ["id"], "message": "Product does not exist"}]
