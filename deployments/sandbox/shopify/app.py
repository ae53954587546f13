"""The HTTP surface: the Admin API as a shop answers it, and `/_sandbox/` to look inside and switch faults."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from deployments.sandbox.shopify import blob_routes, control
from deployments.sandbox.shopify.errors import bad_request
from deployments.sandbox.shopify.execution import Request as GraphQLRequest
from deployments.sandbox.shopify.execution import internal_error, roots_of, throttled
from deployments.sandbox.shopify.faults import FaultRule
from deployments.sandbox.shopify.generator import routes as generator_routes
from deployments.sandbox.shopify.idempotency import keys_in
from deployments.sandbox.shopify.schema import SERVED_VERSIONS
from deployments.sandbox.shopify.stand_in import StandIn
from deployments.sandbox.shopify.tokens import App, InvalidClientError
from deployments.sandbox.shopify.webhooks import routes as webhook_routes

UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
ABORT = "crossdock.abort"
# The name by which a fault rule speaks of the token endpoint.
TOKEN_ROOT = "access_token"


def create_app(stand_in: StandIn) -> Starlette:
    """The application of one stand-in. Each part brings its own routes."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with stand_in.running():
            yield

    admin = AdminApi(stand_in)
    routes = [
        Route(f"{prefix}{path}", handler, methods=["POST"])
        for prefix in ("", "/shops/{domain}")
        for path, handler in (
            ("/admin/oauth/access_token", admin.token),
            ("/admin/api/{version}/graphql.json", admin.graphql),
            ("/admin/api/graphql.json", admin.graphql),
        )
    ]
    parts = (control.routes, blob_routes.routes, webhook_routes.routes, generator_routes.routes)
    return Starlette(routes=[*routes, *(route for part in parts for route in part(stand_in))], lifespan=lifespan)


@dataclass(frozen=True, slots=True)
class Asked:
    """A GraphQL request whose sender is known."""

    shop: str
    app: App
    version: str
    request_id: str
    graphql: GraphQLRequest
    roots: list[str]


