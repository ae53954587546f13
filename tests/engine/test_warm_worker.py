"""What the warm worker does for a run that a process per run would do for free."""

import time
from collections.abc import Iterator

import pytest

from tests.engine.engine import Engine, Process, wait_until
from tests.engine.notebook import Notebook

pytestmark = [pytest.mark.xdist_group("engine"), pytest.mark.counterpart]


def test_runs_start_in_one_process_that_imported_the_flows_once(engine: Engine, pool: str, notebook: Notebook) -> None:
    quick, slow = engine.deploy("quick", pool), engine.deploy("slow", pool)
    asked = time.time()
    runs = [engine.run(quick, notebook=str(notebook)), engine.run(slow, notebook=str(notebook), seconds=0)]
    assert [engine.wait(run).name for run in runs] == ["Completed", "Completed"]
    entries = notebook.entries()
    print(f"first line of a warm run after {entries[0]['at'] - asked:.2f} s")
    assert len({(e["pid"], e["imported"]) for e in entries}) == 1


def test_parameters_reach_the_flow(engine: Engine, pool: str, notebook: Notebook) -> None:
    deployment = engine.deploy("quick", pool, parameters={"word": "of the deployment"})
    of_the_run = engine.run(deployment, notebook=str(notebook), word="of the run")
    of_the_deployment = engine.run(deployment, notebook=str(notebook))
    for run, word in ((of_the_run, "of the run"), (of_the_deployment, "of the deployment")):
        (entry,) = notebook.wait(word)
        assert entry["run"] == run


def test_a_failing_flow_is_failed_in_its_own_words_and_not_crashed(engine: Engine, pool: str) -> None:
    state = engine.wait(engine.run(engine.deploy("failing", pool)))
    assert state.type == "FAILED"
    assert "order #1001" in state.message


def test_a_flow_that_would_block_the_others_is_refused_with_a_way_out(
    engine: Engine, pool: str, notebook: Notebook
) -> None:
    state = engine.wait(engine.run(engine.deploy("blocking", pool)))
    assert state.type == "CRASHED"
    assert "async def" in state.message
    engine.wait(engine.run(engine.deploy("quick", pool), notebook=str(notebook)), "COMPLETED")


def test_a_running_run_that_is_cancelled_stops_its_code_and_ends_cancelled(
    engine: Engine, pool: str, notebook: Notebook
) -> None:
    run = engine.run(engine.deploy("slow", pool), notebook=str(notebook))
    notebook.wait("begun")
    engine.cancel(run)
    assert engine.wait(run).type == "CANCELLED"
    wait_until(lambda: engine.state(run).name == "Cancelled", within=10, what="the code to have stopped")
    assert notebook.entries("left")
    assert not notebook.entries("ended")
    assert "Crashed" not in engine.history(run), "a cancelled run must not set off what watches for crashes"


def test_a_run_that_somebody_else_declared_crashed_is_stopped(engine: Engine, pool: str, notebook: Notebook) -> None:
    run = engine.run(engine.deploy("slow", pool), notebook=str(notebook))
    notebook.wait("begun")
    state = {"type": "CRASHED", "name": "Crashed", "message": "taken for dead"}
    engine.call("POST", f"/flow_runs/{run}/set_state", {"state": state, "force": True})
    notebook.wait("left")
    assert not notebook.entries("ended")
    assert engine.state(run).name == "Crashed"


@pytest.fixture(scope="module")
def narrow(engine: Engine) -> Iterator[tuple[str, Process]]:
    """A pool and its worker, which takes two runs at once and gives them three seconds when it is to stop."""
    pool = engine.pool("narrow")
    with engine.worker(pool, limit=2, options=("--grace", "3")) as worker:
        yield pool, worker


def test_no_more_runs_at_once_than_the_limit_and_a_waiting_one_can_be_cancelled(
    engine: Engine, narrow: tuple[str, Process], notebook: Notebook
) -> None:
    pool, _ = narrow
    deployment = engine.deploy("slow", pool)
    runs = [engine.run(deployment, notebook=str(notebook)) for _ in range(3)]
    notebook.wait("begun", 2)
    (waiting,) = set(runs) - {e["run"] for e in notebook.entries("begun")}
    after = engine.run(engine.deploy("quick", pool), notebook=str(notebook))
    time.sleep(1.5)
    assert {e["what"] for e in notebook.entries()} == {"begun"}
    assert len(notebook.entries("begun")) == 2
    engine.cancel(waiting)
    assert engine.wait(waiting).name == "Cancelled"
    for run in set(runs) - {waiting}:
        engine.cancel(run)
    engine.wait(after, "COMPLETED")
    assert waiting not in {e["run"] for e in notebook.entries()}


def test_sigterm_takes_no_new_run_lets_drains_end_and_leaves_nothing_running(
    engine: Engine, narrow: tuple[str, Process], notebook: Notebook
) -> None:
    pool, worker = narrow
    drain = engine.run(engine.deploy("draining", pool), notebook=str(notebook))
    stubborn = engine.run(engine.deploy("slow", pool), notebook=str(notebook))
    notebook.wait("begun", 2)
    worker.ask_to_stop()
    notebook.wait("told to stop")
    late = engine.run(engine.deploy("quick", pool), notebook=str(notebook))
    assert worker.exit_code() == 0
    assert engine.state(drain).name == "Completed"
    assert engine.state(stubborn).name == "Crashed"
    assert notebook.entries("left")
    assert engine.state(late).type == "SCHEDULED"


def test_the_worker_waits_while_prefect_does_not_answer_and_goes_on_when_it_does(
    engine: Engine, pool: str, notebook: Notebook
) -> None:
    log = engine.home / f"worker-{pool}.log"
    deployment = engine.deploy("quick", pool)
    with engine.frozen():
        wait_until(lambda: "Prefect does not answer" in log.read_text(), within=20, what="it to notice", log=log)
    engine.wait(engine.run(deployment, notebook=str(notebook)), "COMPLETED")
