"""Rows of the mapping repository by version, and the versions."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, tuple_, update

from canonical.mapping.changes import Edit, Version, applied
from canonical.mapping.kinds import MappingKind, MappingRow
from connectors.statestore.tables.mapping import MAPPING_ROW, MAPPING_VERSION

_R, _V = MAPPING_ROW.c, MAPPING_VERSION.c
_AT_ONCE: Final = 300


def newest(connection: Connection) -> int:
    """The number of the newest version; 0 when there is none."""
    return connection.execute(select(func.max(_V.number))).scalar_one() or 0


def versions(connection: Connection, limit: int) -> list[Version]:
    """The newest first."""
    rows = connection.execute(select(MAPPING_VERSION).order_by(_V.number.desc()).limit(limit))
    return [Version(**row._mapping) for row in rows]


def rows_of(connection: Connection, version: int | None, kinds: Collection[str] | None = None) -> list[MappingRow]:
    """The rows of a version; None: of the newest."""
    return [_row(row) for row in _stored(connection, version, kinds)]


def _stored(connection: Connection, version: int | None, kinds: Collection[str] | None) -> Iterable[Row[Any]]:
    query = select(MAPPING_ROW)
    if version is None:
        query = query.where(_R.until.is_(None))
    else:
        query = query.where(_R.since <= version, or_(_R.until.is_(None), _R.until > version))
    if kinds is not None:
        query = query.where(_R.kind.in_(sorted(kinds)))
    return connection.execute(query.order_by(_R.id))


def _row(row: Row[Any]) -> MappingRow:
    return MappingRow.model_construct(
        kind=MappingKind(row.kind),
        shop=row.shop,
        key=tuple(json.loads(row.key)),
        value=row.value,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def add_version(connection: Connection, version: Version) -> None:
    """Begin a version."""
    connection.execute(insert(MAPPING_VERSION), version.model_dump())


def change_rows(connection: Connection, version: int, edits: Sequence[Edit]) -> None:
    """Put edits in force from the version on. Only rows in their places are read and written."""
    stored = list(_in_places(connection, sorted({edit.row.place for edit in edits})))
    standing = {_row(row): row.id for row in stored}
    after = dict.fromkeys(applied(standing, edits))
    gone = [{"gone": number} for row, number in standing.items() if row not in after]
    if gone:
        connection.execute(update(MAPPING_ROW).where(_R.id == bindparam("gone")).values(until=version), gone)
    add_rows(connection, version, [row for row in after if row not in standing])


def add_rows(connection: Connection, version: int, rows: Sequence[MappingRow]) -> None:
    """New rows of a version."""
    if rows:
        connection.execute(insert(MAPPING_ROW), [_columns(row, version) for row in rows])


def _in_places(connection: Connection, places: Sequence[tuple[str, str, tuple[str, ...]]]) -> Iterator[Row[Any]]:
    for start in range(0, len(places), _AT_ONCE):
        part = [(kind, shop, _key(key)) for kind, shop, key in places[start : start + _AT_ONCE]]
        query = select(MAPPING_ROW).where(_R.until.is_(None), tuple_(_R.kind, _R.shop, _R.key).in_(part))
        yield from connection.execute(query.order_by(_R.id))


def _columns(row: MappingRow, version: int) -> dict[str, Any]:
    fields = row.model_dump(exclude={"kind", "key"})
    return fields | {"kind": row.kind.value, "key": _key(row.key), "since": version}


def _key(key: tuple[str, ...]) -> str:
    return json.dumps(key, ensure_ascii=False)


def words_of(moment: datetime, count: int) -> str:
    """How the seeds are named among the versions."""
    return f"{count} seeds, loaded at the first start on {moment:%Y-%m-%d}"
