"""When a location can ship: the cut-off in its own time zone, its working days, what is left of its capacity."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from canonical.routing import Assignment
from canonical.rules.routing.rules import DAYS, RoutedLocation, RoutingRules


class ShipDay(NamedTuple):
    """A day on which a location may ship, `late` days from today; `ship_by` is UTC."""

    day: date
    ship_by: datetime
    late: int


@dataclass(frozen=True)
class Calendar:
    """The next days of one location, seen from one moment."""

    location: RoutedLocation
    days: tuple[ShipDay, ...]

    def first(self, planned: Mapping[tuple[str, date], int]) -> ShipDay | None:
        """The first day with capacity left; None when there is none before the horizon."""
        capacity = self.location.capacity
        for day in self.days:
            if capacity is None or planned.get((self.location.code, day.day), 0) < capacity:
                return day
        return None


def calendar(location: RoutedLocation, now: datetime, horizon: int) -> Calendar:
    """The working days of the next `horizon` days; today is one of them until the cut-off.

    >>> from datetime import time
    >>> evening = datetime(2026, 5, 4, 19, 30, tzinfo=UTC)  # half past three in New York, a Monday
    >>> place = RoutedLocation(code="DC", time_zone="America/New_York", cut_off=time(15))
    >>> calendar(place, evening, 7).days[0].ship_by.isoformat()
    '2026-05-05T22:00:00+00:00'
    """
    here = now.astimezone(ZoneInfo(location.time_zone))
    days = (here.date() + timedelta(days=after) for after in range(horizon + 1))
    late_today = here.time().replace(tzinfo=None) > location.cut_off
    found = [
        ShipDay(day, leaving(location, day), (day - here.date()).days)
        for day in days
        if works(location, day) and not (late_today and day == here.date())
    ]
    return Calendar(location, tuple(found))


def works(location: RoutedLocation, day: date) -> bool:
    """Whether it is a working day there."""
    return DAYS[day.weekday()] in location.days and day not in location.closed


def leaving(location: RoutedLocation, day: date) -> datetime:
    """When the carrier leaves that day, in UTC."""
    return datetime.combine(day, location.leaves, ZoneInfo(location.time_zone)).astimezone(UTC)


def parcels(assignments: Iterable[Assignment], rules: RoutingRules) -> dict[tuple[str, date], int]:
    """How many parcels these plan, by location and its own day: what `RoutingStock.planned` starts from."""
    found: dict[tuple[str, date], int] = {}
    for one in assignments:
        location = rules.location.get(one.location)
        if location is not None and one.ship_by is not None and not one.backorder:
            key = (one.location, one.ship_by.astimezone(ZoneInfo(location.time_zone)).date())
            found[key] = found.get(key, 0) + 1
    return found


def next_leaving(location: RoutedLocation, day: date) -> datetime:
    """When goods that arrive that day leave: the next working day, for they are put away first."""
    after = day + timedelta(days=1)
    for _ in range(366):
        if works(location, after):
            break
        after += timedelta(days=1)
    return leaving(location, after)
