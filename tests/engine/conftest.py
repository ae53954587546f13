"""One Prefect server and one warm worker for all tests here; each is started once and ended by its id."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine.engine import Engine
from tests.engine.notebook import Notebook
from tests.engine.stories import ProcessStory, ZombieStory, drain_on_a_process_pool, make_a_zombie


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
def background() -> Iterator[Executor]:
    """For what takes long and needs nobody to watch: begun early, asked for its outcome by its own test."""
    with ThreadPoolExecutor(max_workers=2) as executor:
        yield executor


@pytest.fixture(scope="session")
def zombie(engine: Engine, background: Executor) -> Future[ZombieStory]:
    """A run whose worker was killed."""
    return background.submit(make_a_zombie, engine)


@pytest.fixture(scope="session")
def process_drain(engine: Engine, background: Executor) -> Future[ProcessStory]:
    """A drain on an ordinary process pool."""
    return background.submit(drain_on_a_process_pool, engine)


@pytest.fixture(scope="session")
def pool(engine: Engine, zombie: object, process_drain: object) -> Iterator[str]:
    """A pool served by a warm worker."""
    name = engine.pool("warm")
    with engine.worker(name):
        yield name
