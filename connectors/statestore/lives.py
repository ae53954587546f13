"""Lives of orders: one document each, written only over the version before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, text, update

from canonical.errors import ConflictError
from canonical.records import LifeRecord, StageSummary
from connectors.statestore.groups import in_groups
from connectors.statestore.tables import LIFE

_L = LIFE.c
_OPEN: Final = text("is_open")
_DUE: Final = text("is_open AND look_at IS NOT NULL")


def save(connection: Connection, records: Sequence[LifeRecord]) -> None:
    """Write each over the version before. Raises `ConflictError` naming the first whose version moved on."""
    for record in records:
        values = _values(record)
        if record.version == 1:
            known = by_aggregate(connection, [record.aggregate_key])
            if known:
                raise _moved_on(record)
            connection.execute(insert(LIFE).values(**values))
        elif connection.execute(_OVER, values | {"key": record.aggregate_key, "was": record.version - 1}).rowcount != 1:
            raise _moved_on(record)


def _moved_on(record: LifeRecord) -> ConflictError:
    return ConflictError(
        "somebody else wrote the life of this order meanwhile",
        code="life_moved_on",
        document=f"order {record.name}",
        way_out="Read it again, and decide again.",
    )


def by_aggregate(connection: Connection, keys: Sequence[str]) -> dict[str, LifeRecord]:
    """The lives of these orders."""
    found: dict[str, LifeRecord] = {}
    for group in in_groups(sorted(set(keys))):
        for row in connection.execute(select(LIFE).where(_L.aggregate_key.in_(group))).mappings():
            found[row["aggregate_key"]] = _record(row)
    return found


def due(connection: Connection, now: datetime, limit: int) -> list[LifeRecord]:
    """Open lives to be looked at by now, the longest due first."""
    query = select(LIFE).where(_DUE, _L.look_at <= now).order_by(_L.look_at).limit(limit)
    return [_record(row) for row in connection.execute(query).mappings()]


def stages(connection: Connection) -> list[StageSummary]:
    """How many open lives there are by shop and stage, out of their index."""
    query = (
        select(_L.scope, _L.stage, func.count().label("count"), func.min(_L.updated_at).label("quiet_since"))
        .where(_OPEN)
        .group_by(_L.scope, _L.stage)
        .order_by(_L.scope, _L.stage)
    )
    return [StageSummary.model_validate(dict(row)) for row in connection.execute(query).mappings()]


def scan(connection: Connection, scope: str, open_only: bool, after: str | None, limit: int) -> list[LifeRecord]:
    """A page of the lives of a shop, by order id as text."""
    query = select(LIFE).where(_L.scope == scope).order_by(_L.order_id).limit(limit)
    query = query.where(_OPEN) if open_only else query
    query = query.where(_L.order_id > after) if after is not None else query
    return [_record(row) for row in connection.execute(query).mappings()]


def _values(record: LifeRecord) -> dict[str, Any]:
    values = record.model_dump()
    values["is_open"] = values.pop("open")
    return values


def _record(row: RowMapping) -> LifeRecord:
    values = dict(row)
    values["open"] = bool(values.pop("is_open"))
    return LifeRecord.model_validate(values)


_OVER: Final = (
    update(LIFE)
    .where(_L.aggregate_key == bindparam("key"), _L.version == bindparam("was"))
    .values({c.name: bindparam(c.name) for c in _L})
)
