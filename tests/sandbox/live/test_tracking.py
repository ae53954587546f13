"""Labels of the sandbox are what carriers would accept: right form, right check digit, none twice."""

from __future__ import annotations

import doctest
import re

import pytest

from deployments.sandbox.live import jobs, store_worker, tracking
from deployments.sandbox.live.tracking import CARRIERS, Labels

FORMS = {"UPS": r"1Z[A-Z0-9]{6}\d{10}", "FedEx": r"\d{12}", "USPS": r"94\d{20}", "DHL Express": r"\d{10}"}
PUBLISHED = {
    "UPS": ("1Z999AA10123456784", "1Z5R89390357567127"),
    "FedEx": ("986578788855", "477179081230"),
    "USPS": ("9400111202555842332669", "9361289878700317633795"),
    "DHL Express": ("3318810025", "8487135506"),
}
"""Numbers that the carriers, or those who document them, show as examples."""


def right(carrier: str, number: str) -> bool:
    """Checked the other way round: the whole number, check digit and all, has to come out at nothing."""
    if carrier == "UPS":
        values = [int(one) if one.isdigit() else (ord(one) - 63) % 10 for one in number[2:]]
        return (sum(values[0:15:2]) + 2 * sum(values[1:15:2]) + values[15]) % 10 == 0
    if carrier == "FedEx":
        weighed = sum(int(one) * weight for one, weight in zip(number[-2::-1], (1, 3, 7) * 4, strict=False))
        return weighed % 11 % 10 == int(number[-1])
    if carrier == "USPS":
        return sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(number[::-1])) % 10 == 0
    return (int(number[:-1]) - int(number[-1])) % 7 == 0


@pytest.mark.parametrize("carrier", CARRIERS)
def test_numbers_have_the_carriers_form_and_check_digit(carrier: str) -> None:
    assert all(right(carrier, number) for number in PUBLISHED[carrier])
    labels = Labels(7)
    numbers = [labels.number(carrier) for _ in range(500)]
    assert all(re.fullmatch(FORMS[carrier], number) and right(carrier, number) for number in numbers)
    assert len(set(numbers)) == 500
    again = Labels(7)
    assert [again.number(carrier) for _ in range(3)] == numbers[:3]
    assert Labels(8).number(carrier) != numbers[0]


@pytest.mark.parametrize("module", [tracking, jobs, store_worker], ids=lambda module: module.__name__)
def test_examples_hold(module: object) -> None:
    outcome = doctest.testmod(module)  # type: ignore[arg-type]
    assert outcome.attempted > 0
    assert outcome.failed == 0
