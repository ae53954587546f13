"""Cross references: what an order holds of the other systems' ids. Its stock: `connectors.statestore.reservations`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, or_, select

from canonical.errors import ConflictError
from canonical.records import CrossReference
from connectors.statestore.dialects import insert_into
from connectors.statestore.groups import in_groups
from connectors.statestore.tables import REFERENCE

_X = REFERENCE.c


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


def claim(connection: Connection, references: Sequence[CrossReference]) -> list[CrossReference]:
    """Save each whose left side names nothing yet. Returns what stands for each, in order."""
    if references:
        ordered = sorted(references, key=lambda r: (r.scope, r.kind, r.left_system, r.left_id))
        statement = insert_into(connection, REFERENCE).on_conflict_do_nothing()
        connection.execute(statement, [reference.model_dump() for reference in ordered])
    return [one for one in standing(connection, references) if one is not None]


def standing(connection: Connection, references: Sequence[CrossReference]) -> list[CrossReference | None]:
    """What stands for the left side of each, in order; None where it names nothing."""
    found: dict[tuple[str, ...], CrossReference] = {}
    for group in in_groups(sorted({reference.left_id for reference in references})):
        for row in connection.execute(select(REFERENCE).where(_X.left_id.in_(group))):
            one = CrossReference(**_fields(row._mapping))
            found[_left(one)] = one
    return [found.get(_left(reference)) for reference in references]


def _left(reference: CrossReference) -> tuple[str, ...]:
    """What is unique of the left side."""
    return (reference.scope, reference.kind, reference.left_system, reference.left_id, reference.right_system)


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


def _fields(mapping: Any) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != "id"}
