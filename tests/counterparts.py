"""The real ERPs as processes for any test: a fresh, seeded database each, served until the `with` block ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import ROOT, RunningProcess, run, running

CACHE = ROOT / ".crossdock" / "cache"
TRYTON = "deployments.sandbox.tryton"
TRYTON_DATABASE = "erp"
LAMBDA_ERP = "deployments.sandbox.lambda_erp"


def tryton_database(workspace: Path) -> Path:
    """A fresh demo database file; only the first caller on a machine waits for the build (20 s of CPU)."""
    file = workspace / f"{TRYTON_DATABASE}.sqlite"
    run(TRYTON, "build", "--out", str(file), "--cache", str(CACHE))
    return file


@contextmanager
def tryton_on_postgresql(url: str, workspace: Path, workers: int = 2) -> Iterator[RunningProcess]:
    """Tryton on a fresh demo database of a PostgreSQL server, which must not exist yet, by several workers."""
    run(TRYTON, "build", "--database-uri", url, "--cache", str(CACHE), within=600)
    arguments = ("--database-uri", url, "--workers", str(workers))
    with running(TRYTON, "serve", *arguments, workspace=workspace) as process:
        yield process


@contextmanager
def tryton(workspace: Path) -> Iterator[RunningProcess]:
    """Tryton on a fresh demo database, under the database name `erp`."""
    with running(TRYTON, "serve", "--database", str(tryton_database(workspace)), workspace=workspace) as process:
        yield process


def lambda_database(workspace: Path) -> Path:
    """A fresh demo database file of Lambda ERP."""
    file = workspace / "lambda.db"
    run(LAMBDA_ERP, "seed", "--database", str(file))
    return file


@contextmanager
def lambda_erp(workspace: Path) -> Iterator[RunningProcess]:
    """Lambda ERP on a fresh demo database."""
    with running(LAMBDA_ERP, "serve", "--database", str(lambda_database(workspace)), workspace=workspace) as process:
        yield process
