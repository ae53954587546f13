"""Figures: what each place of a channel is to show, who is writing it, and what the channel acknowledged.

A figure is due when the channel shows something else than the target, and the channel shows what we wrote less what
orders took since: its own figure falls with every order. So an order whose reservation lowers the target by as much as
it lowered the channel needs no write at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, RowMapping, bindparam, func, or_, select, text, update

from canonical.inventory import Figure, FigureResult, FigureState, Place
from connectors.statestore.dialects import insert_into, now_of, plan_anew
from connectors.statestore.groups import in_groups
from connectors.statestore.tables import STOCK_FIGURE, STOCK_TAKEN
from connectors.statestore.tables.stock import DUE

Row: TypeAlias = dict[str, Any]
At: TypeAlias = tuple[str, str, str]

_F, _T = STOCK_FIGURE.c, STOCK_TAKEN.c
_ZERO: Final = Decimal(0)
_FRESH: Final[Row] = {"owner": None, "lease_until": None, "later_at": None, "reason": None, "approval_id": None}


def plan(connection: Connection, figures: Sequence[Figure]) -> int:
    """Write the targets that are new. Returns how many were."""
    plan_anew(connection)
    newest = {(f.shop, f.place.item_id, f.place.location_id): f for f in figures}
    by_shop: dict[str, list[At]] = defaultdict(list)
    for at in sorted(newest):
        by_shop[at[0]].append(at)
    changed = 0
    for shop, places in by_shop.items():
        for group in in_groups(places):
            changed += _plan(connection, shop, [newest[at] for at in group])
    return changed


def _plan(connection: Connection, shop: str, figures: list[Figure]) -> int:
    now = now_of(connection)
    standing = _standing(connection, shop, (f.place for f in figures))
    skus = sorted({f.sku for f in figures})
    totals, items = _totals(connection, shop, skus), _items(connection, shop, skus)
    for figure in figures:
        items[figure.sku, figure.place.location_id].add(figure.place.item_id)
    fresh, later = [], []
    for figure in figures:
        at = (figure.sku, figure.place.location_id)
        total = totals.get(at, _ZERO)
        old = standing.get((figure.place.item_id, figure.place.location_id))
        if old is None:
            fresh.append(_first(figure, total))
        elif (new := _next(old, figure, total, alone=len(items[at]) == 1, now=now)) is not None:
            later.append(new)
    if fresh:
        connection.execute(insert_into(connection, STOCK_FIGURE).on_conflict_do_nothing(), fresh)
    if later:
        connection.execute(_CHANGE, [{f"new_{name}": row[name] for name in ("id", *_CHANGING)} for row in later])
    return len(fresh) + len(later)


def _standing(connection: Connection, shop: str, places: Iterable[Place]) -> dict[tuple[str, str], Row]:
    """The rows of these places, locked in order."""
    found: dict[tuple[str, str], Row] = {}
    for group in in_groups(sorted({place.item_id for place in places})):
        query = select(STOCK_FIGURE).where(_F.shop == shop, _F.item_id.in_(group))
        for row in connection.execute(query.order_by(_F.item_id, _F.location_id).with_for_update()).mappings():
            found[row["item_id"], row["location_id"]] = dict(row)
    return found


def _totals(connection: Connection, shop: str, skus: list[str]) -> dict[tuple[str, str], Decimal]:
    rows = connection.execute(select(_T.sku, _T.location, _T.total).where(_T.scope == shop, _T.sku.in_(skus)))
    return {(row.sku, row.location): row.total for row in rows}


def _items(connection: Connection, shop: str, skus: list[str]) -> dict[tuple[str, str], set[str]]:
    """The channel's items at each place of a SKU: where there are several, an order lowers only one of them."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    query = select(_F.sku, _F.location_id, _F.item_id).where(_F.shop == shop, _F.sku.in_(skus))
    for row in connection.execute(query):
        found[row.sku, row.location_id].add(row.item_id)
    return found


