"""What proves things: the effect ledger, the audit chain, cross references."""

from datetime import datetime
from typing import Final

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from connectors.statestore.columns import Key, Sequence, UtcTime
from connectors.statestore.tables.schema import METADATA, StoreTable, partial_index

UNSETTLED: Final = "state IN ('sent', 'awaiting_ack')"
"""An effect whose outcome is open. Queries use the same text, so that SQLite takes the index."""


class EffectRow(StoreTable, table=True):
    """One outbound write, from its intent to its end."""

    __tablename__ = "effect"
    __table_args__ = (
        Index("ix_effect_aggregate_key", "aggregate_key"),
        Index("ix_effect_correlation_id", "correlation_id"),
        partial_index("ix_effect_external_id", "external_id", where="external_id IS NOT NULL"),
        partial_index("ix_effect_external_number", "external_number", where="external_number IS NOT NULL"),
        partial_index("ix_effect_unsettled", "system", "scope", "updated_at", where=UNSETTLED),
    )

    key: str = Field(primary_key=True, sa_type=Key)
    system: str = Field(sa_type=Key)
    operation: str = Field(sa_type=Key)
    scope: str = Field(sa_type=Key)
    aggregate_key: str = Field(sa_type=Key)
    correlation_id: str = Field(sa_type=Key)
    request_digest: str = Field(sa_type=Key)
    state: str = Field(sa_type=Key)
    external_id: str | None = Field(default=None, sa_type=Key)
    external_number: str | None = Field(default=None, sa_type=Key)
    attempts: int = 0
    error_code: str | None = Field(default=None, sa_type=Key)
    error: str | None = Field(default=None, sa_type=Text)
    ack_deadline: datetime | None = Field(default=None, sa_type=UtcTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)


class AuditRecord(StoreTable, table=True):
    """One line of the audit. Triggers refuse update and delete; `hash` covers the line and the one before."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_aggregate_key", "aggregate_key", "seq"),
        Index("ix_audit_correlation_id", "correlation_id"),
    )

    seq: int = Field(primary_key=True, sa_type=Sequence, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcTime)
    actor: str = Field(sa_type=Key)
    action: str = Field(sa_type=Key)
    scope: str = Field(sa_type=Key)
    aggregate_key: str = Field(sa_type=Key)
    correlation_id: str = Field(sa_type=Key)
    detail: str = Field(sa_type=Text)
    previous_hash: str = Field(sa_type=Key)
    hash: str = Field(sa_type=Key)


class ReferenceRow(StoreTable, table=True):
    """The same thing in two systems. Each side names exactly one thing of the other."""

    __tablename__ = "cross_reference"
    __table_args__ = (
        UniqueConstraint("scope", "kind", "left_system", "left_id", "right_system", name="uq_cross_reference_left"),
        UniqueConstraint("scope", "kind", "right_system", "right_id", "left_system", name="uq_cross_reference_right"),
        Index("ix_cross_reference_left_id", "left_id"),
        Index("ix_cross_reference_right_id", "right_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Sequence)
    scope: str = Field(sa_type=Key)
    kind: str = Field(sa_type=Key)
    left_system: str = Field(sa_type=Key)
    left_id: str = Field(sa_type=Key)
    right_system: str = Field(sa_type=Key)
    right_id: str = Field(sa_type=Key)
    label: str | None = Field(default=None, sa_type=Text)


EFFECT_ROWS: Final = METADATA.tables["effect"]
AUDIT: Final = METADATA.tables["audit"]
REFERENCE: Final = METADATA.tables["cross_reference"]
