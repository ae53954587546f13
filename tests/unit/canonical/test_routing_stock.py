"""What may be routed: of the stock book's rows, and of an order as the channel tells it."""

from datetime import date
from decimal import Decimal
from typing import Any

from canonical.fulfillment import FulfillmentOrderStatus
from canonical.inventory import Demand, Incoming, InventoryLevel, StockOwner
from canonical.rules.availability import ChannelPlace, StockSetup
from canonical.rules.policies import Policies, PolicyRow
from canonical.rules.routing import held_by, parcels, read_rules, routable, route_orders, routing_stock
from canonical.stock_owners import StockOwnership
from tests.unit.canonical.routing_examples import WHEN, asks, captured, mappings, sold


def setup(*rows: PolicyRow, owner: StockOwner = StockOwner.CROSSDOCK) -> StockSetup:
    places = [ChannelPlace(shop="north", location_id=i, location=at) for i, at in (("7", "EAST"), ("8", "WEST"))]
    owners = {at: StockOwnership(owner=owner, source="erp") for at in ("EAST", "WEST")}
    return StockSetup("north", tuple(places), owners, Policies(rows))


def level(location: str = "EAST", on_hand: int = 10, **more: Any) -> InventoryLevel:
    known = {"sku": "TEE", "location": location, "on_hand": Decimal(on_hand), "source": "erp", "as_of": WHEN}
    return InventoryLevel(**(known | more))


def wants(quantity: str, location: str | None = "7", **more: Any) -> Demand:
    return Demand(shop="north", sku="TEE", location=location, reserved=Decimal(quantity), **more)


def free(stock: Any) -> dict[str, int]:
    return dict(stock.free["TEE"])


def test_what_is_promised_held_or_kept_is_not_free() -> None:
    rows = [level(on_hand=20, allocated=Decimal(3), quality_hold=Decimal(2), safety_stock=Decimal(4)), level("WEST", 5)]
    assert free(routing_stock(setup(), rows, [wants("1")])) == {"EAST": 10, "WEST": 5}
    assert free(routing_stock(setup(), rows, [wants("1")], keep_safety_stock=False)) == {"EAST": 14, "WEST": 5}


def test_the_policys_safety_stock_goes_before_the_sources_but_its_buffer_keeps_nothing_back() -> None:
    policy = PolicyRow(safety_stock=Decimal(1), buffer="5")
    assert free(routing_stock(setup(policy), [level(safety_stock=Decimal(4))], [])) == {"EAST": 9}


def test_what_the_order_itself_holds_is_its_own_to_place() -> None:
    others_and_own = [wants("6"), wants("2", None)]
    assert free(routing_stock(setup(), [level()], others_and_own)) == {"EAST": 2}
    assert free(routing_stock(setup(), [level()], others_and_own, [wants("2", None)])) == {"EAST": 4}


def test_what_an_order_no_longer_holds_is_not_given_back_to_it() -> None:
    assert free(routing_stock(setup(), [level()], [wants("1")], [wants("5")])) == {"EAST": 10}


def test_orders_without_a_location_take_from_where_the_policy_says() -> None:
    first_west = PolicyRow(location="WEST", priority=1)
    rows = [level(on_hand=5), level("WEST", 2)]
    assert free(routing_stock(setup(first_west), rows, [wants("3", None)])) == {"EAST": 4, "WEST": 0}


def test_a_supplied_figure_is_not_reduced_by_what_its_owner_counts() -> None:
    rows = [level(supplied=Decimal(8))]
    booked = [wants("3", booked_reserved=Decimal(2))]
    assert free(routing_stock(setup(owner=StockOwner.ERP), rows, booked)) == {"EAST": 7}
    assert free(routing_stock(setup(owner=StockOwner.OMS), rows, booked)) == {"EAST": 8}


def test_other_sources_and_fractions_ship_nothing() -> None:
    rows = [level(on_hand=3, source="wms"), level(on_hand=0, native_location="A"), level("WEST", 0)]
    halves = [row.model_copy(update={"on_hand": Decimal("1.5")}) if row.location == "WEST" else row for row in rows]
    assert free(routing_stock(setup(), halves, [])) == {"EAST": 0, "WEST": 1}


