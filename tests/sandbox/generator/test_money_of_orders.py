"""An auditor that knows nothing of the generator adds every order up again, on both sides of its money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.generator.factory import OrderFactory
from deployments.sandbox.shopify.generator.references import invented

Record = dict[str, Any]
SIDES = ("shopMoney", "presentmentMoney")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WRONG_ON_PURPOSE = {"totals_do_not_add_up", "lost_allocation"}


def orders(shop: str, profile: str, seed: int, how_many: int) -> Iterator[Record]:
    catalogue, numbers = load_catalogue(), count(1).__next__
    factory = OrderFactory(catalogue, shop, invented(catalogue, shop, numbers), numbers, profile=profile, seed=seed)
    return (factory.make(index, NOON).record for index in range(how_many))


def marks(order: Record) -> set[str]:
    return {attribute["value"] for attribute in order["customAttributes"] if attribute["key"] == "sandbox"}


def amount(bag: Record | None, side: str) -> Decimal:
    return Decimal(bag[side]["amount"]) if bag else Decimal(0)


class Auditor:
    """One order, one side of its money."""

    def __init__(self, order: Record, side: str) -> None:
        self.order, self.side = order, side
        self.goods = [line for line in order["lineItems"] if line["title"] != "Tip"]
        self.carriers = [*self.goods, *order["shippingLines"]]

    def total(self, bags: Iterator[Record | None]) -> Decimal:
        return sum((amount(bag, self.side) for bag in bags), Decimal(0))

    def of(self, name: str) -> Decimal:
        return amount(self.order[name], self.side)

    def faults(self) -> Iterator[str]:
        expected = {
            "totalPriceSet": self.price(),
            "totalDiscountsSet": self.allocated(),
            "totalTaxSet": self.total(tax["priceSet"] for line in self.carriers for tax in line["taxLines"]),
            "totalShippingPriceSet": self.total(line["originalPriceSet"] for line in self.order["shippingLines"]),
            "currentShippingPriceSet": self.total(line["discountedPriceSet"] for line in self.order["shippingLines"]),
            "originalTotalDutiesSet": self.total(duty["price"] for line in self.goods for duty in line["duties"]),
            "totalTipReceivedSet": self.total(
                line["originalTotalSet"] for line in self.order["lineItems"] if line["title"] == "Tip"
            ),
            "subtotalPriceSet": self.total(line["originalTotalSet"] for line in self.goods)
            - sum((self.allocated_to(line) for line in self.goods), Decimal(0)),
        }
        yield from (f"{name} is {self.of(name)}, not {due}" for name, due in expected.items() if self.of(name) != due)
        yield from self.line_faults()
        yield from self.payment_faults()

    def price(self) -> Decimal:
        """Lines - discounts + taxes unless included + shipping + tips + duties."""
        lines = self.total(line["originalTotalSet"] for line in self.goods)
        taxes = Decimal(0) if self.order["taxesIncluded"] else self.of("totalTaxSet")
        extras = self.of("totalShippingPriceSet") + self.of("totalTipReceivedSet") + self.of("originalTotalDutiesSet")
        return lines - self.allocated() + taxes + extras

    def allocated(self) -> Decimal:
        return sum((self.allocated_to(carrier) for carrier in self.carriers), Decimal(0))

    def allocated_to(self, carrier: Record) -> Decimal:
        return self.total(allocation["allocatedAmountSet"] for allocation in carrier["discountAllocations"])

    def line_faults(self) -> Iterator[str]:
        for line in self.goods:
            original = amount(line["originalTotalSet"], self.side)
            if amount(line["originalUnitPriceSet"], self.side) * line["quantity"] != original:
                yield f"{line['sku']}: unit price times quantity is not {original}"
            left = original - self.allocated_to(line)
            if left < 0:
                yield f"{line['sku']}: discounts exceed the line"
            yield from self.tax_faults(line, left)
        by_tax = self.total(tax["priceSet"] for tax in self.order["taxLines"])
        if by_tax != self.of("totalTaxSet"):
            yield f"the order's tax lines sum to {by_tax}"

    def tax_faults(self, line: Record, left: Decimal) -> Iterator[str]:
        """Each tax is its rate of the price after discounts, within half a minor unit."""
        rates = {tax["title"]: Decimal(str(tax["rate"])) for tax in line["taxLines"]}
        base = left / (1 + sum(rates.values())) if self.order["taxesIncluded"] else left
        unit = Decimal(1) if self.currency == "JPY" else Decimal("0.01")
        for tax in line["taxLines"]:
            if abs(amount(tax["priceSet"], self.side) - base * rates[tax["title"]]) > unit / 2:
                yield f"{line['sku']}: {tax['title']} is not {rates[tax['title']]} of {base}"

    @property
    def currency(self) -> str:
        return str(self.order["totalPriceSet"][self.side]["currencyCode"])

    def payment_faults(self) -> Iterator[str]:
        done = [t for t in self.order["transactions"] if t["status"] == "SUCCESS"]
        received = self.total(t["amountSet"] for t in done if t["kind"] in ("SALE", "CAPTURE"))
        held = self.total(t["totalUnsettledSet"] for t in done if t["kind"] == "AUTHORIZATION")
        if received != self.of("totalReceivedSet") or held != self.of("totalCapturableSet"):
            yield f"received {received} and held {held} differ from the order's own figures"
        if self.of("totalOutstandingSet") != self.price() - received:
            yield f"outstanding {self.of('totalOutstandingSet')} is not the rest"
        paid = self.order["displayFinancialStatus"] == "PAID"
        if paid != (received == self.price()):
            yield f"{self.order['displayFinancialStatus']} with {received} of {self.price()} received"


def faults(order: Record) -> list[str]:
    return [fault for side in SIDES for fault in Auditor(order, side).faults()]


@pytest.mark.parametrize("shop", ["north", "south"])
@pytest.mark.parametrize("profile", ["bookable", "mixed"])
def test_two_thousand_orders_add_up_to_the_cent_in_both_currencies(shop: str, profile: str) -> None:
    wrong = [(order["id"], found) for order in orders(shop, profile, 7, 500) if (found := faults(order))]
    assert wrong == []


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32), shop=st.sampled_from(["north", "south"]))
def test_any_seed_gives_orders_that_add_up(seed: int, shop: str) -> None:
    assert [fault for order in orders(shop, "mixed", seed, 12) for fault in faults(order)] == []


@pytest.mark.parametrize("shop", ["north", "south"])
def test_hostile_orders_are_wrong_exactly_where_they_say_so(shop: str) -> None:
    made = list(orders(shop, "hostile", 3, 200))
    assert {mark for order in made for mark in marks(order)} >= WRONG_ON_PURPOSE
    for order in made:
        assert bool(faults(order)) == bool(marks(order) & WRONG_ON_PURPOSE), (order["id"], faults(order))


def test_both_sides_tell_the_same_story_at_the_exchange_rate() -> None:
    rates = load_catalogue().shop("north").presentment_rates
    foreign = [order for order in orders("north", "bookable", 11, 300) if order["presentmentCurrencyCode"] != "USD"]
    assert {order["presentmentCurrencyCode"] for order in foreign} == {"CAD", "GBP", "JPY"}
    for order in foreign:
        shop, shown = (amount(order["totalPriceSet"], side) for side in SIDES)
        unit = Decimal(1) if order["presentmentCurrencyCode"] == "JPY" else Decimal("0.01")
        pieces = sum(line["quantity"] for line in order["lineItems"]) + 10
        assert abs(shop * rates[order["presentmentCurrencyCode"]] - shown) <= unit * pieces * 2


def test_the_auditor_notices_a_cent() -> None:
    """The checks above prove something only if the auditor objects to a wrong order."""
    order = next(orders("north", "bookable", 1, 1))
    for name in ("totalPriceSet", "totalTaxSet", "totalDiscountsSet", "totalReceivedSet"):
        bag = {
            side: {**money, "amount": str(Decimal(money["amount"]) + Decimal("0.01"))}
            for side, money in order[name].items()
        }
        assert faults({**order, name: bag}), name
