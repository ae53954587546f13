"""The schema: at which revision a database is, and how it gets to the newest.

Alembic is imported only when there is something to migrate: the gateway and the command line start without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text

from canonical.errors import MisconfiguredError

if TYPE_CHECKING:
    from alembic.config import Config

REVISION: Final = "0008"
"""The newest revision; a test compares it with the migration files."""

MIGRATION_LOCK: Final = 0x6372_6F73_7301
"""Advisory lock of PostgreSQL under which migrations run. On SQLite the writers' lock serves."""

_SCRIPTS: Final = Path(__file__).parent / "migrations"


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def bring_up(connection: Connection) -> None:
    """Bring the schema to the newest revision, one process at a time. The caller commits.

    Raises `MisconfiguredError` when the database is at a revision this program does not know.
    """
    from alembic import command
    from alembic.util import CommandError

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    if current_revision(connection) == REVISION:
        return
    try:
        command.upgrade(migration_config(connection), "head")
    except CommandError as error:
        raise _not_ours(current_revision(connection)) from error


def migration_config(connection: Connection) -> "Config":
    """Alembic's configuration over an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def require_newest(connection: Connection) -> None:
    """Raises `MisconfiguredError` when the schema is not the one this program was written for."""
    found = current_revision(connection)
    if found != REVISION:
        raise _not_ours(found)


def _not_ours(found: str | None) -> MisconfiguredError:
    return MisconfiguredError(
        f"the state store's schema is at {found or 'nothing'}, this program needs {REVISION}",
        code="store_schema",
        way_out="Open it once with CROSSDOCK_STORE_AUTO_UPGRADE on, or start a program of the same version.",
    )
