"""What starts a run: a schedule, an event, a person."""

import asyncio
import time
import uuid
from datetime import UTC, datetime

import pytest
import yaml

from deployments.engine import read_run, start_run
from tests.engine.engine import Engine, wait_until
from tests.engine.notebook import Notebook
from tests.processes import ROOT

pytestmark = [pytest.mark.xdist_group("engine"), pytest.mark.counterpart]


def test_an_interval_schedule_fires_again_and_again(engine: Engine, pool: str, notebook: Notebook) -> None:
    """With SQLAlchemy 2.1 Prefect's scheduler inserted no run at all, and nothing else told of it."""
    schedule = {"schedule": {"interval": 1.0, "anchor_date": datetime.now(UTC).isoformat()}, "active": True}
    deployment = engine.deploy(
        "quick", pool, name="scheduled", parameters={"notebook": str(notebook), "word": "tick"}, schedules=[schedule]
    )
    notebook.wait("tick", 2, within=40.0)
    engine.call("PATCH", f"/deployments/{deployment}", {"paused": True})
    assert len({entry["run"] for entry in notebook.entries("tick")}) >= 2


@pytest.mark.parametrize("kind", ["orders", "stock.north"])
def test_the_event_of_the_gateway_starts_a_run_through_the_trigger_of_prefect_yaml(
    engine: Engine, pool: str, notebook: Notebook, kind: str
) -> None:
    asked, tag = {"notebook": str(notebook), "word": f"woken by {kind}"}, kind.partition(".")[0]
    deployment = engine.deploy("quick", pool, name=f"woken-{tag}", parameters=asked)
    (trigger,) = [
        trigger
        for declared in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
        if declared["name"] == "drain" and tag in declared["tags"]
        for trigger in declared["triggers"]
    ]
    engine.automate(
        {
            "name": f"wakes the sample of {kind}",
            "trigger": {"type": "event", "posture": "Reactive", "match": trigger["match"], "expect": trigger["expect"]},
            "actions": [{"type": "run-deployment", "source": "selected", "deployment_id": deployment}],
        }
    )
    time.sleep(0.5)  # the trigger is taken up from the database's own message
    name = f"crossdock.inbox.{kind}"
    event = {
        "id": str(uuid.uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": name,
        "resource": {"prefect.resource.id": name},
        "payload": {"kind": kind, "pending": 1},
    }
    rung = time.time()
    engine.call("POST", "/events", [event])
    (entry,) = notebook.wait(f"woken by {kind}")
    print(f"event to first line: {entry['at'] - rung:.2f} s")


def test_a_run_started_by_hand_is_told_of_by_the_command_lines_own_calls(
    engine: Engine, pool: str, notebook: Notebook
) -> None:
    engine.deploy("quick", pool, name="by-hand")
    asked = {"notebook": str(notebook), "word": "by hand"}
    started = asyncio.run(start_run("sample-quick/by-hand", asked, engine.environment))
    notebook.wait("by hand")

    def state() -> str:
        return str(asyncio.run(read_run(started["id"], engine.environment))["state"]["type"])

    wait_until(lambda: state() == "COMPLETED", within=20, what="the run to be told of as completed")
