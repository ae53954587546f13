"""Policies: the most specific row counts, field by field, and everything wrong with a file is told at once."""

from decimal import Decimal

import pytest

from canonical.errors import MisconfiguredError
from canonical.rules.policies import Policies, read_policies
from deployments.landscape_loader import load_policies
from tests.unit.canonical.stock_examples import row


def test_each_field_comes_from_the_most_specific_row_that_sets_it() -> None:
    policies = Policies(
        (
            row(sku="TEE-1", cap="3"),
            row(category="light", cap="5", buffer="1"),
            row(location="EAST", buffer="2", share="50%", priority=1),
            row(group="stores", share="40%", priority=2),
            row(shop="north", priority=3, incoming_days=7, urgent_below=2),
            row(buffer="9", urgent_below=9, safety_stock="1"),
        ),
        groups={"stores": ("EAST",)},
        categories={"TEE-1": "light"},
    )
    found = policies.policy("north", "EAST", "TEE-1")
    assert (found.cap, found.buffer, found.share, found.priority) == (Decimal(3), "1", "50%", 1)
    assert (found.incoming_days, found.urgent_below, found.safety_stock) == (7, 2, Decimal(1))
    other = policies.policy("south", "WEST", "CAP-1")
    assert (other.cap, other.buffer, other.share, other.priority, other.urgent_below) == (None, "9", "100%", 100, 9)


def test_of_two_equally_specific_rows_the_later_one_counts() -> None:
    groups = {"stores": ("EAST",), "slow": ("EAST",)}
    policies = Policies((row(group="stores", cap="3"), row(group="slow", cap="4")), groups)
    assert policies.policy("north", "EAST", "A").cap == Decimal(4)


def test_everything_wrong_with_a_file_is_told_at_once() -> None:
    text = """
    [[policy]]
    buffer = "many"
    [[policy]]
    share = "140%"
    [[policy]]
    group = "shops"
    cap = 4
    [[policy]]
    sku = "A"
    backorder = true
    [[policy]]
    sku = "A"
    note = "nothing"
    [[policy]]
    location = "EAST"
    sell_from = 2026-05-02T00:00:00Z
    sell_until = 2026-05-01T00:00:00Z
    [[policy]]
    location = "WEST"
    safety_stock = -1
    [[rows]]
    """
    with pytest.raises(MisconfiguredError) as caught:
        read_policies(text)
    assert caught.value.words.splitlines() == [
        "unknown section rows",
        "policy 1: buffer: Value error, write units, such as 5, or a percentage, such as 10%",
        "policy 2: share: Value error, write a percentage up to 100 with at most two decimals, such as 40%",
        "policy 7: safety_stock: Value error, must not be negative",
        "policy for group=shops: there is no group shops",
        "policy for sku=A: backorder needs a backorder_limit",
        "policy for sku=A: it sets nothing",
        "policy for location=EAST: sell_until is not after sell_from",
        "policy for * * * * A: 2 rows; write one",
    ]


def test_a_float_is_refused_because_it_has_no_exact_value() -> None:
    with pytest.raises(MisconfiguredError, match="float"):
        read_policies('[[policy]]\ncap = 1.5\nsku = "A"')


def test_the_shipped_policies_are_sound_and_keep_back_two_in_stores() -> None:
    policies = load_policies()
    assert policies.policy("north", "ST-NYC1", "A").buffer == "2"
    assert policies.policy("north", "DC-EAST", "A").buffer == "0"
