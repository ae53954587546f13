"""Tracking numbers: what a shopper may be shown."""

import pytest

from canonical.fulfillment import Parcel
from canonical.rules.lifecycle.tracking import tracking_mark, tracking_problem

GOOD = (
    ("UPS", "1Z999AA10123456784"),
    ("UPS", "1Z 8V9 2A7 0367 2030 24"),
    ("FedEx", "986578788855"),
    ("FedEx", "041441760228964"),
    ("USPS", "9505511069605048600624"),
    ("USPS", "RB123456785US"),
    ("DHL Express", "3318810025"),
    ("DHL", "00340434161094042557"),
    ("Royal Mail", "RB123456785GB"),
    ("PostNL", "RB123456785NL"),
    ("DPD", "01234567890123"),
    ("GLS", "12345678901"),
)


def problem(
    carrier: str | None, number: str | None, others: tuple[str, ...] = (), url: str | None = None
) -> str | None:
    box = Parcel(id="1", carrier=carrier, tracking_number=number, tracking_url=url, lines=())
    return tracking_problem(box, others)


@pytest.mark.parametrize(("carrier", "number"), GOOD)
def test_a_number_of_the_carriers_own_form_is_shown(carrier: str, number: str) -> None:
    assert problem(carrier, number) is None


@pytest.mark.parametrize(("carrier", "number"), [one for one in GOOD if one[0] not in ("DPD", "GLS")])
def test_one_wrong_digit_is_found_where_the_carrier_has_a_check_digit(carrier: str, number: str) -> None:
    place = max(at for at, c in enumerate(number) if c.isdigit())
    wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
    assert "has a wrong check digit" in (problem(carrier, wrong) or "")


@pytest.mark.parametrize(
    ("carrier", "number", "words"),
    [
        ("UPS", "12", "UPS number 12 is no number of UPS"),
        ("Pigeon", "77", "carrier Pigeon of number 77 is not known"),
        (None, "77", "number 77 names no carrier"),
        ("PostNL", "USED-USED", "PostNL number USEDUSED is no number of PostNL"),
    ],
)
def test_what_is_wrong_names_carrier_and_number(carrier: str | None, number: str, words: str) -> None:
    assert problem(carrier, number) == words


def test_a_number_is_on_one_parcel_only() -> None:
    assert problem("UPS", GOOD[0][1], ("1z999aa1 0123456784",)) == (
        "UPS number 1Z999AA10123456784 is on another parcel of this order"
    )


def test_a_carrier_we_do_not_know_may_say_where_to_follow_it() -> None:
    assert problem("Pigeon", "77", url="https://pigeon.example/77") is None


def test_a_parcel_without_a_number_has_nothing_to_check_or_to_show() -> None:
    assert problem(None, None) is None
    assert tracking_mark(Parcel(id="1", lines=())) == ""
