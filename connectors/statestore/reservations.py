"""Reservations: what an order takes of stock until the ERP or WMS has allocated it, and what it took at the channel.

Two counts of one line differ. The back office counts it once it is `allocated`; the channel has lowered its own figure
the moment the order was placed, and counts it as committed until it is fulfilled there (`gone`). So a counter of its
own keeps what orders took at each place: it grows in the transaction that records the line, under a row lock, and never
runs by a clock. What a figure counts already is a number on that counter, not a moment.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, bindparam, func, or_, select, update

from canonical.inventory import AllocatedLine
from canonical.records import Reservation
from connectors.statestore.counted import Counts, elsewhere, line_of, parts_of, with_elsewhere
from connectors.statestore.dialects import insert_into
from connectors.statestore.groups import in_groups
from connectors.statestore.tables import RESERVATION, STOCK_TAKEN

Row: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str, str]
Counters: TypeAlias = dict[Key, Decimal]

_R = RESERVATION.c
_T = STOCK_TAKEN.c
_ZERO: Final = Decimal(0)
_KEY: Final = ("scope", "order_id", "line_id")
ALLOCATION: Final = "allocation"
EDITED: Final = "edited"
"""An edit took the line out of the order: the channel gave the goods back."""
STILL_COMMITTED: Final = frozenset({ALLOCATION, "expired"})
"""Ended for us, while the channel goes on counting the line as committed."""
STILL_TAKEN: Final = STILL_COMMITTED | {"shipment"}
"""The channel's own figure stays lowered. Any other end (a cancel) gives the goods back there."""


def change(
    connection: Connection,
    reservations: Sequence[Reservation],
    whole: Sequence[tuple[str, str]],
    endings: Sequence[tuple[str, str, str]],
    now: datetime,
) -> None:
    """Write each reservation, replacing the one of the same order line; then end those of (scope, order id, ended by).

    Of a `whole` order, lines that are not among the reservations are no longer in the order, and end, too. What was
    allocated or has gone is remembered. Raises nothing of its own.
    """
    told = [(r.scope, r.order_id) for r in reservations]
    standing = _locked(connection, [*told, *whole, *(ending[:2] for ending in endings)])
    changed = {_key(row): row for row in _recorded(reservations, standing, now)}
    orders = set(whole)
    for key, row in standing.items():
        if key[:2] in orders and key not in changed and (row["left_at"] is None or row["taken"]):
            changed[key] = _ended(row, EDITED, now)
    for scope, order_id, ended_by in endings:
        for key, row in (standing | changed).items():
            if key[:2] == (scope, order_id) and row["left_at"] is None:
                changed[key] = _ended(row, ended_by, now)
    _write(connection, changed)
    _count(connection, standing, changed)


def _locked(connection: Connection, orders: Iterable[tuple[str, str]]) -> dict[Key, Row]:
    """The lines of these orders, locked in one order for all writers."""
    by_scope: dict[str, set[str]] = defaultdict(set)
    for scope, order_id in orders:
        by_scope[scope].add(order_id)
    found: dict[Key, Row] = {}
    for scope, ids in sorted(by_scope.items()):
        for group in in_groups(sorted(ids)):
            query = select(RESERVATION).where(_R.scope == scope, _R.order_id.in_(group))
            for row in connection.execute(query.order_by(_R.order_id, _R.line_id).with_for_update()).mappings():
                found[row["scope"], row["order_id"], row["line_id"]] = dict(row)
    return found


def _key(row: Row) -> Key:
    return row["scope"], row["order_id"], row["line_id"]


def _recorded(reservations: Sequence[Reservation], standing: dict[Key, Row], now: datetime) -> Iterable[Row]:
    """The rows of reservations: what was allocated of a line stays counted where it is counted, wherever it waits."""
    counts = Counts(standing.values())
    rows = (_row(reservation, standing, counts, now) for reservation in reservations)
    for line, parts in parts_of(rows).items():
        for row in counts.share(line, parts):
            _close_when_full(row, now)
            counts_there = row["location"] is not None and row["sold_as"] in (None, row["sku"])
            row["taken"] = row["quantity"] if counts_there and row["ended_by"] in {None, *STILL_TAKEN} else _ZERO
            yield row


def _row(reservation: Reservation, standing: dict[Key, Row], counts: Counts, now: datetime) -> Row:
    row = reservation.model_dump()
    same = standing.get((reservation.scope, reservation.order_id, reservation.line_id))
    if same is not None and row["location"] is None:  # a webhook does not tell it, the order has it
        row |= {"location": same["location"], "place": same["place"]}
    before = counts.at(line_of(row), row["location"])
    if before is None and same is not None and same["location"] is None:
        before = same
    row["recorded_at"] = ((before or same) or {}).get("recorded_at") or now
    row["gone"] = max((before or {}).get("gone") or _ZERO, row.pop("fulfilled"))
    return row | {"left_at": None, "allocated": _ZERO, "elsewhere": None}


def _ended(row: Row, ended_by: str, now: datetime) -> Row:
    row = row | {"ended_at": row["ended_at"] or now, "ended_by": row["ended_by"] or ended_by}
    if ended_by not in STILL_COMMITTED:
        row |= {"ended_by": ended_by, "left_at": now}
    return row if ended_by in STILL_TAKEN else row | {"taken": _ZERO}


def _close_when_full(row: Row, now: datetime) -> None:
    """All allocated ends the reservation; all fulfilled ends what the channel counts as committed."""
    if row["quantity"] <= (row["allocated"] or _ZERO) and row["ended_at"] is None:
        row["ended_at"], row["ended_by"] = now, ALLOCATION
    if row["quantity"] <= (row["gone"] or _ZERO) and row["left_at"] is None:
        row["left_at"] = now


