"""Who may be asked for an order, and at what price: the rules of a moment, worked out once for addresses alike."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from canonical.routing import RoutingLine, RoutingRequest
from canonical.rules.routing.areas import areas_of, kilometres
from canonical.rules.routing.calendar import Calendar, ShipDay, calendar
from canonical.rules.routing.choosing import Offer
from canonical.rules.routing.rules import RoutedLocation, RoutingRules
from canonical.rules.routing.stock import RoutingStock


class Lane(NamedTuple):
    """From a location to an address: points without day and parcel, and how they come about. `refusal`: it may not."""

    code: str
    location: RoutedLocation
    points: int
    per_kg: int
    words: str
    refusal: str | None = None


class Good(NamedTuple):
    """What lines of an order want of the same goods: base units of items for each unit."""

    takes: tuple[tuple[str, int], ...]
    quantity: int
    grams: int
    categories: tuple[str, ...]
    lines: tuple[RoutingLine, ...]

    @property
    def name(self) -> str:
        """How people call it."""
        return self.lines[0].item


class Candidate(NamedTuple):
    """A location that may be asked for this order now, and the day it would ship."""

    lane: Lane
    day: ShipDay
    offer: Offer


class Refusal(NamedTuple):
    """A location that may not be asked, and why."""

    location: str
    words: str


class Desk:
    """The rules at one moment. Keeps what it has worked out for the next order."""

    def __init__(self, rules: RoutingRules, now: datetime) -> None:
        self.rules = rules
        self._calendars = {
            location.code: calendar(location, now, rules.policy.horizon_days) for location in rules.locations
        }
        self._lanes: dict[tuple[str, ...], tuple[tuple[Lane, ...], tuple[Refusal, ...]]] = {}
        self._may: dict[tuple[str, tuple[str, ...]], bool] = {}

    def calendar(self, code: str) -> Calendar:
        """The next days of a location."""
        return self._calendars[code]

    def goods(self, request: RoutingRequest) -> list[Good]:
        """The lines, with those that take the same goods together. A category of one line holds for all of the item."""
        found: dict[tuple[tuple[str, int], ...], list[RoutingLine]] = {}
        for line in request.lines:
            found.setdefault(line.parts or ((line.item, 1),), []).append(line)
        return [self._good(takes, lines) for takes, lines in found.items()]

    def lanes(self, request: RoutingRequest) -> tuple[tuple[Lane, ...], Iterable[Refusal]]:
        """(who may be asked, who may not and why), stock aside."""
        if request.pickup_location is not None:
            return self._pickup(request)
        named = self.rules.named
        areas = tuple(a for a in areas_of(request.country, request.region, request.postcode) if a in named)
        if areas not in self._lanes:
            every = [self._lane(location, areas) for location in self.rules.locations]
            open_lanes = tuple(lane for lane in every if lane.refusal is None)
            refused = tuple(Refusal(lane.location.code, lane.refusal) for lane in every if lane.refusal is not None)
            self._lanes[areas] = (open_lanes, refused)
        lanes, refusals = self._lanes[areas]
        if not request.excluded:
            return lanes, refusals
        again = set(request.excluded)
        asked = [Refusal(lane.location.code, ASKED) for lane in lanes if lane.location.code in again]
        return tuple(lane for lane in lanes if lane.location.code not in again), (*asked, *refusals)

    def candidates(
        self, request: RoutingRequest, goods: Sequence[Good], stock: RoutingStock, *, every: bool = True
    ) -> tuple[list[Candidate], list[Refusal]]:
        """(who may be asked now, with what it has of each good; who may not and why).

        Without `every` only those that have something: of the others it does not matter whether they may.
        """
        lanes, refused = self.lanes(request)
        refusals, found = list(refused), list[Candidate]()
        weights, known = self.rules.weights, stock.places.get(request.shop)
        columns = [self._column(lanes, good, stock) for good in goods]
        for lane, have in zip(lanes, zip(*columns, strict=True), strict=True):
            code = lane.code
            if not every and not any(have):
                continue
            if known is not None and code not in known:
                refusals.append(Refusal(code, f"not mapped to a location of shop {request.shop}"))
                continue
            day = self._calendars[code].first(stock.planned)
            if day is None:
                refusals.append(Refusal(code, f"full or closed for {self.rules.policy.horizon_days} days"))
                continue
            points = lane.points + weights.parcel + weights.day * day.late
            found.append(Candidate(lane, day, Offer(code, points, lane.per_kg, have)))
        return found, refusals

    def may_ship(self, location: RoutedLocation, categories: tuple[str, ...]) -> bool:
        """As `RoutingRules.may_ship`, remembered."""
        if not categories:
            return True
        key = (location.code, categories)
        if key not in self._may:
            self._may[key] = self.rules.may_ship(location, categories)
        return self._may[key]

    def _column(self, lanes: Sequence[Lane], good: Good, stock: RoutingStock) -> list[int]:
        """What each has of a good, no more than is wanted."""
        most = good.quantity
        column = [most] * len(lanes)
        for item, each in good.takes:
            left = stock.free.get(item, _NONE)
            there = [left.get(lane.code, 0) // each for lane in lanes]
            column = [n if n < limit else limit for n, limit in zip(there, column, strict=True)]
        if good.categories:
            may = self.may_ship
            column = [n if may(lane.location, good.categories) else 0 for n, lane in zip(column, lanes, strict=True)]
        return [n if n > 0 else 0 for n in column]

    def _good(self, takes: tuple[tuple[str, int], ...], lines: list[RoutingLine]) -> Good:
        known, only = self.rules.categories, lines[0]
        if len(lines) == 1 and not known:
            return Good(takes, only.quantity, only.grams, only.categories and tuple(sorted(only.categories)), (only,))
        categories = {name for line in lines for name in line.categories}
        if known:
            categories.update(name for line in lines for name in known.get(line.item, ()))
            categories.update(name for item, _ in takes for name in known.get(item, ()))
        quantity = sum(line.quantity for line in lines)
        grams = sum(line.grams * line.quantity for line in lines) // quantity
        return Good(takes, quantity, grams, tuple(sorted(categories)), tuple(lines))

    def _pickup(self, request: RoutingRequest) -> tuple[tuple[Lane, ...], Iterable[Refusal]]:
        code = request.pickup_location or ""
        location = self.rules.location.get(code)
        if location is None or not location.pickup:
            return (), (Refusal(code, "picked up there, but no location that hands out orders"),)
        if code in request.excluded:
            return (), (Refusal(code, ASKED),)
        return (Lane(location.code, location, 0, 0, "picked up here"),), ()

    def _lane(self, location: RoutedLocation, areas: tuple[str, ...]) -> Lane:
        if not location.ships:
            return Lane(location.code, location, 0, 0, "", f"a {location.kind} that does not ship")
        if not set(location.serves) & set(areas):
            return Lane(location.code, location, 0, 0, "", "does not serve this address")
        zone = self.rules.zone(location, areas)
        if zone is not None:
            words = f"zone {zone.to} {zone.points}"
            return self._with_priority(Lane(location.code, location, zone.points, zone.points_per_kg, words))
        there = next((self.rules.areas[area] for area in areas if area in self.rules.areas), None)
        known = there is not None and location.coordinates is not None
        km = self.rules.weights.far_km
        if there is not None and location.coordinates is not None:
            km = kilometres(location.coordinates, there)
        points = km * self.rules.weights.hundred_km // 100
        words = f"{km} km {points}" if known else f"distance not known {points}"
        return self._with_priority(Lane(location.code, location, points, 0, words))

    @staticmethod
    def _with_priority(lane: Lane) -> Lane:
        priority = lane.location.priority
        words = f"{lane.words}, priority {priority}" if priority else lane.words
        return lane._replace(points=lane.points + priority, words=words)


_NONE: dict[str, int] = {}
ASKED = "rejected or shorted it before"
