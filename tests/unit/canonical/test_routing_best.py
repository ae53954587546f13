"""Whole decisions against brute force: who may ship is worked out anew here, and every set of locations is tried."""

import itertools
from datetime import UTC, datetime
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from canonical.routing import RoutingLine, RoutingRequest
from canonical.rules.routing import RoutingStock, read_rules, route_orders

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
ITEMS = ("TEE", "MUG", "GAS")


class Place(NamedTuple):
    """A location as the test sees it."""

    code: str
    ships: bool
    here: bool  # serves the address
    handles: bool
    full: bool
    points: int


class Case(NamedTuple):
    places: list[Place]
    free: dict[str, dict[str, int]]
    wanted: dict[str, int]
    excluded: tuple[str, ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    often = st.sampled_from([True, True, True, False])
    places = [
        Place(f"L{n}", draw(often), draw(often), draw(st.booleans()), not draw(often), draw(st.integers(0, 4)) * 50)
        for n in range(draw(st.integers(1, 5)))
    ]
    free = {item: {place.code: draw(st.integers(0, 3)) for place in places} for item in ITEMS}
    wanted = {item: draw(st.integers(1, 5)) for item in draw(st.sets(st.sampled_from(ITEMS), min_size=1))}
    excluded = tuple(place.code for place in places if draw(st.integers(0, 5)) == 0)
    return Case(places, free, wanted, excluded)


def rules_of(case: Case) -> str:
    text = '[policy]\nrestricted = ["hazmat"]\n[categories]\nhazmat = ["GAS"]\n'
    for place in case.places:
        text += f'[[locations]]\ncode = "{place.code}"\nships = {str(place.ships).lower()}\n'
        text += f'serves = ["{"US" if place.here else "DE"}"]\n'
        text += 'handles = ["hazmat"]\n' if place.handles else ""
        text += "capacity = 0\n" if place.full else ""
        text += f'[[zones]]\nto = "US"\nlocation = "{place.code}"\npoints = {place.points}\n'
    return text


def has(case: Case, place: Place, item: str) -> int:
    """What may leave a place: nothing where any rule is against it."""
    if not place.ships or not place.here or place.full or place.code in case.excluded:
        return 0
    return case.free[item][place.code] if item != "GAS" or place.handles else 0


def best(case: Case) -> tuple[int, int, int]:
    """(units, parcels, points) of the best set of places."""
    found = []
    for size in range(len(case.places) + 1):
        for chosen in itertools.combinations(case.places, size):
            units = sum(min(n, sum(has(case, p, item) for p in chosen)) for item, n in case.wanted.items())
            found.append((-units, size, sum(500 + p.points for p in chosen)))
    units, parcels, points = min(found)
    return -units, parcels, points


@given(cases())
def test_no_set_of_locations_ships_more_or_in_fewer_parcels_or_for_less(case: Case) -> None:
    lines = tuple(RoutingLine(line_id=item, item=item, quantity=n) for item, n in sorted(case.wanted.items()))
    request = RoutingRequest(
        shop="north", order_id="1", order_name="#1", lines=lines, country="US", placed_at=NOW, excluded=case.excluded
    )
    stock = RoutingStock({item: dict(row) for item, row in case.free.items()})
    decision = route_orders([request], stock, read_rules(rules_of(case)), NOW)[0]
    by_code = {place.code: place for place in case.places}
    for assignment in decision.assignments:
        for item, quantity in assignment.lines.items():
            assert 0 < quantity <= has(case, by_code[assignment.location], item)
    units = sum(sum(a.lines.values()) for a in decision.assignments)
    points = sum(500 + by_code[a.location].points for a in decision.assignments)
    assert (units, len(decision.assignments), points) == best(case)
    assert units + sum(decision.unplaced.values()) == sum(case.wanted.values())
