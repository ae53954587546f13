"""What the stand-in stores: plain dicts that spell every field as the 2026-10 Admin schema spells it.

* `id` is the gid, `gid://shopify/Order/5000000000001`; its middle part is the record's type.
* Date-times are ISO 8601 text in UTC with a `Z`; a MoneyBag is
  `{"shopMoney": {"amount": "12.00", "currencyCode": "USD"}, "presentmentMoney": {...}}`, amounts as text.
* A connection field (`lineItems`) is a plain list of dicts; the resolver pages it. List fields are lists.
* Another stored record (customer, variant, product, location, fulfillment order) is a reference `{"id": gid}`.
* A field that is absent answers null, or a neutral value where the schema forbids null.
* Records are replaced, never changed in place, so an earlier one stays what it was.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Record = dict[str, Any]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The stand-in's clock, unless a test gives another."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """A moment as Shopify writes it: whole seconds, UTC, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def gid(type_name: str, number: int | str) -> str:
    """The global id of a record."""
    return f"gid://shopify/{type_name}/{number}"


def gid_type(value: object) -> str | None:
    """The type a gid speaks of; None when the value is no gid of Shopify's."""
    if not isinstance(value, str) or not value.startswith("gid://shopify/"):
        return None
    parts = value.split("/")
    return parts[3] if len(parts) == 5 and parts[3] and parts[4] else None


def gid_tail(value: str) -> str:
    """What follows the type in a gid, without its query part."""
    return value.rsplit("/", 1)[-1].split("?", 1)[0]


def reference(record: Record) -> Record:
    """How another record points at this one."""
    return {"id": record["id"]}


def is_reference(value: object) -> bool:
    """Whether a stored value stands for another record."""
    return isinstance(value, dict) and len(value) == 1 and gid_type(value.get("id")) is not None


def money(amount: Decimal | str, currency: str) -> Record:
    """A MoneyV2. Amounts are text, with the decimals they were computed with."""
    return {"amount": str(amount), "currencyCode": currency}


def money_bag(amount: Decimal | str, currency: str) -> Record:
    """A MoneyBag whose two sides are the same currency."""
    return {"shopMoney": money(amount, currency), "presentmentMoney": money(amount, currency)}


def amount_of(bag: Record | None) -> Decimal:
    """The shop side of a MoneyBag; zero when there is none."""
    return Decimal(bag["shopMoney"]["amount"]) if bag else Decimal(0)
