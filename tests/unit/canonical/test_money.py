"""Money: exact, never mixed, and split to the cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical.money import Money, MoneyPair, allocate, convert, minor_digits, quantum, total, total_pair

CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KWD"])
CENTS = st.integers(min_value=-(10**12), max_value=10**12)


@st.composite
def money(draw: st.DrawFn, currency: str | None = None) -> Money:
    code = currency or draw(CURRENCIES)
    return Money(amount=draw(CENTS) * quantum(code), currency=code)


@given(st.lists(CENTS, max_size=20), CURRENCIES)
def test_a_sum_is_exact_whatever_the_order(cents: list[int], currency: str) -> None:
    amounts = [Money(amount=c * quantum(currency), currency=currency) for c in cents]
    assert total(amounts, currency) == total(reversed(amounts), currency)
    assert total(amounts, currency).minor_units == sum(cents)


@given(money("USD"), money("USD"))
def test_adding_and_taking_away_again_changes_nothing(a: Money, b: Money) -> None:
    opposite = -a
    assert (a + b - b, -opposite, abs(opposite)) == (a, a, abs(a))


@given(money(), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_the_parts_of_an_allocation_add_up_and_none_is_more_than_a_unit_off(amount: Money, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    assert total(parts, amount.currency) == amount
    shares = weights if any(weights) else [1] * len(weights)
    for part, weight in zip(parts, shares, strict=True):
        exact = amount.amount * weight / sum(shares)
        assert abs(part.amount - exact) < quantum(amount.currency)
        assert part.rounded() == part


@given(money(), st.lists(st.integers(0, 100), min_size=1, max_size=10))
def test_an_allocation_is_the_same_every_time_and_mirrors_its_sign(amount: Money, weights: list[int]) -> None:
    assert allocate(amount, weights) == allocate(amount, weights)
    assert allocate(-amount, weights) == [-part for part in allocate(amount, weights)]


@given(st.integers(1, 10**6), st.lists(st.integers(0, 100), min_size=1, max_size=10))
def test_weight_nothing_gets_nothing_beside_others(cents: int, weights: list[int]) -> None:
    parts = allocate(Money(amount=Decimal(cents) / 100, currency="USD"), [*weights, 0, 1])
    assert parts[-2].is_zero


@pytest.mark.parametrize(("weights", "amount"), [([], "1.00"), ([1, -1], "1.00"), ([1, 2], "1.005")])
def test_what_cannot_be_allocated_is_refused(weights: list[int], amount: str) -> None:
    with pytest.raises(ValueError, match=r"weight|finer"):
        allocate(Money.of(amount, "USD"), weights)


def test_two_currencies_never_mix() -> None:
    with pytest.raises(ValueError, match="cannot mix USD with EUR"):
        Money.of("1", "USD") + Money.of("1", "EUR")
    with pytest.raises(ValueError, match="cannot mix"):
        total([Money.of("1", "EUR")], "USD")


def test_a_float_is_never_money() -> None:
    with pytest.raises(TypeError):
        Money.of(0.1, "USD")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Money(amount=0.1, currency="USD")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Money(amount=Decimal("NaN"), currency="USD")


@pytest.mark.parametrize(("currency", "digits"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("ISK", 0), ("TND", 3)])
def test_minor_units_follow_the_currency(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
    assert Money.of("7", currency).minor_units == 7 * 10**digits


@given(money(), money())
def test_a_pair_holds_one_amount_when_both_sides_are_one_currency(a: Money, b: Money) -> None:
    if a.currency != b.currency or a.amount == b.amount:
        assert MoneyPair(shop=a, presentment=b).shop == a
    else:
        with pytest.raises(ValidationError, match="differ in the same currency"):
            MoneyPair(shop=a, presentment=b)


@given(st.lists(st.tuples(CENTS, CENTS), max_size=10))
def test_a_sum_of_pairs_is_the_sum_of_each_side(cents: list[tuple[int, int]]) -> None:
    pairs = [
        MoneyPair(shop=Money(amount=Decimal(a) / 100, currency="USD"), presentment=Money.of(b, "JPY")) for a, b in cents
    ]
    added = total_pair(pairs, "USD", "JPY")
    assert (added.shop.minor_units, added.presentment.minor_units) == (
        sum(a for a, _ in cents),
        sum(b for _, b in cents),
    )


def test_conversion_rounds_half_even_to_the_target() -> None:
    assert str(convert(Money.of("10.00", "USD"), Decimal("151.37"), "JPY")) == "1514 JPY"
    assert str(convert(Money.of("0.05", "USD"), Decimal("0.5"), "EUR")) == "0.02 EUR"


@pytest.mark.parametrize(("text", "told"), [("24", "24.00"), ("24.0", "24.00"), ("-0.0", "0.00"), ("0.1250", "0.125")])
def test_one_amount_has_one_text_however_another_system_wrote_it(text: str, told: str) -> None:
    """Digests are made of it: the shop says 24.00 in a webhook and 24.0 when it is read."""
    assert Money.of(text, "USD").model_dump(mode="json")["amount"] == told
    assert Money.model_validate_json(Money.of(text, "USD").model_dump_json()) == Money.of(text, "USD")
