"""The Shopify stand-in as a process, and our channel on one of its shops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from connectors.shopify.channel import ShopifyChannel, open_channel
from connectors.shopify.settings import ShopifySettings
from connectors.shopify.topics import SUBSCRIBED
from connectors.shopify.webhooks import ShopifyWebhooks, webhook_source
from deployments.sandbox.catalogue import load_catalogue
from tests.contract.channel.receiver import Receiver, receiving
from tests.processes import RunningProcess, running

SECRET = "a-secret-of-the-contract-tests"


@dataclass(frozen=True)
class StandIn:
    """The counterpart, seen from behind: what a merchant and their shoppers do."""

    process: RunningProcess
    shop: str
    domain: str

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """One request to the stand-in's own controls."""
        response = httpx.request(method, f"{self.process.url}/_sandbox{path}", timeout=60, trust_env=False, **options)
        response.raise_for_status()
        return response.json() if response.content else None

    def place(self, count: int, profile: str = "bookable", seed: int = 0) -> list[dict[str, Any]]:
        """Orders as shoppers place them; answers id and name of each."""
        asked = {"count": count, "profile": profile, "shop": self.shop, "seed": seed}
        placed: list[dict[str, Any]] = self.ask("POST", "/orders/generate", json=asked)["orders"]
        return placed

    def record(self, kind: str, gid: str) -> dict[str, Any]:
        """What the shop keeps under an id."""
        found: list[dict[str, Any]] = self.ask("GET", f"/state/{self.domain}/{kind}", params={"id": gid})["records"]
        return found[0]

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """What the shop answers to a query of the merchant's."""
        base, headers = self.process.url, {"Host": self.domain}
        app = {"grant_type": "client_credentials", "client_id": "crossdock", "client_secret": SECRET}
        options: dict[str, Any] = {"timeout": 60, "trust_env": False}
        token = httpx.post(f"{base}/admin/oauth/access_token", data=app, headers=headers, **options).json()
        headers |= {"X-Shopify-Access-Token": token["access_token"]}
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"{base}/admin/api/2026-10/graphql.json", json=body, headers=headers, **options).json()
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    def break_next(self, kind: str, root: str, **rule: Any) -> None:
        """The next call of a root field goes wrong."""
        self.ask("POST", "/faults", json={"kind": kind, "roots": [root], "count": 1, **rule})

    def calls(self, root: str) -> int:
        """How often a root field was called."""
        return int(self.ask("GET", "/requests", params={"root": root})["total"])

    def settings(self, **changes: Any) -> ShopifySettings:
        given = {"domain": self.domain, "client_id": "crossdock", "client_secret": SECRET, "base_url": self.process.url}
        return ShopifySettings(**{**given, **changes})


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    shop = load_catalogue().shops[0]
    workspace = tmp_path_factory.mktemp("shopify")
    with running(
        "deployments.sandbox.shopify",
        *("--client-secret", SECRET, "--plan", "plus", "--webhook-time-scale", "0.001"),
        workspace=workspace,
    ) as process:
        yield StandIn(process, shop.code, shop.domain)


@pytest.fixture
async def channel(stand_in: StandIn) -> AsyncIterator[ShopifyChannel]:
    opened = open_channel(stand_in.shop, stand_in.settings())
    yield opened
    await opened.aclose()
    stand_in.ask("DELETE", "/faults")


@pytest.fixture
def source(stand_in: StandIn) -> ShopifyWebhooks:
    return webhook_source({stand_in.shop: stand_in.settings(topics=SUBSCRIBED)})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening
