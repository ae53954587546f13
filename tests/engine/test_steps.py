"""Retries and caching of the steps, as Prefect really does them."""

from pathlib import Path

import pytest

from tests.engine.engine import Engine, wait_until
from tests.engine.notebook import Notebook

pytestmark = [pytest.mark.xdist_group("engine"), pytest.mark.counterpart]


@pytest.mark.parametrize(("error", "attempts"), [("retryable", 3), ("rejected", 1)])
def test_a_task_is_tried_again_by_the_class_of_its_error_only(
    engine: Engine, pool: str, notebook: Notebook, error: str, attempts: int
) -> None:
    run = engine.run(engine.deploy("retrying", pool), notebook=str(notebook), error=error)
    assert engine.wait(run).type == "FAILED"
    assert len(notebook.entries(f"attempt {error}")) == attempts


def test_a_chunk_that_settled_is_cached_by_its_keys_in_every_later_run(
    engine: Engine, pool: str, notebook: Notebook, tmp_path: Path
) -> None:
    first = book(engine, pool, notebook, tmp_path / "first.sqlite")
    again = book(engine, pool, notebook, tmp_path / "again.sqlite")
    assert state_of_post(engine, first) == "Completed"
    assert state_of_post(engine, again) == "Cached"
    told = [entry["what"] for entry in notebook.entries()]
    assert told == ["settled=True calls=1 documents=4", "settled=True calls=0 documents=0"]


def test_a_chunk_with_one_order_refused_is_not_cached(
    engine: Engine, pool: str, notebook: Notebook, tmp_path: Path
) -> None:
    partial = book(engine, pool, notebook, tmp_path / "first.sqlite", first=10, reject=["#2011"])
    whole = book(engine, pool, notebook, tmp_path / "again.sqlite", first=10)
    assert state_of_post(engine, partial) == "Completed"
    assert state_of_post(engine, whole) == "Completed"
    told = [entry["what"] for entry in notebook.entries()]
    assert told == ["settled=False calls=1 documents=3", "settled=True calls=1 documents=4"]


def test_a_reply_that_was_lost_is_retried_and_books_no_second_document(
    engine: Engine, pool: str, notebook: Notebook, tmp_path: Path
) -> None:
    run = book(engine, pool, notebook, tmp_path / "store.sqlite", first=20, lose_reply=1)
    assert state_of_post(engine, run) == "Completed"
    assert [entry["what"] for entry in notebook.entries()] == ["settled=True calls=1 documents=4"]
    (post,) = engine.task_runs(run)
    assert post["run_count"] == 2


def test_a_task_run_is_named_after_its_orders(engine: Engine, pool: str, notebook: Notebook, tmp_path: Path) -> None:
    run = book(engine, pool, notebook, tmp_path / "store.sqlite", first=30)
    state_of_post(engine, run)
    (post,) = engine.task_runs(run)
    assert post["name"] == "post #2030 … #2033 (4)"


def book(engine: Engine, pool: str, notebook: Notebook, store: Path, **more: object) -> str:
    """A run that books a chunk of four orders; each store knows nothing of what another one settled."""
    run = engine.run(engine.deploy("booking", pool), notebook=str(notebook), store=str(store), **more)
    state = engine.wait(run)
    assert state.name == "Completed", state
    return run


def state_of_post(engine: Engine, run: str) -> str:
    """The state of the run's one task run; it is recorded a moment after the run ended."""

    def ended() -> str:
        found = [t["state"] for t in engine.task_runs(run) if t["state"] and t["state"]["type"] == "COMPLETED"]
        return str(found[0]["name"]) if found else ""

    return wait_until(ended, within=20, what="the task run to be recorded")
