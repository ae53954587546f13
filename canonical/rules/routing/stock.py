"""What may be routed: units that are free at each location, deliveries that are announced, and work that is planned."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from canonical.inventory import Demand, InventoryLevel, StockOwner
from canonical.routing import RoutingDecision, RoutingRequest
from canonical.rules.availability.setup import Need, StockSetup, lowers, needs

_ZERO = Decimal(0)


class Delivery(NamedTuple):
    """Announced goods that no order has taken yet, whole base units."""

    due: date
    location: str
    document: str
    quantity: int


@dataclass
class RoutingStock:
    """Free units by item and location, deliveries by item, parcels planned by location and day. Taken down in place.

    `free` is what no order, no quality hold and no safety stock wants. `places` are the locations that a shop knows;
    a shop that is not named there may ask any.
    """

    free: dict[str, dict[str, int]] = field(default_factory=dict)
    deliveries: dict[str, list[Delivery]] = field(default_factory=dict)
    planned: dict[tuple[str, date], int] = field(default_factory=dict)
    places: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def at(self, item: str, location: str) -> int:
        """Free units, never below zero."""
        return max(0, self.free.get(item, {}).get(location, 0))

    def take(self, item: str, location: str, quantity: int) -> None:
        """An order takes them."""
        places = self.free.setdefault(item, {})
        places[location] = places.get(location, 0) - quantity

    def take_delivery(self, item: str, delivery: Delivery, quantity: int) -> None:
        """An order waits for them."""
        kept = [d if d != delivery else d._replace(quantity=d.quantity - quantity) for d in self.deliveries[item]]
        self.deliveries[item] = [d for d in kept if d.quantity > 0]

    def plan(self, location: str, day: date) -> None:
        """One more parcel that day."""
        self.planned[location, day] = self.planned.get((location, day), 0) + 1

    def take_decision(self, request: RoutingRequest, decision: RoutingDecision) -> None:
        """Take what somebody else's decision takes: of what is there, and for backorders of the deliveries too."""
        takes = {line.line_id: line.takes for line in request.lines}
        for assignment in decision.assignments:
            for line_id, quantity in assignment.lines.items():
                for item, each in takes[line_id]:
                    if assignment.backorder:
                        self._wait(item, assignment.location, quantity * each)
                    else:
                        self.take(item, assignment.location, quantity * each)

    def _wait(self, item: str, location: str, quantity: int) -> None:
        there = min(quantity, self.at(item, location))
        self.take(item, location, there)
        left = quantity - there
        for row in [row for row in self.deliveries.get(item, ()) if row.location == location]:
            part = min(left, row.quantity)
            if part:
                self.take_delivery(item, row, part)
                left -= part

    def part(self, items: Iterable[str]) -> "RoutingStock":
        """A copy of what concerns these items, to try something; `put` makes it count."""
        wanted = set(items)
        free = {item: dict(self.free[item]) for item in wanted if item in self.free}
        deliveries = {item: list(self.deliveries[item]) for item in wanted if item in self.deliveries}
        return RoutingStock(free, deliveries, dict(self.planned), self.places)

    def put(self, part: "RoutingStock") -> None:
        """What was tried is done."""
        self.free.update(part.free)
        self.deliveries.update(part.deliveries)
        self.planned = part.planned

    def copy(self) -> "RoutingStock":
        """For a look ahead that takes nothing."""
        free = {item: dict(places) for item, places in self.free.items()}
        deliveries = {item: list(rows) for item, rows in self.deliveries.items()}
        return RoutingStock(free, deliveries, dict(self.planned), self.places)


def routing_stock(
    setup: StockSetup,
    levels: Iterable[InventoryLevel],
    demand: Iterable[Demand],
    own: Iterable[Demand] = (),
    *,
    planned: Mapping[tuple[str, date], int] | None = None,
    keep_safety_stock: bool = True,
) -> RoutingStock:
    """The stock for routing, of rows of the stock book. Read demand before levels, as for figures.

    `own` is what the orders to be routed hold themselves, in the same terms: it is theirs to place. Positions count
    from the source that owns the location, and supplied figures are not reduced by orders that their owner counts.
    Buffers and shares of a channel keep nothing back here: what is sold is sold. Fractions of a unit ship nothing.
    """
    rows = _by_cell(setup, levels)
    net = {cell: _position(setup, cell, own_rows, keep_safety_stock) for cell, own_rows in rows.items()}
    _take_orders(setup, net, list(needs(setup, _less(demand, own))))
    places = {shop: frozenset(p.location for p in setup.places if p.shop == shop) for shop in setup.shops}
    stock = RoutingStock(planned=dict(planned or {}), places=places)
    for (item, location), left in sorted(net.items()):
        stock.free.setdefault(item, {})[location] = max(0, int(left))
        stock.deliveries.setdefault(item, []).extend(_deliveries(location, rows[item, location], left))
    for waiting in stock.deliveries.values():
        waiting.sort()
    return stock


