"""A worker that is killed says nothing. The automation we ship finds its runs by their silence.

The slow case with the shipped 90 seconds is part of `make chaos`; here its trigger is told to wait less.
"""

import asyncio
from concurrent.futures import Future

import pytest

from deployments.engine import apply_automations
from tests.engine.engine import Engine
from tests.engine.stories import SILENCE, ZombieStory

pytestmark = [pytest.mark.xdist_group("engine"), pytest.mark.crash]


def test_a_run_whose_worker_was_killed_is_marked_crashed(zombie: Future[ZombieStory]) -> None:
    story = zombie.result(120.0)
    assert story.before.type == "RUNNING"
    assert story.after.type == "CRASHED"
    assert "Its worker is gone" in story.after.message
    print(f"found dead {story.seconds:.0f} s after the kill, told to wait {SILENCE} s")


def test_the_automation_is_accepted_enabled_and_applied_once_however_often(engine: Engine) -> None:
    for _ in range(2):
        asyncio.run(apply_automations(engine.environment))
    body = {"automations": {"name": {"any_": ["crossdock zombie runs"]}}}
    (found,) = engine.call("POST", "/automations/filter", body)
    assert found["enabled"]
    trigger = found["trigger"]
    assert trigger["posture"] == "Proactive"
    assert trigger["after"] == ["prefect.flow-run.heartbeat"]
    assert trigger["for_each"] == ["prefect.resource.id"]
    assert trigger["within"] == 90.0
    (action,) = found["actions"]
    assert (action["type"], action["state"]) == ("change-flow-run-state", "CRASHED")
