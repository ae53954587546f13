"""How the house is run: cursors of polls, lanes of systems, principals."""

from datetime import datetime
from typing import Final

from sqlalchemy import Text
from sqlmodel import Field

from connectors.statestore.columns import Key, UtcTime
from connectors.statestore.tables.schema import METADATA, StoreTable


class CursorRow(StoreTable, table=True):
    """How far a poll of one system has read."""

    __tablename__ = "cursor"

    scope: str = Field(primary_key=True, sa_type=Key)
    name: str = Field(primary_key=True, sa_type=Key)
    value: str = Field(sa_type=Text)
    updated_at: datetime = Field(sa_type=UtcTime)


class LaneRow(StoreTable, table=True):
    """A system's lane: open, or parked until a moment with the reason."""

    __tablename__ = "lane"

    scope: str = Field(primary_key=True, sa_type=Key)
    system: str = Field(primary_key=True, sa_type=Key)
    parked_until: datetime | None = Field(default=None, sa_type=UtcTime)
    reason: str | None = Field(default=None, sa_type=Text)
    failures: int = 0
    updated_at: datetime = Field(sa_type=UtcTime)


class PrincipalRow(StoreTable, table=True):
    """Somebody who may act. Only the SHA-256 of the token is kept: tokens are long and random, so no salt is due."""

    __tablename__ = "principal"

    name: str = Field(primary_key=True, sa_type=Key)
    token_hash: str = Field(sa_type=Key, unique=True)
    roles: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcTime)


CURSOR: Final = METADATA.tables["cursor"]
LANE: Final = METADATA.tables["lane"]
PRINCIPAL: Final = METADATA.tables["principal"]
