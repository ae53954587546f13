"""The shapes that webhook bodies (REST spelling) and GraphQL answers share, and how each becomes canonical.

Only what we use is declared; anything else Shopify sends is ignored. Ids become digits, whatever form they came in.
Amounts come as text. A rate comes as a JSON number; its shortest decimal text is what Shopify wrote.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, AliasGenerator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from canonical.money import Money, MoneyPair
from canonical.order import PaymentTerms, TaxLine
from canonical.party import Address

BothSpellings = AliasGenerator(validation_alias=lambda name: AliasChoices(name, to_camel(name)))


class Wire(BaseModel):
    """A value as Shopify sends it, in either spelling: `shop_money` (REST) or `shopMoney` (GraphQL)."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=BothSpellings, hide_input_in_errors=True)


def _digits(value: Any) -> Any:
    """820982911946154508 and gid://shopify/Order/820982911946154508 are the same id."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return value.rpartition("/")[2].partition("?")[0]
    return value


def _exact(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


def _said(value: Any) -> Any:
    """Text that says something, else None: Shopify sends "" where it means nothing."""
    return (value.strip() or None) if isinstance(value, str) else value


Digits = Annotated[str, BeforeValidator(_digits), Field(pattern=r"^\d+$")]
Amount = Annotated[Decimal, BeforeValidator(_exact)]
Said = Annotated[str | None, BeforeValidator(_said)]


class MoneyWire(Wire):
    amount: Amount
    currency_code: str

    def money(self) -> Money:
        return Money(amount=self.amount, currency=self.currency_code)


class MoneySet(Wire):
    """An amount in shop and in presentment currency."""

    shop_money: MoneyWire
    presentment_money: MoneyWire

    def pair(self) -> MoneyPair:
        return MoneyPair(shop=self.shop_money.money(), presentment=self.presentment_money.money())


class TaxWire(Wire):
    title: str
    rate: Amount | None = None
    price_set: MoneySet

    def tax(self) -> TaxLine:
        return TaxLine(title=self.title, rate=self.rate, amount=self.price_set.pair())


class AddressWire(Wire):
    name: Said = None
    company: Said = None
    address1: Said = None
    address2: Said = None
    city: Said = None
    zip: Said = None
    province_code: Said = None
    country_code: Said = Field(default=None, validation_alias=AliasChoices("country_code", "countryCodeV2"))
    phone: Said = None

    def address(self) -> Address:
        return Address(
            name=self.name,
            company=self.company,
            line1=self.address1,
            line2=self.address2,
            city=self.city,
            postal_code=self.zip,
            region=self.province_code,
            country=self.country_code,
            phone=self.phone,
        )


class ScheduleWire(Wire):
    due_at: datetime | None = None


class SchedulesPage(Wire):
    nodes: tuple[ScheduleWire, ...] = ()


class TermsWire(Wire):
    """Payment terms; REST lists the schedules, GraphQL pages them."""

    payment_terms_name: str
    due_in_days: int | None = None
    payment_schedules: tuple[ScheduleWire, ...] | SchedulesPage = ()

    def terms(self) -> PaymentTerms:
        page = self.payment_schedules
        schedules = page.nodes if isinstance(page, SchedulesPage) else page
        return PaymentTerms(
            name=self.payment_terms_name,
            due_in_days=self.due_in_days,
            due_at=schedules[0].due_at if schedules else None,
        )
