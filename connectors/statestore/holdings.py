"""Reservations and cross references: what an order holds of the stock, and of the other systems' ids."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from canonical.errors import ConflictError
from canonical.records import CrossReference, Reservation
from connectors.statestore.dialects import insert_into
from connectors.statestore.tables import REFERENCE, RESERVATION

_R = RESERVATION.c
_X = REFERENCE.c
_KEY = ("scope", "order_id", "line_id")


def reserve(connection: Connection, reservations: Sequence[Reservation]) -> None:
    """Write each, replacing the one of the same order line."""
    if not reservations:
        return
    statement = insert_into(connection, RESERVATION)
    changes = {c.name: statement.excluded[c.name] for c in _R if c.name not in _KEY}
    ordered = sorted(reservations, key=lambda r: (r.scope, r.order_id, r.line_id))  # one order of locks for all
    upsert = statement.on_conflict_do_update(index_elements=list(_KEY), set_=changes)
    connection.execute(upsert, [reservation.model_dump() for reservation in ordered])


def end_reservations(connection: Connection, endings: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """End the open reservations of each (scope, order id, ended by)."""
    for scope, order_id, ended_by in sorted(endings):
        connection.execute(
            update(RESERVATION)
            .where(_R.scope == scope, _R.order_id == order_id, _R.ended_at.is_(None))
            .values(ended_at=now, ended_by=ended_by)
        )


def reserved(
    connection: Connection, scope: str, skus: Sequence[str] | None, now: datetime
) -> dict[tuple[str, str | None], str]:
    """Open reservations per (SKU, location). Expired ones hold nothing, whether or not anybody has ended them.

    The database counts equal quantities and Python adds them up: sums of SQLite would be floats.
    """
    query = (
        select(_R.sku, _R.location, _R.quantity, func.count().label("times"))
        .where(_R.scope == scope, _R.ended_at.is_(None), or_(_R.expires_at.is_(None), _R.expires_at > now))
        .group_by(_R.sku, _R.location, _R.quantity)
    )
    if skus is not None:
        query = query.where(_R.sku.in_(skus))
    totals: dict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
    for row in connection.execute(query):
        totals[row.sku, row.location] += row.quantity * row.times
    return {place: f"{quantity:f}" for place, quantity in totals.items()}


def refer(connection: Connection, references: Sequence[CrossReference]) -> None:
    """Save each. The same pair again is fine; a side that already names another one is a `ConflictError`."""
    if not references:
        return
    ordered = sorted(references, key=lambda r: (r.scope, r.kind, r.left_system, r.left_id))
    statement = insert_into(connection, REFERENCE).on_conflict_do_nothing()
    connection.execute(statement, [reference.model_dump() for reference in ordered])
    for reference in ordered:
        standing = find(
            connection,
            reference.scope,
            reference.kind,
            reference.left_system,
            reference.left_id,
            reference.right_system,
        )
        if standing is None or standing.right_id != reference.right_id:
            raise ConflictError(
                f"{reference.left_system} {reference.left_id} or {reference.right_system} {reference.right_id} "
                "is already linked to another one",
                code="reference_conflict",
                document=f"{reference.scope} {reference.kind}",
                way_out="Look up both sides and decide which link is right.",
            )


def find(
    connection: Connection, scope: str, kind: str, system: str, native_id: str, other: str | None = None
) -> CrossReference | None:
    """The cross reference from either side; `other` says to which system, when there are several."""
    left = (_X.left_system == system) & (_X.left_id == native_id)
    right = (_X.right_system == system) & (_X.right_id == native_id)
    if other is not None:
        left, right = left & (_X.right_system == other), right & (_X.left_system == other)
    query = select(REFERENCE).where(_X.scope == scope, _X.kind == kind, or_(left, right)).order_by(_X.id).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else CrossReference(**_fields(row._mapping))


def partners(connection: Connection, ids: Sequence[str]) -> set[str]:
    """The ids on the other side of every cross reference that names one of these, in any scope."""
    query = select(_X.left_id, _X.right_id).where(or_(_X.left_id.in_(ids), _X.right_id.in_(ids)))
    return {side for row in connection.execute(query) for side in row}


def _fields(mapping: Any) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != "id"}
