"""Available-to-sell: each owner, each field of the policy, and orders that name no location."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from canonical.errors import RejectedError
from canonical.inventory import Demand, Incoming, StockOwner
from canonical.rules.availability import Kit, StockSetup, available_to_sell, explain
from tests.unit.canonical.stock_examples import (
    EAST,
    NOW,
    SHARED,
    WEST,
    demand,
    explained,
    figure,
    level,
    row,
    setup,
)

ORDERS = (
    demand("4", booked_reserved="3"),  # three of them the ERP knows, and has not allocated
)


def test_where_crossdock_owns_the_figure_it_is_computed_from_the_position_and_every_order_lowers_it() -> None:
    told = level(on_hand="20", allocated="2", quality_hold="1", safety_stock="3", supplied="99")
    assert figure(setup(), [told]) == 14
    assert figure(setup(), [told], ORDERS) == 10


def test_where_the_erp_owns_the_figure_only_orders_it_does_not_know_lower_it() -> None:
    told = level(on_hand="20", allocated="2", quality_hold="1", safety_stock="3", supplied="14")
    owned = setup(row(safety_stock="5"), owners={"EAST": StockOwner.ERP})
    assert figure(owned, [told]) == 14  # allocated, held and safety stock are in it already
    assert figure(owned, [told], ORDERS) == 13


def test_where_the_wms_owns_the_figure_orders_lower_it_until_they_are_released_to_it() -> None:
    told = level(on_hand="20", allocated="6", supplied="14", source="wms")
    owned = setup(owners={"EAST": StockOwner.WMS})
    assert figure(owned, [told, level(on_hand="500", supplied="500")], ORDERS) == 10


def test_where_an_order_management_system_owns_the_figure_no_order_lowers_it_again() -> None:
    told = level(on_hand="20", allocated="6", supplied="14", source="oms")
    owned = setup(owners={"EAST": StockOwner.OMS})
    assert figure(owned, [told], (*ORDERS, demand("3", None))) == 14


def test_an_owner_that_supplies_no_figure_offers_nothing() -> None:
    owned = setup(owners={"EAST": StockOwner.WMS})
    told = explained(owned, [level(source="wms")])
    assert (told.figure, "no figure supplied" in told.lines[0].words) == (0, True)


def test_transfers_and_wholesale_orders_lower_ours_because_the_erp_counts_them_as_allocated() -> None:
    assert figure(setup(), [level(on_hand="20", allocated="15")]) == 5


def test_several_locations_of_the_erp_add_up_to_one_place_and_other_sources_do_not_count() -> None:
    told = [level(on_hand="4", native_location=name, allocated="1") for name in ("W1", "W2", "W3")]
    assert figure(setup(), [*told, level(on_hand="70", source="wms"), level(on_hand="80", location="SHOP")]) == 9


def test_orders_of_every_shop_of_the_company_lower_the_stock_they_share() -> None:
    orders = (demand("2"), demand("3", "70", shop="south"))
    assert [figure(setup(), [level()], orders, place) for place in (EAST, SHARED)] == [5, 5]


def test_an_order_without_a_location_is_drawn_from_the_best_place_then_from_the_next() -> None:
    levels = [level(on_hand="3"), level(on_hand="10", location="WEST")]
    assert [figure(setup(), levels, [demand("5", None)], place) for place in (EAST, WEST)] == [0, 8]
    west_first = setup(row(location="WEST", priority=1))
    assert [figure(west_first, levels, [demand("5", None)], place) for place in (EAST, WEST)] == [3, 5]


def test_what_is_more_than_there_is_falls_on_the_first_place() -> None:
    backorder = row(location="EAST", backorder=True, backorder_limit="9")
    levels = [level(on_hand="3"), level(on_hand="4", location="WEST")]
    assert [figure(setup(backorder), levels, [demand("12", None)], place) for place in (EAST, WEST)] == [4, 0]


def test_an_order_is_not_drawn_from_a_place_that_does_not_sell_while_another_has_it() -> None:
    levels = [level(on_hand="3"), level(on_hand="10", location="WEST")]
    closed = setup(row(location="EAST", sell=False))
    assert [figure(closed, levels, [demand("5", None)], place) for place in (EAST, WEST)] == [0, 5]


def test_an_order_at_a_location_that_is_not_ours_counts_all_the_same() -> None:
    assert figure(setup(), [level()], [demand("4", "999")]) == 6


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"safety_stock": "4"}, 6),
        ({"buffer": "3"}, 7),
        ({"buffer": "25%"}, 7),  # two and a half, rounded up
        ({"share": "45%"}, 4),
        ({"cap": "6"}, 6),
        ({"sell": False}, 0),
        ({"sell_from": NOW + timedelta(seconds=1)}, 0),
        ({"sell_from": NOW, "sell_until": NOW + timedelta(seconds=1)}, 10),
        ({"sell_until": NOW}, 0),
        ({"backorder": True, "backorder_limit": "5"}, 15),
        ({"backorder": True, "backorder_limit": "5", "backorder_until": NOW.date()}, 15),
        ({"backorder": True, "backorder_limit": "5", "backorder_until": NOW.date() - timedelta(days=1)}, 10),
        ({"backorder_limit": "5"}, 10),
    ],
)
def test_each_field_of_the_policy_does_what_it_says(fields: dict[str, Any], expected: int) -> None:
    assert figure(setup(row(**fields)), [level()]) == expected


def by_shop(of: StockSetup, on_hand: str, orders: Sequence[Demand] = ()) -> tuple[int, int]:
    """What north and south see of what both sell."""
    told = [level(on_hand=on_hand)]
    return figure(of, told, orders), figure(of, told, orders, place=SHARED)


def test_a_pool_of_units_is_kept_for_its_shop_however_much_the_others_sell() -> None:
    of = setup(row(shop="south", pool="4"))
    assert by_shop(of, "10") == (6, 10)
    assert by_shop(of, "10", [demand("6")]) == (0, 4)
    assert by_shop(of, "10", [demand("3", "70", shop="south")]) == (3, 7)  # kept anew, while there is something
    assert by_shop(of, "3") == (0, 3)
    assert by_shop(setup(row(shop="south", pool="4"), row(shop="north", backorder=True, backorder_limit="2")), "3") == (
        2, 3,
    )  # fmt: skip


def test_where_there_is_less_than_all_pools_they_are_filled_in_the_order_of_the_shops_and_nothing_is_lost() -> None:
    of = setup(row(shop="north", pool="8"), row(shop="south", pool="6"))
    assert [by_shop(of, units) for units in ("20", "14", "10", "8", "5", "0")] == [
        (14, 12), (8, 6), (8, 2), (8, 0), (5, 0), (0, 0),
    ]  # fmt: skip


def test_a_pool_is_kept_at_a_group_of_locations_of_a_category_or_of_one_sku_and_lasts_while_the_shop_sells() -> None:
    groups, categories = {"stores": ("EAST",)}, {"A": "light"}

    def north(**fields: Any) -> int:
        return by_shop(setup(row(shop="south", pool="4", **fields), groups=groups, categories=categories), "10")[0]

    assert [north(group="stores"), north(category="light"), north(sku="A"), north(location="EAST")] == [6, 6, 6, 6]
    assert [north(sku="B"), north(category="heavy"), north(location="WEST")] == [10, 10, 10]
    assert north(sell_from=NOW + timedelta(days=1)) == 6  # kept for its first day
    assert [north(sell_until=NOW), north(sell=False)] == [10, 10]


def test_a_pool_of_a_component_is_kept_from_the_kits_of_other_shops_and_one_of_a_kit_keeps_nothing() -> None:
    kits = [Kit(shop=shop, sku="SET", parts=(("A", Decimal(2)),)) for shop in ("north", "south")]
    of = setup(row(shop="south", sku="A", pool="4"), row(shop="south", sku="SET", pool="5"), kits=kits)
    assert figure(of, [level()], sku="SET") == 3
    assert figure(of, [level()], place=SHARED, sku="SET") == 5
    words = [line.words for line in explained(of, [level()], place=SHARED, sku="SET").lines]
    assert "a pool of 5 keeps no kits: what is in them has pools of its own" in words


def test_a_pool_is_explained_to_both_sides() -> None:
    of = setup(row(shop="south", pool="4"), row(shop="north", share="50%"))
    assert [(line.words, int(line.quantity)) for line in explained(of, [level(native_location="W1")]).lines] == [
        ("on hand at W1 (erp)", 10),
        ("kept for south, its pool of 4", -4),
        ("kept for other channels; this one sees 50%", -3),
    ]
    assert [line.words for line in explained(of, [level(native_location="W1")], place=SHARED).lines] == [
        "on hand at W1 (erp)",
        "4 of these are the pool of 4 kept for south",
    ]


def test_the_policys_safety_stock_stands_in_for_the_sources() -> None:
    assert figure(setup(row(safety_stock="0")), [level(safety_stock="4")]) == 10


def test_goods_on_their_way_count_when_they_come_in_time() -> None:
    due = tuple(
        Incoming(quantity=Decimal(quantity), due=NOW.date() + timedelta(days=days), document=f"PO-{days}")
        for quantity, days in ((5, 2), (7, 3))
    )
    assert figure(setup(), [level(incoming=due)]) == 10
    assert figure(setup(row(incoming_days=2)), [level(incoming=due)]) == 15
    assert figure(setup(row(incoming_days=3)), [level(incoming=due)]) == 22
    assert (
        figure(setup(row(incoming_days=9), owners={"EAST": StockOwner.ERP}), [level(incoming=due, supplied="6")]) == 6
    )


def test_a_kit_is_as_many_as_its_scarcest_component_allows() -> None:
    kit = Kit(shop="north", sku="KIT", parts=(("A", Decimal(2)), ("B", Decimal(1))))
    case = Kit(shop="north", sku="CASE", parts=(("A", Decimal(12)),))
    of = setup(row(sku="B", buffer="1"), row(sku="KIT", cap="3"), kits=(kit, case))
    levels = [level(on_hand="25"), level("B", "5")]
    assert figure(of, levels, sku="KIT") == 3
    assert figure(of, levels, sku="CASE") == 2
    assert figure(of, levels, [demand("6", sku="KIT"), demand("2")], sku="CASE") == 0
    assert figure(of, [level(on_hand="25")], sku="KIT") == 0


def test_a_sku_that_no_source_tells_of_has_no_figure() -> None:
    assert available_to_sell(setup(), [], [demand()], NOW, ["A"]) == []
    assert explain(setup(), EAST, "A", [], [demand()], NOW) is None


def test_fractions_of_a_unit_are_exact_and_only_whole_units_are_shown() -> None:
    levels = [level(on_hand="0.1", native_location="W1"), level(on_hand="0.2", native_location="W2", allocated="-0.7")]
    assert figure(setup(), levels) == 1
    assert figure(setup(), levels, [demand("0.000001")]) == 0


def test_a_quantity_beyond_what_can_be_computed_exactly_is_refused_in_words() -> None:
    with pytest.raises(RejectedError, match="cannot be computed exactly"):
        available_to_sell(setup(), [level(on_hand="99999999999999")], [], NOW)


def test_urgent_is_nothing_left_or_below_the_threshold() -> None:
    levels = [level(on_hand="3"), level(on_hand="0", location="WEST"), level("B", "4")]
    found = available_to_sell(setup(row(shop="north", urgent_below=4)), levels, [], NOW)
    assert {(one.shop, one.location_id, one.sku): one.urgent for one in found} == {
        ("north", "7", "A"): True,
        ("north", "8", "A"): True,
        ("north", "7", "B"): False,
        ("south", "70", "A"): False,
        ("south", "70", "B"): False,
    }


def test_the_explanation_says_each_step_in_words() -> None:
    of = setup(row(shop="north", buffer="10%", share="50%", cap="6", incoming_days=5))
    due = (Incoming(quantity=Decimal(4), due=date(2026, 5, 6), document="PO-1"),)
    told = level(on_hand="30", allocated="5", quality_hold="2", safety_stock="3", incoming=due, native_location="W1")
    orders = [demand("1"), demand("2", "70", shop="south"), demand("3", None)]
    assert [(line.words, int(line.quantity)) for line in explained(of, [told], orders).lines] == [
        ("on hand at W1 (erp)", 30),
        ("allocated at W1 (erp)", -5),
        ("quality hold at W1 (erp)", -2),
        ("reserved by orders of north at this location", -1),
        ("reserved by orders of south at this location", -2),
        ("reserved by orders of north without a location, drawn from here", -3),
        ("incoming PO-1, due 2026-05-06", 4),
        ("safety stock", -3),
        ("buffer of 10%", -2),
        ("kept for other channels; this one sees 50%", -8),
        ("cap of 6", -2),
    ]
