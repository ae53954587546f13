"""What can happen to an order, and what the middleware should then do with it.

A scenario fixes what it is about and leaves the rest (goods, quantities, discounts, currency) to the dice.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["book", "hold", "quarantine", "skip"]
Payment = Literal[
    "paid",
    "captured",
    "wallet",
    "authorized",
    "pending",
    "partially_paid",
    "gift_card",
    "gift_card_only",
    "terms",
    "cash",
]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What should become of an order. `reason` is the middleware's reason code; empty when it should book."""

    kind: Kind
    reason: str = ""


BOOK = Expectation("book")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of order. `shops` are those where it can happen; `oddity` names a change made at the end."""

    name: str
    expectation: Expectation = BOOK
    buyer: Literal["person", "company", "walk_in"] = "person"
    goods: Literal["any", "digital", "gift_card", "unmapped"] = "any"
    payment: Payment = "paid"
    shipping: str | None = None
    discounts: tuple[str, ...] | None = None
    risk: Literal["ACCEPT", "INVESTIGATE", "CANCEL", "NONE"] = "ACCEPT"
    tip: bool = False
    duties: bool = False
    foreign: bool = False
    levy: bool = False
    test: bool = False
    oddity: str = ""
    shops: tuple[str, ...] = ("north", "south")
