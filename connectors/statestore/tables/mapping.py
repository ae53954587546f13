"""The mapping repository: rows with the versions they belong to, versions, change sets."""

from datetime import datetime
from typing import Final

from sqlalchemy import Index, Text
from sqlmodel import Field

from connectors.statestore.columns import Key, Sequence, UtcTime
from connectors.statestore.tables.schema import METADATA, StoreTable, partial_index


class MappingRowRow(StoreTable, table=True):
    """One mapped value, part of every version from `since` on, until (without) `until`. `key` is a JSON list."""

    __tablename__ = "mapping_row"
    __table_args__ = (
        partial_index("ix_mapping_row_standing", "kind", "shop", "key", where="until IS NULL"),
        Index("ix_mapping_row_since", "since"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Sequence)
    kind: str = Field(sa_type=Key)
    shop: str = Field(sa_type=Key)
    key: str = Field(sa_type=Key)
    value: str = Field(sa_type=Key)
    valid_from: datetime | None = Field(default=None, sa_type=UtcTime)
    valid_to: datetime | None = Field(default=None, sa_type=UtcTime)
    since: int
    until: int | None = Field(default=None)


class MappingVersionRow(StoreTable, table=True):
    """A version: when it came into force, by whom, from which change (none: the seeds)."""

    __tablename__ = "mapping_version"

    number: int = Field(primary_key=True, sa_type=Sequence)
    change_id: int | None = Field(default=None, sa_type=Sequence)
    at: datetime = Field(sa_type=UtcTime)
    by: str = Field(sa_type=Key)
    words: str = Field(sa_type=Text)


class MappingChangeRow(StoreTable, table=True):
    """A change set. `draft`, `problems` and `impact` are JSON."""

    __tablename__ = "mapping_change"
    __table_args__ = (Index("ix_mapping_change_state", "state"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=Sequence)
    state: str = Field(sa_type=Key)
    draft: str = Field(sa_type=Text)
    base_version: int
    proposed_by: str = Field(sa_type=Key)
    proposed_at: datetime = Field(sa_type=UtcTime)
    problems: str = Field(sa_type=Text)
    impact: str = Field(sa_type=Text)
    decided_by: str | None = Field(default=None, sa_type=Key)
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    note: str | None = Field(default=None, sa_type=Text)
    version: int | None = Field(default=None)


MAPPING_ROW: Final = METADATA.tables["mapping_row"]
MAPPING_VERSION: Final = METADATA.tables["mapping_version"]
MAPPING_CHANGE: Final = METADATA.tables["mapping_change"]
