"""Moves told as promises: which leave a warehouse, which arrive, and which are ours."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.tryton.client import TrytonClient
from connectors.tryton.stock_moves import PLANNED, Move, allocated, allocated_lines, incoming, order_of
from connectors.tryton.stock_places import PlaceDirectory, places_of

MUG, DAY = 7, date(2026, 11, 9)
EAST, EAST_SHELF, EAST_OUT, WEST, WEST_IN, CUSTOMER, SUPPLIER, TRANSIT = range(1, 9)


def location(id_: int, kind: str, parent: int | None = None, code: str | None = None, **changes: Any) -> dict[str, Any]:
    return {"id": id_, "type": kind, "parent": parent, "code": code, "name": f"place {id_}", "active": True, **changes}


PLACES = places_of(
    [
        location(EAST, "warehouse", code="EAST"),
        location(EAST_SHELF, "storage", EAST_OUT),
        location(EAST_OUT, "storage", EAST),
        location(WEST, "warehouse"),
        location(WEST_IN, "storage", WEST),
        location(CUSTOMER, "customer"),
        location(SUPPLIER, "supplier"),
        location(TRANSIT, "storage"),
    ]
)


def move(source: int, target: int, quantity: str = "2", state: str = "draft", **changes: Any) -> Move:
    given = {"id": 1, "product": MUG, "due": DAY, "origin": None, "shipment": "stock.shipment.out,4"}
    return Move(source=source, target=target, quantity=Decimal(quantity), state=state, **(given | changes))


def test_a_warehouse_is_called_by_its_code_or_else_its_name_and_holds_all_below_it() -> None:
    assert PLACES.warehouses == {EAST: "EAST", WEST: "place 4"}
    assert {PLACES.warehouse_of(place) for place in (EAST, EAST_SHELF, EAST_OUT)} == {EAST}
    assert PLACES.warehouse_of(TRANSIT) is None


@pytest.mark.parametrize("state", PLANNED)
def test_what_will_leave_is_allocated_where_it_lies_and_what_moves_inside_is_not(state: str) -> None:
    moves = [
        move(EAST_OUT, CUSTOMER, "2", state),
        move(EAST_SHELF, EAST_OUT, "2", state),
        move(EAST_SHELF, TRANSIT, "5", state),
        move(EAST_SHELF, WEST_IN, "7", state),
        move(EAST_SHELF, SUPPLIER, "11", state),
        move(SUPPLIER, WEST_IN, "13", state),
    ]
    assert allocated(moves, PLACES) == {(MUG, EAST): Decimal(25)}


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_what_is_done_or_cancelled_promises_nothing(state: str) -> None:
    moves = [move(EAST_OUT, CUSTOMER, state=state), move(SUPPLIER, WEST_IN, state=state)]
    assert allocated(moves, PLACES) == {}
    assert incoming(moves, PLACES) == {}


def test_what_will_arrive_is_told_soonest_first_and_not_without_a_day() -> None:
    moves = [
        move(TRANSIT, WEST_IN, "3", due=date(2026, 11, 20), shipment="stock.shipment.internal,9"),
        move(SUPPLIER, WEST_IN, "4", shipment=None, origin="purchase.line,8"),
        move(SUPPLIER, WEST_IN, "5", due=None),
        move(CUSTOMER, WEST_IN, "0"),
    ]
    (coming,) = incoming(moves, PLACES).values()
    assert [(one.quantity, one.due, one.document) for one in coming] == [
        (4, DAY, "purchase.line,8"),
        (3, date(2026, 11, 20), "stock.shipment.internal,9"),
    ]


def test_our_orders_are_told_once_by_order_and_sku_and_gone_when_all_of_it_has_left() -> None:
    keys = {1: "north:sales-order.create:51", 2: "north:sales-order.create:51", 3: "north:sales-order.create:52"}
    moves = [
        move(EAST_OUT, CUSTOMER, state="done", origin="sale.line,1"),
        move(EAST_OUT, CUSTOMER, state="assigned", origin="sale.line,2"),
        move(EAST_OUT, CUSTOMER, state="done", origin="sale.line,3"),
        move(EAST_OUT, CUSTOMER, origin="sale.line,99"),
        move(CUSTOMER, EAST_OUT, origin="sale.line,3"),
        move(EAST_OUT, CUSTOMER, product=8, origin="sale.line,1"),
    ]
    lines = allocated_lines(moves, keys, {MUG: "MUG"}, PLACES)
    assert [(line.shop, line.order_id, line.sku, line.gone) for line in lines] == [
        ("north", "51", "MUG", False),
        ("north", "52", "MUG", True),
    ]


def test_what_left_from_another_warehouse_than_the_rest_is_planned_at_is_told_there_by_its_quantity() -> None:
    keys = {1: "north:sales-order.create:51"}
    planned = move(EAST_OUT, CUSTOMER, "3", origin="sale.line,1")
    left = [move(WEST_IN, CUSTOMER, pieces, state="done", origin="sale.line,1") for pieces in ("1", "1")]
    lines = allocated_lines([planned, *left], keys, {MUG: "MUG"}, PLACES)
    assert {(line.location, line.quantity, line.gone) for line in lines} == {
        ("EAST", None, False),
        ("place 4", 2, True),
    }
    (whole,) = allocated_lines(left, keys, {MUG: "MUG"}, PLACES)
    assert (whole.location, whole.quantity, whole.gone) == (None, None, True)


@pytest.mark.parametrize("key", ["", "north", "north:sales-order.create", "a:b:c:d", "::"])
def test_a_key_that_is_not_ours_names_no_order(key: str) -> None:
    assert order_of(key) is None


ends = st.sampled_from([EAST_SHELF, EAST_OUT, WEST_IN, CUSTOMER, SUPPLIER, TRANSIT])


@given(st.lists(st.tuples(ends, ends, st.integers(0, 50), st.sampled_from([*PLANNED, "done", "cancelled"]))))
def test_planned_moves_between_warehouses_leave_as_much_as_arrives(raw: list[tuple[int, int, int, str]]) -> None:
    moves = [move(source, target, str(quantity), state) for source, target, quantity, state in raw]
    between = [
        m for m in moves if m.state in PLANNED and PLACES.warehouse_of(m.source) and PLACES.warehouse_of(m.target)
    ]
    crossing = sum(m.quantity for m in between if PLACES.warehouse_of(m.source) != PLACES.warehouse_of(m.target))
    assert sum(allocated(between, PLACES).values()) == crossing
    assert sum(one.quantity for coming in incoming(between, PLACES).values() for one in coming) == crossing


class Locations:
    """Tryton's locations; more come while we look. Counts how often it was asked."""

    def __init__(self) -> None:
        self.rows = [location(EAST, "warehouse", code="EAST"), location(CUSTOMER, "customer")]
        self.asked = 0

    async def read(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        self.asked += 1
        return list(self.rows)


async def test_a_location_that_is_new_is_asked_for_at_once_and_known_ones_are_remembered() -> None:
    tryton = Locations()
    directory = PlaceDirectory(cast(TrytonClient, tryton))
    await directory.places()
    await directory.places([EAST, CUSTOMER])
    assert tryton.asked == 1
    tryton.rows.append(location(EAST_SHELF, "storage", EAST))
    places = await directory.places([EAST_SHELF])
    assert (tryton.asked, places.warehouse_of(EAST_SHELF)) == (2, EAST)
