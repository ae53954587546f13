"""The overview in the Prefect UI says where orders are, and what other systems have not answered in time."""

from datetime import timedelta

import pytest

from canonical.records import EffectUpdate
from canonical.rules import example
from canonical.states import EffectState
from flows.steps import reports
from tests.contract.statestore.making import intent
from tests.flows.lives.conftest import LifeHouse


async def test_the_overview_shows_stages_and_overdue_answers(house: LifeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[str, str] = {}
    monkeypatch.setattr(reports, "create_markdown_artifact", lambda **artifact: shown.update(artifact))
    await house.book(example.order())
    await house.fulfil()
    effect = intent("late", system="parcels")
    deadline = house.rt.now() + timedelta(hours=1)
    await house.store.intend([effect])
    await house.store.mark([EffectUpdate(key=effect.key, state=EffectState.SENT)])
    await house.store.mark([EffectUpdate(key=effect.key, state=EffectState.AWAITING_ACK, ack_deadline=deadline)])
    house.ahead += timedelta(days=1, hours=3)
    await reports.report_overview(house.rt)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown["markdown"].splitlines()]
    (stage,) = [row for row in rows if row[:2] == ["north", "requested"]]
    assert stage[2] == "1"
    assert stage[3].startswith("1 day, 3:0")
    (late,) = [row for row in rows if row[:2] == ["north", "parcels"]]
    assert late[2] == "1"
    assert late[3].startswith("1 day, 2:0")
