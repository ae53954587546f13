"""Positions: the newest word of every source, and the reservations it counts, written in one transaction."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, and_, or_, select

from canonical.inventory import Freshness, Incoming, InventoryLevel, StockReport
from canonical.ports.stock import RecordedStock
from connectors.statestore import reservations
from connectors.statestore.dialects import insert_into, plan_anew
from connectors.statestore.groups import in_groups
from connectors.statestore.tables import STOCK_LEVEL

Row: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str, str]

_L = STOCK_LEVEL.c
_KEY: Final = ("company", "sku", "source", "native_location")
_AMOUNTS: Final = ("on_hand", "allocated", "in_transit", "quality_hold", "safety_stock")
_TOLD: Final = ("location", "unit", *_AMOUNTS, "supplied", "incoming")
_ZERO: Final = Decimal(0)


def record(connection: Connection, report: StockReport, seen_at: datetime) -> RecordedStock:
    """Levels that are newer, zeros for what a complete snapshot does not name, and the reservations they end."""
    plan_anew(connection)
    newest: dict[Place, Row] = {}
    for level in report.levels:
        row = _row(report, level, seen_at)
        at = (row["sku"], row["native_location"])
        if at not in newest or _newer(row, newest[at]):
            newest[at] = row
    changed: set[str] = set()
    written = 0
    for group in in_groups(sorted(newest)):
        count, skus = _write(connection, [newest[at] for at in group])
        written += count
        changed |= skus
    changed |= _zero_the_rest(connection, report, newest, seen_at)
    ended_of, ended = reservations.allocate(connection, report.allocated, seen_at)
    return RecordedStock(frozenset(changed | ended_of), len(report.levels) - written, ended)


def _row(report: StockReport, level: InventoryLevel, seen_at: datetime) -> Row:
    incoming = [(f"{i.quantity:f}", i.due.isoformat(), i.document) for i in level.incoming]
    return {
        "company": report.company,
        "sku": level.sku,
        "source": report.source,
        "native_location": level.native_location or level.location,
        "location": level.location,
        "unit": level.unit,
        **{name: getattr(level, name) for name in _AMOUNTS},
        "supplied": level.supplied,
        "incoming": json.dumps(incoming) if incoming else None,
        "as_of": level.as_of,
        "sequence": level.sequence,
        "seen_at": seen_at,
    }


def _newer(row: Row, standing: Row) -> bool:
    return _freshness(row).supersedes(_freshness(standing))


def _freshness(row: Row) -> Freshness:
    return Freshness.model_construct(sequence=row["sequence"], as_of=row["as_of"])


def _write(connection: Connection, rows: list[Row]) -> tuple[int, set[str]]:
    """Write those that are newer. Answers with how many were, and the SKUs whose amounts are others now."""
    first = rows[0]
    query = select(STOCK_LEVEL).where(
        _L.company == first["company"], _L.source == first["source"], _L.sku.in_({row["sku"] for row in rows})
    )
    found = connection.execute(query.order_by(_L.sku, _L.native_location).with_for_update()).mappings()
    standing = {(row["sku"], row["native_location"]): dict(row) for row in found}
    newer, told = [], set()
    for row in rows:
        old = standing.get((row["sku"], row["native_location"]))
        if old is None or _newer(row, old) or _confirms(row, old):
            newer.append(row)
        if old is None or (_newer(row, old) and any(row[name] != old[name] for name in _TOLD)):
            told.add(row["sku"])
    _upsert(connection, newer)
    return len(newer), told


def _confirms(row: Row, old: Row) -> bool:
    """The same count of the source, told again later: it is still there, so a snapshot must not zero it."""
    return row["sequence"] is not None and row["sequence"] == old["sequence"] and row["as_of"] > old["as_of"]


def _upsert(connection: Connection, rows: list[Row]) -> None:
    """The condition counts where another writer put the same new position there a moment ago."""
    if not rows:
        return
    statement = insert_into(connection, STOCK_LEVEL)
    new = statement.excluded
    both = and_(new.sequence.is_not(None), _L.sequence.is_not(None))
    newer = or_(and_(both, new.sequence >= _L.sequence), and_(~both, new.as_of > _L.as_of))
    changes = {c.name: new[c.name] for c in _L if c.name not in _KEY}
    upsert = statement.on_conflict_do_update(index_elements=list(_KEY), set_=changes, where=newer)
    connection.execute(upsert, rows)


def _zero_the_rest(connection: Connection, report: StockReport, named: dict[Place, Row], seen_at: datetime) -> set[str]:
    """Zero what a complete location did not name, unless something newer than the snapshot has told of it."""
    if not report.complete:
        return set()
    moment = max((level.as_of for level in report.levels), default=seen_at)
    query = select(STOCK_LEVEL).where(
        _L.company == report.company,
        _L.source == report.source,
        _L.native_location.in_(report.complete),
        _L.as_of < moment,
    )
    found = connection.execute(query.order_by(_L.sku, _L.native_location).with_for_update()).mappings().all()
    rows = [dict(row) for row in found if (row["sku"], row["native_location"]) not in named]
    nothing = dict.fromkeys(_AMOUNTS, _ZERO) | {"incoming": None, "as_of": moment, "seen_at": seen_at}
    zeros = [row | nothing | {"supplied": None if row["supplied"] is None else _ZERO} for row in rows]
    for group in in_groups(zeros):
        _upsert(connection, group)
    return {row["sku"] for row in rows if row["incoming"] or row["supplied"] or any(row[name] for name in _AMOUNTS)}


def levels(connection: Connection, company: str, skus: Sequence[str] | None) -> list[InventoryLevel]:
    """The positions of a company, or of these SKUs, sorted."""
    found: list[InventoryLevel] = []
    query = select(STOCK_LEVEL).where(_L.company == company).order_by(_L.sku, _L.source, _L.native_location)
    groups: Iterable[list[str] | None] = [None] if skus is None else in_groups(sorted(set(skus)))
    for group in groups:
        some = query if group is None else query.where(_L.sku.in_(group))
        found += [_level(dict(row)) for row in connection.execute(some).mappings()]
    return found


def _level(row: Row) -> InventoryLevel:
    fields = {name: value for name, value in row.items() if name not in ("company", "seen_at")}
    return InventoryLevel.model_construct(**fields | {"incoming": incoming_of(row["incoming"])})


def incoming_of(text: str | None) -> tuple[Incoming, ...]:
    """What is on its way, out of its JSON."""
    if text is None:
        return ()
    return tuple(
        Incoming(quantity=Decimal(q), due=date.fromisoformat(due), document=d) for q, due, d in json.loads(text)
    )


COLUMNS: Final = ("sku", "location", "native_location", "source", "unit", *_AMOUNTS, "supplied", "incoming")


def level_columns(connection: Connection, company: str) -> dict[str, list[Any]]:
    """All positions of a company, a list for each of `COLUMNS`, sorted by SKU.

    Past the row processing of SQLAlchemy, which would take most of the time. Equal amounts are one Decimal.
    """
    columns = ", ".join(COLUMNS)
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    statement = f"SELECT {columns} FROM stock_level WHERE company = {mark} ORDER BY sku, source, native_location"  # noqa: S608 (constants)
    rows = connection.exec_driver_sql(statement, (company,)).fetchall()
    found = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)) if rows else {n: [] for n in COLUMNS}
    for name in (*_AMOUNTS, "supplied"):
        known: dict[Any, Decimal | None] = {text: Decimal(text) for text in set(found[name]) - {None}} | {None: None}
        found[name] = [known[text] for text in found[name]]
    found["incoming"] = [incoming_of(text) for text in found["incoming"]]
    return found
