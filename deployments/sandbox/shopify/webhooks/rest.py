"""How REST writes what GraphQL records hold: numeric ids, snake_case, money as text, times with the shop's offset."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from deployments.sandbox.shopify.generator.money import digits
from deployments.sandbox.shopify.records import Record, gid_tail
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.stock import available


class Source:
    """Where a body takes what its record only points at: the other records of the shop, and its time zone."""

    __slots__ = ("_space", "shop", "zone")

    def __init__(self, state: State, domain: str) -> None:
        self._space = state.space(domain)
        self.shop = self._space.shop
        self.zone = ZoneInfo(self.shop.get("ianaTimezone") or "UTC")

    def find(self, reference: Record | None) -> Record | None:
        """The stored record behind a reference; the reference itself when nothing is stored."""
        if not reference or "id" not in reference:
            return reference
        return self._space.find(reference["id"]) or reference

    def available(self, item: Record | None) -> int:
        """What may be sold of an inventory item."""
        return available(self._space, item) if item and item.get("tracked") else 0

    def time(self, text: str | None) -> str | None:
        """A stored moment as REST writes it: `2026-11-23T07:00:00-05:00`."""
        return _local(text, self.zone) if text else None


@lru_cache(maxsize=2048)
def _local(text: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).isoformat(timespec="seconds")


def number(record_or_gid: Record | str | None) -> int | None:
    """The numeric id of a record, reference or gid; None when there is none, or it is not a number."""
    value = record_or_gid.get("id") if isinstance(record_or_gid, dict) else record_or_gid
    tail = gid_tail(value) if value else ""
    return int(tail) if tail.isdigit() else None


@lru_cache(maxsize=4096)
def amount(text: str, currency: str) -> str:
    """An amount with the decimals REST gives the currency: `12.00`, `1200` for yen."""
    return str(Decimal(text).quantize(Decimal(1).scaleb(-digits(currency))))


def money(value: Record) -> dict[str, str]:
    """A money of REST."""
    currency = value["currencyCode"]
    return {"amount": amount(value["amount"], currency), "currency_code": currency}


def money_set(bag: Record | None) -> dict[str, Any] | None:
    """A `*_set` pair of REST; None stays None."""
    if bag is None:
        return None
    return {"shop_money": money(bag["shopMoney"]), "presentment_money": money(bag["presentmentMoney"])}


def price(bag: Record | None) -> str:
    """The shop side of a MoneyBag as REST writes it; `0.00` when absent."""
    return money(bag["shopMoney"])["amount"] if bag else "0.00"


def lower(value: str | None) -> str | None:
    """An enum value as REST spells it."""
    return value.lower() if value else None


def tags(values: Iterable[str] | None) -> str:
    """Tags as one text, in alphabetical order as Shopify keeps them."""
    return ", ".join(sorted(values or (), key=str.casefold))


def each(write: Callable[[Record], Any], records: Iterable[Record] | None) -> list[Any]:
    """One entry for each record."""
    return [write(record) for record in records or ()]
