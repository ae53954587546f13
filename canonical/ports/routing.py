"""Routing: which location ships which lines."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from canonical.routing import RoutingDecision, RoutingRequest


@runtime_checkable
class Router(Protocol):
    """Decides, explains, and says who decided. Ours, or a routing engine elsewhere."""

    name: str

    async def route(self, requests: Sequence[RoutingRequest]) -> list[RoutingDecision]:
        """One decision each, the same for the same request. Raises `RetryableError` when the engine does not answer."""
        ...

    async def aclose(self) -> None: ...
