"""The timeline of a document, from any id anybody may hold: ours, the channel's, the ERP's.

First the id is resolved to aggregates, by look-ups over indexes only; then what each table knows about them is put in
order of time. Plain SQL over whatever runs it: the command line reads SQLite without SQLAlchemy (`glance`), which costs
half a second of CPU to import with the tables.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from canonical.ids import effect_key
from canonical.records import TraceLine
from connectors.statestore.spellings import spellings

Row: TypeAlias = Mapping[str, Any]
Run: TypeAlias = Callable[[str, Mapping[str, Any]], Sequence[Row]]
"""Runs a statement with `:name` parameters."""

_MOST_AGGREGATES: Final = 20
_MOST_PREFIXES: Final = 100
_MOST_MESSAGES: Final = 500


def trace(run: Run, text: str) -> list[TraceLine]:
    """Every line known about the documents that the text names; empty when nobody knows it."""
    keys = sorted(_aggregates(run, spellings(text)))[:_MOST_AGGREGATES]
    if not keys:
        return []
    lines = [line for table, order, make in _LINES for row in _of(run, table, order, keys) for line in make(row)]
    return sorted(lines, key=lambda line: line.at)


def _of(run: Run, table: str, order: str, keys: Sequence[str]) -> Sequence[Row]:
    condition, values = _any({"aggregate_key": keys})
    return run(f"SELECT * FROM {table} WHERE {condition} ORDER BY {order} LIMIT {_MOST_MESSAGES}", values)  # noqa: S608


def _any(wanted: Mapping[str, Sequence[str]]) -> tuple[str, dict[str, str]]:
    """`column IN (...)` for each column, joined by OR, and its parameters."""
    conditions: list[str] = []
    values: dict[str, str] = {}
    for column, words in wanted.items():
        names = [f"{column}_{number}" for number in range(len(words))]
        values |= dict(zip(names, words, strict=True))
        conditions.append(f"{column} IN ({', '.join(f':{name}' for name in names)})")
    return " OR ".join(conditions), values


def _aggregates(run: Run, words: Sequence[str]) -> set[str]:
    """The aggregates that any of the spellings names."""
    if not words:
        return set()
    names = [*words, *_partners(run, words)]
    keys = _with_prefixes(run, "aggregate_key", names)
    look_ups: list[tuple[str, dict[str, Sequence[str]]]] = [
        ("orders", {"name": words, "order_id": names, "external_id": words, "external_number": words}),
        ("inbox", {"delivery_key": _with_prefixes(run, "delivery_key", words)}),
        ("inbox", {"event_id": words, "correlation_id": words, "aggregate_key": keys}),
        ("effect", {"key": words, "external_id": words, "external_number": words}),
        ("audit", {"correlation_id": words, "aggregate_key": words}),
        ("stuck_case", {"correlation_id": words, "aggregate_key": words}),
    ]
    found: set[str] = set()
    for table, wanted in look_ups:
        condition, values = _any(wanted)
        query = f"SELECT DISTINCT aggregate_key FROM {table} WHERE {condition} LIMIT {_MOST_AGGREGATES}"  # noqa: S608
        found.update(row["aggregate_key"] for row in run(query, values))
    return found


def _partners(run: Run, ids: Sequence[str]) -> set[str]:
    """The ids on the other side of every cross reference that names one of these, in any scope.

    A side that is a part of something (a return, a parcel of an order) begins with what it is a part of.
    """
    condition, values = _any({"left_id": ids, "right_id": ids})
    rows = run(f"SELECT left_id, right_id FROM cross_reference WHERE {condition}", values)  # noqa: S608
    sides = {side for row in rows for side in (row["left_id"], row["right_id"])}
    return sides | {side.partition("/")[0] for side in sides}


def _with_prefixes(run: Run, column: str, words: Sequence[str]) -> list[str]:
    """The words as they are, and as the last part of a key (`scope:kind:id`) under every prefix in use."""
    tails = [effect_key("scope", "kind", word).split(":", 2)[2] for word in words]
    return [*words, *(prefix + tail for prefix in _prefixes(run, column) for tail in tails)]


def _prefixes(run: Run, column: str) -> Iterator[str]:
    """The distinct `scope:kind:` prefixes of a key of the inbox: one index probe each, however many rows share it."""
    after = ""
    for _ in range(_MOST_PREFIXES):
        query = f"SELECT min({column}) AS found FROM inbox WHERE {column} > :after"  # noqa: S608
        key = run(query, {"after": after})[0]["found"]
        if key is None:
            return
        parts = key.split(":", 2)
        if len(parts) < 3:
            after = key
            continue
        yield f"{parts[0]}:{parts[1]}:"
        after = f"{parts[0]}:{parts[1]};"  # the character after the colon: past all keys with this prefix


def _moment(value: Any) -> datetime:
    """SQLite keeps times as text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    utc: datetime = moment.astimezone(UTC)
    return utc


