"""The admin of a shop, as its staff use it: another app of the stand-in than ours, with a bucket of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

STAFF = "shop-admin"
"""The client id under which the stand-in knows the shop's own staff."""


PATIENCE, PAUSE = 60, 0.5
"""How often a throttled request is made again, and after how many seconds."""


class ShopRefusedError(RuntimeError):
    """The shop does not do it; the message is its own."""


class ShopAdmin:
    """Speaks to the shops of one stand-in."""

    def __init__(self, url: str, secret: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False)
        self._secret = secret
        self._tokens: dict[str, str] = {}

    async def ask(self, domain: str, document: str, **variables: object) -> Any:
        """The data of a request, asked again while the shop throttles. Raises `ShopRefusedError` with its errors."""
        address = f"/shops/{domain}/admin"
        if domain not in self._tokens:
            grant = {"client_id": STAFF, "client_secret": self._secret, "grant_type": "client_credentials"}
            answer = await self._http.post(f"{address}/oauth/access_token", json=grant)
            self._tokens[domain] = answer.raise_for_status().json()["access_token"]
        for _ in range(PATIENCE):
            answer = await self._http.post(
                f"{address}/api/2026-10/graphql.json",
                json={"query": document, "variables": variables},
                headers={"X-Shopify-Access-Token": self._tokens[domain]},
            )
            body = answer.raise_for_status().json()
            if not _throttled(body):
                break
            await asyncio.sleep(PAUSE)
        if body.get("errors"):
            raise ShopRefusedError(str(body["errors"])[:500])
        return body["data"]

    async def do(self, domain: str, document: str, **variables: object) -> Any:
        """The answer of a mutation with one root. Raises `ShopRefusedError` for a user error."""
        (answer,) = (await self.ask(domain, document, **variables)).values()
        for name in ("userErrors", "orderCancelUserErrors"):
            if answer.get(name):
                raise ShopRefusedError(str(answer[name])[:500])
        return answer

    async def records(self, domain: str, kind: str, **narrowed: str) -> list[dict[str, Any]]:
        """What the stand-in itself keeps; no shop has this."""
        answer = await self._http.get(f"/_sandbox/state/{domain}/{kind}", params=narrowed)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["records"]
        return found

    async def generate(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Have orders placed by the generator."""
        answer = await self._http.post("/_sandbox/orders/generate", json=wish)
        if answer.is_error:
            raise ShopRefusedError(answer.text[:300])
        found: dict[str, Any] = answer.json()
        return found

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _throttled(body: dict[str, Any]) -> bool:
    return any(error.get("extensions", {}).get("code") == "THROTTLED" for error in body.get("errors") or ())
