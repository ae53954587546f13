"""Looks over many figures at once, and figures that are doubted: for publication, its guard and the reconciliation."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, and_, case, func, or_, select, update

from canonical.inventory import Figure, FigureState, Place
from canonical.ports.stock_views import PlaceTotals
from connectors.statestore.database import Database
from connectors.statestore.dialects import now_of
from connectors.statestore.groups import in_groups
from connectors.statestore.stock_book import SqlStockBook
from connectors.statestore.tables import RESERVATION, STOCK_FIGURE

_F, _R = STOCK_FIGURE.c, RESERVATION.c


class SqlStockDesk(SqlStockBook):
    """The book with the looks over it: `canonical.ports.stock_views.StockDesk`. Shares the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures_at(self, shop: str, places: Sequence[Place]) -> list[Figure]:
        """The figures at these places; a place nobody shows anything at is left out."""
        return await self._database.read(lambda c: at_places(c, shop, places))

    async def doubt_figures(self, shop: str, places: Sequence[Place]) -> int:
        """What the channel shows there is not known any more: due again, and read before it is written; how many.

        A figure that somebody writes now is left alone, and one that waits for an approval goes on waiting.
        """
        return await self._database.write(lambda c: doubt(c, shop, places))

    async def publication_lags(self, shop: str, since: datetime) -> list[float]:
        """Seconds from the source's event to the channel's acknowledgement, of each figure shown since the moment."""
        return await self._database.read(lambda c: lags(c, shop, since))

    async def place_totals(self, shop: str) -> Mapping[str, PlaceTotals]:
        """What each location of the shop shows, and how much of that is about to move."""
        return await self._database.read(lambda c: totals(c, shop))

    async def withhold_due(self, shop: str, location_id: str, approval_id: int, words: str) -> int:
        """Withhold what is due at a location and nobody writes now, under one approval; how many."""
        return await self._database.write(lambda c: withhold(c, shop, location_id, approval_id, words))

    async def withheld_under(self, shop: str) -> list[int]:
        """The approvals that figures of the shop wait for."""
        return await self._database.read(lambda c: waits_for(c, shop))

    async def reword_withheld(self, shop: str, approval_id: int, words: str) -> int:
        """Say anew why the figures of an approval are withheld; how many."""
        return await self._database.write(lambda c: reword(c, shop, approval_id, words))

    async def run_out(self, shops: Sequence[str], since: datetime, until: datetime) -> list[tuple[str, str]]:
        """(shop, SKU) of open reservations whose time ran out in between: they take nothing any more."""
        return await self._database.read(lambda c: ran_out(c, shops, since, until))


def at_places(connection: Connection, shop: str, places: Sequence[Place]) -> list[Figure]:
    """By item, then by location: a pair of columns in one IN list is not for every database."""
    wanted = set(places)
    found: list[Figure] = []
    for group in in_groups(sorted({place.item_id for place in wanted})):
        query = select(STOCK_FIGURE).where(_F.shop == shop, _F.item_id.in_(group))
        found += [_figure(row) for row in connection.execute(query).mappings()]
    return [figure for figure in found if figure.place in wanted]


def _figure(row: RowMapping) -> Figure:
    place = Place(item_id=row["item_id"], location_id=row["location_id"])
    plain = {name: row[name] for name in Figure.model_fields if name not in ("place", "state")}
    return Figure(**plain, place=place, state=FigureState(row["state"]))


def doubt(connection: Connection, shop: str, places: Sequence[Place]) -> int:
    """Forget what was published there, so that nobody writes from memory."""
    now = now_of(connection)
    free = or_(_F.owner.is_(None), _F.lease_until <= now)
    waits = and_(_F.state == FigureState.WITHHELD.value, _F.approval_id.is_not(None))
    values = {"published": None, "state": FigureState.DUE.value, "reason": None, "not_before": now, "owner": None}
    by_location: dict[str, set[str]] = defaultdict(set)
    for place in places:
        by_location[place.location_id].add(place.item_id)
    count = 0
    for location_id, items in sorted(by_location.items()):
        for group in in_groups(sorted(items)):
            here = (_F.shop == shop, _F.location_id == location_id, _F.item_id.in_(group), free, ~waits)
            changed = update(STOCK_FIGURE).where(*here).values(**values, version=_F.version + 1)
            count += connection.execute(changed).rowcount
    return count


def lags(connection: Connection, shop: str, since: datetime) -> list[float]:
    """Of figures that stand as published; one that moved on since is counted when that is shown."""
    query = select(_F.changed_at, _F.published_at).where(
        _F.shop == shop, _F.state == FigureState.PUBLISHED.value, _F.published_at >= since
    )
    return [(row.published_at - row.changed_at).total_seconds() for row in connection.execute(query)]


def totals(connection: Connection, shop: str) -> dict[str, PlaceTotals]:
    """One pass over the shop's figures. What is due and not approved is about to move; what was never read is not."""
    moving = (_F.state == FigureState.DUE.value) & _F.published.is_not(None) & _F.approval_id.is_(None)
    zeroing = moving & (_F.target <= 0) & (_F.published > 0)
    query = (
        select(
            _F.location_id,
            func.sum(case((_F.published > 0, 1), else_=0)).label("skus"),
            func.sum(case((_F.published > 0, _F.published), else_=0)).label("units"),
            func.sum(case((zeroing, 1), else_=0)).label("zeroing"),
            func.sum(case((moving, func.abs(_F.target - _F.published)), else_=0)).label("moving"),
        )
        .where(_F.shop == shop)
        .group_by(_F.location_id)
    )
    return {
        row.location_id: PlaceTotals(
            skus=int(row.skus), units=int(row.units), zeroing=int(row.zeroing), moving=int(row.moving)
        )
        for row in connection.execute(query)
    }


def withhold(connection: Connection, shop: str, location_id: str, approval_id: int, words: str) -> int:
    """Not what was never published: that is read first, and judged by what the channel shows."""
    free = or_(_F.owner.is_(None), _F.lease_until <= now_of(connection))
    due = _F.state == FigureState.DUE.value
    here = (_F.shop == shop, _F.location_id == location_id, due, free, _F.published.is_not(None))
    values = {"state": FigureState.WITHHELD.value, "approval_id": approval_id, "reason": words}
    return connection.execute(update(STOCK_FIGURE).where(*here, _F.approval_id.is_(None)).values(values)).rowcount


def waits_for(connection: Connection, shop: str) -> list[int]:
    """Sorted, each once."""
    query = select(_F.approval_id).where(
        _F.shop == shop, _F.state == FigureState.WITHHELD.value, _F.approval_id.is_not(None)
    )
    return sorted(set(connection.execute(query.distinct()).scalars()))


def reword(connection: Connection, shop: str, approval_id: int, words: str) -> int:
    """Only where the words are others."""
    here = (_F.shop == shop, _F.approval_id == approval_id, _F.state == FigureState.WITHHELD.value, _F.reason != words)
    return connection.execute(update(STOCK_FIGURE).where(*here).values(reason=words)).rowcount


def ran_out(connection: Connection, shops: Sequence[str], since: datetime, until: datetime) -> list[tuple[str, str]]:
    """Sorted, each once."""
    query = select(_R.scope, _R.sku).where(
        _R.scope.in_(shops), _R.ended_at.is_(None), _R.expires_at > since, _R.expires_at <= until
    )
    return sorted({(row.scope, row.sku) for row in connection.execute(query)})
