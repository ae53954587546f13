"""Guards over a batch: what stops, what does not, and that small batches do not add up to a large one unseen."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.rules.guards import (
    GuardLimits,
    PriceMove,
    Shown,
    StockMove,
    mass_archive,
    mass_change,
    price_jump,
)

LIMITS = GuardLimits()


def emptied(count: int, first: int = 0) -> list[StockMove]:
    return [StockMove(f"S{n:03}", 5, 0) for n in range(first, first + count)]


def test_exactly_the_limit_passes_and_one_more_stops() -> None:
    shown = Shown(skus=100, units=100_000)
    assert mass_change("DC", emptied(20), shown, LIMITS) is None
    found = mass_change("DC", emptied(21), shown, LIMITS)
    assert found is not None
    assert found.figures == {"SKUs to zero": "21", "SKUs with stock": "100", "share": "21.0 %"}
    assert len(found.skus) == 21


def test_many_small_batches_are_one_large_change() -> None:
    shown = Shown(skus=100, units=100_000, zeroed=19, moved=95)
    assert mass_change("DC", emptied(1, 19), shown, LIMITS) is None
    assert mass_change("DC", emptied(2, 19), shown, LIMITS) is not None


def test_a_few_changes_at_a_small_location_never_stop() -> None:
    assert mass_change("STORE", emptied(9), Shown(skus=9, units=45), LIMITS) is None


def test_what_was_empty_does_not_become_empty() -> None:
    moves = [StockMove(f"S{n}", 0, 0) for n in range(100)]
    assert mass_change("DC", moves, Shown(skus=10, units=50), LIMITS) is None


def test_units_that_rise_count_as_those_that_fall() -> None:
    moves = [StockMove(f"S{n:02}", 10, 16) for n in range(10)]
    found = mass_change("DC", moves, Shown(skus=10, units=100), LIMITS)
    assert found is not None
    assert found.words.startswith("60 units of 10 SKUs at DC would move, 100 are shown (60.0 %, the limit is 50 %)")


def test_a_first_publication_has_nothing_to_compare_with() -> None:
    moves = [StockMove(f"S{n:02}", 0, 16) for n in range(100)]
    assert mass_change("DC", moves, Shown(skus=0, units=0), LIMITS) is None


def test_the_digest_is_of_the_content_whatever_its_order() -> None:
    shown = Shown(skus=20, units=1000)
    found, again = (mass_change("DC", moves, shown, LIMITS) for moves in (emptied(12), emptied(12)[::-1]))
    other = mass_change("DC", emptied(12, 1), shown, LIMITS)
    assert found is not None
    assert again is not None
    assert other is not None
    assert found.digest == again.digest
    assert found.digest != other.digest


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 100))
def test_a_share_is_decided_exactly(part: int, whole: int, percent: int) -> None:
    limits = GuardLimits(to_zero_percent=Decimal(percent), units_percent=Decimal(100), least=1)
    found = mass_change("DC", emptied(part), Shown(skus=whole, units=10**9), limits)
    assert (found is not None) == (part * 100 > percent * whole)


@pytest.mark.parametrize(
    ("before", "after", "stops"),
    [("100", "130", False), ("100", "130.01", True), ("100", "70", False), ("100", "69.99", True), ("0", "5", False)],
)
def test_a_price_may_move_within_its_band(before: str, after: str, *, stops: bool) -> None:
    found = price_jump("Lamp", [PriceMove("S1", Decimal(before), Decimal(after))], LIMITS)
    assert (found is not None) == stops


def test_the_largest_of_several_jumps_is_named_and_all_are_in_the_figures() -> None:
    moves = [PriceMove("S1", Decimal(10), Decimal(20)), PriceMove("S2", Decimal(10), Decimal(1000))]
    found = price_jump("Lamp", moves, LIMITS)
    assert found is not None
    assert "S2 would go from 10 to 1000 (+9900.0 %" in found.words
    assert found.words.endswith("1 more of it")
    assert set(found.figures) == {"S1", "S2"}


def test_archiving_counts_what_the_window_has_archived() -> None:
    assert mass_archive("north", ["a", "b"], 100, LIMITS, already=8) is None
    assert mass_archive("north", ["a", "b", "c"], 100, LIMITS, already=8) is not None
    assert mass_archive("north", [], 100, LIMITS, already=50) is None
