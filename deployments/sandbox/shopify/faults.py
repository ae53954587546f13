"""What can go wrong between a client and the Admin API, switched on by rules and seeded.

A rule has a probability, may run out after a number of hits, and may be bound to root fields. `acted` says whether the
shop did the work before the answer went wrong: the hardest case for a client, who cannot tell.
"""

from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, Literal, get_args

Kind = Literal["throttle", "http_429", "http_502", "http_503", "slow", "reset", "internal_error"]
KINDS: tuple[str, ...] = get_args(Kind)


class InvalidFaultError(ValueError):
    """A rule nobody can apply; the message names the field."""


@dataclass(slots=True)
class FaultRule:
    """One switch. `seconds` is how long `slow` waits; `retry_after` the header of `http_429`, as text."""

    kind: Kind
    probability: float = 1.0
    count: int | None = None
    roots: tuple[str, ...] = ()
    shop: str | None = None
    acted: bool = False
    seconds: float = 3.0
    retry_after: str = "2.0"
    hits: int = field(default=0, init=False)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "FaultRule":
        """A rule from a request. Raises InvalidFaultError. `reset` means acted unless told otherwise."""
        if values.get("kind") not in KINDS:
            raise InvalidFaultError(f"kind is one of {', '.join(KINDS)}")
        given = {"acted": values["kind"] == "reset", **values, "roots": tuple(values.get("roots") or ())}
        given.pop("hits", None)
        try:
            rule = cls(**given)
        except TypeError as error:
            raise InvalidFaultError(str(error)) from error
        if not 0 <= rule.probability <= 1:
            raise InvalidFaultError(f"probability is from 0 to 1, not {rule.probability}")
        return rule

    def to_dict(self) -> dict[str, Any]:
        """The rule and how often it has hit."""
        return asdict(self)

    def fits(self, shop: str, roots: list[str]) -> bool:
        """Whether the rule speaks of this request and has hits left."""
        spent = self.count is not None and self.hits >= self.count
        mine = self.shop in (None, shop) and (not self.roots or any(root in self.roots for root in roots))
        return mine and not spent


class AdminFaults:
    """The rules in force, and how far the search index lags behind. The same seed and requests give the same fates."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[FaultRule] = []
        self.search_lag_seconds = 0.0
        self._random = Random(seed)

    def add(self, rule: FaultRule) -> None:
        """Put a rule in force, after those that are."""
        self.rules.append(rule)

    def clear(self, seed: int = 0) -> None:
        """Forget all rules and start the dice anew."""
        self.rules.clear()
        self.search_lag_seconds = 0.0
        self._random = Random(seed)

    def hit(self, shop: str, roots: list[str], *, only_named: bool = False) -> FaultRule | None:
        """The first rule that strikes this request; with `only_named`, of those that name its root."""
        for rule in self.rules:
            if only_named and not rule.roots:
                continue
            if rule.fits(shop, roots) and self._random.random() < rule.probability:
                rule.hits += 1
                return rule
        return None
