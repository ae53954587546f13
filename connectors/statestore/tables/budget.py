"""The call budget all workers share: the bucket of a system as we know it, and what each worker has taken from it."""

from datetime import datetime
from typing import Final

from sqlmodel import Field

from connectors.statestore.columns import Key, UtcTime
from connectors.statestore.tables.schema import METADATA, StoreTable


class BudgetRow(StoreTable, table=True):
    """One bucket. `available` points were there at `at`; it has counted every call that ended before `counted_at`."""

    __tablename__ = "call_budget"

    bucket: str = Field(primary_key=True, sa_type=Key)
    maximum: float
    available: float
    restore_rate: float
    at: datetime = Field(sa_type=UtcTime)
    counted_at: datetime = Field(sa_type=UtcTime)


class BudgetShareRow(StoreTable, table=True):
    """What one worker holds (taken, not yet charged) until a moment, and what it waits for."""

    __tablename__ = "call_budget_share"

    bucket: str = Field(primary_key=True, sa_type=Key)
    owner: str = Field(primary_key=True, sa_type=Key)
    held: float = 0.0
    held_until: datetime = Field(sa_type=UtcTime)
    lane: int | None = None
    wanted: float = 0.0
    since: datetime | None = Field(default=None, sa_type=UtcTime)
    wanted_until: datetime = Field(sa_type=UtcTime)


CALL_BUDGET: Final = METADATA.tables["call_budget"]
CALL_BUDGET_SHARE: Final = METADATA.tables["call_budget_share"]
