"""Approvals and their one-time codes."""

from datetime import datetime
from typing import Final

from sqlalchemy import Index, Text
from sqlmodel import Field

from connectors.statestore.columns import Key, Sequence, UtcTime
from connectors.statestore.tables.schema import METADATA, StoreTable, partial_index


class ApprovalRow(StoreTable, table=True):
    """A request and what became of it. Per scope and key one row stands; what it replaced is history."""

    __tablename__ = "approval"
    __table_args__ = (
        partial_index("uq_approval_standing", "scope", "key", where="replaced_at IS NULL", unique=True),
        Index("ix_approval_requested_at", "requested_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Sequence)
    scope: str = Field(sa_type=Key)
    key: str = Field(sa_type=Key)
    kind: str = Field(sa_type=Key)
    role: str = Field(sa_type=Key)
    subject: str = Field(sa_type=Key)
    words: str = Field(sa_type=Text)
    detail: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Key)
    requested_by: str = Field(sa_type=Key)
    correlation_id: str = Field(sa_type=Key)
    run_id: str | None = Field(default=None, sa_type=Key)
    requested_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    state: str = Field(sa_type=Key)
    decided_by: str | None = Field(default=None, sa_type=Key)
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    note: str | None = Field(default=None, sa_type=Text)
    forms: int = 0
    refusal: str | None = Field(default=None, sa_type=Text)
    used_at: datetime | None = Field(default=None, sa_type=UtcTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
    replaced_at: datetime | None = Field(default=None, sa_type=UtcTime)


class CodeRow(StoreTable, table=True):
    """A one-time code of a principal for one request. Only its hash is kept; 60 random bits for ten minutes."""

    __tablename__ = "approval_code"

    code_hash: str = Field(primary_key=True, sa_type=Key)
    approval_id: int = Field(sa_type=Sequence)
    principal: str = Field(sa_type=Key)
    expires_at: datetime = Field(sa_type=UtcTime)
    spent_at: datetime | None = Field(default=None, sa_type=UtcTime)


APPROVAL: Final = METADATA.tables["approval"]
APPROVAL_CODE: Final = METADATA.tables["approval_code"]