def _first(figure: Figure, total: Decimal) -> Row:
    shown = figure.published == figure.target
    row = figure.model_dump(exclude={"place", "state", "version"})
    state = FigureState.PUBLISHED if shown else FigureState.DUE
    place = {"item_id": figure.place.item_id, "location_id": figure.place.location_id}
    return row | place | {"state": state.value, "version": 1, "mark": total}


def _next(old: Row, figure: Figure, total: Decimal, *, alone: bool, now: datetime) -> Row | None:
    """The row with the new target; None when nothing is to be written that was not to be written before."""
    taken = total - old["mark"]
    shown = None if old["published"] is None or (taken and not alone) else old["published"] - taken
    in_flight = old["owner"] is not None and old["lease_until"] > now
    settled = old["state"] != FigureState.PUBLISHED or shown == figure.target
    if figure.target == old["target"] and figure.sku == old["sku"] and settled:
        return None
    new = old | {"sku": figure.sku, "target": figure.target, "urgent": figure.urgent, "version": old["version"] + 1}
    new |= {"reason": None, "approval_id": None}
    if shown == figure.target and not in_flight:
        return new | {"state": FigureState.PUBLISHED.value, "changed_at": figure.changed_at, "later_at": None}
    if old["state"] == FigureState.PUBLISHED:
        return new | {
            "state": FigureState.DUE.value,
            "changed_at": figure.changed_at,
            "not_before": figure.not_before,
            "later_at": None,
        }
    later = old["later_at"] or figure.changed_at
    return new | {
        "state": FigureState.DUE.value,
        "changed_at": min(old["changed_at"], figure.changed_at),
        "not_before": min(old["not_before"], figure.not_before),
        "later_at": min(later, figure.changed_at) if in_flight else None,
    }


_CHANGING: Final = (
    "sku", "target", "published", "published_at", "state", "urgent", "changed_at", "later_at", "not_before", "reason",
    "approval_id", "version", "mark", "owner", "lease_until",
)  # fmt: skip
_CHANGE = (
    update(STOCK_FIGURE)
    .where(_F.id == bindparam("new_id"))
    .values({name: bindparam(f"new_{name}", type_=_F[name].type) for name in _CHANGING})
)


def find(
    connection: Connection, shop: str, skus: Sequence[str] | None, state: FigureState | None, limit: int | None
) -> list[Figure]:
    """The figures of a shop, sorted by SKU and place."""
    query = select(STOCK_FIGURE).where(_F.shop == shop).order_by(_F.sku, _F.location_id, _F.item_id)
    if state is not None:
        query = query.where(_F.state == state.value)
    groups: Iterable[list[str] | None] = [None] if skus is None else in_groups(sorted(set(skus)))
    found: list[Figure] = []
    for group in groups:
        some = query if group is None else query.where(_F.sku.in_(group))
        some = some if limit is None else some.limit(limit - len(found))
        found += [_figure(row) for row in connection.execute(some).mappings()]
    return found


_PLAIN: Final = frozenset(Figure.model_fields) - {"place", "state"}


def _figure(row: Row | RowMapping) -> Figure:
    fields = {name: row[name] for name in _PLAIN}
    place = Place.model_construct(item_id=row["item_id"], location_id=row["location_id"])
    return Figure.model_construct(**fields, place=place, state=FigureState(row["state"]))


def claim(connection: Connection, shop: str, owner: str, limit: int, lease: timedelta) -> list[Figure]:
    """Lease what is due: urgent figures first, then those that wait longest.

    What a dead worker left may have reached the channel: what was published before is forgotten, so it is read first.
    """
    now = now_of(connection)
    rows: list[Row] = []
    for urgent in (True, False):
        query = (
            select(STOCK_FIGURE)
            .where(text(DUE), _F.shop == shop, _F.urgent.is_(urgent), _F.not_before <= now)
            .where(or_(_F.owner.is_(None), _F.lease_until <= now))
            .order_by(_F.changed_at)
            .limit(limit - len(rows))
            .with_for_update(skip_locked=True)
        )
        rows += [dict(row) for row in connection.execute(query).mappings()]
        if len(rows) == limit:
            break
    leased = {"owner": owner, "lease_until": now + lease, "later_at": None}
    dead = {row["id"] for row in rows if row["owner"] is not None}
    for ids, values in ((dead, leased | {"published": None}), ({row["id"] for row in rows} - dead, leased)):
        for group in in_groups(sorted(ids)):
            connection.execute(update(STOCK_FIGURE).where(_F.id.in_(group)).values(values))
    return [_figure(row | {"published": None} if row["id"] in dead else row) for row in rows]


