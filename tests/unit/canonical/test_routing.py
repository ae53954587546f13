"""Order routing: who is asked, in which order, what it takes, and what is said of it."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.errors import MisconfiguredError
from canonical.routing import RoutingDecision, RoutingLine, RoutingRequest
from canonical.rules.routing import (
    Delivery,
    RoutingRules,
    RoutingStock,
    explain_route,
    read_rules,
    route_orders,
)
from deployments.landscape_loader import load_routing
from deployments.sandbox.catalogue import load_catalogue

NOW = datetime(2026, 5, 4, 15, tzinfo=UTC)  # Monday, eleven in New York, five in the afternoon in Berlin
RULES = """
[policy]
restricted = ["hazmat"]
[kinds.centre]
cut_off = 14:00:00
handles = ["hazmat"]
[kinds.store]
pickup = true
priority = 300
capacity = 2
[[locations]]
code = "EAST"
serves = ["US", "CA"]
time_zone = "America/New_York"
latitude = 40.7
longitude = -74.0
[[locations]]
code = "WEST"
serves = ["US"]
time_zone = "America/Los_Angeles"
latitude = 34.0
longitude = -118.2
[[locations]]
code = "EU"
serves = ["DE"]
time_zone = "Europe/Berlin"
[[locations]]
code = "SHOP"
kind = "store"
serves = ["US-NY"]
time_zone = "America/New_York"
latitude = 40.8
longitude = -73.9
[[zones]]
to = "DE"
points = 70
[areas]
"US-NY" = [40.8, -73.9]
"US-CA" = [34.1, -118.2]
"""


def rules(**changes: str) -> RoutingRules:
    """The rules with some lines of the text replaced by others."""
    text = RULES
    for old, new in changes.items():
        line = next(line for line in text.splitlines() if line.startswith(f"{old} ="))
        text = text.replace(line, new)
    return read_rules(text)


def line(item: str, quantity: int = 1, **more: Any) -> RoutingLine:
    return RoutingLine(line_id=more.pop("line_id", f"l-{item}"), item=item, quantity=quantity, **more)


def order(*lines: RoutingLine, **more: Any) -> RoutingRequest:
    where = {"country": "US", "region": "NY", "postcode": "10012", "placed_at": NOW, "order_id": "1"}
    return RoutingRequest(shop="north", order_name="#1001", lines=lines, **(where | more))


def stock(**free: dict[str, int]) -> RoutingStock:
    return RoutingStock({item: dict(places) for item, places in free.items()})


def decided(request: RoutingRequest, there: RoutingStock, by: RoutingRules | None = None) -> RoutingDecision:
    return route_orders([request], there, by or rules(), NOW)[0]


def shipped(decision: RoutingDecision) -> dict[str, dict[str, int]]:
    return {a.location: a.lines for a in decision.assignments if not a.backorder}


def test_the_nearest_location_ships_and_the_stock_is_taken_down() -> None:
    there = stock(TEE={"EAST": 1, "WEST": 5})
    first, second = route_orders([order(line("TEE")), order(line("TEE"), order_id="2")], there, rules(), NOW)
    assert shipped(first) == {"EAST": {"l-TEE": 1}}
    assert shipped(second) == {"WEST": {"l-TEE": 1}}
    assert (there.at("TEE", "EAST"), there.at("TEE", "WEST")) == (0, 4)


def test_one_parcel_from_afar_goes_before_two_from_near_unless_parcels_are_cheap() -> None:
    there = {"TEE": {"EAST": 1, "WEST": 1}, "MUG": {"SHOP": 1, "WEST": 1}}
    request = order(line("TEE"), line("MUG"))
    assert shipped(decided(request, stock(**there))) == {"WEST": {"l-TEE": 1, "l-MUG": 1}}
    cheap = read_rules(RULES.replace("[policy]", "[policy]\nfewest_parcels = false") + "\n[weights]\nparcel = 10")
    assert shipped(decided(request, stock(**there), cheap)) == {"EAST": {"l-TEE": 1}, "SHOP": {"l-MUG": 1}}


def test_as_much_as_there_is_is_placed_and_the_rest_is_named() -> None:
    decision = decided(order(line("TEE", 9)), stock(TEE={"EAST": 2, "WEST": 4}))
    assert shipped(decision) == {"EAST": {"l-TEE": 2}, "WEST": {"l-TEE": 4}}
    assert decision.unplaced == {"l-TEE": 3}
    assert "2 parcels: no location has it all, and no fewer have as much" in decision.words
    assert "3 of 9 TEE: nobody who may ship it has more, and none is due in time" in decision.words


@pytest.mark.parametrize(
    ("where", "location"),
    [
        ({"country": "CA", "region": "ON"}, "EAST"),
        ({"country": "DE", "region": None}, "EU"),
        ({"country": "US", "region": "CA"}, "WEST"),
        ({"country": "FR", "region": None}, None),
        ({"country": None}, None),
    ],
)
def test_only_who_serves_the_address_ships(where: dict[str, Any], location: str | None) -> None:
    everywhere = stock(TEE=dict.fromkeys(("EAST", "WEST", "EU", "SHOP"), 5))
    decision = decided(order(line("TEE"), **where), everywhere)
    assert list(shipped(decision)) == ([] if location is None else [location])
    assert any("does not serve this address" in words for words in decision.words)


def test_hazardous_goods_leave_only_where_they_are_handled_and_the_rest_with_them() -> None:
    everywhere = stock(GAS={"SHOP": 5, "WEST": 5}, TEE={"SHOP": 5, "WEST": 5})
    assert shipped(decided(order(line("GAS", categories=("hazmat",))), everywhere)) == {"WEST": {"l-GAS": 1}}
    mixed = order(line("GAS", categories=("hazmat",)), line("TEE"))
    assert list(shipped(decided(mixed, everywhere))) == ["WEST"]


def test_a_sku_that_the_rules_call_hazardous_is_so_whatever_the_order_says() -> None:
    by = read_rules(RULES + '\n[categories]\nhazmat = ["GAS"]')
    assert list(shipped(decided(order(line("GAS")), stock(GAS={"SHOP": 5, "EAST": 5}), by))) == ["EAST"]
    assert decided(order(line("GAS")), stock(GAS={"SHOP": 5}), by).unplaced == {"l-GAS": 1}


def test_ship_from_store_can_be_switched_off() -> None:
    there = stock(TEE={"SHOP": 5, "EAST": 0})
    assert list(shipped(decided(order(line("TEE")), there))) == ["SHOP"]
    off = decided(order(line("TEE")), there, rules(pickup="ships = false\npickup = true"))
    assert off.unplaced == {"l-TEE": 1}
    assert "SHOP: a store that does not ship" in off.words


def test_a_pickup_order_comes_from_its_location_and_from_nowhere_else() -> None:
    there = stock(TEE={"SHOP": 1, "EAST": 5})
    pickup = order(line("TEE", 2), pickup_location="SHOP", country=None)
    decision = decided(pickup, there)
    assert shipped(decision) == {"SHOP": {"l-TEE": 1}}
    assert decision.unplaced == {"l-TEE": 1}
    refused = decided(order(line("TEE"), pickup_location="EAST"), there)
    assert refused.unplaced == {"l-TEE": 1}
    assert "EAST: picked up there, but no location that hands out orders" in refused.words


def test_who_rejected_is_not_asked_again() -> None:
    decision = decided(order(line("TEE"), excluded=("EAST",)), stock(TEE={"EAST": 5, "WEST": 5}))
    assert list(shipped(decision)) == ["WEST"]
    assert "EAST: rejected or shorted it before" in decision.words


@pytest.mark.parametrize(
    ("hour", "day"),
    [(17, date(2026, 5, 4)), (18, date(2026, 5, 4)), (19, date(2026, 5, 5))],
)
def test_an_order_after_the_cut_off_of_the_locations_own_time_leaves_a_day_later(hour: int, day: date) -> None:
    moment = NOW.replace(hour=hour)  # 18:00 UTC is two in the afternoon in New York
    decision = route_orders([order(line("TEE"))], stock(TEE={"EAST": 1}), rules(), moment)[0]
    leaves = decision.assignments[0].ship_by
    assert leaves is not None
    assert leaves == datetime(day.year, day.month, day.day, 22, tzinfo=UTC)


def test_nothing_leaves_on_a_holiday_or_a_weekend() -> None:
    friday_evening = datetime(2026, 5, 8, 22, tzinfo=UTC)
    closed = read_rules(RULES.replace('code = "EAST"', 'code = "EAST"\nclosed = [2026-05-11]'))
    decision = route_orders([order(line("TEE"))], stock(TEE={"EAST": 1}), closed, friday_evening)[0]
    assert decision.assignments[0].ship_by == datetime(2026, 5, 12, 22, tzinfo=UTC)


def test_a_full_day_moves_the_parcel_to_the_next_and_a_full_week_rules_the_location_out() -> None:
    there = stock(TEE={"SHOP": 99})
    requests = [order(line("TEE"), order_id=f"{n:02}", placed_at=NOW + timedelta(seconds=n)) for n in range(20)]
    decisions = route_orders(requests, there, rules(), NOW)
    days = Counter(a.ship_by.date() for d in decisions for a in d.assignments if a.ship_by is not None)
    assert set(days.values()) == {2}
    assert len(days) == 6, "Monday to Monday, without the weekend"
    assert sum(bool(d.unplaced) for d in decisions) == 8
    assert "SHOP: full or closed for 7 days" in decisions[-1].words


def test_what_is_planned_already_counts() -> None:
    there = stock(TEE={"SHOP": 9})
    there.planned["SHOP", date(2026, 5, 4)] = 2
    leaves = decided(order(line("TEE")), there).assignments[0].ship_by
    assert leaves is not None
    assert leaves.date() == date(2026, 5, 5)


def test_the_rest_waits_for_the_first_delivery_and_leaves_the_working_day_after() -> None:
    there = stock(TEE={"EAST": 1})
    there.deliveries["TEE"] = [
        Delivery(date(2026, 5, 8), "WEST", "PO-2", 5),
        Delivery(date(2026, 5, 12), "EAST", "PO-1", 1),
        Delivery(date(2026, 9, 1), "EAST", "PO-9", 50),
    ]
    decision = decided(order(line("TEE", 9)), there)
    waiting = [(a.location, a.lines, a.ship_by) for a in decision.assignments if a.backorder]
    assert waiting == [
        ("WEST", {"l-TEE": 5}, datetime(2026, 5, 12, 1, tzinfo=UTC)),
        ("EAST", {"l-TEE": 1}, datetime(2026, 5, 13, 22, tzinfo=UTC)),
    ]
    assert decision.unplaced == {"l-TEE": 2}, "a delivery in September is no promise"
    assert "WEST waits for 5 TEE, due 2026-05-08 (PO-2)" in decision.words
    assert [d.document for d in there.deliveries["TEE"]] == ["PO-9"], "the next order cannot wait for the same goods"


def test_without_backorders_the_rest_is_left_open() -> None:
    there = stock(TEE={"EAST": 1})
    there.deliveries["TEE"] = [Delivery(date(2026, 5, 8), "EAST", "PO-1", 5)]
    by = read_rules(RULES.replace("[policy]", "[policy]\nbackorder = false"))
    decision = decided(order(line("TEE", 2)), there, by)
    assert (len(decision.assignments), decision.unplaced) == (1, {"l-TEE": 1})


def test_a_kit_leaves_whole_and_takes_its_components() -> None:
    kit = line("SET", 2, parts=(("MUG", 2), ("TEE", 1)))
    there = stock(MUG={"EAST": 3, "WEST": 9}, TEE={"EAST": 9, "WEST": 1})
    decision = decided(order(kit), there)
    assert shipped(decision) == {"EAST": {"l-SET": 1}, "WEST": {"l-SET": 1}}
    assert there.free == {"MUG": {"EAST": 1, "WEST": 7}, "TEE": {"EAST": 8, "WEST": 0}}


def test_a_kit_and_its_component_in_one_order_share_the_stock() -> None:
    kit = line("SET", 1, parts=(("MUG", 2),))
    there = stock(MUG={"EAST": 3})
    decision = decided(order(kit, line("MUG", 2)), there)
    assert shipped(decision) == {"EAST": {"l-SET": 1, "l-MUG": 1}}
    assert there.at("MUG", "EAST") == 0
    assert decision.unplaced == {"l-MUG": 1}


def test_two_lines_of_one_item_are_filled_one_after_the_other() -> None:
    decision = decided(order(line("TEE", 2), line("TEE", 2, line_id="again")), stock(TEE={"EAST": 3}))
    assert shipped(decision) == {"EAST": {"l-TEE": 2, "again": 1}}
    assert decision.unplaced == {"again": 1}


def test_requests_in_another_order_get_the_same_decisions() -> None:
    requests = [order(line("TEE"), order_id=str(n), placed_at=NOW + timedelta(minutes=n % 3)) for n in range(7)]
    here = route_orders(requests, stock(TEE={"EAST": 2, "WEST": 3}), rules(), NOW)
    there = route_orders(requests[::-1], stock(TEE={"EAST": 2, "WEST": 3}), rules(), NOW)
    assert here == there[::-1]


def test_the_explanation_shows_every_location_and_takes_nothing() -> None:
    there = stock(TEE={"EAST": 2, "WEST": 1})
    decision, rows = explain_route(order(line("TEE", 2)), there, rules(), NOW)
    assert {row.location: row.words for row in rows} == {
        "EAST": "ships",
        "WEST": "not needed",
        "SHOP": "has nothing of it",
        "EU": "does not serve this address",
    }
    assert [row.has for row in rows if row.location == "EAST"] == ["2 of 2 TEE"]
    assert there.at("TEE", "EAST") == 2
    assert decision == decided(order(line("TEE", 2)), there)


def test_the_narrowest_area_counts_then_the_location_then_its_kind_then_the_later_row() -> None:
    text = RULES + "".join(
        f'\n[[zones]]\nto = "{to}"\nlocation = "{location}"\npoints = {points}'
        for to, location, points in (
            ("US", "EAST", 1),
            ("US:100", "*", 2),
            ("US:100", "centre", 3),
            ("US:100", "EAST", 4),
        )
    )
    _, rows = explain_route(order(line("TEE")), stock(TEE={"EAST": 1}), read_rules(text), NOW)
    points = {row.location: row.points for row in rows}
    assert points["EAST"] == "504 points (parcel 500, zone US:100 4)"
    assert points["WEST"] == "503 points (parcel 500, zone US:100 3)"
    assert points["SHOP"] == "802 points (parcel 500, zone US:100 2, priority 300)"


def test_everything_that_is_wrong_with_the_rules_is_told_at_once() -> None:
    text = """
