"""Shopify's JavaScript clients, run by node against the stand-in."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.processes import RunningProcess
from tests.sandbox.shopify.conftest import CLIENT_ID, CLIENT_SECRET, node

pytestmark = pytest.mark.counterpart

# Both clients insist on https; this fetch sends what they ask for to the stand-in instead.
LOOPBACK = """
const port = process.env.STAND_IN_PORT;
const loopback = (url, init) => {
  const target = new URL(url);
  const shop = target.host;
  target.protocol = 'http:';
  target.host = `127.0.0.1:${port}`;
  const headers = {...init?.headers, 'X-Shopify-Shop-Domain': shop};
  return fetch(target, {...init, headers});
};
const form = new URLSearchParams({
  grant_type: 'client_credentials', client_id: process.env.CLIENT_ID, client_secret: process.env.CLIENT_SECRET,
});
const granted = await fetch(`http://127.0.0.1:${port}/shops/north.myshopify.com/admin/oauth/access_token`,
  {method: 'POST', body: form});
const token = (await granted.json()).access_token;
"""
ADMIN_API_CLIENT = """
import {createAdminApiClient} from '@shopify/admin-api-client';
%s
const client = createAdminApiClient({
  storeDomain: 'north.myshopify.com', apiVersion: '2026-10', accessToken: token, customFetchApi: loopback,
});
const good = await client.request('query ($first: Int!) { products(first: $first) { nodes { title } } }',
  {variables: {first: 2}});
const bad = await client.request('{ shop { nothing } }');
const start = 'mutation ($q: String!) { bulkOperationRunQuery(query: $q) { userErrors { message } } }';
const bulk = await client.request(start,
  {variables: {q: '{ inventoryItems { edges { node { id inventoryLevels { edges { node { id } } } } } } }'}});
console.log(JSON.stringify({titles: good.data.products.nodes.length, cost: good.extensions.cost.requestedQueryCost,
  code: bad.errors.graphQLErrors[0].extensions.code, bulk: bulk.data.bulkOperationRunQuery.userErrors}));
"""
SHOPIFY_API = """
import '@shopify/shopify-api/adapters/node';
import {shopifyApi, ApiVersion, Session} from '@shopify/shopify-api';
import {setAbstractFetchFunc} from '@shopify/shopify-api/runtime';
%s
setAbstractFetchFunc(loopback);
const api = shopifyApi({
  apiKey: process.env.CLIENT_ID, apiSecretKey: process.env.CLIENT_SECRET, apiVersion: ApiVersion.October26,
  isEmbeddedApp: false, hostName: 'app.example.com', logger: {level: 0},
});
const granted2 = await api.auth.clientCredentials({shop: 'north.myshopify.com'});
const client = new api.clients.Graphql({session: granted2.session});
const answer = await client.request('{ shop { myshopifyDomain currencyCode } }');
console.log(JSON.stringify({shop: answer.data.shop, scopes: granted2.session.scope.includes('write_orders')}));
"""


def run(script: str, folder: Path, stand_in: RunningProcess) -> Any:
    environment = {"STAND_IN_PORT": str(stand_in.port), "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
    done = subprocess.run(
        [node(), "--input-type=module", "-e", script % LOOPBACK],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_admin_api_client_reads_products_and_understands_a_refusal(
    node_clients: Path, stand_in: RunningProcess
) -> None:
    said = run(ADMIN_API_CLIENT, node_clients, stand_in)

    assert said == {"titles": 2, "cost": 3, "code": "undefinedField", "bulk": []}


def test_the_shopify_api_library_gets_its_own_token_and_reads_the_shop(
    node_clients: Path, stand_in: RunningProcess
) -> None:
    said = run(SHOPIFY_API, node_clients, stand_in)

    assert said == {"shop": {"myshopifyDomain": "north.myshopify.com", "currencyCode": "USD"}, "scopes": True}
