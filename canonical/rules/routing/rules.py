"""Routing rules as data: which locations there are, what they may ship where, and what it costs.

Costs are points, not money: whole numbers that are only compared with each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from canonical.model import Code, Model
from canonical.rules.routing.areas import EVERYWHERE, Area

Points = Annotated[int, Field(ge=0, le=1_000_000)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANY: Final = "*"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; write it as Europe/Berlin") from None
    return name


class RoutedLocation(Model):
    """A location that may be asked. A field left out is taken from its `[kinds.<kind>]`, then from here.

    `capacity` is parcels a day; None is without limit. `serves` are areas it ships to; pickup needs no area.
    `handles` names the restricted categories it may ship; `refuses` what it never ships.
    """

    code: Code
    kind: Code = "centre"
    ships: bool = True
    pickup: bool = False
    priority: Points = 0  # added to its cost: the lowest goes first
    serves: tuple[Area, ...] = (EVERYWHERE,)
    handles: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    cut_off: time = time(14)  # orders until then leave the same day
    leaves: time = time(18)  # when the carrier comes
    days: tuple[Day, ...] = DAYS[:5]
    closed: tuple[date, ...] = ()
    capacity: Annotated[int, Field(ge=0)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None

    @property
    def coordinates(self) -> tuple[float, float] | None:
        """(latitude, longitude) in degrees."""
        return None if self.latitude is None or self.longitude is None else (self.latitude, self.longitude)


class Zone(Model):
    """What a parcel to an area costs from a location, from a kind of location or from any (`*`).

    It goes instead of the distance. Of several the narrowest area counts, then the location before its kind before
    any; of two that are equal, the later.
    """

    to: Area
    location: Code = ANY
    points: Points
    points_per_kg: Points = 0


class Weights(Model):
    """Points. `far_km` is assumed where nobody knows the distance."""

    parcel: Points = 500  # one more parcel
    hundred_km: Points = 20
    day: Points = 50  # a day later
    far_km: Annotated[int, Field(ge=0, le=20_040)] = 5000


class OnFailure(StrEnum):
    """What happens while the outside engine does not answer, or answers what cannot be."""

    OURS = "ours"
    HOLD = "hold"


class EngineChoice(Model):
    """The outside engine, by the name of its system in the landscape."""

    system: Code
    on_failure: OnFailure = OnFailure.OURS


class RoutingPolicy(Model):
    """What holds for all locations.

    `fewest_parcels`: no split that can be avoided, whatever it costs; without, a split is only as bad as a parcel
    costs. `restricted` categories are shipped by those that handle them, and nobody else.
    """

    fewest_parcels: bool = True
    keep_safety_stock: bool = True
    backorder: bool = True
    backorder_days: Annotated[int, Field(ge=0, le=3650)] = 60  # a delivery that is due later is no promise
    horizon_days: Annotated[int, Field(ge=1, le=60)] = 7  # a location that is full or closed for longer is left out
    restricted: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoutingRules:
    """All of it. `areas` are the coordinates of areas, `categories` those of a SKU."""

    locations: tuple[RoutedLocation, ...]
    zones: tuple[Zone, ...] = ()
    areas: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weights: Weights = field(default_factory=Weights)
    policy: RoutingPolicy = field(default_factory=RoutingPolicy)
    engine: EngineChoice | None = None

    @cached_property
    def named(self) -> frozenset[str]:
        """Every area that any rule names: addresses that share them are alike."""
        served = {area for location in self.locations for area in location.serves}
        return frozenset({EVERYWHERE, *served, *(zone.to for zone in self.zones), *self.areas})

    @cached_property
    def location(self) -> Mapping[str, RoutedLocation]:
        """The location by code."""
        return {location.code: location for location in self.locations}

    @cached_property
    def zones_to(self) -> Mapping[str, tuple[Zone, ...]]:
        """The zones by area."""
        found: dict[str, tuple[Zone, ...]] = {}
        for zone in self.zones:
            found[zone.to] = (*found.get(zone.to, ()), zone)
        return found

    def zone(self, location: RoutedLocation, areas: tuple[str, ...]) -> Zone | None:
        """The zone that counts for an address in these areas, the narrowest first."""
        for area in areas:
            fitting = [zone for zone in self.zones_to.get(area, ()) if self._rank(zone, location)]
            if fitting:
                return max(enumerate(fitting), key=lambda pair: (self._rank(pair[1], location), pair[0]))[1]
        return None

    def may_ship(self, location: RoutedLocation, categories: tuple[str, ...]) -> bool:
        """Whether goods of these categories may leave here."""
        wanted = set(categories)
        closed = wanted & set(self.policy.restricted) - set(location.handles)
        return not closed and not wanted & set(location.refuses)

    @staticmethod
    def _rank(zone: Zone, location: RoutedLocation) -> int:
        if fnmatchcase(location.code, zone.location) and zone.location != ANY:
            return 3
        return 2 if zone.location == location.kind else int(zone.location == ANY)
