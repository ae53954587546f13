"""One call to the Admin GraphQL API of one shop: token, budget, request, errors. Retries are not made here.

`shopifyapp` does the request with its own retries switched off (it would repeat mutations). Its answer hides `data`,
`extensions` and headers when anything is wrong, so the raw answer is read from its log
(canonical/decisions/0001).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from shopify_app import admin_graphql_request_async

from canonical.errors import RetryableError
from canonical.ports.budget import CostBudget, Lane
from connectors.http import SystemClient
from connectors.shopify.budget import process_budget
from connectors.shopify.documents import Operation, operation
from connectors.shopify.errors import graphql_error, http_error, throttle_of
from connectors.shopify.settings import ShopifySettings
from connectors.shopify.tokens import Tokens
from connectors.shopify.transport import open_http

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the data, and the headers for messages about it."""

    data: dict[str, Any]
    headers: Mapping[str, str]


class ShopifyClient:
    """Calls operations by name. `notices` collects what an operator should know (another API version served)."""

    def __init__(self, settings: ShopifySettings, http: SystemClient, tokens: Tokens, budget: CostBudget) -> None:
        self._settings, self._http, self._tokens, self._budget = settings, http, tokens, budget
        self._costs: dict[str, float] = {}
        self.notices: set[str] = set()

    async def call(
        self, name: str, variables: Mapping[str, Any], *, lane: Lane = Lane.ORDERS, document: str | None = None
    ) -> Answer:
        """Run one operation. Raises the class of error that `errors.py` gives; data that came with an error of a
        query is thrown away, that of a mutation is returned, because what it says was done."""
        op = operation(name)
        token = await self._tokens.get()
        status, headers, body = await self._send(op, variables, token, lane)
        if status == 401 and self._tokens.renewable:
            self._tokens.discard(token)
            status, headers, body = await self._send(op, variables, await self._tokens.get(), lane)
        self._look_at(headers)
        if error := http_error(status, headers, document):
            raise error
        errors, data = body.get("errors"), body.get("data")
        if not errors and data is None:
            raise _unreadable(document)
        if errors:
            error = graphql_error(errors, headers, document, _cost(body))
            if not (op.changes and data and any(data.values())):
                raise error
            self.notice(f"{op.name} was done, with an error beside it: {error}")
        return Answer(data or {}, headers)

    @property
    def http(self) -> SystemClient:
        """For files: results of bulk operations, uploads."""
        return self._http

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _send(
        self, op: Operation, variables: Mapping[str, Any], token: str, lane: Lane
    ) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        """One request within the budget: status, headers, body."""
        points = self._costs.get(op.name, op.cost)
        await self._budget.acquire(points, lane)
        cost: Mapping[str, Any] | None = None
        try:
            result = await admin_graphql_request_async(
                op.text,
                self._settings.handle,
                token,
                self._settings.api_version,
                variables=dict(variables),
                max_retries=0,
                http_client=self._http,
            )
            raw = result.http_logs[-1].res
            body = {"data": result.data, "extensions": result.extensions} if result.ok else _parsed(raw.body)
            cost = _cost(body)
        except AttributeError as error:  # shopifyapp takes every JSON answer for an object
            raise _unreadable(None) from error
        finally:
            await self._budget.settle(points, throttle_of(cost), _charged(cost))
        if cost and (requested := float(cost.get("requestedQueryCost") or 0)) > op.cost:
            self._costs[op.name] = requested  # Shopify counts more than our file says: believe it
        return raw.status, raw.headers, body

    def _look_at(self, headers: Mapping[str, str]) -> None:
        """Notice when Shopify served another API version than asked for, or calls the operation deprecated."""
        served = headers.get("x-shopify-api-version")
        if served and served != self._settings.api_version:
            self.notice(f"asked for API version {self._settings.api_version}, Shopify served {served}")
        if reason := headers.get("x-shopify-api-deprecated-reason"):
            self.notice(f"Shopify says a call is deprecated: {reason}")

    def notice(self, words: str) -> None:
        if words not in self.notices:
            self.notices.add(words)
            _LOG.warning("%s: %s", self._settings.domain, words)


def open_client(
    settings: ShopifySettings, *, network: httpx.AsyncBaseTransport | None = None, budget: CostBudget | None = None
) -> ShopifyClient:
    """A client of a shop; connects at the first call. Without `budget` the process has its own."""
    http = open_http(settings, network)
    spent = budget or process_budget(settings.domain, settings.client_id)
    return ShopifyClient(settings, http, Tokens(settings, http), spent)


def _parsed(body: str) -> dict[str, Any]:
    """The body of an answer that was not plain success; empty when it is no JSON object (an error page)."""
    try:
        found = orjson.loads(body or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _unreadable(document: str | None) -> RetryableError:
    return RetryableError(
        "Shopify's answer cannot be read", code="reply_unreadable", document=document, maybe_applied=True
    )


def _charged(cost: Mapping[str, Any] | None) -> float | None:
    """The points the call took; None when the answer does not say (a throttled one took none, and says null)."""
    if not cost or "actualQueryCost" not in cost:
        return None
    return float(cost["actualQueryCost"] or 0)


def _cost(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    cost = (body.get("extensions") or {}).get("cost")
    return cost if isinstance(cost, Mapping) else None
