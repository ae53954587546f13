"""What a change of mappings touches among open documents, counted from the store."""

import json
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection, func, select

from canonical.mapping.changes import Draft, Impact
from canonical.mapping.kinds import ANY, MappingKind, MappingRow
from canonical.mapping.table import TableMappings
from canonical.mapping.usage import Comparison, reasons_of
from canonical.order import Order
from canonical.states import OrderState
from connectors.statestore.tables import CASE, ORDERS

_O, _C = ORDERS.c, CASE.c
_OPEN: Final = [s.value for s in (OrderState.RECEIVED, OrderState.ACCEPTED, OrderState.HELD, OrderState.QUARANTINED)]
_MOST: Final = 20_000


def impact(connection: Connection, draft: Draft, before: Sequence[MappingRow], after: Sequence[MappingRow]) -> Impact:
    """Compare what open orders need before and after, the newest first; count other documents that wait."""
    comparison: Comparison | None = None
    words, looked_at = _words_to_find(draft), 0
    query = select(_O.document).where(_O.state.in_(_OPEN)).order_by(_O.received_at.desc()).limit(_MOST)
    if (shops := {edit.row.shop for edit in draft.edits}) and ANY not in shops:
        query = query.where(_O.scope.in_(sorted(shops)))
    for document in connection.execute(query.execution_options(yield_per=500)).scalars():
        looked_at += 1
        if words is None or any(word in document for word in words):
            comparison = comparison or Comparison(TableMappings(before), TableMappings(after), draft.kinds)
            _compare(comparison, document)
    waiting = _others_waiting(connection, {kind.value for kind in draft.kinds})
    if comparison is None:
        return Impact(looked_at=looked_at, waiting_cases=waiting)
    return comparison.impact(looked_at, waiting)


def _compare(comparison: Comparison, document: bytes) -> None:
    try:
        order = Order.model_validate_json(document)
    except ValueError:
        return  # not an order of this program's version: the flow that handles it says so
    comparison.look(order)


def _words_to_find(draft: Draft) -> list[bytes] | None:
    """Text of which an order that is concerned has at least one; None where any order may be concerned."""
    words = set()
    for edit in draft.edits:
        parts = [part for part in edit.row.key if part and part != ANY]
        if edit.row.kind is MappingKind.ACCOUNT_ITEMS or not parts or ANY in edit.row.key[:1]:
            return None
        words |= {json.dumps(part, ensure_ascii=False)[1:-1].encode() for part in parts}
    return sorted(words)


def _others_waiting(connection: Connection, kinds: Collection[str]) -> int:
    """Open cases of documents that are no orders, whose reason is a mapping of these kinds."""
    orders = select(_O.aggregate_key)
    query = select(func.count()).where(
        _C.closed_at.is_(None), _C.reason_code.in_(sorted(reasons_of(kinds))), _C.aggregate_key.not_in(orders)
    )
    return connection.execute(query).scalar_one()
