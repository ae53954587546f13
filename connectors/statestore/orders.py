"""Orders: the newest truth of each, and where it stands with us."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, func, or_, select

from canonical.errors import ConflictError
from canonical.records import OrderRecord
from canonical.states import ORDER, OrderState
from connectors.statestore.dialects import insert_into
from connectors.statestore.spellings import spellings
from connectors.statestore.tables import ORDERS

_O = ORDERS.c
_KEPT: Final = ("posted_at", "booked_digest", "external_id", "external_number", "run_id")
"""Known once, kept for ever: a later webhook that does not carry them does not erase what was booked."""
_REPLACED: Final = tuple(c.name for c in _O if c.name not in (*_KEPT, "scope", "order_id"))


def save(connection: Connection, records: Sequence[OrderRecord]) -> None:
    """Write the records. A row that is newer (`updated_at`) is left as it is, silently: flows compare before.

    Raises `ConflictError` when a record would take a step that is not in the order's state table.
    """
    if not records:
        return
    ordered = sorted(records, key=lambda record: record.aggregate_key)  # one order of locks for all
    query = select(_O.aggregate_key, _O.state, _O.updated_at).where(
        _O.aggregate_key.in_([record.aggregate_key for record in ordered])
    )
    rows = connection.execute(query.order_by(_O.aggregate_key).with_for_update())
    standing = {row.aggregate_key: (row.state, row.updated_at) for row in rows}
    for record in ordered:
        state, updated_at = standing.get(record.aggregate_key, (None, None))
        if state is None or record.updated_at >= updated_at:
            _check_step(record, state)
            standing[record.aggregate_key] = (record.state.value, record.updated_at)
    statement = insert_into(connection, ORDERS)
    new = statement.excluded
    changes = {name: new[name] for name in _REPLACED} | {name: func.coalesce(new[name], _O[name]) for name in _KEPT}
    upsert = statement.on_conflict_do_update(
        index_elements=["scope", "order_id"], set_=changes, where=_O.updated_at <= new.updated_at
    )
    connection.execute(upsert, [_columns(record) for record in ordered])


def _check_step(record: OrderRecord, current: str | None) -> None:
    if current is not None and not ORDER.allows(current, record.state):
        raise ConflictError(
            f"an order that is {current} does not become {record.state}",
            code="order_step",
            document=record.name,
            way_out="Read the order again and decide from its state.",
        )


def _columns(record: OrderRecord) -> dict[str, Any]:
    return record.model_dump() | {"state": record.state.value, "waived": json.dumps(record.waived)}


def _record(row: Row[Any]) -> OrderRecord:
    return OrderRecord(**{**row._mapping, "state": OrderState(row.state), "waived": tuple(json.loads(row.waived))})


def by_aggregate(connection: Connection, aggregate_keys: Iterable[str]) -> dict[str, OrderRecord]:
    """The orders that exist under these aggregate keys."""
    query = select(ORDERS).where(_O.aggregate_key.in_(sorted(set(aggregate_keys))))
    return {row.aggregate_key: _record(row) for row in connection.execute(query)}


def find(connection: Connection, text: str, scope: str | None, limit: int) -> list[OrderRecord]:
    """By name (with or without its #), native id, external id or number, correlation id; newest first."""
    words = spellings(text)
    query = select(ORDERS).where(
        or_(
            _O.name.in_(words),
            _O.order_id.in_(words),
            _O.external_id.in_(words),
            _O.external_number.in_(words),
            _O.correlation_id.in_(words),
            _O.aggregate_key.in_(words),
        )
    )
    if scope is not None:
        query = query.where(_O.scope == scope)
    query = query.order_by(_O.received_at.desc(), _O.aggregate_key).limit(limit)
    return [_record(row) for row in connection.execute(query)]
