"""The inbox: one narrow row per delivery for claiming, and the payload beside it, written once and never altered.

Two tables, because a state step rewrites the whole row: with the body in it, each step would write 10 KB again.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Index, Text
from sqlmodel import Field

from connectors.statestore.columns import Key, Sequence, UtcTime
from connectors.statestore.tables.schema import METADATA, StoreTable, partial_index

FRESH: Final = "state = 'ready' AND not_before IS NULL AND NOT behind"
"""A claim may find it."""
PARKED: Final = "state = 'ready' AND not_before IS NOT NULL"
LEASED: Final = "state = 'claimed'"
OPEN: Final = "state IN ('ready', 'claimed')"
BEHIND: Final = "behind"
WAITING: Final = "state <> 'done'"
# Queries use these texts too: SQLite takes a partial index only when the query says the same, with no parameter in it.


class InboxRow(StoreTable, table=True):
    """A delivery and how far it is. `seq` is the order of arrival.

    `behind` marks a ready message that stands behind another one of its aggregate which is leased or parked. Claims
    skip it without looking; whoever ends that lease clears the mark (`connectors.statestore.claims`).
    """

    __tablename__ = "inbox"
    __table_args__ = (
        Index("ix_inbox_aggregate_key", "aggregate_key", "seq"),
        Index("ix_inbox_correlation_id", "correlation_id"),
        partial_index("ix_inbox_event_id", "event_id", where="event_id IS NOT NULL"),
        partial_index("ix_inbox_fresh", "kind", "seq", where=FRESH),
        partial_index("ix_inbox_parked", "kind", "not_before", where=PARKED),
        partial_index("ix_inbox_parked_aggregate", "aggregate_key", where=PARKED),
        partial_index("ix_inbox_leased", "aggregate_key", "lease_until", where=LEASED),
        partial_index("ix_inbox_behind", "kind", "aggregate_key", "seq", where=BEHIND),
        partial_index("ix_inbox_open", "aggregate_key", "seq", where=OPEN),
        partial_index("ix_inbox_waiting", "scope", "kind", "state", "received_at", where=WAITING),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=Sequence)
    delivery_key: str = Field(sa_type=Key, unique=True)
    channel: str = Field(sa_type=Key)
    scope: str = Field(sa_type=Key)
    topic: str = Field(sa_type=Key)
    kind: str = Field(sa_type=Key)
    aggregate_key: str = Field(sa_type=Key)
    correlation_id: str = Field(sa_type=Key)
    event_id: str | None = Field(default=None, sa_type=Key)
    occurred_at: datetime | None = Field(default=None, sa_type=UtcTime)
    received_at: datetime = Field(sa_type=UtcTime)
    state: str = Field(sa_type=Key)
    owner: str | None = Field(default=None, sa_type=Key)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    not_before: datetime | None = Field(default=None, sa_type=UtcTime)
    behind: bool = False
    attempts: int = 0
    reason: str | None = Field(default=None, sa_type=Text)


class PayloadRow(StoreTable, table=True):
    """The original headers (JSON) and body of a delivery."""

    __tablename__ = "payload"

    seq: int = Field(primary_key=True, sa_type=Sequence, sa_column_kwargs={"autoincrement": False})
    headers: str = Field(sa_type=Text)
    body: bytes


INBOX: Final = METADATA.tables["inbox"]
PAYLOAD: Final = METADATA.tables["payload"]
