"""What our own orders take of stock, by shop, SKU and place: read from reservations, orders, counters and figures."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from canonical.inventory import Demand
from connectors.statestore.groups import in_groups
from connectors.statestore.tables import ORDERS, RESERVATION, STOCK_FIGURE, STOCK_LEVEL, STOCK_TAKEN

At: TypeAlias = tuple[str, str, str | None]

_R, _O, _T, _F, _L = RESERVATION.c, ORDERS.c, STOCK_TAKEN.c, STOCK_FIGURE.c, STOCK_LEVEL.c
_ZERO: Final = Decimal(0)


def demand(
    connection: Connection, shops: Sequence[str], skus: Sequence[str] | None, company: str | None, now: datetime
) -> list[Demand]:
    """What orders take, sorted by shop, SKU and place. Reservations that have run out take nothing."""
    found: dict[At, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for some in _parts(skus):
        counted = _counted_until(connection, company, some)
        for which in _HOLDING:
            for row in connection.execute(_lines(shops, some, which)):
                _add(found[row.scope, row.sku, row.location], row, counted, now)
        for at, taken in _taken(connection, shops, some).items():
            found[at]["taken"] += taken
    in_order = sorted(found.items(), key=lambda item: (item[0][0], item[0][1], item[0][2] or ""))
    return [_demand(at, amounts) for at, amounts in in_order]


def _demand(at: At, found: dict[str, Decimal]) -> Demand:
    amounts: dict[str, Any] = {name: found.get(name, _ZERO) for name in _AMOUNTS}
    return Demand.model_construct(None, shop=at[0], sku=at[1], location=at[2], **amounts)


_AMOUNTS: Final = ("reserved", "booked_reserved", "committed", "taken")


def _parts(skus: Sequence[str] | None) -> Iterator[list[str] | None]:
    """Groups of SKUs, or None once for all."""
    if skus is None:
        yield None
    else:
        yield from in_groups(sorted(set(skus)))


def _among(column: Any, skus: list[str] | None) -> tuple[ColumnElement[bool], ...]:
    return () if skus is None else (column.in_(skus),)


_HOLDING: Final = (
    _R.left_at.is_(None),
    and_(_R.ended_at.is_(None), _R.left_at.is_not(None), _R.elsewhere.is_not(None)),
)
"""Lines that take something: those the channel counts as committed, and those that left from another location than a
source counts them at, until it counts that. Two queries, for each has an index."""


def _lines(shops: Sequence[str], skus: list[str] | None, which: ColumnElement[bool]) -> Any:
    order = and_(_O.scope == _R.scope, _O.order_id == _R.order_id)
    columns = (_R.scope, _R.sku, _R.location, _R.quantity, _R.allocated, _R.gone, _R.ended_at, _R.expires_at)
    query = select(*columns, _O.posted_at).select_from(RESERVATION.outerjoin(ORDERS, order))
    return query.where(_R.scope.in_(shops), which, *_among(_R.sku, skus))


def _add(amounts: dict[str, Decimal], row: Row[Any], counted: dict[str, datetime], now: datetime) -> None:
    amounts["committed"] += row.quantity - (row.gone or _ZERO)
    if row.ended_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return
    open_part = max(_ZERO, row.quantity - (row.allocated or _ZERO))
    amounts["reserved"] += open_part
    until = counted.get(row.sku)
    if row.posted_at is not None and until is not None and row.posted_at <= until:
        amounts["booked_reserved"] += open_part


def _counted_until(connection: Connection, company: str | None, skus: list[str] | None) -> dict[str, datetime]:
    """By SKU, the moment up to which every supplied figure of the company counts what was booked.

    The source's clock or ours, whichever was earlier: an order booked after the figure was made must lower it here.
    """
    if company is None:
        return {}
    query = (
        select(_L.sku, func.min(_L.as_of).label("told"), func.min(_L.seen_at).label("seen"))
        .where(_L.company == company, _L.supplied.is_not(None), *_among(_L.sku, skus))
        .group_by(_L.sku)
    )
    return {row.sku: min(row.told, row.seen) for row in connection.execute(query)}


def _taken(connection: Connection, shops: Sequence[str], skus: list[str] | None) -> dict[At, Decimal]:
    """What the counters say since the figure of the place was last written; the oldest writing, of several items."""
    place = and_(_F.shop == _T.scope, _F.sku == _T.sku, _F.location_id == _T.location)
    query = select(_T.scope, _T.sku, _T.location, _T.total, _F.mark).select_from(
        STOCK_TAKEN.outerjoin(STOCK_FIGURE, place)
    )
    found: dict[At, Decimal] = {}
    for row in connection.execute(query.where(_T.scope.in_(shops), *_among(_T.sku, skus))):
        at, taken = (row.scope, row.sku, row.location), row.total - (row.mark or _ZERO)
        found[at] = max(taken, found.get(at, taken))
    return {at: taken for at, taken in found.items() if taken}
