"""`/_sandbox/`: look into the records, add some, switch faults, empty buckets, revoke tokens. No shop has this."""

from dataclasses import asdict, replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deployments.sandbox.shopify.faults import KINDS, FaultRule, InvalidFaultError
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.schema import SERVED_VERSIONS
from deployments.sandbox.shopify.seed import open_shop
from deployments.sandbox.shopify.seed_goods import Goods, add_goods
from deployments.sandbox.shopify.stand_in import StandIn
from deployments.sandbox.shopify.state import UnknownShopError

PREFIX = "/_sandbox"
ROWS = 250
_PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


def routes(stand_in: StandIn) -> list[Route]:
    """The routes, bound to a stand-in."""
    desk = _Desk(stand_in)
    return [
        Route(f"{PREFIX}/health", desk.health, methods=["GET"]),
        Route(f"{PREFIX}/faults", desk.faults, methods=["GET"]),
        Route(f"{PREFIX}/faults", desk.add_fault, methods=["POST"]),
        Route(f"{PREFIX}/faults", desk.clear_faults, methods=["DELETE"]),
        Route(f"{PREFIX}/search-lag", desk.set_search_lag, methods=["PUT"]),
        Route(f"{PREFIX}/requests", desk.requests, methods=["GET"]),
        Route(f"{PREFIX}/shops", desk.add_shop, methods=["POST"]),
        Route(f"{PREFIX}/state", desk.summary, methods=["GET"]),
        Route(f"{PREFIX}/state/{{shop}}", desk.export, methods=["GET"]),
        Route(f"{PREFIX}/state/{{shop}}/{{type}}", desk.records, methods=["GET"]),
        Route(f"{PREFIX}/state/{{shop}}/{{type}}", desk.add_record, methods=["POST"]),
        Route(f"{PREFIX}/goods", desk.add_goods, methods=["POST"]),
        Route(f"{PREFIX}/bulk", desk.set_bulk_pace, methods=["PUT"]),
        Route(f"{PREFIX}/buckets/drain", desk.drain, methods=["POST"]),
        Route(f"{PREFIX}/tokens/revoke", desk.revoke, methods=["POST"]),
        Route(f"{PREFIX}/pictures/{{name}}", desk.picture, methods=["GET"]),
    ]


