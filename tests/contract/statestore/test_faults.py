"""Every error of the databases comes out as one of ours."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RejectedError, RetryableError
from connectors.statestore.faults import fault_of, translated
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import open_store


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite3.OperationalError("database is locked"), RetryableError),
        (sqlite3.OperationalError("database or disk is full"), RetryableError),
        (sqlite3.OperationalError("no such table: inbox"), MisconfiguredError),
        (sqlite3.DatabaseError("file is not a database"), MisconfiguredError),
        (sqlite3.DatabaseError("database disk image is malformed"), MisconfiguredError),
        (sqlite3.IntegrityError("UNIQUE constraint failed"), ConflictError),
        (sqlite3.InterfaceError("Error binding parameter 0"), RejectedError),
        (psycopg.OperationalError("connection refused"), RetryableError),
        (psycopg.errors.AdminShutdown("terminating connection"), RetryableError),
        (psycopg.errors.DeadlockDetected("deadlock"), RetryableError),
        (psycopg.errors.LockNotAvailable("lock timeout"), RetryableError),
        (psycopg.InterfaceError("the connection is closed"), RetryableError),
        (psycopg.errors.UniqueViolation("duplicate key"), ConflictError),
        (psycopg.DataError("PostgreSQL text fields cannot contain NUL"), RejectedError),
        (psycopg.errors.UndefinedTable("relation inbox does not exist"), MisconfiguredError),
        (psycopg.errors.UndefinedColumn("column x does not exist"), MisconfiguredError),
        (PoolTimeoutError("no connection"), RetryableError),
        (PermissionError("lock file"), RetryableError),
        (ValueError("a time without a zone"), RejectedError),
    ],
)
def test_each_error_of_a_driver_says_what_to_do(error: Exception, kind: type[CrossdockError]) -> None:
    assert type(fault_of(error)) is kind
    wrapped = DBAPIError("INSERT customer", None, error)
    assert isinstance(error, PoolTimeoutError | OSError | ValueError) or type(fault_of(wrapped)) is kind


def test_the_cause_is_kept_and_the_row_is_not_repeated() -> None:
    cause = OperationalError("INSERT", {"email": "ann@example.com"}, sqlite3.OperationalError("locked"))
    with pytest.raises(RetryableError) as caught, translated():
        raise cause
    assert caught.value.__cause__ is cause
    assert "ann@example.com" not in str(caught.value)


async def test_a_database_that_is_away_may_be_tried_again() -> None:
    settings = StoreSettings.model_validate({"url": "postgresql://crossdock@127.0.0.1:1/crossdock"})
    with pytest.raises(RetryableError) as caught:
        await open_store(settings)
    assert caught.value.code == "store_unavailable"