class AdminApi:
    """The two endpoints a client uses."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    async def token(self, request: Request) -> Response:
        """The client credentials grant: form or JSON in, a token that expires out."""
        shop = self._shop(request)
        if shop is None:
            return _json({"errors": "Not Found"}, 404)
        rule = self._stand_in.faults.hit(shop, [TOKEN_ROOT], only_named=True)
        if rule is not None and rule.kind.startswith("http_"):
            return _http_failure(rule)
        given = await _token_request(request)
        if given.get("grant_type") != "client_credentials":
            return _json({"error": "unsupported_grant_type"}, 400)
        try:
            body = self._stand_in.tokens.issue(shop, given.get("client_id", ""), given.get("client_secret", ""))
        except InvalidClientError:
            return _json({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        return _json(body)

    async def graphql(self, request: Request) -> Response:
        """One GraphQL request. Every answer of the API itself is an HTTP 200."""
        shop = self._shop(request)
        if shop is None:
            return _json({"errors": "Not Found"}, 404)
        app = self._stand_in.tokens.holder(shop, request.headers.get("x-shopify-access-token"))
        if app is None:
            return _json({"errors": UNAUTHORIZED}, 401)
        graphql = await _graphql_request(request)
        request_id = str(uuid4())
        version = served_version(request.path_params.get("version"))
        if graphql is None:
            return _answer({"errors": [_entry("Query is required")]}, version, request_id, status=400)
        asked = Asked(shop, app, version, request_id, graphql, self._roots(graphql))
        rule = self._stand_in.faults.hit(shop, asked.roots)
        response = await self._faulty(request, asked, rule) if rule else self._respond(asked)
        self._note(asked, response.status_code, rule)
        return response

    def _respond(self, asked: Asked) -> Response:
        stand_in = self._stand_in
        call = stand_in.call(asked.shop, asked.app, asked.version)
        bucket = stand_in.buckets.of(asked.shop, asked.app.client_id)
        body = stand_in.engine.answer(call, asked.graphql, bucket, asked.request_id)
        return _answer(body, asked.version, asked.request_id)

    async def _faulty(self, request: Request, asked: Asked, rule: FaultRule) -> Response:
        if rule.acted:
            self._respond(asked)
        match rule.kind:
            case "throttle":
                bucket = self._stand_in.buckets.of(asked.shop, asked.app.client_id)
                bucket.drain()
                return _answer(throttled(100, bucket), asked.version, asked.request_id)
            case "internal_error":
                body = {"errors": [internal_error(asked.request_id)]}
                return _answer(body, asked.version, asked.request_id)
            case "slow":
                with self._under_way(asked):
                    await asyncio.sleep(rule.seconds)
                return self._respond(asked) if not rule.acted else _json({"errors": "Gateway Timeout"}, 504)
            case "reset":
                return await _reset(request)
            case _:
                return _http_failure(rule)

    @contextlib.contextmanager
    def _under_way(self, asked: Asked) -> Iterator[None]:
        """A request that takes its time: its idempotency keys are in progress meanwhile."""
        prepared = self._stand_in.engine.prepare(asked.graphql.query)
        operation = prepared.operation(asked.graphql.operation_name) if prepared.document else None
        keys = set(keys_in(operation, asked.graphql.variables, asked.app.client_id)) if operation else set()
        self._stand_in.under_way |= keys
        try:
            yield
        finally:
            self._stand_in.under_way -= keys

    def _shop(self, request: Request) -> str | None:
        """The shop a request is for: path, header, Host; any other host means the first shop."""
        shops = self._stand_in.state.shops
        named = request.path_params.get("domain") or request.headers.get("x-shopify-shop-domain")
        host = request.headers.get("host", "").rsplit(":", 1)[0]
        if named is None and host.endswith(".myshopify.com"):
            named = host
        if named is None:
            return shops[0] if shops else None
        return named if named in shops else None

    def _roots(self, graphql: GraphQLRequest) -> list[str]:
        prepared = self._stand_in.engine.prepare(graphql.query)
        operation = prepared.operation(graphql.operation_name) if prepared.document else None
        return roots_of(operation) if operation else []

    def _note(self, asked: Asked, status: int, rule: FaultRule | None) -> None:
        self._stand_in.requests.append(
            {
                "shop": asked.shop,
                "app": asked.app.client_id,
                "roots": asked.roots,
                "operation": asked.graphql.operation_name,
                "request_id": asked.request_id,
                "status": status,
                "fault": rule.kind if rule else None,
            }
        )


def served_version(asked: str | None) -> str:
    """The version that answers: the one asked for, else a shop falls forward to its oldest."""
    return asked if asked in SERVED_VERSIONS else SERVED_VERSIONS[0] if asked else SERVED_VERSIONS[-1]


async def _token_request(request: Request) -> dict[str, str]:
    if "json" in request.headers.get("content-type", ""):
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            return {}
        return {str(name): str(value) for name, value in body.items()} if isinstance(body, dict) else {}
    async with request.form() as form:
        return {name: str(value) for name, value in form.items()}


async def _graphql_request(request: Request) -> GraphQLRequest | None:
    body = await request.body()
    if "application/graphql" in request.headers.get("content-type", ""):
        return GraphQLRequest(body.decode(), {})
    try:
        given: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        return None
    return GraphQLRequest(given["query"], given.get("variables") or {}, given.get("operationName"))


def _http_failure(rule: FaultRule) -> Response:
    status = int(rule.kind.removeprefix("http_"))
    if status == 429:
        return _json({"errors": "Exceeded rate limit."}, status, {"Retry-After": rule.retry_after})
    return _json({"errors": "Service Unavailable"}, status)


async def _reset(request: Request) -> Response:
    """Drop the connection without an answer; needs the server of `server.py`."""
    abort = request.scope.get(ABORT)
    if abort is None:
        raise ClientDisconnect
    abort()
    await asyncio.sleep(0)
    return Response(status_code=502)


def _entry(message: str) -> dict[str, Any]:
    return bad_request(message).formatted  # type: ignore[return-value]


def _answer(body: dict[str, Any], version: str, request_id: str, *, status: int = 200) -> Response:
    return _json(body, status, {"X-Shopify-API-Version": version, "X-Request-Id": request_id})


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    headers = {"X-Request-Id": str(uuid4()), **(headers or {})}
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json; charset=utf-8")