def settle(connection: Connection, shop: str, owner: str, results: Sequence[FigureResult]) -> list[Place]:
    """End the leases that this owner holds. Returns the places whose lease was lost; nothing is written for those."""
    plan_anew(connection)
    now = now_of(connection)
    standing = _standing(connection, shop, (result.place for result in results))
    settled, lost = [], []
    for result in results:
        row = standing.get((result.place.item_id, result.place.location_id))
        if row is None or row["owner"] != owner:
            lost.append(result.place)
        else:
            settled.append(_settled(row, result, now))
    if settled:
        _count_from_here(connection, shop, results)
        connection.execute(_CHANGE, [{f"new_{name}": row[name] for name in ("id", *_CHANGING)} for row in settled])
    return lost


def _count_from_here(connection: Connection, shop: str, results: Sequence[FigureResult]) -> None:
    """A figure that counts orders nobody has read needs a counter to be ahead of."""
    places = {(result.sku, result.place.location_id) for result in results if result.taken}
    fresh = [{"scope": shop, "sku": sku, "location": location, "total": _ZERO} for sku, location in sorted(places)]
    if fresh:
        connection.execute(insert_into(connection, STOCK_TAKEN).on_conflict_do_nothing(), fresh)


def _settled(row: Row, result: FigureResult, now: datetime) -> Row:
    """The row after a write. An acknowledgement of an older target is noted, and the newer one stays due."""
    published = result.state is FigureState.PUBLISHED
    current = row["version"] == result.version
    new = row | _FRESH
    if published or result.quantity is not None:
        quantity = row["target"] if result.quantity is None else result.quantity
        new |= {"published": quantity, "published_at": now, "mark": row["mark"] + result.taken}
    if result.unsure:
        new |= {"published": None, "version": row["version"] + 1}
    if not current:
        return new | ({"changed_at": row["later_at"] or row["changed_at"]} if published else {})
    new |= {"state": result.state.value, "reason": result.reason, "approval_id": result.approval_id}
    if result.not_before is not None:
        new["not_before"] = result.not_before
    return new | ({"urgent": False} if published else {})


def release(connection: Connection, shop: str, approval_id: int | None, skus: Sequence[str] | None) -> int:
    """Withheld and failed figures are due again: those of an approval, or of these SKUs."""
    stopped = [FigureState.WITHHELD.value, FigureState.FAILED.value]
    released = update(STOCK_FIGURE).where(_F.shop == shop, _F.state.in_(stopped))
    if approval_id is not None:
        released = released.where(_F.approval_id == approval_id)
    values = {"state": FigureState.DUE.value, "reason": None, "not_before": now_of(connection)}
    groups: Iterable[list[str] | None] = [None] if skus is None else in_groups(sorted(set(skus)))
    count = 0
    for group in groups:
        some = released if group is None else released.where(_F.sku.in_(group))
        count += connection.execute(some.values(values)).rowcount
    return count


def counts(connection: Connection, shop: str) -> dict[FigureState, int]:
    """How many figures are in each state."""
    rows = connection.execute(select(_F.state, func.count()).where(_F.shop == shop).group_by(_F.state))
    return {FigureState(state): count for state, count in rows}


def oldest_due(connection: Connection, shop: str) -> datetime | None:
    """The oldest source event among the figures that are due."""
    query = select(func.min(_F.changed_at)).where(_F.shop == shop, text(DUE))
    oldest: datetime | None = connection.execute(query).scalar_one()
    return oldest
