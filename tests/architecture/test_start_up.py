"""What commands load: `crossdock trace` is typed in a hurry, so it starts without the heavy libraries."""

import os
import subprocess
import sys
from pathlib import Path

from pydantic import SecretStr

from connectors.statestore.glance import DEFAULT_URL
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import open_store

HEAVY = {"sqlalchemy", "sqlmodel", "alembic", "pydantic_settings", "prefect", "httpx", "pandas", "numpy", "starlette"}
CODE = """
import sys
from deployments.cli.main import main
try:
    main({arguments!r})
except SystemExit as end:
    print("ended", end.code)
print("loaded", *sorted({{name.partition(".")[0] for name in sys.modules}} & {heavy!r}))
"""


def loaded(folder: Path, *arguments: str) -> tuple[list[str], str]:
    """(the heavy packages that a command loads, its output)."""
    code = CODE.format(arguments=list(arguments), heavy=HEAVY)
    environment = {**os.environ, "CROSSDOCK_STORE_URL": f"sqlite:///{folder / 'store.sqlite'}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    *output, last = done.stdout.splitlines()
    return last.split()[1:], "\n".join(output)


async def test_a_trace_loads_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    store = await open_store(StoreSettings(url=SecretStr(f"sqlite:///{tmp_path / 'store.sqlite'}")))
    await store.add_principal("ann", "token", ["stock"])
    await store.aclose()
    heavy, output = loaded(tmp_path, "trace", "principal:ann")
    assert "principal.added" in output
    assert heavy == []


def test_without_a_store_a_trace_makes_one_and_says_that_nothing_is_known(tmp_path: Path) -> None:
    heavy, output = loaded(tmp_path, "trace", "#1001")
    assert "Nothing is known about '#1001'." in output
    assert "sqlalchemy" in heavy, "the check itself sees what is loaded"


def test_help_loads_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    assert loaded(tmp_path, "--help")[0] == []


def test_a_quick_look_looks_where_the_store_is_by_default() -> None:
    assert StoreSettings.model_fields["url"].default.get_secret_value() == DEFAULT_URL
