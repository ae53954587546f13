"""Prefect's server as we start it."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.engine.engine import Engine

pytestmark = [pytest.mark.xdist_group("engine"), pytest.mark.counterpart]
WRITERS, RUNS = 6, 10


def test_writers_wait_their_turn_and_none_is_refused(engine: Engine) -> None:
    """Left alone, Prefect on SQLite refuses some of these with 503, and its clients try again after two seconds."""
    deployment = engine.deploy("quick", engine.pool("unserved"), parameters={"notebook": "nowhere"})

    def write(_: int) -> list[int]:
        path, body = f"/deployments/{deployment}/create_flow_run", {"state": {"type": "SCHEDULED"}}
        with httpx.Client(base_url=engine.api.base_url, timeout=60.0, trust_env=False) as client:
            return [client.post(path, json=body).status_code for _ in range(RUNS)]

    with ThreadPoolExecutor(WRITERS) as writers:
        answers = [status for statuses in writers.map(write, range(WRITERS)) for status in statuses]
    assert answers == [201] * (WRITERS * RUNS)
