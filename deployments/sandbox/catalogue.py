"""The retailer every stand-in is seeded with: one file for Shopify and ERP, so that both sides name the same things.

`load_catalogue()` reads `catalogue.toml` and checks it: valid GTIN check digits, unique codes, no dangling reference.
What the back office deliberately does not know has `in_erp` false (an order with it is to be held).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

CATALOGUE_FILE = Path(__file__).with_name("catalogue.toml")
MAX_STOCK_LINES = 300  # opening stock is the slowest part of an ERP seed: 22 ms a line on Tryton

TaxCategory = Literal["standard", "food", "book", "digital", "shipping", "none"]


class Entry(BaseModel):
    """A frozen catalogue row; an unknown key is a spelling mistake and refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _no_floats(cls, value: object) -> object:
        if isinstance(value, float):
            raise ValueError("write the figure as a string: floats are refused")
        return value


class Address(Entry):
    """A postal address; `jurisdiction` is the key into the tax table."""

    address1: str
    city: str
    zip: str
    country_code: str
    province: str | None = None
    province_code: str | None = None

    @property
    def jurisdiction(self) -> str:
        """`US-CA`, `CA-ON`, or the bare country where taxes are national (`DE`)."""
        return f"{self.country_code}-{self.province_code}" if self.province_code else self.country_code


class Shop(Entry):
    """A Shopify shop and the company that books its orders."""

    code: str
    domain: str
    name: str
    legal_name: str
    currency: str
    taxes_included: bool
    country: str
    timezone: str
    first_order_number: int
    presentment_rates: dict[str, Decimal]


class Location(Entry):
    """A distribution centre (`dc`) or a store; `shops` lists the shops that stock it."""

    code: str
    name: str
    kind: Literal["dc", "store"]
    shops: tuple[str, ...]
    address: Address


class Tax(Entry):
    """One tax of one jurisdiction; `rate` is a fraction (0.19), `applies_to` the tax categories it is charged on."""

    code: str
    jurisdiction: str
    title: str
    rate: Decimal
    applies_to: tuple[TaxCategory, ...]
    in_erp: bool = True


class ShippingMethod(Entry):
    """A delivery option with its price per currency; taxed as category `shipping`."""

    code: str
    title: str
    prices: dict[str, Decimal]
    carrier: str | None = None
    in_erp: bool = True


class PaymentGateway(Entry):
    """How an order can be paid; `code` is what Shopify writes on the transaction."""

    code: str
    title: str
    kind: Literal["card", "wallet", "manual", "cash", "gift_card", "test"]


class Promotion(Entry):
    """A discount: with a `code` the shopper types it, without it applies by itself.

    `minimum` is what the goods must come to; `everyday` ones are used unasked by generated orders.
    """

    title: str
    kind: Literal["percentage", "fixed"]
    target: Literal["order", "product_type", "shipping"]
    code: str | None = None
    value: Decimal = Decimal(0)
    values: dict[str, Decimal] = {}
    minimum: dict[str, Decimal] = {}
    product_type: str | None = None
    everyday: bool = True


class Customer(Entry):
    """A person known to one shop."""

    code: str
    shop: str
    first_name: str
    last_name: str
    email: str
    address: Address
    phone: str | None = None


class CompanyLocation(Entry):
    """The branch of a company that an order is bought for and sent to."""

    code: str
    name: str
    address: Address


class Company(Entry):
    """A business customer; `contact` is the customer who orders for it, terms are days net."""

    code: str
    shop: str
    name: str
    contact: str
    payment_terms_days: int
    locations: tuple[CompanyLocation, ...]
    tax_exempt: bool = False
    tax_number: str | None = None


class Variant(Entry):
    """What is sold and stocked; `grams` is the weight of one piece, `gtin` the barcode (GTIN-13)."""

    sku: str
    prices: dict[str, Decimal]
    grams: int
    options: tuple[str, ...] = ()
    gtin: str | None = None

    @property
    def title(self) -> str:
        """Shopify's variant title: the option values, or its fixed words for a product without options."""
        return " / ".join(self.options) or "Default Title"

    @field_validator("gtin")
    @classmethod
    def _check_digit(cls, gtin: str | None) -> str | None:
        if gtin is not None and (len(gtin) != 13 or gtin[-1] != gtin_check_digit(gtin[:-1])):
            raise ValueError(f"GTIN {gtin} has a wrong check digit; expected {gtin[:-1]}{gtin_check_digit(gtin[:-1])}")
        return gtin


class Product(Entry):
    """A product with its variants; digital goods, services and gift cards are neither shipped nor tracked."""

    title: str
    handle: str
    type: str
    vendor: str
    tax_category: TaxCategory
    variants: tuple[Variant, ...]
    options: tuple[str, ...] = ()
    hs_code: str | None = None
    origin: str | None = None
    gift_card: bool = False
    requires_shipping: bool = True
    tracked: bool = True
    in_erp: bool = True

    @model_validator(mode="after")
    def _options_match(self) -> Self:
        wrong = [variant.sku for variant in self.variants if len(variant.options) != len(self.options)]
        if wrong:
            raise ValueError(f"product {self.handle}: {wrong} need one value for each of {list(self.options)}")
        return self


class StockGroup(Entry):
    """The same opening quantity for several SKUs at one location of one shop."""

    shop: str
    location: str
    quantity: int
    skus: tuple[str, ...]


