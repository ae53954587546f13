"""Every error of the database becomes one of ours, with the way out. Messages never repeat rows (customer data)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RejectedError, RetryableError

DATABASE_ERRORS: Final = (SQLAlchemyError, sqlite3.Error, OSError)
"""What a database call may raise. The intake uses SQLite's driver directly, hence its errors."""

_SCHEMA_WORDS: Final = ("no such table", "no such column", "undefinedtable", "undefinedcolumn")
_DAMAGE_WORDS: Final = ("malformed", "not a database")


def fault_of(error: BaseException) -> CrossdockError:
    """What to do about an error of the driver or of SQLAlchemy.

    Both drivers name their classes as PEP 249 does, so the names decide. SQLite says InterfaceError for a value it
    cannot bind, PostgreSQL's driver for a closed connection.
    """
    if isinstance(error, CrossdockError):
        return error
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    names = {kind.__name__ for kind in type(cause).__mro__}
    text = f"{type(cause).__name__} {cause}".lower()
    if any(words in text for words in _SCHEMA_WORDS):
        return MisconfiguredError(
            "the state store lacks a table or column",
            code="store_schema",
            way_out="Open it once with CROSSDOCK_STORE_AUTO_UPGRADE on.",
        )
    if any(words in text for words in _DAMAGE_WORDS):
        return MisconfiguredError(
            "the state store's file is not a sound database", code="store_damaged", way_out="Restore it from a backup."
        )
    if "IntegrityError" in names:
        return ConflictError("the row stands already with other content", code="store_conflict")
    lost = "InterfaceError" in names and not type(cause).__module__.startswith("sqlite3")
    if lost or "OperationalError" in names or isinstance(error, PoolTimeoutError | OSError):
        return RetryableError(
            f"the state store did not answer ({type(cause).__name__})", code="store_unavailable", retry_after=1.0
        )
    return RejectedError(
        f"the state store refuses the content ({type(cause).__name__})",
        code="store_refused",
        way_out="A text field holds a character the database cannot store, or a value of the wrong type.",
    )


@contextmanager
def translated() -> Iterator[None]:
    """Raises the errors of the database as ours, `from` their cause."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise fault_of(error) from error
