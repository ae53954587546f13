"""What all tables share: their own metadata with named constraints, and a few shorthands."""

from typing import Any

from sqlalchemy import Index, MetaData, text
from sqlmodel import SQLModel

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


class StoreTable(SQLModel):
    """A table of the state store. Its metadata is apart from anybody else's SQLModel classes in the process."""

    metadata = METADATA


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows that matter, so that its size follows the backlog and not the history."""
    condition: Any = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
