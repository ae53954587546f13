"""The routing port over HTTP.

A question changes nothing there, so a lost answer may be asked for again by anybody; nothing is repeated here.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from canonical.errors import RetryableError
from canonical.routing import RoutingDecision, RoutingRequest
from canonical.rules.routing import RoutingRules, RoutingStock, StockReader, accept_decisions
from canonical.rules.routing.desk import Desk
from connectors.http import SystemClient, status_error
from connectors.routing_engine.settings import EngineSettings
from connectors.routing_engine.wire import decisions_in, question

PATH = "v1/decisions"
MOMENT, SIGNATURE = "Crossdock-Timestamp", "Crossdock-Signature"


class EngineRouter:
    """Asks an engine. What it decides and cannot be comes back `held`, with what is wrong."""

    def __init__(
        self,
        system: str,
        settings: EngineSettings,
        rules: RoutingRules,
        read_stock: StockReader,
        now: Callable[[], datetime],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = system
        self._settings, self._rules, self._read_stock, self._now = settings, rules, read_stock, now
        self._http = SystemClient(
            system,
            base_url=f"{settings.url.rstrip('/')}/",
            timeout=httpx.Timeout(settings.timeout),
            transport=transport,
        )

    async def route(self, requests: Sequence[RoutingRequest]) -> list[RoutingDecision]:
        """As the port says. Raises `RetryableError` (no answer in time, an unreadable one) or `MisconfiguredError`."""
        stock, now, size = await self._read_stock(requests), self._now(), self._settings.best_batch
        ranked = sorted(range(len(requests)), key=lambda n: (requests[n].placed_at, requests[n].order_id))
        found: dict[int, RoutingDecision] = {}
        for first in range(0, len(ranked), size):
            numbers = ranked[first : first + size]
            part = [requests[n] for n in numbers]
            proposed = await self._ask(part, stock, now)
            accepted = accept_decisions(part, proposed, stock, self._rules, now, self.name)
            found.update(zip(numbers, accepted, strict=True))
        return [found[n] for n in range(len(requests))]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(
        self, requests: Sequence[RoutingRequest], stock: RoutingStock, now: datetime
    ) -> Mapping[tuple[str, str], RoutingDecision]:
        body = json.dumps(question(requests, Desk(self._rules, now), stock)).encode()
        try:
            async with asyncio.timeout(self._settings.timeout):  # for all of it: an engine may answer byte by byte
                answer = await self._http.post(PATH, content=body, headers=self._headers(body, now))
            if error := status_error(answer.status_code, answer.headers, self.name):
                raise error
        except TimeoutError as error:
            words = f"{self.name} did not answer within {self._settings.timeout:g} s"
            raise RetryableError(words, code="too_slow") from error
        except RetryableError as error:
            error.maybe_applied = False  # a question changes nothing
            raise
        return decisions_in(answer.content, self.name)

    def _headers(self, body: bytes, now: datetime) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self._settings.token is not None:
            return headers | {"Authorization": f"Bearer {self._settings.token.get_secret_value()}"}
        secret = self._settings.secret.get_secret_value() if self._settings.secret else ""
        moment = str(int(now.timestamp()))
        signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        return headers | {MOMENT: moment, SIGNATURE: f"v1={signed}"}


def open_engine(
    system: str,
    settings: EngineSettings,
    rules: RoutingRules,
    read_stock: StockReader,
    now: Callable[[], datetime],
    transport: httpx.AsyncBaseTransport | None = None,
) -> EngineRouter:
    """The engine behind a system of the landscape; it connects at the first question."""
    return EngineRouter(system, settings, rules, read_stock, now, transport)
