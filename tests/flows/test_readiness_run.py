"""The doctor as a run: an artifact of what is not ready, and a run that fails on errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prefect.logging import disable_run_logger

from canonical.errors import RejectedError
from flows import readiness as run
from flows.probes import Probes
from tests.flows.conftest import House
from tests.flows.test_doctor import FakeSetup, sound


async def ended(house: House, monkeypatch: pytest.MonkeyPatch, strict: bool, **changes: Any) -> tuple[Any, list[Any]]:
    """What the run returned or raised, and its artifacts."""
    artifacts: list[Any] = []

    async def keep(**artifact: Any) -> None:
        artifacts.append(artifact)

    async def runtime() -> Any:
        return house.rt

    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[Probes]:
        yield sound(**changes)

    monkeypatch.setattr(run, "create_table_artifact", keep)
    monkeypatch.setattr(run, "runtime", runtime)
    monkeypatch.setattr(run, "opened_probes", opened)
    with disable_run_logger():
        try:
            return await run.data_readiness.fn(fail_on_warnings=strict), artifacts
        except RejectedError as error:
            return error, artifacts


async def test_a_house_in_order_ends_well(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    counts, (artifact,) = await ended(house, monkeypatch, strict=True)
    assert (counts["errors"], counts["warnings"], artifact["table"]) == (0, 0, [])
    assert counts["checks"] > 5


async def test_errors_fail_the_run_and_stand_in_its_artifact(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = FakeSetup(scopes=["read_orders"])
    error, (artifact,) = await ended(house, monkeypatch, strict=False, setups={"north": setup})
    assert (error.code, artifact["key"]) == ("not_ready", "data-readiness")
    assert artifact["table"][0]["what"] == "scopes that the app lacks"


async def test_warnings_fail_the_run_only_when_asked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = FakeSetup(notices=frozenset({"a call is deprecated"}))
    counts, _ = await ended(house, monkeypatch, strict=False, setups={"north": setup})
    assert counts["warnings"] == 1
    error, _ = await ended(house, monkeypatch, strict=True, setups={"north": setup})
    assert error.code == "not_ready"
