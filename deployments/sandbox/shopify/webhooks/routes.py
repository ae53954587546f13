"""The sender's own routes: switch faults, look at deliveries, send again, hold back, wait."""

import json
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.webhooks.deliveries import Fate
from deployments.sandbox.shopify.webhooks.faults import Faults, InvalidFaultsError
from deployments.sandbox.shopify.webhooks.sender import UnknownDeliveryError, UnknownTopicError, WebhookSender

PREFIX = "/_sandbox/webhooks"
DEFAULT_LIMIT, DEFAULT_WAIT = 100, 30.0


class StandIn(Protocol):
    """What these routes need of the stand-in."""

    @property
    def sender(self) -> WebhookSender: ...

    @property
    def state(self) -> State: ...


def routes(stand_in: StandIn) -> list[Route]:
    """The routes, bound to a stand-in's sender."""
    desk = _Desk(stand_in)
    return [
        Route(PREFIX, desk.status, methods=["GET"]),
        Route(f"{PREFIX}/faults", desk.faults, methods=["GET"]),
        Route(f"{PREFIX}/faults", desk.set_faults, methods=["POST", "PUT"]),
        Route(f"{PREFIX}/deliveries", desk.deliveries, methods=["GET"]),
        Route(f"{PREFIX}/deliveries/{{webhook_id}}/resend", desk.resend, methods=["POST"]),
        Route(f"{PREFIX}/fire", desk.fire, methods=["POST"]),
        Route(f"{PREFIX}/pause", desk.pause, methods=["POST"]),
        Route(f"{PREFIX}/resume", desk.resume, methods=["POST"]),
        Route(f"{PREFIX}/wait-idle", desk.wait_idle, methods=["POST"]),
    ]


class _Desk:
    """The handlers."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    @property
    def _sender(self) -> WebhookSender:
        return self._stand_in.sender

    async def status(self, request: Request) -> JSONResponse:
        """How much waits, and how the remembered deliveries ended."""
        return JSONResponse(self._status())

    async def faults(self, request: Request) -> JSONResponse:
        """The switches as they are."""
        return JSONResponse(self._sender.faults.to_dict())

    async def set_faults(self, request: Request) -> JSONResponse:
        """Set the switches; one that is not named is off."""
        body = await body_of(request)
        if body is None:
            return refusal("the body is a JSON object of switches")
        try:
            self._sender.set_faults(Faults.from_dict(body))
        except InvalidFaultsError as error:
            return refusal(str(error))
        return JSONResponse(self._sender.faults.to_dict())

    async def deliveries(self, request: Request) -> JSONResponse:
        """Remembered deliveries, newest first; `fate`, `topic`, `shop` and `record_id` narrow, `limit` cuts."""
        asked = dict(request.query_params)
        limit = asked.pop("limit", str(DEFAULT_LIMIT))
        if not limit.isdigit() or ("fate" in asked and asked["fate"] not in set(Fate)):
            return refusal(f"limit is a number, fate one of {', '.join(Fate)}")
        chosen = (one.summary() for one in self._sender.deliveries())
        fitting = [one for one in chosen if all(one.get(name) == value for name, value in asked.items())]
        return JSONResponse({"total": len(fitting), "deliveries": fitting[: int(limit)]})

    async def resend(self, request: Request) -> JSONResponse:
        """Send one once more, under its id."""
        try:
            delivery = self._sender.resend(request.path_params["webhook_id"])
        except UnknownDeliveryError as error:
            return refusal(str(error), 404)
        return JSONResponse(delivery.summary(), 202)

    async def fire(self, request: Request) -> JSONResponse:
        """Send `topic` about the record `id` (or an order's `name`) of `shop`; app/uninstalled is about the shop."""
        body = await body_of(request) or {}
        state = self._stand_in.state
        shop = body.get("shop") or next(iter(state.shops), "")
        if shop not in state.shops:
            return refusal(f"no shop {shop}", 404)
        record = self._record(shop, body)
        if record is None:
            return refusal("name a record of the shop by id (gid), or an order by name", 404)
        try:
            self._sender.fire(shop, str(body.get("topic")), record)
        except UnknownTopicError as error:
            return refusal(str(error))
        return JSONResponse(self._status(), 202)

    def _record(self, shop: str, body: dict[str, Any]) -> Record | None:
        state = self._stand_in.state
        if body.get("topic") in ("app/uninstalled", "shop/update"):
            return state.space(shop).shop
        if "name" in body:
            return next((order for order in state.all(shop, "Order") if order.get("name") == body["name"]), None)
        return state.get(shop, str(body.get("id", "")))

    async def pause(self, request: Request) -> JSONResponse:
        """Hold everything back."""
        self._sender.pause()
        return JSONResponse(self._status())

    async def resume(self, request: Request) -> JSONResponse:
        """Go on."""
        self._sender.resume()
        return JSONResponse(self._status())

    async def wait_idle(self, request: Request) -> JSONResponse:
        """Answer when nothing is planned or under way: 200, or 408 when `seconds` are over first."""
        body = await body_of(request) or {}
        seconds = body.get("seconds", DEFAULT_WAIT)
        if not isinstance(seconds, int | float):
            return refusal("seconds is a number")
        idle = await self._sender.wait_idle(seconds)
        return JSONResponse({"idle": idle, **self._status()}, 200 if idle else 408)

    def _status(self) -> dict[str, Any]:
        fates = dict.fromkeys(Fate, 0)
        for delivery in self._sender.deliveries():
            fates[delivery.fate] += 1
        sender = self._sender
        return {"waiting": sender.waiting, "paused": sender.paused, "unwritable": sender.unwritable, "fates": fates}


async def body_of(request: Request) -> dict[str, Any] | None:
    """The JSON object of a request, an empty body being an empty object; None when it is something else."""
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def refusal(message: str, status: int = 400) -> JSONResponse:
    """An error answer."""
    return JSONResponse({"error": message}, status)
