"""The generator's own routes: place orders, and look up what should become of them."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deployments.sandbox.catalogue import Catalogue, load_catalogue
from deployments.sandbox.shopify.generator import expectations
from deployments.sandbox.shopify.generator.factory import OrderFactory
from deployments.sandbox.shopify.generator.profiles import PROFILES
from deployments.sandbox.shopify.generator.references import References, seeded
from deployments.sandbox.shopify.state import State

PREFIX = "/_sandbox/orders"
MOST_AT_ONCE = 100_000
ANSWERED = ("order_id", "order_name", "kind", "reason", "scenario", "total", "currency")


class InvalidRequestError(ValueError):
    """A request to generate that cannot be met; the message says which field and what is allowed."""


class StandIn(Protocol):
    """What these routes need of the stand-in."""

    @property
    def state(self) -> State: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """A request to place orders. `rate` is orders a second, None: as fast as possible; `start` the first index."""

    count: int
    profile: str
    shop: str
    seed: int
    start: int
    rate: float | None

    @classmethod
    def from_dict(cls, values: dict[str, Any], catalogue: Catalogue) -> "Wish":
        """A wish from a request's body. Raises InvalidRequestError."""
        shop = values.get("shop") or catalogue.shops[0].domain
        try:
            domain = catalogue.shop(str(shop)).domain
        except LookupError as error:
            raise InvalidRequestError(f"shop: {error.args[0]}") from error
        profile = values.get("profile", "bookable")
        if profile not in PROFILES:
            raise InvalidRequestError(f"profile: {profile!r} is none of {', '.join(PROFILES)}")
        rate = values.get("rate")
        if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0):
            raise InvalidRequestError("rate: orders a second, a number above 0")
        return cls(
            count=_whole(values, "count", 1, least=1, most=MOST_AT_ONCE),
            profile=profile,
            shop=domain,
            seed=_whole(values, "seed", 0),
            start=_whole(values, "start", 0),
            rate=rate,
        )


def _whole(values: dict[str, Any], name: str, default: int, *, least: int = 0, most: int = 2**63) -> int:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidRequestError(f"{name}: a whole number from {least} to {most}")
    return value


def routes(stand_in: StandIn) -> list[Route]:
    """The routes, bound to a stand-in's state."""
    desk = OrderDesk(stand_in, load_catalogue())
    return [
        Route(f"{PREFIX}/generate", desk.generate, methods=["POST"]),
        Route(f"{PREFIX}/expectations", desk.expectations, methods=["GET"]),
    ]


class OrderDesk:
    """Places generated orders in the state, which tells the webhook sender."""

    def __init__(self, stand_in: StandIn, catalogue: Catalogue) -> None:
        self._stand_in = stand_in
        self._catalogue = catalogue
        self._references: dict[str, References] = {}

    async def generate(self, request: Request) -> JSONResponse:
        """Place orders, at a rate if one is given, and answer what was placed and what should become of it."""
        try:
            wish = Wish.from_dict(json.loads(await request.body() or b"{}"), self._catalogue)
            factory = self._factory(wish)
        except (InvalidRequestError, LookupError, AttributeError, json.JSONDecodeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        placed = await self._place(wish, factory)
        answer = {"shop": wish.shop, "profile": wish.profile, "seed": wish.seed, "next": wish.start + wish.count}
        return JSONResponse({**answer, **expectations.tally(placed), "orders": placed}, 201)

    async def expectations(self, request: Request) -> JSONResponse:
        """The notes on all generated orders; `shop` and `kind` narrow them."""
        asked = request.query_params
        try:
            shops = [self._catalogue.shop(asked["shop"]).domain] if "shop" in asked else self._stand_in.state.shops
        except LookupError as error:
            return JSONResponse({"error": error.args[0]}, 404)
        notes = expectations.noted(self._stand_in.state, shops)
        if "kind" in asked:
            notes = [entry for entry in notes if entry["kind"] == asked["kind"]]
        return JSONResponse({**expectations.tally(notes), "orders": notes})

    def _factory(self, wish: Wish) -> OrderFactory:
        state = self._stand_in.state
        if wish.shop not in self._references:
            self._references[wish.shop] = seeded(state, wish.shop, self._catalogue)
        return OrderFactory(
            self._catalogue,
            wish.shop,
            self._references[wish.shop],
            state.space(wish.shop).number,
            profile=wish.profile,
            seed=wish.seed,
        )

    async def _place(self, wish: Wish, factory: OrderFactory) -> list[dict[str, Any]]:
        began, placed = time.monotonic(), []
        for turn in range(wish.count):
            due = began + turn / wish.rate if wish.rate else 0.0
            await asyncio.sleep(max(0.0, due - time.monotonic()))  # also lets deliveries and other requests in
            placed.append(self._place_one(wish, factory, wish.start + turn))
        return placed

    def _place_one(self, wish: Wish, factory: OrderFactory, index: int) -> dict[str, Any]:
        state = self._stand_in.state
        generated = factory.make(index, state.clock())
        with state.action():
            order = state.add_order(wish.shop, generated.record)
            note = expectations.note(state, wish.shop, order, generated.scenario)
        return {name: note[name] for name in ANSWERED}