class StockLine(Entry):
    """Opening stock of one SKU at one location of one shop, in pieces on hand."""

    shop: str
    location: str
    sku: str
    quantity: int


class Catalogue(Entry):
    """The whole retailer. Built once by `load_catalogue`; every reference in it has been checked."""

    shops: tuple[Shop, ...]
    locations: tuple[Location, ...]
    taxes: tuple[Tax, ...]
    shipping_methods: tuple[ShippingMethod, ...]
    payment_gateways: tuple[PaymentGateway, ...]
    promotions: tuple[Promotion, ...]
    customers: tuple[Customer, ...]
    companies: tuple[Company, ...]
    products: tuple[Product, ...]
    stock: tuple[StockGroup, ...]

    def shop(self, code_or_domain: str) -> Shop:
        """The shop named by its code (`north`) or domain (`north.myshopify.com`)."""
        for shop in self.shops:
            if code_or_domain in (shop.code, shop.domain):
                return shop
        raise LookupError(f"the catalogue has no shop {code_or_domain!r}; it has {[s.domain for s in self.shops]}")

    def locations_of(self, shop: str) -> tuple[Location, ...]:
        """The locations that stock for a shop code, distribution centres first."""
        return tuple(location for location in self.locations if shop in location.shops)

    def customers_of(self, shop: str) -> tuple[Customer, ...]:
        """The people known to a shop code."""
        return tuple(customer for customer in self.customers if customer.shop == shop)

    def companies_of(self, shop: str) -> tuple[Company, ...]:
        """The business customers of a shop code."""
        return tuple(company for company in self.companies if company.shop == shop)

    def taxes_for(self, jurisdiction: str, category: TaxCategory) -> tuple[Tax, ...]:
        """The taxes charged on a category at a destination, in the order Shopify lists them."""
        return self._tax_table.get((jurisdiction, category), ())

    @cached_property
    def _tax_table(self) -> dict[tuple[str, str], tuple[Tax, ...]]:
        table: dict[tuple[str, str], tuple[Tax, ...]] = {}
        for tax in self.taxes:
            for category in tax.applies_to:
                table[tax.jurisdiction, category] = (*table.get((tax.jurisdiction, category), ()), tax)
        return table

    @cached_property
    def variants(self) -> dict[str, tuple[Product, Variant]]:
        """Every variant with its product, by SKU."""
        return {variant.sku: (product, variant) for product in self.products for variant in product.variants}

    @cached_property
    def stock_lines(self) -> tuple[StockLine, ...]:
        """Opening stock, one line per shop, location and SKU."""
        return tuple(
            StockLine(shop=group.shop, location=group.location, sku=sku, quantity=group.quantity)
            for group in self.stock
            for sku in group.skus
        )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Report every contradiction at once: a file is repaired in one go."""
        faults = list(chain(self._repeated_codes(), self._dangling_references(), self._stock_faults()))
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _repeated_codes(self) -> Iterable[str]:
        columns: dict[str, list[str | None]] = {
            "SKU": [v.sku for p in self.products for v in p.variants],
            "GTIN": [v.gtin for p in self.products for v in p.variants],
            "location": [location.code for location in self.locations],
            "customer": [customer.code for customer in self.customers],
            "e-mail": [customer.email for customer in self.customers],
            "tax": [tax.code for tax in self.taxes],
        }
        for name, column in columns.items():
            codes = [code for code in column if code]
            yield from (f"{name} {code} appears twice" for code in sorted({c for c in codes if codes.count(c) > 1}))

    def _dangling_references(self) -> Iterable[str]:
        shops = {shop.code for shop in self.shops}
        people = {(customer.shop, customer.code) for customer in self.customers}
        named = [*chain.from_iterable(location.shops for location in self.locations), *(c.shop for c in self.customers)]
        yield from (f"no shop {code}" for code in sorted(set(named) - shops))
        for company in self.companies:
            if (company.shop, company.contact) not in people:
                yield f"company {company.code}: contact {company.contact} is no customer of shop {company.shop}"

    def _stock_faults(self) -> Iterable[str]:
        places = {(shop, location.code) for location in self.locations for shop in location.shops}
        seen: set[tuple[str, str, str]] = set()
        for line in self.stock_lines:
            where = (line.shop, line.location, line.sku)
            if where in seen:
                yield f"stock {where} appears twice"
            seen.add(where)
            if where[:2] not in places:
                yield f"stock {where}: shop {line.shop} does not use location {line.location}"
            product = self.variants[line.sku][0] if line.sku in self.variants else None
            if product is None or not product.tracked:
                yield f"stock {where}: the SKU is unknown or not tracked"
        if len(self.stock_lines) > MAX_STOCK_LINES:
            yield f"{len(self.stock_lines)} opening stock lines; at most {MAX_STOCK_LINES}"


def gtin_check_digit(body: str) -> str:
    """The last digit of a GTIN: weights 3 and 1 from the right, complement to ten (GS1 General Specifications 7.9).

    >>> gtin_check_digit("950110000001")
    '9'
    """
    weighted = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(body)))
    return str(-weighted % 10)


@lru_cache(maxsize=4)
def load_catalogue(path: Path = CATALOGUE_FILE) -> Catalogue:
    """Read and check a catalogue file; the result is cached per path, and immutable.

    Raises pydantic.ValidationError naming every row that is wrong.
    """
    with path.open("rb") as file:
        return Catalogue.model_validate(tomllib.load(file))
