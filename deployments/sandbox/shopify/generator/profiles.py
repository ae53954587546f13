"""Mixes of scenarios. A profile is a deck of cards: within one deck every scenario comes exactly as often as it says.

So a demo of a few dozen orders shows every reason, and an order depends on (seed, index) alone.
"""

from collections.abc import Sequence
from random import Random

from deployments.sandbox.shopify.generator.scenarios import BOOK, Expectation, Scenario


class UnknownProfileError(ValueError):
    """No profile has this name; the message names those that exist."""


def _hold(reason: str) -> Expectation:
    return Expectation("hold", reason)


def _quarantine(reason: str) -> Expectation:
    return Expectation("quarantine", reason)


_BOOKABLE: tuple[tuple[int, Scenario], ...] = (
    (9, Scenario("paid by card")),
    (3, Scenario("authorised, then captured", payment="captured")),
    (2, Scenario("paid by wallet", payment="wallet")),
    (2, Scenario("authorised", payment="authorized")),
    (2, Scenario("discounts of every kind", discounts=("WELCOME10", "Outerwear week", "Half-price delivery"))),
    (1, Scenario("free delivery by code", discounts=("SHIPFREE",), shipping="STANDARD")),
    (1, Scenario("fixed amounts off", discounts=("TAKE15", "Home bonus"))),
    (2, Scenario("presentment currency", foreign=True)),
    (2, Scenario("with a tip", tip=True)),
    (2, Scenario("gift card sold", goods="gift_card")),
    (2, Scenario("gift card redeemed in part", payment="gift_card")),
    (1, Scenario("gift card redeemed for all of it", payment="gift_card_only")),
    (1, Scenario("digital goods only", goods="digital")),
    (2, Scenario("business on terms", buyer="company", payment="terms")),
    (1, Scenario("picked up in the store", shipping="PICKUP")),
    (1, Scenario("duties", duties=True, shops=("north",))),
)

_TROUBLES: tuple[tuple[int, Scenario], ...] = (
    (2, Scenario("not paid yet", _hold("payment_pending"), payment="pending")),
    (1, Scenario("paid in part", _hold("payment_pending"), payment="partially_paid")),
    (1, Scenario("fraud: cancel", _hold("fraud_review"), risk="CANCEL")),
    (1, Scenario("fraud: investigate", _hold("fraud_review"), risk="INVESTIGATE", payment="authorized")),
    (2, Scenario("unmapped item", _hold("item_unmapped"), goods="unmapped")),
    (1, Scenario("unmapped delivery", _hold("shipping_method_unmapped"), shipping="DRONE")),
    (1, Scenario("unknown tax", _hold("tax_unknown"), levy=True)),
    (1, Scenario("walk-in", _hold("customer_missing"), buyer="walk_in", payment="cash", risk="NONE")),
    (1, Scenario("test order", Expectation("skip", "test_order"), test=True)),
)

_ODDITIES: tuple[tuple[int, Scenario], ...] = (
    (1, Scenario("blank SKU", _quarantine("blank_sku"), oddity="blank_sku")),
    (1, Scenario("totals one unit off", _quarantine("totals_do_not_add_up"), oddity="totals_do_not_add_up")),
    (1, Scenario("discount without allocation", _quarantine("totals_do_not_add_up"), oddity="lost_allocation")),
    (1, Scenario("enormous quantity", _quarantine("quantity_implausible"), oddity="enormous_quantity")),
    (1, Scenario("odd unicode", BOOK, oddity="odd_unicode")),
    (1, Scenario("text that looks like code", BOOK, oddity="code_in_text")),
    (1, Scenario("very long note", BOOK, oddity="long_note")),
    (1, Scenario("ids above 2^53", BOOK, oddity="huge_ids")),
    (1, Scenario("same SKU on two lines", BOOK, oddity="repeated_sku")),
    (1, Scenario("nothing to pay", BOOK, discounts=("Everything free",), shipping="FREE")),
    (1, Scenario("variant deleted since", BOOK, oddity="variant_deleted")),
)

PROFILES: dict[str, tuple[tuple[int, Scenario], ...]] = {
    "bookable": _BOOKABLE,
    "mixed": _BOOKABLE + _TROUBLES,
    "hostile": _ODDITIES + _TROUBLES + _BOOKABLE[:3],
}


class Deck:
    """Draws a profile's scenarios for one shop, in an order that the seed decides."""

    def __init__(self, profile: str, shop: str, seed: int) -> None:
        if profile not in PROFILES:
            raise UnknownProfileError(f"no profile {profile!r}; choose one of {', '.join(PROFILES)}")
        self._cards = [
            scenario for weight, scenario in PROFILES[profile] for _ in range(weight) if shop in scenario.shops
        ]
        self._seed = f"{profile}:{shop}:{seed}"
        self._shuffled: tuple[int, Sequence[Scenario]] = (-1, ())

    def __len__(self) -> int:
        """Orders until every scenario has come as often as it should."""
        return len(self._cards)

    def draw(self, index: int) -> Scenario:
        """The scenario of the order with this index, from 0."""
        deck, place = divmod(index, len(self._cards))
        if self._shuffled[0] != deck:
            self._shuffled = (deck, Random(f"{self._seed}:{deck}").sample(self._cards, len(self._cards)))
        return self._shuffled[1][place]
