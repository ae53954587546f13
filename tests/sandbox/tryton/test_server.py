"""Tryton as a process: it starts, stops when asked, keeps what it committed when killed, and comes back."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.processes import ProcessFailedError, run, running, start
from tests.sandbox.tryton.rpc import Tryton

pytestmark = pytest.mark.counterpart
MODULE = "deployments.sandbox.tryton"


def test_it_ends_cleanly_when_asked(database: Path, tmp_path: Path) -> None:
    process = start(MODULE, "serve", "--database", str(database), workspace=tmp_path)
    with Tryton(process.url, "erp", "connector-north"):
        assert process.stop() == 0
    with pytest.raises(httpx.ConnectError):
        Tryton(process.url, "erp", "connector-north")


def test_what_was_committed_survives_a_kill_and_the_same_address_answers_again(database: Path, tmp_path: Path) -> None:
    first = start(MODULE, "serve", "--database", str(database), workspace=tmp_path)
    with Tryton(first.url, "erp", "connector-north") as client:
        client.call("model.party.party.create", [{"name": "Kept", "code": "KEPT"}])
    first.kill()
    with (
        running(MODULE, "serve", "--database", str(database), workspace=tmp_path, port=first.port) as second,
        Tryton(second.url, "erp", "connector-north") as client,
    ):
        assert second.port == first.port
        assert [row["name"] for row in client.find("party.party", [("code", "=", "KEPT")], ["name"])] == ["Kept"]


def test_a_database_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailedError, match=r"nothing\.sqlite does not exist; make it with `build --out`"):
        start(MODULE, "serve", "--database", str(tmp_path / "nothing.sqlite"), workspace=tmp_path)


def test_a_file_name_that_tryton_cannot_serve_is_refused_before_building(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailedError, match=r"ends in \.sqlite"):
        run(MODULE, "build", "--out", str(tmp_path / "erp.db"))
