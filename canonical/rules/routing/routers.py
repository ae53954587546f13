"""The routing port: our rules, and an outside engine with what happens when it does not decide."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from canonical.errors import CrossdockError
from canonical.ports.routing import Router
from canonical.routing import RoutingDecision, RoutingRequest
from canonical.rules.routing.calendar import parcels
from canonical.rules.routing.checking import held
from canonical.rules.routing.deciding import OURS, route_orders
from canonical.rules.routing.rules import OnFailure, RoutingRules
from canonical.rules.routing.stock import RoutingStock

StockReader: TypeAlias = Callable[[Sequence[RoutingRequest]], Awaitable[RoutingStock]]
"""Reads what is free now for these orders, without what they hold themselves; a fresh one each time."""


class RulesRouter:
    """Decides by our rules."""

    name = OURS

    def __init__(self, rules: RoutingRules, read_stock: StockReader, now: Callable[[], datetime]) -> None:
        self._rules, self._read_stock, self._now = rules, read_stock, now

    async def route(self, requests: Sequence[RoutingRequest]) -> list[RoutingDecision]:
        """As the port says. Raises what reading the stock raises."""
        return await self.route_beside(requests, ())

    async def route_beside(
        self, requests: Sequence[RoutingRequest], others: Sequence[tuple[RoutingRequest, RoutingDecision]]
    ) -> list[RoutingDecision]:
        """The same, while others were decided elsewhere just now: what those take is not there any more."""
        stock = await self._read_stock([*requests, *(request for request, _ in others)])
        for request, decision in others:
            stock.take_decision(request, decision)
        for (location, day), count in parcels((a for _, d in others for a in d.assignments), self._rules).items():
            stock.planned[location, day] = stock.planned.get((location, day), 0) + count
        return route_orders(requests, stock, self._rules, self._now())

    async def aclose(self) -> None:
        """Nothing is open."""


class BackedRouter:
    """An outside engine. What it does not decide, our rules decide, or it waits: by policy."""

    def __init__(self, engine: Router, ours: RulesRouter, on_failure: OnFailure) -> None:
        self.name = engine.name
        self._engine, self._ours, self._on_failure = engine, ours, on_failure

    async def route(self, requests: Sequence[RoutingRequest]) -> list[RoutingDecision]:
        """As the port says; `decided_by` is who decided, `held` why nobody did."""
        try:
            decisions = await self._engine.route(requests)
        except CrossdockError as error:
            decisions = [held(request, self.name, error.words) for request in requests]
        if self._on_failure is OnFailure.HOLD or all(decision.held is None for decision in decisions):
            return decisions
        pairs = list(zip(requests, decisions, strict=True))
        open_requests = [request for request, decision in pairs if decision.held is not None]
        ours = await self._ours.route_beside(open_requests, [pair for pair in pairs if pair[1].held is None])
        rest = iter(ours)
        return [d if d.held is None else self._instead(d, next(rest)) for d in decisions]

    async def aclose(self) -> None:
        """Close the engine."""
        await self._engine.aclose()

    def _instead(self, theirs: RoutingDecision, ours: RoutingDecision) -> RoutingDecision:
        words = f"{self.name} did not decide, our rules did: {theirs.held}"
        return ours.model_copy(update={"words": (words, *ours.words)})
