"""Create and copy Tryton databases on a PostgreSQL server, as its own commands would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from deployments.sandbox.tryton.target import Target


def exists(target: Target) -> bool:
    """Whether the server has a database of that name."""
    with _server(target) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (target.name,)).fetchone() is not None


@contextmanager
def created(target: Target) -> Iterator[None]:
    """Create an empty database; drop it again when filling it fails, so that no half-filled template stays behind."""
    with _server(target) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(target.name))
        )
    try:
        yield
    except BaseException:
        _drop(target)
        raise
    finally:
        _close_connections(target)


def copy(template: Target, target: Target) -> None:
    """Create `target` as a copy of `template`; well under a second for a demo database."""
    if exists(target):
        raise ValueError(f"the database {target.name} exists already; drop it or choose another name")
    with _server(target) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target.name), sql.Identifier(template.name))
        )


def _drop(target: Target) -> None:
    _close_connections(target)
    with _server(target) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(target.name)))


def _close_connections(target: Target) -> None:
    """Close this process's pool: a database with connections can be neither copied nor dropped."""
    from trytond import backend

    backend.Database(target.name).close()


def _server(target: Target) -> psycopg.Connection[tuple[object, ...]]:
    """A connection to the server's maintenance database, outside any transaction."""
    return psycopg.connect(f"{target.uri}/postgres", autocommit=True)
