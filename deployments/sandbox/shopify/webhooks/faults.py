"""What can go wrong between a shop and its app, switched on by probability and seeded.

Duplicates keep their webhook id, as repeated deliveries of a real shop do; a lost one is never sent, nor retried.
"""

from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any

DUPLICATE_AFTER = 0.02  # seconds: real duplicates come within milliseconds of each other
OVERTAKEN_FOR = (0.05, 0.5)  # seconds a reordered webhook is held back, so that later ones pass it


class InvalidFaultsError(ValueError):
    """A switch that does not exist, or a probability outside 0 to 1; the message names it."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities from 0 to 1 for each webhook; `delay_seconds` is the longest delay of a delayed one."""

    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    lose: float = 0.0
    delay_seconds: float = 5.0
    seed: int = 0

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Faults":
        """Switches from a request. Raises InvalidFaultsError."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(values.keys() - known):
            raise InvalidFaultsError(f"no switch {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        try:
            seed = int(values.get("seed", 0))
            faults = cls(**{name: float(value) for name, value in values.items() if name != "seed"}, seed=seed)
        except (TypeError, ValueError) as error:
            raise InvalidFaultsError(f"a switch is a number: {error}") from error
        for name in ("duplicate", "reorder", "delay", "lose"):
            if not 0 <= getattr(faults, name) <= 1:
                raise InvalidFaultsError(f"{name} is a probability from 0 to 1, not {getattr(faults, name)}")
        return faults

    def to_dict(self) -> dict[str, Any]:
        """All switches."""
        return asdict(self)


class Tamperer:
    """Decides the fate of each webhook; the same seed and sequence give the same fates."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = Random(faults.seed)

    def delays(self) -> list[float]:
        """When the copies of the next webhook leave, in seconds from now: none when it is lost, two when doubled."""
        lost, late, overtaken, doubled = (self._random.random() for _ in range(4))
        first = 0.0
        if lost < self.faults.lose:
            return []
        if late < self.faults.delay:
            first += self._random.uniform(0, self.faults.delay_seconds)
        if overtaken < self.faults.reorder:
            first += self._random.uniform(*OVERTAKEN_FOR)
        return [first, first + DUPLICATE_AFTER] if doubled < self.faults.duplicate else [first]
