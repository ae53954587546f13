"""Parties: who buys, who is billed, where it goes."""

from enum import StrEnum

from canonical.model import Code, Model, Text


class Address(Model):
    """A postal address as the channel gave it. `country` is ISO 3166-1 alpha-2, `region` the subdivision code."""

    name: str | None = None
    company: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    postal_code: str | None = None
    region: str | None = None
    country: str | None = None
    phone: str | None = None


class Customer(Model):
    """A person or account at the channel. `id` is the channel's immutable id, never the e-mail."""

    id: Code
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    tax_exempt: bool = False


class CompanyLocation(Model):
    """A branch of a business customer; `account` is its number in the ERP when the channel knows it."""

    id: Code
    name: Text
    account: str | None = None


class PurchasingCompany(Model):
    """The business customer an order was placed for (B2B)."""

    id: Code
    name: Text
    account: str | None = None
    location: CompanyLocation | None = None
    contact_id: str | None = None


class PartyKind(StrEnum):
    """What an ERP books an order on."""

    PERSON = "person"
    COMPANY = "company"
    GUEST = "guest"


class PartyIdentity(Model):
    """How an ERP finds or creates the party of an order.

    Rule: the external id first, then the e-mail (compared lower-case); a match by e-mail gets the external id.
    `external_id` is scoped by the shop, so two shops never share a customer by accident.
    """

    shop: Code
    external_id: Code
    kind: PartyKind = PartyKind.PERSON
    name: Text
    email: str | None = None
    phone: str | None = None
    account: str | None = None
    billing: Address | None = None
    shipping: Address | None = None