_Cell = tuple[str, str]


def _by_cell(setup: StockSetup, levels: Iterable[InventoryLevel]) -> dict[_Cell, list[InventoryLevel]]:
    """Positions that count, by (item, location)."""
    found: dict[_Cell, list[InventoryLevel]] = defaultdict(list)
    for level in levels:
        owner = setup.owners.get(level.location)
        if owner is not None and owner.source == level.source:
            found[level.sku, level.location].append(level)
    return found


def _position(setup: StockSetup, cell: _Cell, rows: Sequence[InventoryLevel], keep: bool) -> Decimal:
    item, location = cell
    if setup.owners[location].owner is not StockOwner.CROSSDOCK:
        return sum((row.supplied or _ZERO for row in rows), _ZERO)
    there = sum((row.on_hand - row.allocated - row.quality_hold for row in rows), _ZERO)
    return there - (_safety(setup, item, location, rows) if keep else _ZERO)


def _safety(setup: StockSetup, item: str, location: str, rows: Sequence[InventoryLevel]) -> Decimal:
    """The most that any shop's policy wants kept here; where none says, what the source told."""
    shops = {place.shop for place in setup.places if place.location == location}
    wanted = [setup.policies.policy(shop, location, item).safety_stock for shop in sorted(shops)]
    told = [units for units in wanted if units is not None]
    return max(told) if told else sum((row.safety_stock for row in rows), _ZERO)


def _less(demand: Iterable[Demand], own: Iterable[Demand]) -> Iterable[Demand]:
    """The demand of all other orders; what ran out or was allocated meanwhile is not subtracted twice."""
    mine: dict[tuple[str, str, str | None], Decimal] = defaultdict(Decimal)
    for one in own:
        mine[one.shop, one.sku, one.location] += one.reserved
    for one in demand:
        left = max(_ZERO, one.reserved - mine[one.shop, one.sku, one.location])
        yield one.model_copy(update={"reserved": left, "booked_reserved": min(one.booked_reserved, left)})


def _take_orders(setup: StockSetup, net: dict[_Cell, Decimal], wants: Sequence[Need]) -> None:
    """Take what other orders reserve: those with a place first, the rest where stock is, by priority of the policy."""
    homeless: list[Need] = []
    for need in wants:
        cell = (need.sku, need.place.location) if need.place else None
        if cell is None or cell not in net:
            homeless.append(need)
        else:
            net[cell] -= _counted(setup, cell[1], need)
    for need in homeless:
        places = {place.location for place in setup.places if place.shop == need.shop} if net else set()
        ranked = sorted(
            (setup.policies.policy(need.shop, location, need.sku).priority, location)
            for location in places
            if (need.sku, location) in net
        )
        _draw(setup, net, need, [location for _, location in ranked])


def _draw(setup: StockSetup, net: dict[_Cell, Decimal], need: Need, locations: Sequence[str]) -> None:
    for booked in (False, True):
        rest = need.booked if booked else need.unbooked
        counting = [at for at in locations if lowers(setup.owners[at].owner, booked=booked)]
        for location in counting:
            part = min(rest, max(_ZERO, net[need.sku, location]))
            net[need.sku, location] -= part
            rest -= part
        if rest and counting:
            net[need.sku, counting[0]] -= rest


def _counted(setup: StockSetup, location: str, need: Need) -> Decimal:
    owner = setup.owners[location].owner
    unbooked = need.unbooked if lowers(owner, booked=False) else _ZERO
    return unbooked + (need.booked if lowers(owner, booked=True) else _ZERO)


def _deliveries(location: str, rows: Sequence[InventoryLevel], left: Decimal) -> Iterable[Delivery]:
    """What of the announced goods is free: orders that were promised more than is there take the first of them."""
    missing = int(max(_ZERO, -left).to_integral_value(ROUND_CEILING))
    for due in sorted((due for row in rows for due in row.incoming), key=lambda due: (due.due, due.document)):
        taken = min(missing, int(due.quantity))
        missing -= taken
        if int(due.quantity) > taken:
            yield Delivery(due.due, location, due.document, int(due.quantity) - taken)
