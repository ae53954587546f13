"""Customers: reading, and the figures that follow from their orders."""

from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.domains.orders import SEARCH as ORDER_SEARCH
from deployments.sandbox.shopify.domains.orders import SORT as ORDER_SORT
from deployments.sandbox.shopify.listing import by, count, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, amount_of
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search

domain = Domain()
SEARCH = Search(
    {
        "id": by("id"),
        "email": by("defaultEmailAddress", "emailAddress"),
        "phone": by("defaultPhoneNumber", "phoneNumber"),
        "first_name": by("firstName"),
        "last_name": by("lastName"),
        "tag": by("tags"),
        "state": by("state"),
        "country": by("defaultAddress", "country"),
        "customer_date": by("createdAt"),
        "updated_at": by("updatedAt"),
    },
    words=(by("firstName"), by("lastName"), by("defaultEmailAddress", "emailAddress")),
)
SORT = {
    "CREATED_AT": sorted_by("createdAt"),
    "ID": sorted_by("id"),
    "NAME": sorted_by("lastName"),
    "UPDATED_AT": sorted_by("updatedAt"),
}


@domain.query("customers")
def customers(call: Call, arguments: Arguments) -> Listing:
    """Customers, searched and sorted."""
    return listing(call, "customers", call.all("Customer"), SEARCH, SORT, arguments)


@domain.query("customersCount")
def customers_count(call: Call, arguments: Arguments) -> Record:
    """How many customers there are."""
    return count(call, "customersCount", call.all("Customer"), SEARCH, arguments)


@domain.query("customer")
def customer(call: Call, arguments: Arguments) -> Record | None:
    """A customer by id."""
    return call.find(arguments["id"])


@domain.query("customerByIdentifier")
def customer_by_identifier(call: Call, arguments: Arguments) -> Record | None:
    """A customer by id, e-mail or phone."""
    return by_identifier(call, arguments["identifier"])


def by_identifier(call: Call, identifier: Record) -> Record | None:
    """The customer an identifier speaks of."""
    if identifier.get("id"):
        return call.find(identifier["id"])
    if identifier.get("emailAddress") or identifier.get("email"):
        return by_email(call, identifier.get("emailAddress") or identifier["email"])
    phone = identifier.get("phoneNumber") or identifier.get("phone")
    return next((row for row in call.all("Customer") if phone and phone_of(row) == phone), None)


def by_email(call: Call, email: str) -> Record | None:
    """The customer with an e-mail address, in whatever case."""
    return next((row for row in call.all("Customer") if (email_of(row) or "").lower() == email.lower()), None)


def email_of(record: Record) -> str | None:
    """A customer's e-mail address."""
    return (record.get("defaultEmailAddress") or {}).get("emailAddress")


def phone_of(record: Record) -> str | None:
    """A customer's phone number."""
    return (record.get("defaultPhoneNumber") or {}).get("phoneNumber")


def orders_of(call: Call, record: Record) -> list[Record]:
    """A customer's orders, oldest first."""
    return [order for order in call.all("Order") if (order.get("customer") or {}).get("id") == record["id"]]


@domain.computed("Customer", "displayName")
def display_name(_call: Call, record: Record, _arguments: Arguments) -> str:
    """The name; without one the e-mail address or phone number."""
    name = " ".join(part for part in (record.get("firstName"), record.get("lastName")) if part)
    return name or email_of(record) or phone_of(record) or "Customer"


@domain.computed("Customer", "email")
def email(_call: Call, record: Record, _arguments: Arguments) -> str | None:
    """The e-mail address, under its old name."""
    return email_of(record)


@domain.computed("Customer", "phone")
def phone(_call: Call, record: Record, _arguments: Arguments) -> str | None:
    """The phone number, under its old name."""
    return phone_of(record)


@domain.computed("Customer", "emailMarketingConsent")
def email_marketing_consent(_call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """Consent to e-mail, under its old name."""
    return _consent(record.get("defaultEmailAddress"))


@domain.computed("Customer", "smsMarketingConsent")
def sms_marketing_consent(_call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """Consent to text messages, under its old name."""
    return _consent(record.get("defaultPhoneNumber"))


def _consent(contact: Record | None) -> Record | None:
    if contact is None:
        return None
    return {
        "marketingState": contact.get("marketingState", "NOT_SUBSCRIBED"),
        "marketingOptInLevel": contact.get("marketingOptInLevel"),
        "consentUpdatedAt": contact.get("marketingUpdatedAt"),
        "consentCollectedFrom": contact.get("marketingCollectedFrom"),
    }


@domain.computed("Customer", "orders")
def orders(call: Call, record: Record, arguments: Arguments) -> Listing:
    """A customer's orders."""
    return listing(call, "orders", orders_of(call, record), ORDER_SEARCH, ORDER_SORT, arguments)


@domain.computed("Customer", "lastOrder")
def last_order(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The latest order."""
    return next(reversed(orders_of(call, record)), None)


@domain.computed("Customer", "numberOfOrders")
def number_of_orders(call: Call, record: Record, _arguments: Arguments) -> str:
    """How many orders there are, as an UnsignedInt64."""
    return str(len(orders_of(call, record)))


@domain.computed("Customer", "amountSpent")
def amount_spent(call: Call, record: Record, _arguments: Arguments) -> Record:
    """What was paid for all orders."""
    total = sum((amount_of(order.get("netPaymentSet")) for order in orders_of(call, record)), Decimal(0))
    return {"amount": str(total), "currencyCode": call.currency}


@domain.computed("Customer", "addresses")
def addresses(_call: Call, record: Record, arguments: Arguments) -> list[Any]:
    """The addresses, under their old name."""
    rows = record.get("addressesV2", [])
    return list(rows[: arguments.get("first") or len(rows)])


@domain.computed("Customer", "defaultAddress")
def default_address(_call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The address used unless another is chosen."""
    return record.get("defaultAddress") or next(iter(record.get("addressesV2", ())), None)


@domain.completes("Customer")
def complete_customer(_state: Any, _shop: str, record: Record) -> Record:
    """A customer without an account."""
    return {
        "state": "DISABLED",
        "tags": [],
        "taxExempt": False,
        "taxExemptions": [],
        "verifiedEmail": True,
        "validEmailAddress": True,
        "locale": "en",
        "note": None,
        "addressesV2": [],
        "dataSaleOptOut": False,
        "canDelete": True,
        "productSubscriberStatus": "NEVER_SUBSCRIBED",
        **record,
    }