[polcy]
[[locations]]
code = "A"
time_zone = "Atlantis/Capital"
[[locations]]
code = "B"
handles = ["gas"]
[[locations]]
code = "B"
latitude = 1
leaves = 10:00:00
[[zones]]
to = "Narnia"
points = 1
[[zones]]
to = "US"
location = "C"
points = 1
"""
    with pytest.raises(MisconfiguredError) as caught:
        read_rules(text)
    for words in (
        "unknown section polcy",
        "location A: time_zone: Value error, no such time zone",
        "location B: handles gas, which policy.restricted does not name",
        "location B: 2 entries; write one",
        "location B: the carrier leaves before the cut-off",
        "location B: latitude and longitude belong together",
        "zone 1: to: Value error, write an area as",
        "zone to US: there is no location or kind C",
    ):
        assert words in caught.value.words


def test_the_rules_that_come_with_the_house_name_every_location_of_the_sandbox() -> None:
    assert set(load_routing().location) == {location.code for location in load_catalogue().locations}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_asked_nothing_is_taken_that_is_not_there_and_every_unit_is_accounted_for(
    data: st.DataObject,
) -> None:
    items, places = ("TEE", "MUG", "GAS"), ("EAST", "WEST", "SHOP")
    free = {i: {p: data.draw(st.integers(0, 4)) for p in places} for i in items}
    there = RoutingStock({item: dict(row) for item, row in free.items()})
    shapes: tuple[tuple[tuple[str, int], ...], ...] = ((), (("MUG", 2),), (("TEE", 1), ("GAS", 2)))
    requests = [
        order(
            *(
                line(
                    data.draw(st.sampled_from(items)),
                    data.draw(st.integers(1, 4)),
                    line_id=str(n),
                    parts=data.draw(st.sampled_from(shapes)),
                )
                for n in range(data.draw(st.integers(1, 3)))
            ),
            order_id=str(number),
        )
        for number in range(3)
    ]
    taken: Counter[tuple[str, str]] = Counter()
    for request, decision in zip(requests, route_orders(requests, there, rules(), NOW), strict=True):
        found = Counter(decision.unplaced)
        takes = {one.line_id: one.takes for one in request.lines}
        for assignment in decision.assignments:
            found.update(assignment.lines)
            for line_id, quantity in assignment.lines.items():
                taken.update({(item, assignment.location): quantity * each for item, each in takes[line_id]})
        assert found == Counter({one.line_id: one.quantity for one in request.lines})
    assert all(quantity <= free[item][place] for (item, place), quantity in taken.items())
