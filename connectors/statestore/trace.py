"""The timeline of a document, from any id anybody may hold: ours, the channel's, the ERP's.

First the id is resolved to aggregates, by look-ups over indexes only; then what each table knows about them is put in
order of time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from sqlalchemy import Column, Connection, func, or_, select

from canonical.ids import effect_key
from canonical.records import Case, Clock, Effect, OrderRecord, TraceLine
from connectors.statestore import audit, cases, clocks, effects, holdings, orders
from connectors.statestore.tables import AUDIT, CASE, EFFECT_ROWS, INBOX, ORDERS

T = TypeVar("T")

_I = INBOX.c
_E = EFFECT_ROWS.c
_MOST_AGGREGATES: Final = 20
_MOST_PREFIXES: Final = 100
_MOST_MESSAGES: Final = 500


def trace(connection: Connection, text: str) -> list[TraceLine]:
    """Every line known about the documents that the text names; empty when nobody knows it."""
    keys = sorted(_aggregates(connection, orders.spellings(text)))[:_MOST_AGGREGATES]
    if not keys:
        return []
    lines = [
        *_inbox_lines(connection, keys),
        *_lines(_order_lines, orders.by_aggregate(connection, keys).values()),
        *_lines(_effect_lines, effects.of_aggregates(connection, keys)),
        *_lines(_case_lines, cases.of_aggregates(connection, keys)),
        *_lines(_clock_lines, clocks.of_aggregates(connection, keys)),
        *_audit_lines(connection, keys),
    ]
    return sorted(lines, key=lambda line: line.at)


def _aggregates(connection: Connection, words: Sequence[str]) -> set[str]:
    """The aggregates that any of the spellings names."""
    if not words:
        return set()
    names = [*words, *holdings.partners(connection, words)]
    o, keys = ORDERS.c, _with_prefixes(connection, _I.aggregate_key, names)
    look_ups: list[tuple[Column[str], list[tuple[Column[str], Sequence[str]]]]] = [
        (o.aggregate_key, [(o.name, words), (o.order_id, names), (o.external_id, words), (o.external_number, words)]),
        (_I.aggregate_key, [(_I.delivery_key, _with_prefixes(connection, _I.delivery_key, words))]),
        (_I.aggregate_key, [(_I.event_id, words), (_I.correlation_id, words), (_I.aggregate_key, keys)]),
        (_E.aggregate_key, [(_E.key, words), (_E.external_id, words), (_E.external_number, words)]),
        (AUDIT.c.aggregate_key, [(AUDIT.c.correlation_id, words), (AUDIT.c.aggregate_key, words)]),
        (CASE.c.aggregate_key, [(CASE.c.correlation_id, words), (CASE.c.aggregate_key, words)]),
    ]
    found: set[str] = set()
    for aggregate_key, conditions in look_ups:
        matches = or_(*(column.in_(values) for column, values in conditions))
        query = select(aggregate_key).distinct().where(matches).limit(_MOST_AGGREGATES)
        found.update(connection.execute(query).scalars())
    return found


def _with_prefixes(connection: Connection, column: "Column[str]", words: Sequence[str]) -> list[str]:
    """The words as they are, and as the last part of a key (`scope:kind:id`) under every prefix in use."""
    tails = [effect_key("scope", "kind", word).split(":", 2)[2] for word in words]
    return [*words, *(prefix + tail for prefix in _prefixes(connection, column) for tail in tails)]


def _prefixes(connection: Connection, column: "Column[str]") -> Iterator[str]:
    """The distinct `scope:kind:` prefixes of a key column: one index probe each, however many rows share it."""
    after = ""
    for _ in range(_MOST_PREFIXES):
        key = connection.execute(select(func.min(column)).where(column > after)).scalar_one_or_none()
        if key is None:
            return
        parts = key.split(":", 2)
        if len(parts) < 3:
            after = key
            continue
        yield f"{parts[0]}:{parts[1]}:"
        after = f"{parts[0]}:{parts[1]};"  # the character after the colon: past all keys with this prefix


def _lines(make: Callable[[T], Iterator[TraceLine]], things: Iterable[T]) -> Iterator[TraceLine]:
    for thing in things:
        yield from make(thing)


def _inbox_lines(connection: Connection, keys: Sequence[str]) -> Iterator[TraceLine]:
    columns = (_I.delivery_key, _I.channel, _I.topic, _I.correlation_id, _I.event_id, _I.received_at)
    query = select(*columns, _I.state, _I.attempts, _I.reason).where(_I.aggregate_key.in_(keys))
    for row in connection.execute(query.order_by(_I.seq.desc()).limit(_MOST_MESSAGES)):
        why = f" ({row.reason})" if row.reason else ""
        ids = {"delivery": row.delivery_key, "correlation": row.correlation_id}
        yield TraceLine(
            at=row.received_at,
            what="received",
            words=f"{row.topic} from {row.channel}; now {row.state}{why}, attempts {row.attempts}",
            ids=ids | ({"event": row.event_id} if row.event_id else {}),
        )


def _order_lines(order: OrderRecord) -> Iterator[TraceLine]:
    ids = {"order": order.order_id, "name": order.name, "correlation": order.correlation_id}
    ids |= {"run": order.run_id} if order.run_id else {}
    yield TraceLine(at=order.received_at, what="order", words=f"order {order.name} is {order.state}", ids=ids)
    if order.posted_at is not None:
        number = order.external_number or order.external_id or "without a number"
        external = {"external": order.external_id} if order.external_id else {}
        yield TraceLine(at=order.posted_at, what="posted", words=f"booked as {number}", ids=ids | external)


def _effect_lines(effect: Effect) -> Iterator[TraceLine]:
    ids = {"effect": effect.key}
    yield TraceLine(at=effect.created_at, what="intended", words=f"{effect.operation} at {effect.system}", ids=ids)
    if effect.sent_at is not None and effect.state != "sent":
        yield TraceLine(
            at=effect.sent_at,
            what="sent",
            words=f"{effect.operation} to {effect.system}, attempt {effect.attempts}",
            ids=ids,
        )
    if effect.state != "intended":
        named = {"external": effect.external_id, "number": effect.external_number}
        why = f": {effect.error_code or ''} {effect.error or ''}".rstrip() if effect.error or effect.error_code else ""
        yield TraceLine(
            at=effect.updated_at,
            what=effect.state.value,
            words=f"{effect.operation} at {effect.system}, attempts {effect.attempts}{why}",
            ids=ids | {name: value for name, value in named.items() if value},
        )


def _case_lines(case: Case) -> Iterator[TraceLine]:
    ids = {"case": str(case.id), "reason": case.reason_code}
    yield TraceLine(at=case.opened_at, what=case.kind.value, words=f"{case.words} (owner: {case.owner})", ids=ids)
    if case.closed_at is not None:
        note = f": {case.note}" if case.note else ""
        yield TraceLine(at=case.closed_at, what="released", words=f"by {case.closed_by}{note}", ids=ids)


def _clock_lines(clock: Clock) -> Iterator[TraceLine]:
    yield TraceLine(at=clock.started_at, what="clock started", words=clock.name)
    if clock.stopped_at is not None:
        seconds = (clock.stopped_at - clock.started_at).total_seconds()
        late = ", late" if clock.due_at is not None and clock.stopped_at > clock.due_at else ""
        yield TraceLine(at=clock.stopped_at, what="clock stopped", words=f"{clock.name} after {seconds:.3f} s{late}")


def _audit_lines(connection: Connection, keys: Sequence[str]) -> Iterator[TraceLine]:
    for row in audit.rows_of(connection, keys):
        detail = ", ".join(f"{name} {value}" for name, value in row.entry.detail.items())
        words = f"by {row.entry.actor}" + (f": {detail}" if detail else "")
        yield TraceLine(at=row.entry.at, what=row.entry.action, words=words, ids={"audit": str(row.seq)})
