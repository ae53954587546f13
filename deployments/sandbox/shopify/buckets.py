"""The calculated-cost throttle: one leaky bucket an app and shop, sized by the shop's plan."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_QUERY_COST = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """Points a bucket holds and gets back each second."""

    size: int
    restore: int


PLANS = {"standard": Plan(2000, 100), "advanced": Plan(4000, 200), "plus": Plan(20_000, 1000)}


@dataclass(slots=True)
class Bucket:
    """What one app may still spend on one shop."""

    plan: Plan
    clock: Callable[[], float] = time.monotonic
    _available: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._available = self.plan.size
        self._at = self.clock()

    def take(self, cost: int) -> bool:
        """Spend points if the bucket holds them."""
        self._refill()
        if cost > self._available:
            return False
        self._available -= cost
        return True

    def give_back(self, cost: int) -> None:
        """Return what was reserved and not used."""
        self._refill()
        self._available = min(self.plan.size, self._available + cost)

    def drain(self) -> None:
        """Empty the bucket, as a greedy neighbour would."""
        self._refill()
        self._available = 0

    def status(self) -> dict[str, int]:
        """`throttleStatus` as answers carry it."""
        self._refill()
        return {
            "maximumAvailable": self.plan.size,
            "currentlyAvailable": int(self._available),
            "restoreRate": self.plan.restore,
        }

    def _refill(self) -> None:
        now = self.clock()
        self._available = min(self.plan.size, self._available + (now - self._at) * self.plan.restore)
        self._at = now


class Buckets:
    """The buckets of all apps and shops."""

    def __init__(self, plan: Plan, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan = plan
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def of(self, shop: str, client_id: str) -> Bucket:
        """The bucket of one app in one shop."""
        key = (shop, client_id)
        if key not in self._buckets:
            self._buckets[key] = Bucket(self._plan, self._clock)
        return self._buckets[key]