def test_orders_that_were_promised_more_than_is_there_take_the_first_delivery() -> None:
    due = [Incoming(quantity=Decimal(n), due=date(2026, 5, d), document=f"PO-{d}") for n, d in ((3, 9), (5, 8))]
    stock = routing_stock(setup(), [level(on_hand=1, incoming=tuple(due))], [wants("8")])
    assert free(stock) == {"EAST": 0}
    assert [(d.document, d.quantity) for d in stock.deliveries["TEE"]] == [("PO-9", 1)]


def test_a_shop_ships_only_from_locations_it_knows() -> None:
    stock = routing_stock(setup(), [level(), level("WEST")], [])
    rules = read_rules('[[locations]]\ncode = "EAST"\npriority = 9\n[[locations]]\ncode = "FAR"')
    stock.free["TEE"]["FAR"] = 5
    request = routable(captured(sold("a", "TEE")), mappings()).requests[0]
    decision = route_orders([request], stock, rules, WHEN)[0]
    assert [a.location for a in decision.assignments] == ["EAST"]
    assert "FAR: not mapped to a location of shop north" in decision.words


def test_parcels_are_counted_by_the_locations_own_day() -> None:
    rules = read_rules('[[locations]]\ncode = "EAST"\ntime_zone = "America/Los_Angeles"')
    request = routable(captured(sold("a", "TEE")), mappings()).requests[0]
    stock = routing_stock(setup(), [level()], [])
    assignments = route_orders([request], stock, rules, WHEN)[0].assignments
    assert assignments[0].ship_by is not None
    assert assignments[0].ship_by.date() == date(2026, 5, 5), "in UTC it is the next day already"
    assert parcels(assignments, rules) == {("EAST", date(2026, 5, 4)): 1} == stock.planned


def test_only_what_takes_stock_and_is_still_open_is_routed() -> None:
    order = captured(
        sold("a", "TEE", 3, current=2),
        sold("b", None, is_tip=True),
        sold("c", "CARD", is_gift_card=True),
        sold("d", "COURSE", requires_shipping=False),
        sold("e", "TEE", 2),
        sold("f", "MUG"),
        requests=(
            asks("7", {"a": 2, "e": 1}),
            asks("7", {"f": 1}, status=FulfillmentOrderStatus.CANCELLED),
        ),
    )
    found = routable(order, mappings(), excluded=("WEST",))
    assert [(line.line_id, line.quantity) for line in found.requests[0].lines] == [("a", 2), ("e", 1)]
    request = found.requests[0]
    assert (request.country, request.region, request.postcode, request.excluded) == ("US", "NY", "10012", ("WEST",))
    assert (request.placed_at, request.pickup_location) == (WHEN, None)


def test_a_kit_is_a_line_with_what_it_takes_and_holds() -> None:
    order = captured(sold("a", "SET", 2), requests=(asks("7", {"a": 2}),))
    assert routable(order, mappings()).requests[0].lines[0].takes == (("MUG", 2), ("TEE", 1))
    assert {(d.sku, d.location, d.reserved) for d in held_by(order, mappings())} == {("MUG", "7", 4), ("TEE", "7", 2)}


def test_what_is_picked_up_is_a_request_of_its_own() -> None:
    order = captured(
        sold("a", "TEE"), sold("b", "MUG"), requests=(asks("7", {"a": 1}), asks("9", {"b": 1}, method="pick_up"))
    )
    shipped, picked_up = routable(order, mappings()).requests
    assert ([line.line_id for line in shipped.lines], shipped.pickup_location) == (["a"], None)
    assert ([line.line_id for line in picked_up.lines], picked_up.pickup_location) == (["b"], "SHOP")


def test_what_is_not_mapped_is_named_and_the_rest_is_routed() -> None:
    order = captured(
        sold("a", "TEE"), sold("b", "NEW"), sold("c", "MUG"), requests=(asks("404", {"c": 1}, method="pick_up"),)
    )
    found = routable(order, mappings())
    assert [line.line_id for line in found.requests[0].lines] == ["a"]
    assert (found.unmapped, found.unknown) == (("NEW",), ("404",))


def test_an_order_that_is_done_asks_for_nothing() -> None:
    closed = asks("7", {"a": 0}, status=FulfillmentOrderStatus.CLOSED)
    assert routable(captured(sold("a", "TEE"), requests=(closed,)), mappings()).requests == ()
