"""Runs that wait for a person, with a real Prefect, real workers and the real store."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from canonical.approvals import Approval
from canonical.ports import Approvals
from connectors import registry
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import SqlStateStore, open_store
from tests.engine.engine import PROCESS, Engine, wait_until
from tests.engine.notebook import Notebook
from tests.engine.stories import SILENCE, zombie_automation
from tests.processes import ROOT

pytestmark = [pytest.mark.xdist_group("engine"), pytest.mark.counterpart]
Found = TypeVar("Found")
PEOPLE = {"ann": ["stock"], "cid": ["finance"], "dan": ["stock"]}
"""Dan asked. Ann may decide, Cid has another role."""


@dataclass
class House:
    """A store with people in it, and a run that asks."""

    engine: Engine
    file: Path
    notebook: Notebook
    key: str

    def ask(self, pool: str, *, tidy_seconds: float = 0.0, **deployment_of: Any) -> str:
        """Start a run and wait until it is suspended; returns its id."""
        deployment = self.engine.deploy("asking", pool, **deployment_of)
        given = {"notebook": str(self.notebook), "store": str(self.file), "key": self.key}
        run = self.engine.run(deployment, **given, tidy_seconds=tidy_seconds)
        self.held(run)
        return run

    def held(self, run: str, times: int = 1) -> None:
        """Until it has been suspended so many times, and is."""
        state = self.engine.wait(run, "PAUSED", "FAILED", "CRASHED", "COMPLETED", within=60.0)
        assert state.name == "Suspended", state
        assert self.engine.history(run).count("Suspended") == times

    def with_desk(self, work: Callable[[Approvals, SqlStateStore], Awaitable[Found]]) -> Found:
        """Speak to the approvals."""

        async def opened() -> Found:
            store = await open_store(StoreSettings(url=SecretStr(f"sqlite:///{self.file}")))
            try:
                return await work(registry.approvals(store), store)
            finally:
                await store.aclose()

        return asyncio.run(opened())

    def approval(self) -> Approval:
        async def only(desk: Approvals, store: SqlStateStore) -> Approval:
            (found,) = await desk.approvals()
            return found

        return self.with_desk(only)

    def refusals(self) -> list[tuple[str, str]]:
        """(who, why) of the attempts that counted for nothing."""

        async def lines(desk: Approvals, store: SqlStateStore) -> list[tuple[str, str]]:
            entries = [row.entry for row in await store.audit(f"north:approval:{self.key}")]
            return [(e.actor, e.detail["why"]) for e in entries if e.action == "approval.refused"]

        return self.with_desk(lines)

    def hand_in(self, run: str, **form: Any) -> dict[str, Any]:
        """Resume as the UI does it."""
        answer: dict[str, Any] = self.engine.call("POST", f"/flow_runs/{run}/resume", {"run_input": form})
        return answer

    def form_again(self, run: str, times: int, **form: Any) -> None:
        """Hand in a form, and see the run held again."""
        assert self.hand_in(run, **form)["status"] == "ACCEPT"
        self.notebook.wait("begun", times)
        self.held(run, times)

    def crossdock(self, *arguments: str, token: str) -> subprocess.CompletedProcess[str]:
        """The command line of somebody."""
        ours = {"CROSSDOCK_STORE_URL": f"sqlite:///{self.file}", "CROSSDOCK_TOKEN": token}
        command = [sys.executable, "-m", "deployments.cli", "approvals", *arguments]
        environment = {**os.environ, **self.engine.environment, **ours}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def house(engine: Engine, notebook: Notebook, tmp_path: Path, request: pytest.FixtureRequest) -> House:
    house = House(engine, tmp_path / "store.sqlite", notebook, f"change-{time.monotonic_ns()}")

    async def people(_desk: Approvals, store: SqlStateStore) -> None:
        for name, roles in PEOPLE.items():
            await store.add_principal(name, f"token-of-{name}", roles)

    house.with_desk(people)
    return house


@pytest.fixture
def other_engine(tmp_path: Path) -> Iterator[Engine]:
    """A server of its own: it is restarted, and the other tests have theirs."""
    engine = Engine(tmp_path / "other")
    engine.home.mkdir()
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()
        engine.api.close()


def test_a_run_waits_while_its_worker_and_prefect_restart_and_goes_on_when_approved(
    house: House, other_engine: Engine
) -> None:
    """Suspend, kill the worker, restart the server, approve by command line: it resumes by itself, elsewhere."""
    house.engine = engine = other_engine
    pool = engine.pool("waits")
    with engine.worker(pool) as worker:
        run = house.ask(pool)
        worker.kill()
    engine.stop()
    engine.start()
    assert engine.state(run).name == "Suspended"
    number = str(house.approval().id)
    said = house.crossdock("approve", number, "--note", "stocktaking", token="token-of-ann")
    assert said.returncode == 0, said.stderr
    assert "Its run goes on." in said.stdout
    with engine.worker(pool):
        assert engine.wait(run, within=60.0).name == "Completed"
    told = [entry["what"] for entry in house.notebook.entries()]
    assert told == ["begun", "step before", "begun", "granted", "approved by ann"]
    assert len({entry["pid"] for entry in house.notebook.entries()}) == 2
    assert house.approval().finished_at is not None


def test_only_a_true_code_of_another_person_with_the_role_counts(house: House, pool: str) -> None:
    """Without a code, with a forged one, with a name, as the requester, without the role: held each time, with why."""
    run = house.ask(pool)
    number = house.approval().id
    house.form_again(run, 2)
    house.form_again(run, 3, decision="approve", code="ABCD-EFGH-JKLM")
    house.form_again(run, 4, decision="approve", code="ann", note="approved by ann")
    for name in ("dan", "cid"):
        refused = house.crossdock("approve", str(number), token=f"token-of-{name}")
        assert refused.returncode == 2
        assert house.crossdock("code", str(number), token=f"token-of-{name}").returncode == 2
    state = house.engine.read(run)["state"]
    form = house.engine.call(
        "GET", f"/flow_runs/{run}/input/{state['state_details']['run_input_keyset']['description']}"
    )
    assert "counted for nothing" in form
    assert "412 of 500 SKUs would go to zero" in form
    assert house.refusals() == [
        *[("unknown", "code_invalid")] * 3,
        *[("dan", "own_request")] * 2,
        *[("cid", "role_missing")] * 2,
    ]
    code = house.crossdock("code", str(number), token="token-of-ann").stdout.split()[-1]
    assert house.hand_in(run, decision="approve", code=code, note="yes")["status"] == "ACCEPT"
    assert house.engine.wait(run).name == "Completed"
    assert house.notebook.entries("granted")
    assert len(house.notebook.entries("step before")) == 1, "steps before the question come from the cache"
    inputs = house.engine.call("POST", f"/flow_runs/{run}/input/filter", {"prefix": "suspended"})
    assert code not in str(inputs), "the spent code does not stay in the run's inputs"


def test_a_run_whose_state_is_forced_without_any_form_stays_held(house: House, pool: str) -> None:
    run = house.ask(pool)
    forced = {"state": {"type": "SCHEDULED", "name": "AwaitingRetry"}, "force": True}
    house.engine.call("POST", f"/flow_runs/{run}/set_state", forced)
    house.notebook.wait("begun", 2)
    house.held(run, 2)
    assert house.refusals() == [("unknown", "code_invalid")]


def test_a_rejection_lets_the_change_stay_withheld_and_a_second_run_shows_no_second_form(
    house: House, pool: str
) -> None:
    run = house.ask(pool)
    deployment = house.engine.deploy("asking", pool)
    second = house.engine.run(deployment, notebook=str(house.notebook), store=str(house.file), key=house.key)
    assert house.engine.wait(second).name == "Completed"
    assert house.notebook.entries(f"waits for approval {house.approval().id} by somebody with the role stock")
    said = house.crossdock("reject", str(house.approval().id), "--note", "count again", token="token-of-ann")
    assert "Its run goes on." in said.stdout, said.stderr
    assert house.engine.wait(run).name == "Completed"
    assert house.notebook.entries(f"ann rejected approval {house.approval().id}: count again")


def test_a_run_that_is_resumed_before_its_code_has_left_does_not_end_the_worker(house: House, pool: str) -> None:
    run = house.ask(pool, tidy_seconds=3.0)
    assert house.crossdock("approve", str(house.approval().id), token="token-of-ann").returncode == 0
    assert house.engine.wait(run, within=60.0).name == "Completed"
    assert [e["what"] for e in house.notebook.entries()][-2:] == ["granted", "approved by ann"]


def left(pid: int) -> None:
    """Until the process has ended and its worker has noticed."""
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), within=30, what="the run's process to end")
    time.sleep(2.0)


def test_a_process_pool_holds_and_resumes_too_and_the_zombie_automation_lets_a_waiting_run_live(house: House) -> None:
    engine, pool = house.engine, house.engine.pool("waits-in-processes", PROCESS)
    here = {"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}
    with engine.worker(pool, kind=PROCESS):
        run = house.ask(pool, pull_steps=[here])
        automation = zombie_automation()
        automation["name"] = f"zombie of {house.key}"
        automation["trigger"]["within"] = SILENCE
        automation["trigger"]["match"] = {"prefect.resource.id": f"prefect.flow-run.{run}"}
        engine.automate(automation)
        left(house.notebook.entries()[-1]["pid"])
        house.form_again(run, 2, decision="approve", code="ABCD-EFGH-JKLM")  # heartbeats, watched by the automation
        time.sleep(SILENCE + 5)
        assert engine.state(run).name == "Suspended", (engine.state(run), engine.history(run))
        house.crossdock("approve", str(house.approval().id), token="token-of-ann")
        assert engine.wait(run, within=60.0).name == "Completed"
    assert house.notebook.entries("granted")