class _Desk:
    """The handlers."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    async def health(self, _request: Request) -> Response:
        """That it runs, and what it serves."""
        settings = self._stand_in.settings
        body = {"shops": self._stand_in.state.shops, "versions": SERVED_VERSIONS, "plan": settings.plan}
        return _json({"status": "ok", **body})

    async def picture(self, request: Request) -> Response:
        """A picture under every name, as a merchant's media server has them; none whose name says it is missing."""
        if "missing" in request.path_params["name"]:
            return Response(status_code=404)
        return Response(_PIXEL, media_type="image/gif")

    async def faults(self, _request: Request) -> Response:
        """The rules in force and their hits."""
        return _json({"rules": [rule.to_dict() for rule in self._stand_in.faults.rules], "kinds": KINDS})

    async def add_fault(self, request: Request) -> Response:
        """Put one rule in force."""
        try:
            rule = FaultRule.from_dict(await _body(request))
        except InvalidFaultError as error:
            return _json({"error": str(error)}, 400)
        self._stand_in.faults.add(rule)
        return _json(rule.to_dict(), 201)

    async def clear_faults(self, request: Request) -> Response:
        """Forget all rules; `?seed=` starts the dice at a seed."""
        self._stand_in.faults.clear(int(request.query_params.get("seed", 0)))
        return Response(status_code=204)

    async def set_search_lag(self, request: Request) -> Response:
        """Let searches miss what changed in the last `seconds`; clearing the faults ends it."""
        seconds = (await _body(request)).get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            return _json({"error": "seconds: a number from 0"}, 400)
        self._stand_in.faults.search_lag_seconds = float(seconds)
        return _json({"seconds": seconds})

    async def requests(self, request: Request) -> Response:
        """The latest GraphQL requests, oldest first; `?root=` narrows."""
        root = request.query_params.get("root")
        rows = [one for one in self._stand_in.requests if root is None or root in one["roots"]]
        return _json({"total": len(rows), "requests": rows[-ROWS:]})

    async def add_shop(self, request: Request) -> Response:
        """Open a shop; one the catalogue knows is filled from it."""
        body = await _body(request)
        domain = str(body.get("domain", ""))
        if not domain:
            return _json({"error": "domain: name the shop, such as demo.myshopify.com"}, 400)
        state = self._stand_in.state
        if domain not in state.shops:
            with state.action():
                open_shop(state, domain, self._stand_in.settings.plan, seeded=bool(body.get("seeded", True)))
        return _json({"domain": domain, "shops": state.shops}, 201)

    async def summary(self, _request: Request) -> Response:
        """How many records of each type each shop has."""
        state = self._stand_in.state
        counts = {shop: {name: len(rows) for name, rows in state.space(shop).records.items()} for shop in state.shops}
        return _json(counts)

    async def export(self, request: Request) -> Response:
        """Every record of a shop, except tokens."""
        space = self._stand_in.state.space(request.path_params["shop"])
        return _json({name: list(rows.values()) for name, rows in space.records.items() if name != "AccessToken"})

    async def records(self, request: Request) -> Response:
        """The records of one type; `?id=` or `?name=` narrow to those that have it."""
        try:
            rows = self._stand_in.state.all(request.path_params["shop"], request.path_params["type"])
        except UnknownShopError as error:
            return _json({"error": str(error)}, 404)
        for name in ("id", "name"):
            if wanted := request.query_params.get(name):
                rows = [row for row in rows if row.get(name) == wanted]
        return _json({"total": len(rows), "records": rows})

    async def add_record(self, request: Request) -> Response:
        """Keep a record as `records.py` describes them; its webhooks go out."""
        try:
            record = self._stand_in.state.add(
                request.path_params["shop"], request.path_params["type"], await _body(request)
            )
        except UnknownShopError as error:
            return _json({"error": str(error)}, 404)
        return _json(record, 201)

    async def add_goods(self, request: Request) -> Response:
        """Keep many plain products with stock: `products`, `variants` of each, `locations`, `available`, `prefix`."""
        body = await _body(request)
        shop = body.pop("shop", None) or self._stand_in.state.shops[0]
        try:
            made = add_goods(self._stand_in.state, shop, Goods(**body))
        except (TypeError, ValueError, UnknownShopError) as error:
            return _json({"error": str(error)}, 400)
        return _json(made, 201)

    async def set_bulk_pace(self, request: Request) -> Response:
        """How fast bulk operations run: `rows_a_second`, `start_seconds`; `fail_after_rows` breaks the next one."""
        body = await _body(request)
        try:
            self._stand_in.bulk.pace = replace(self._stand_in.bulk.pace, **body)
        except TypeError as error:
            return _json({"error": str(error)}, 400)
        return _json(asdict(self._stand_in.bulk.pace))

    async def drain(self, request: Request) -> Response:
        """Empty the bucket of an app in a shop; the first app and shop unless named."""
        body = await _body(request)
        shop = body.get("shop") or self._stand_in.state.shops[0]
        client_id = body.get("client_id") or self._stand_in.tokens.apps[0].client_id
        bucket = self._stand_in.buckets.of(shop, client_id)
        bucket.drain()
        return _json(bucket.status())

    async def revoke(self, request: Request) -> Response:
        """Forget the tokens of a shop, as an uninstall does."""
        shop = (await _body(request)).get("shop") or self._stand_in.state.shops[0]
        return _json({"revoked": self._stand_in.tokens.revoke_all(shop)})


async def _body(request: Request) -> Record:
    raw = await request.body()
    body = orjson.loads(raw) if raw else {}
    return body if isinstance(body, dict) else {}


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
