"""One Prefect server and one warm worker for all tests here; each is started once and ended by its id."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.engine import Engine, wait_until


class Notebook:
    """What the sample flows wrote down, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def entries(self, what: str | None = None) -> list[dict[str, Any]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        read = [json.loads(line) for line in lines]
        return [entry for entry in read if what in (None, entry["what"])]

    def wait(self, what: str, count: int = 1, within: float = 30.0) -> list[dict[str, Any]]:
        """Until it says this so many times."""
        wait_until(lambda: len(self.entries(what)) >= count, within=within, what=f"{count} notes {what!r}")
        return self.entries(what)


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path / "notebook.jsonl")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The server, under our profile and with a home of its own."""
    engine = Engine(tmp_path_factory.mktemp("engine"))
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()
        engine.api.close()


@pytest.fixture(scope="session")
def pool(engine: Engine) -> Iterator[str]:
    """A pool served by a warm worker."""
    name = engine.pool("warm")
    with engine.worker(name):
        yield name