def _write(connection: Connection, rows: dict[Key, Row]) -> None:
    if not rows:
        return
    statement = insert_into(connection, RESERVATION)
    changes = {c.name: statement.excluded[c.name] for c in _R if c.name not in _KEY}
    upsert = statement.on_conflict_do_update(index_elements=list(_KEY), set_=changes)
    connection.execute(upsert, [rows[key] for key in sorted(rows)])


def _count(connection: Connection, before: dict[Key, Row], after: dict[Key, Row]) -> None:
    """Move the counters by what the lines take now and did not take before."""
    moved: Counters = defaultdict(Decimal)
    for key, row in after.items():
        for one, sign in ((before.get(key), -1), (row, 1)):
            if one is not None and one["taken"]:
                moved[one["scope"], one["sku"], one["location"]] += sign * one["taken"]
    moved = {place: by for place, by in moved.items() if by}
    if not moved:
        return
    places = sorted(moved)
    names = ("scope", "sku", "location")
    fresh = [dict(zip(names, place, strict=True)) | {"total": _ZERO} for place in places]
    connection.execute(insert_into(connection, STOCK_TAKEN).on_conflict_do_nothing(), fresh)
    totals = _totals(connection, places)
    connection.execute(_COUNT, [dict(zip(_B, (*p, totals[p] + moved[p]), strict=True)) for p in places])


def _totals(connection: Connection, places: Sequence[Key]) -> Counters:
    """The counters of these places, locked in order."""
    by_scope: dict[str, set[str]] = defaultdict(set)
    for scope, sku, _ in places:
        by_scope[scope].add(sku)
    totals: Counters = {}
    for scope, skus in sorted(by_scope.items()):
        for group in in_groups(sorted(skus)):
            query = select(STOCK_TAKEN).where(_T.scope == scope, _T.sku.in_(group))
            for row in connection.execute(query.order_by(_T.sku, _T.location).with_for_update()):
                totals[row.scope, row.sku, row.location] = row.total
    return totals


_B: Final = ("of_scope", "of_sku", "of_location", "new_total")
_COUNT = (
    update(STOCK_TAKEN)
    .where(_T.scope == bindparam(_B[0]), _T.sku == bindparam(_B[1]), _T.location == bindparam(_B[2]))
    .values(total=bindparam(_B[3]))
)


def allocate(connection: Connection, lines: Sequence[AllocatedLine], now: datetime) -> tuple[set[str], int]:
    """Note what a source counts. Answers with the SKUs whose reservations changed, and how many lines ended.

    Amounts are totals of the line, and only grow: the same report twice, or a late one, changes nothing. Whether the
    goods have left the warehouse changes nothing either: the channel counts them as committed until it hears of it.
    """
    standing = _locked(connection, ((line.shop, line.order_id) for line in lines))
    by_order: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for key in sorted(standing):
        by_order[key[:2]].append(standing[key])
    told: dict[Key, Decimal] = defaultdict(Decimal)
    places: dict[Key, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in lines:
        for row, part, here in _parts(line, by_order[line.shop, line.order_id]):
            if here:
                told[_key(row)] += part
            if line.location is not None and row["place"] != line.location:
                places[_key(row)][line.location] += part
    changed: dict[Key, Row] = {}
    for key in told.keys() | places.keys():
        if (more := _allocated(standing[key], told[key], places[key], now)) is not None:
            changed[key] = more
    _write(connection, changed)
    ended = sum(row["ended_at"] is not None and standing[key]["ended_at"] is None for key, row in changed.items())
    return {row["sku"] for key, row in changed.items() if row["allocated"] != standing[key]["allocated"]}, ended


def _parts(line: AllocatedLine, rows: Sequence[Row]) -> Iterable[tuple[Row, Decimal, bool]]:
    """How much of each row a report counts, and whether it waits where it is counted; those that do come first."""
    about = [row for row in rows if row["sku"] == line.sku and line.line_id in (None, row["line_id"], line_of(row)[2])]
    here = [row for row in about if line.location is None or row["place"] in (None, line.location)]
    rest = line.quantity
    for row in (*here, *(row for row in about if row not in here)):
        part: Decimal = row["quantity"] if rest is None else min(rest, row["quantity"])
        rest = None if rest is None else rest - part
        yield row, part, row in here


def _allocated(row: Row, allocated: Decimal, places: dict[str, Decimal], now: datetime) -> Row | None:
    """The line with what is allocated by now, here and elsewhere; None when that is no news."""
    before, known = row["allocated"] or _ZERO, elsewhere(row)
    new = max(before, min(allocated, row["quantity"]))
    more = {place: amount for place, amount in places.items() if amount > known.get(place, _ZERO)}
    if new == before and not more:
        return None
    row = with_elsewhere(row, known | more) | {"allocated": new if new != before else row["allocated"]}
    _close_when_full(row, now)
    return row


def reserved(
    connection: Connection, scope: str, skus: Sequence[str] | None, now: datetime
) -> dict[tuple[str, str | None], str]:
    """Open reservations per (SKU, location). Expired ones hold nothing, whether or not anybody has ended them.

    The database counts equal quantities and Python adds them up: sums of SQLite would be floats.
    """
    query = (
        select(_R.sku, _R.location, _R.quantity, _R.allocated, func.count().label("times"))
        .where(_R.scope == scope, _R.ended_at.is_(None), or_(_R.expires_at.is_(None), _R.expires_at > now))
        .group_by(_R.sku, _R.location, _R.quantity, _R.allocated)
    )
    if skus is not None:
        query = query.where(_R.sku.in_(skus))
    totals: dict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
    for row in connection.execute(query):
        totals[row.sku, row.location] += (row.quantity - (row.allocated or _ZERO)) * row.times
    return {place: f"{quantity:f}" for place, quantity in totals.items()}