def _inbox_lines(row: Row) -> Iterator[TraceLine]:
    why = f" ({row['reason']})" if row["reason"] else ""
    ids = {"delivery": row["delivery_key"], "correlation": row["correlation_id"]}
    yield TraceLine(
        at=_moment(row["received_at"]),
        what="received",
        words=f"{row['topic']} from {row['channel']}; now {row['state']}{why}, attempts {row['attempts']}",
        ids=ids | ({"event": row["event_id"]} if row["event_id"] else {}),
    )


def _order_lines(row: Row) -> Iterator[TraceLine]:
    ids = {"order": row["order_id"], "name": row["name"], "correlation": row["correlation_id"]}
    ids |= {"run": row["run_id"]} if row["run_id"] else {}
    words = f"order {row['name']} is {row['state']}"
    yield TraceLine(at=_moment(row["received_at"]), what="order", words=words, ids=ids)
    if row["posted_at"] is not None:
        number = row["external_number"] or row["external_id"] or "without a number"
        external = {"external": row["external_id"]} if row["external_id"] else {}
        yield TraceLine(at=_moment(row["posted_at"]), what="posted", words=f"booked as {number}", ids=ids | external)


def _effect_lines(row: Row) -> Iterator[TraceLine]:
    ids, what = {"effect": row["key"]}, f"{row['operation']} at {row['system']}"
    yield TraceLine(at=_moment(row["created_at"]), what="intended", words=what, ids=ids)
    if row["sent_at"] is not None and row["state"] != "sent":
        words = f"{row['operation']} to {row['system']}, attempt {row['attempts']}"
        yield TraceLine(at=_moment(row["sent_at"]), what="sent", words=words, ids=ids)
    if row["state"] != "intended":
        named = {"external": row["external_id"], "number": row["external_number"]}
        known = row["error"] or row["error_code"]
        why = f": {row['error_code'] or ''} {row['error'] or ''}".rstrip() if known else ""
        yield TraceLine(
            at=_moment(row["updated_at"]),
            what=row["state"],
            words=f"{what}, attempts {row['attempts']}{why}",
            ids=ids | {name: value for name, value in named.items() if value},
        )


def _case_lines(row: Row) -> Iterator[TraceLine]:
    ids = {"case": str(row["id"]), "reason": row["reason_code"]}
    words = f"{row['words']} (owner: {row['owner']})"
    yield TraceLine(at=_moment(row["opened_at"]), what=row["kind"], words=words, ids=ids)
    if row["closed_at"] is not None:
        note = f": {row['note']}" if row["note"] else ""
        words = f"by {row['closed_by']}{note}"
        yield TraceLine(at=_moment(row["closed_at"]), what="released", words=words, ids=ids)


def _clock_lines(row: Row) -> Iterator[TraceLine]:
    started = _moment(row["started_at"])
    yield TraceLine(at=started, what="clock started", words=row["name"])
    if row["stopped_at"] is not None:
        stopped = _moment(row["stopped_at"])
        late = ", late" if row["due_at"] is not None and stopped > _moment(row["due_at"]) else ""
        seconds = (stopped - started).total_seconds()
        yield TraceLine(at=stopped, what="clock stopped", words=f"{row['name']} after {seconds:.3f} s{late}")


def _audit_lines(row: Row) -> Iterator[TraceLine]:
    detail = ", ".join(f"{name} {value}" for name, value in json.loads(row["detail"]).items())
    words = f"by {row['actor']}" + (f": {detail}" if detail else "")
    yield TraceLine(at=_moment(row["at"]), what=row["action"], words=words, ids={"audit": str(row["seq"])})


_LINES: Final[Sequence[tuple[str, str, Callable[[Row], Iterator[TraceLine]]]]] = (
    ("inbox", "seq DESC", _inbox_lines),
    ("orders", "aggregate_key", _order_lines),
    ("effect", "created_at, key", _effect_lines),
    ("stuck_case", "opened_at, id", _case_lines),
    ("sla_clock", "started_at, name", _clock_lines),
    ("audit", "seq", _audit_lines),
)
