"""What the stand-in expects of its orders is what Crossdock's rules decide, seed after seed.

Each order goes the way of a real one: webhook body and GraphQL completion, both from the running stand-in, through the
Shopify mappers, the mapping seeds and the landscape, to the decision.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from canonical.rules.order_checks import decide
from connectors.shopify.documents import operation
from connectors.shopify.mapper_graphql import completed
from connectors.shopify.mapper_rest import order_from_webhook
from deployments.landscape_loader import load_landscape, load_mappings
from deployments.sandbox.shopify.app import create_app
from deployments.sandbox.shopify.stand_in import Settings, StandIn
from deployments.sandbox.shopify.webhooks.bodies import write_body
from deployments.sandbox.shopify.webhooks.rest import Source

COMPLETE = operation("complete_orders").text
OUTCOMES = {"book": "accepted", "hold": "held", "quarantine": "quarantined", "skip": "skipped"}
AT_ONCE = 25


class Shops:
    """The stand-in, asked as a client asks it."""

    def __init__(self, stand_in: StandIn, client: httpx.AsyncClient) -> None:
        self.stand_in, self.client = stand_in, client

    async def place(self, shop: str, profile: str, count: int) -> list[dict[str, Any]]:
        wish = {"count": count, "profile": profile, "shop": shop, "seed": 17}
        answer = await self.client.post("/_sandbox/orders/generate", json=wish)
        return list(answer.json()["orders"])

    async def nodes(self, domain: str, ids: list[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for first in range(0, len(ids), AT_ONCE):
            path = f"/shops/{domain}/admin/api/2026-10/graphql.json"
            body = {"query": COMPLETE, "variables": {"ids": ids[first : first + AT_ONCE]}}
            answer = (await self.client.post(path, json=body)).json()
            assert "errors" not in answer, answer["errors"]
            found |= {node["id"]: node for node in answer["data"]["nodes"]}
        return found

    def webhook(self, domain: str, order_id: str) -> dict[str, Any]:
        record = self.stand_in.state.get(domain, order_id)
        assert record is not None
        body: dict[str, Any] = json.loads(json.dumps(write_body("orders/create", record, self._source(domain))))
        return body

    def _source(self, domain: str) -> Source:
        return Source(self.stand_in.state, domain)


@pytest.fixture
async def shops() -> AsyncIterator[Shops]:
    stand_in = StandIn(Settings(permanent_token="token", plan="plus"))
    transport, headers = httpx.ASGITransport(create_app(stand_in)), {"X-Shopify-Access-Token": "token"}
    async with httpx.AsyncClient(transport=transport, base_url="http://stand-in", headers=headers) as client:
        yield Shops(stand_in, client)


@pytest.mark.parametrize("profile", ["bookable", "mixed", "hostile"])
@pytest.mark.parametrize("shop", ["north", "south"])
async def test_every_order_is_decided_as_the_stand_in_expects(shops: Shops, shop: str, profile: str) -> None:
    domain, mappings, policy = f"{shop}.myshopify.com", load_mappings(), load_landscape().shop(shop)
    placed = await shops.place(shop, profile, 60)
    nodes = await shops.nodes(domain, [entry["order_id"] for entry in placed])
    now, wrong = datetime.now(UTC) + timedelta(hours=1), []
    for entry in placed:
        body = shops.webhook(domain, entry["order_id"])
        order = completed(order_from_webhook(body, shop, entry["order_name"]), nodes[entry["order_id"]])
        decision = decide(order, mappings, policy, now=now)
        codes = [finding.code for finding in decision.findings]
        if decision.outcome.value != OUTCOMES[entry["kind"]] or (entry["reason"] and entry["reason"] not in codes):
            wrong.append((entry["scenario"], entry["kind"], entry["reason"], decision.outcome.value, codes))
    assert wrong == []
