"""What a shopper puts into a cart, before any price is known: lines, destination, delivery, promotions."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from deployments.sandbox.catalogue import (
    Address,
    Catalogue,
    Company,
    CompanyLocation,
    Customer,
    Location,
    Product,
    Promotion,
    ShippingMethod,
    Shop,
    Tax,
    Variant,
)
from deployments.sandbox.shopify.generator.scenarios import Scenario

MAX_LINES = 8
LINE_COUNTS = (1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7, MAX_LINES)
QUANTITIES = (1, 1, 1, 1, 1, 2, 2, 3, 4)
BUSINESS_QUANTITIES = (6, 10, 12, 20, 24)


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line: a variant of the catalogue and how many."""

    product: Product
    variant: Variant
    quantity: int


@dataclass(frozen=True, slots=True)
class Cart:
    """A filled cart. `destination` is None when nothing is shipped to an address (digital, over the counter)."""

    shop: Shop
    currency: str
    lines: tuple[CartLine, ...]
    taxed_at: str
    destination: Address | None = None
    customer: Customer | None = None
    company: Company | None = None
    branch: CompanyLocation | None = None
    store: Location | None = None
    shipping: ShippingMethod | None = None
    promotions: tuple[Promotion, ...] = ()
    tip_percent: int = 0
    duties: bool = False
    extra_taxes: tuple[Tax, ...] = ()

    @property
    def tax_exempt(self) -> bool:
        """Whether no tax is charged at all (a company with an exemption)."""
        return self.company is not None and self.company.tax_exempt

    @property
    def needs_shipping(self) -> bool:
        """Whether any line is a parcel."""
        return any(line.product.requires_shipping for line in self.lines)


class Shopper:
    """Fills carts from the catalogue of one shop; the same random source gives the same carts."""

    def __init__(self, catalogue: Catalogue, shop: Shop) -> None:
        self.catalogue = catalogue
        self.shop = shop
        self.people = catalogue.customers_of(shop.code)
        contacts = {company.contact for company in catalogue.companies_of(shop.code)}
        self.private = tuple(person for person in self.people if person.code not in contacts)
        self.by_code = {person.code: person for person in self.people}
        self.stores = tuple(place for place in catalogue.locations_of(shop.code) if place.kind == "store")
        self.methods = {method.code: method for method in catalogue.shipping_methods}
        self.shelves = self._shelves()

    def _shelves(self) -> dict[str, tuple[tuple[Product, Variant], ...]]:
        sold = [(product, variant) for product in self.catalogue.products for variant in product.variants]
        known = [pair for pair in sold if pair[0].in_erp]
        return {
            "any": tuple(pair for pair in known if not pair[0].gift_card),
            "parcel": tuple(pair for pair in known if pair[0].requires_shipping),
            "standard": tuple(p for p in known if p[0].requires_shipping and p[0].tax_category == "standard"),
            "digital": tuple(pair for pair in known if pair[0].tax_category == "digital"),
            "gift_card": tuple(pair for pair in known if pair[0].gift_card),
            "unmapped": tuple(pair for pair in sold if not pair[0].in_erp),
        }

    def fill(self, random: Random, scenario: Scenario) -> Cart:
        """A cart for a scenario."""
        if scenario.buyer == "walk_in":
            return self._over_the_counter(random, scenario)
        company = random.choice(self.catalogue.companies_of(self.shop.code)) if scenario.buyer == "company" else None
        branch = random.choice(company.locations) if company else None
        customer = self.by_code[company.contact] if company else random.choice(self._people_for(scenario))
        address = branch.address if branch else customer.address
        lines = self._lines(random, scenario)
        shipped = any(line.product.requires_shipping for line in lines)
        return Cart(
            shop=self.shop,
            currency=self._currency(random, scenario, address),
            lines=lines,
            taxed_at=address.jurisdiction,
            destination=address if shipped else None,
            customer=customer,
            company=company,
            branch=branch,
            shipping=self._method(random, scenario) if shipped else None,
            promotions=self._promotions(random, scenario, lines, shipped=shipped),
            tip_percent=random.choice((5, 10, 15)) if scenario.tip else 0,
            duties=scenario.duties,
            extra_taxes=self._levies(address.jurisdiction) if scenario.levy else (),
        )

    def _over_the_counter(self, random: Random, scenario: Scenario) -> Cart:
        """A sale at a till: nobody's name, no delivery, taxed where the store stands."""
        store = random.choice(self.stores)
        return Cart(
            shop=self.shop,
            currency=self.shop.currency,
            lines=self._lines(random, scenario),
            taxed_at=store.address.jurisdiction,
            store=store,
        )

    def _people_for(self, scenario: Scenario) -> tuple[Customer, ...]:
        people = self.private
        if scenario.duties:
            people = tuple(p for p in people if p.address.country_code != self.shop.country)
        if scenario.levy:
            people = tuple(p for p in people if self._levies(p.address.jurisdiction))
        if not people:
            raise LookupError(f"shop {self.shop.code} has no customer for the scenario {scenario.name}")
        return people

    def _levies(self, jurisdiction: str) -> tuple[Tax, ...]:
        return self.catalogue.taxes_for(f"{jurisdiction}-LEVY", "standard")

    def _lines(self, random: Random, scenario: Scenario) -> tuple[CartLine, ...]:
        """1 to 8 different variants; the scenario's own goods come first, ordinary ones beside them."""
        goods = "standard" if scenario.levy or scenario.duties else scenario.goods
        shelf = self.shelves["parcel" if goods == "standard" else "any"]
        own = () if goods == "any" else (random.choice(self.shelves[goods]),)
        alone = scenario.goods == "digital"
        others = [pair for pair in shelf if pair not in own]
        picked = own if alone else (*own, *random.sample(others, random.choice(LINE_COUNTS) - len(own)))
        if scenario.shipping and not any(product.requires_shipping for product, _ in picked):
            picked = (random.choice(self.shelves["parcel"]), *picked[1:])
        quantities = BUSINESS_QUANTITIES if scenario.buyer == "company" else QUANTITIES
        return tuple(
            CartLine(product, variant, 1 if product.gift_card else random.choice(quantities))
            for product, variant in picked
        )

    def _currency(self, random: Random, scenario: Scenario, address: Address) -> str:
        if scenario.foreign:
            return random.choice(tuple(self.shop.presentment_rates))
        canadian = address.country_code == "CA" and "CAD" in self.shop.presentment_rates
        return "CAD" if canadian and random.random() < 0.7 else self.shop.currency

    def _method(self, random: Random, scenario: Scenario) -> ShippingMethod:
        return self.methods[scenario.shipping or random.choice(("STANDARD", "STANDARD", "EXPRESS", "ECONOMY", "FREE"))]

    def _promotions(
        self, random: Random, scenario: Scenario, lines: tuple[CartLine, ...], *, shipped: bool
    ) -> tuple[Promotion, ...]:
        offered = self.catalogue.promotions
        if scenario.discounts is not None:
            return tuple(promotion for promotion in offered if promotion.title in scenario.discounts)
        if random.random() < 0.5:
            return ()
        home = self.shop.currency
        worth = sum((line.variant.prices[home] * line.quantity for line in lines), Decimal(0))
        usable = [
            promotion
            for promotion in offered
            if promotion.everyday
            and (shipped or promotion.target != "shipping")
            and worth >= promotion.minimum.get(home, Decimal(0))
        ]
        return tuple(sorted(random.sample(usable, random.choice((1, 1, 2))), key=offered.index))
