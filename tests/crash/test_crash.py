"""Six kills in the middle of forty orders: nothing lost, nothing doubled, every total equal, the audit whole."""

from pathlib import Path

import pytest

from tests import chaos


@pytest.mark.crash
@pytest.mark.timeout(600)
async def test_every_bookable_order_is_in_the_erp_once_whatever_was_killed(tmp_path: Path) -> None:
    outcome = await chaos.run(kills=6, orders=40, seed=7, home=tmp_path, rate=2.0)
    chaos.report(outcome)
    assert outcome.comparison.lost == []
    assert outcome.comparison.doubled == []
    assert outcome.comparison.unequal == []
    assert outcome.comparison.surplus == []
    assert outcome.unfinished == []
    assert outcome.audit_broken is None
    assert outcome.comparison.booked >= 30
