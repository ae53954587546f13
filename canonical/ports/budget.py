"""The call budget of a system that limits calls: one for all workers."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Lane(IntEnum):
    """Who goes first: orders and refunds before inventory before catalogue."""

    ORDERS = 0
    INVENTORY = 1
    CATALOGUE = 2


@dataclass(frozen=True, slots=True)
class Throttle:
    """The bucket as the system last told it: points it can hold, points in it, points a second."""

    maximum: float
    available: float
    restore_rate: float


class CostBudget(Protocol):
    """Points to spend. One in the process, or one shared by all processes, with the same two methods."""

    async def acquire(self, cost: float, lane: Lane) -> None:
        """Wait until the points should be there, and take them. Raises `RetryableError` when that takes too long."""
        ...

    async def settle(self, cost: float, throttle: Throttle | None, actual: float | None = None) -> None:
        """The call is over. `throttle` is what its answer said, `actual` what it charged; None when not known."""
        ...


class Budgets(Protocol):
    """Who keeps the budgets that all workers share (the state store). `bucket` names system, shop and app."""

    def budget(self, bucket: str) -> CostBudget: ...
