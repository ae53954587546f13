"""Signed order webhooks of 10 KB, as Shopify sends them: its own sample body, with an order id of ours."""

import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.processes import ROOT

SECRET = "a-client-secret-of-a-test"
SAMPLES = ROOT / "deployments/sandbox/shopify/data/webhook-samples-2026-07.json.gz"


@cache
def _sample(topic: str) -> dict[str, Any]:
    with gzip.open(SAMPLES) as file:
        sample: dict[str, Any] = json.load(file)[topic]
    return sample


@dataclass(frozen=True)
class SignedWebhook:
    """A body and its signature. Headers are not signed, so one body serves many deliveries, each with its own id."""

    topic: str
    shop_domain: str
    body: bytes
    signature: str

    def headers(self, webhook_id: str) -> dict[str, str]:
        """The headers Shopify sends with it."""
        return {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": self.topic,
            "X-Shopify-Shop-Domain": self.shop_domain,
            "X-Shopify-Hmac-Sha256": self.signature,
            "X-Shopify-API-Version": "2026-10",
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Event-Id": f"e-{webhook_id}",
            "X-Shopify-Triggered-At": "2026-11-02T10:00:00.000000000Z",
        }

    def request(self, webhook_id: str, path: str = "/webhooks/shopify") -> bytes:
        """The whole request, as bytes on the wire."""
        lines = [f"POST {path} HTTP/1.1", "Host: gateway.example", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers(webhook_id).items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def order_webhook(
    order_id: int, secret: str = SECRET, *, topic: str = "orders/create", shop_domain: str = "north.myshopify.com"
) -> SignedWebhook:
    """A webhook about the order, signed with the secret."""
    order = {**_sample(topic), "id": order_id, "admin_graphql_api_id": f"gid://shopify/Order/{order_id}"}
    order["name"] = f"#{order_id}"
    body = json.dumps(order, separators=(",", ":")).encode()
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return SignedWebhook(topic, shop_domain, body, base64.b64encode(digest).decode())


def shop_environment(secret: str = SECRET, shops: Sequence[str] = ("north", "south")) -> dict[str, str]:
    """The settings of the shops of `deployments/landscape.toml`, for a process that checks these signatures."""
    return {
        f"CROSSDOCK_SHOP_{shop.upper()}_{name}": value
        for shop in shops
        for name, value in (("CLIENT_ID", "client"), ("CLIENT_SECRET", secret))
    }
