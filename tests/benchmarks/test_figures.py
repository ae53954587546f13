"""What the benchmarks make of their measurements."""

import pytest

from tests.benchmarks.backlog import steady


def test_the_first_call_only_fills_the_pipe() -> None:
    """Six orders in three calls, two seconds apart: two orders every two seconds."""
    assert steady([1.0, 1.01, 3.0, 3.01, 5.0, 5.01]) == {"per_second": pytest.approx(1.0), "calls": 3}


def test_a_call_that_came_in_many_small_steps_is_one_call() -> None:
    assert steady([1.0, 1.15, 1.3, 9.3])["calls"] == 2
