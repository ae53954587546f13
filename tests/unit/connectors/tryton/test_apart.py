"""One bad among many fails alone; trouble that is nobody's fault goes to all that are left."""

from collections.abc import Sequence

import pytest

from canonical.errors import CrossdockError, MisconfiguredError, RejectedError, RetryableError
from connectors.tryton.apart import each_alone


class Erp:
    """Does all or nothing, and counts how often it was asked."""

    def __init__(self, bad: set[int], away_after: int | None = None) -> None:
        self.bad, self.away_after, self.calls, self.done = bad, away_after, 0, list[int]()

    async def act(self, group: Sequence[int]) -> list[str]:
        self.calls += 1
        if self.away_after is not None and self.calls > self.away_after:
            raise RetryableError("away", code="away")
        if self.bad & set(group):
            raise RejectedError("bad", code="bad")
        self.done += group
        return [f"done {one}" for one in group]


async def test_when_all_are_good_one_call_does_them_all() -> None:
    erp = Erp(bad=set())
    assert await each_alone([1, 2, 3], erp.act) == ["done 1", "done 2", "done 3"]
    assert erp.calls == 1


async def test_nothing_to_do_asks_nobody() -> None:
    erp = Erp(bad=set())
    assert await each_alone([], erp.act) == []
    assert erp.calls == 0


@pytest.mark.parametrize("bad", [{1}, {25}, {50}, {1, 50}, {7, 8, 9}, set(range(1, 51))])
async def test_the_bad_fail_alone_and_the_results_keep_their_order(bad: set[int]) -> None:
    erp = Erp(bad)
    results = await each_alone(range(1, 51), erp.act)
    for number, result in enumerate(results, 1):
        assert isinstance(result, RejectedError) if number in bad else result == f"done {number}"
    assert sorted(erp.done) == sorted(set(range(1, 51)) - bad)


async def test_one_bad_among_fifty_costs_a_dozen_calls() -> None:
    erp = Erp(bad={31})
    await each_alone(range(1, 51), erp.act)
    assert erp.calls <= 13


async def test_an_erp_that_goes_away_is_not_asked_again() -> None:
    erp = Erp(bad={2}, away_after=2)
    results = await each_alone([1, 2, 3, 4], erp.act)
    assert [type(result) for result in results] == [RetryableError] * 4
    assert erp.calls == 3


async def test_a_wrong_setting_is_everybodys_error() -> None:
    async def act(_: Sequence[int]) -> list[int]:
        raise MisconfiguredError("no such user", code="login")

    results = await each_alone([1, 2], act)
    assert all(isinstance(result, CrossdockError) and result.code == "login" for result in results)
