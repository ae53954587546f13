"""What a check looks at, and how it words an objection."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from canonical.landscape import Shop
from canonical.order import Order
from canonical.ports import Mappings
from canonical.rules.verdicts import DecisionOutcome, Owner, Release, Verdict

BY_HAND: Final = (Release.BY_HAND,)
BY_NEWS: Final = (Release.BY_WEBHOOK, Release.BY_HAND)
"""The shop's next word on the order may settle it; a person may release it before."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may look at besides the order. `now` is UTC."""

    mappings: Mappings
    shop: Shop
    now: datetime


Check = Callable[[Order, Context], Verdict | None]


def wrong(code: str, words: str, way_out: str) -> Verdict:
    """The data is wrong: quarantined until a person has repaired it."""
    return Verdict(code=code, outcome=DecisionOutcome.QUARANTINED, words=words, way_out=way_out, owner=Owner.OPERATIONS)


def held(code: str, words: str, way_out: str, owner: Owner, release: tuple[Release, ...]) -> Verdict:
    """A business rule says wait."""
    return Verdict(code=code, outcome=DecisionOutcome.HELD, words=words, way_out=way_out, owner=owner, release=release)


def unmapped(code: str, what: str, names: Iterable[str], owner: Owner = Owner.MASTER_DATA) -> Verdict | None:
    """Mapped values are missing; None when there are none. The order goes on by itself once they are there."""
    missing = listed(names)
    if not missing:
        return None
    way_out = f"Add the mapping for {missing}; the order goes on by itself"
    return held(code, f"no {what} is mapped for {missing}", way_out, owner, (Release.BY_MAPPING,))


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names as a person lists them, each once, the rest counted.

    >>> listed(["A", "B", "A"]), listed("ABC", most=2)
    ('A, B', 'A, B and 1 more')
    """
    unique = list(dict.fromkeys(names))
    rest = len(unique) - most
    return ", ".join(unique[:most]) + (f" and {rest} more" if rest > 0 else "")
