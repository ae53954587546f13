"""Orders on demand: the one class that the stand-in's routes and the tests use."""

from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from deployments.sandbox.catalogue import Catalogue
from deployments.sandbox.shopify.generator import oddities
from deployments.sandbox.shopify.generator.cart import Cart, Shopper
from deployments.sandbox.shopify.generator.orders import OrderWriter
from deployments.sandbox.shopify.generator.profiles import Deck
from deployments.sandbox.shopify.generator.references import Numbers, References
from deployments.sandbox.shopify.generator.scenarios import Scenario
from deployments.sandbox.shopify.records import Record

ENORMOUS = 100_000


@dataclass(frozen=True, slots=True)
class Generated:
    """An order and the scenario it was made for, which says what should become of it."""

    record: Record
    scenario: Scenario


class OrderFactory:
    """Makes the orders of one shop and profile: the same seed and index give the same order, ids apart."""

    def __init__(
        self, catalogue: Catalogue, shop: str, references: References, numbers: Numbers, *, profile: str, seed: int
    ) -> None:
        self.shop = catalogue.shop(shop)
        self._numbers = numbers
        self._seed = f"{profile}:{self.shop.code}:{seed}"
        self._deck = Deck(profile, self.shop.code, seed)
        self._shopper = Shopper(catalogue, self.shop)
        self._writer = OrderWriter(catalogue, self.shop, references, numbers)

    def make(self, index: int, at: datetime, *, name: str | None = None) -> Generated:
        """The order with this index, from 0, placed at a moment in UTC."""
        scenario = self._deck.draw(index)
        random = Random(f"{self._seed}:{index}")
        cart = self._odd_cart(scenario, self._shopper.fill(random, scenario))
        writer = self._writer
        if scenario.oddity == "huge_ids":
            writer = replace(writer, numbers=lambda: oddities.ABOVE_FLOAT + 2 * self._numbers())
        record = writer.write(random, scenario, cart, at, name=name)
        return Generated(oddities.apply(scenario.oddity, record, random) if scenario.oddity else record, scenario)

    def _odd_cart(self, scenario: Scenario, cart: Cart) -> Cart:
        """Oddities that change what is bought; the totals are then computed as for any cart."""
        first, *rest = cart.lines
        if scenario.oddity == "enormous_quantity":
            return replace(cart, lines=(replace(first, quantity=ENORMOUS), *rest))
        if scenario.oddity == "repeated_sku":
            return replace(cart, lines=(first, *rest, replace(first, quantity=1)))
        return cart
