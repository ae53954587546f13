"""The pages for those who watch: health, readiness, metrics, and what this is."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Final, Protocol, runtime_checkable

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from canonical.errors import CrossdockError
from canonical.ports import StateStore
from deployments.gateway.metrics import Metrics

ANSWER_WITHIN: Final = 2.0
"""Seconds the store gets to answer a page."""
FRESH_FOR: Final = 5.0
"""Seconds for which figures of the store are shown again, so that eager scrapers do not load the store."""


@runtime_checkable
class KeepsFigures(Protocol):
    """A store that knows which stock changes wait."""

    async def oldest_due(self, shop: str) -> datetime | None: ...


class Pages:
    """What the gateway shows. `missing` are the channels whose signature cannot be verified, for want of a secret."""

    def __init__(
        self, store: StateStore, metrics: Metrics, missing: Sequence[str] = (), shops: Sequence[str] = ()
    ) -> None:
        """`shops` are those whose stock figures are watched, where the store keeps any."""
        self._store, self._metrics, self._missing, self._shops = store, metrics, missing, shops
        self._asked_at = float("-inf")

    async def index(self, request: Request) -> Response:
        """What this is, for whoever opens it in a browser."""
        return PlainTextResponse(
            "Crossdock gateway: takes webhooks and events, verifies their signature, keeps them.\n\n"
            "POST /webhooks/shopify[/{shop}]   signed by Shopify\n"
            "POST /events/{system}             Standard Webhooks\n"
            "GET  /health  /ready  /metrics\n"
            "GET  /approvals  /trace/{id}      with an API token\n"
        )

    async def health(self, request: Request) -> Response:
        """The process is alive. Says nothing about others, so that nobody restarts it for their sake."""
        return JSONResponse({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """200 when deliveries can be verified and kept, else 503 with what is missing."""
        missing = [f"no webhook secret is configured for {name}" for name in self._missing]
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._store.check()
        except TimeoutError:
            missing.append("the store does not answer in time")
        except CrossdockError as error:
            missing.append(f"the store: {error.words}")
        if missing:
            return JSONResponse({"status": "not ready", "missing": missing}, status_code=503)
        return JSONResponse({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Prometheus text. The store's figures are left out while it does not answer."""
        if monotonic() - self._asked_at > FRESH_FOR:
            await self._ask_store()
            self._asked_at = monotonic()
        return Response(self._metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST})

    async def _ask_store(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                inbox, lanes = await self._store.summary(), await self._store.lanes()
                oldest = await self._oldest_changes()
                stages, overdue = await self._store.life_stages(), await self._store.overdue(datetime.now(UTC))
        except (TimeoutError, CrossdockError):
            self._metrics.store_is_down()
        else:
            self._metrics.store_says(inbox, lanes, datetime.now(UTC))
            self._metrics.stock_says(oldest, datetime.now(UTC))
            self._metrics.lives_say(stages, overdue, datetime.now(UTC))

    async def _oldest_changes(self) -> dict[str, datetime | None]:
        store: object = self._store
        return {shop: await store.oldest_due(shop) for shop in self._shops} if isinstance(store, KeepsFigures) else {}
