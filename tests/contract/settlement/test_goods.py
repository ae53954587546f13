"""Every ERP: goods leave, come back and move where the posting says, by the line and quantity it says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from canonical.booking import SalesOrderDocument
from canonical.errors import RejectedError
from canonical.outcomes import Failed, Settled
from canonical.ports import SalesOrders, Settlement
from tests.contract.erp.conftest import booked
from tests.contract.erp.documents import document, line
from tests.contract.settlement.counterpart import Counterpart
from tests.contract.settlement.postings import authorisation, error_of, goods, movement, posted, receipt, shipment

pytestmark = pytest.mark.counterpart
TEE, MUG = "TEE-WHI-S", "MUG-WHT"


async def test_an_order_ships_in_parts_from_two_places_and_stock_goes_down_at_each(
    order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart
) -> None:
    east, west = (counterpart.on_hand(TEE, place) for place in ("DC-EAST", "DC-WEST"))
    await posted(settle.post_shipments([shipment(order, 1)]))
    assert (counterpart.on_hand(TEE, "DC-EAST"), counterpart.on_hand(TEE, "DC-WEST")) == (east - 1, west)
    await posted(settle.post_shipments([shipment(order, 1, "DC-WEST")]))
    assert (counterpart.on_hand(TEE, "DC-EAST"), counterpart.on_hand(TEE, "DC-WEST")) == (east - 1, west - 1)


async def test_both_parts_of_an_order_may_come_in_one_batch_and_a_bad_one_fails_alone(
    erp: SalesOrders, settle: Settlement, counterpart: Counterpart
) -> None:
    order = document(line(), line(MUG, "10.00", taxes=(), quantity=1))
    await booked(erp, order)
    mugs = counterpart.on_hand(MUG, "DC-EAST")
    parts = [
        shipment(order, lines={order.lines[1].key: 1}),
        shipment(order, lines={"no-such-line": 1}),
        shipment(order, 2),
        shipment(order, 1),
    ]
    outcomes = await settle.post_shipments(parts)
    assert [isinstance(outcome, Settled) for outcome in outcomes] == [True, False, True, False], outcomes
    errors = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    assert [type(error) for error in errors] == [RejectedError, RejectedError]
    assert "no-such-line" in str(errors[0])
    assert counterpart.on_hand(MUG, "DC-EAST") == mugs - 1


async def test_only_what_is_restocked_of_a_return_goes_to_stock_at_its_place(
    order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart
) -> None:
    await posted(settle.post_shipments([shipment(order)]))
    east, west = (counterpart.on_hand(TEE, place) for place in ("DC-EAST", "DC-WEST"))
    announced = authorisation(order, 2)
    await posted(settle.authorise_returns([announced]))
    assert counterpart.on_hand(TEE, "DC-EAST") == east
    await posted(settle.receive_returns([receipt(order, announced, 1)]))
    assert (counterpart.on_hand(TEE, "DC-EAST"), counterpart.on_hand(TEE, "DC-WEST")) == (east, west + 1)
    error = await error_of(settle.receive_returns([receipt(order, announced, 2)]))
    assert isinstance(error, RejectedError)
    await posted(settle.receive_returns([receipt(order, announced, 1, location="DC-EAST")]))
    assert (counterpart.on_hand(TEE, "DC-EAST"), counterpart.on_hand(TEE, "DC-WEST")) == (east + 1, west + 1)


async def test_a_return_of_more_than_was_sold_is_refused_by_its_line(
    order: SalesOrderDocument, settle: Settlement
) -> None:
    error = await error_of(settle.authorise_returns([authorisation(order, 3)]))
    assert isinstance(error, RejectedError)
    assert goods(order) in str(error)


async def test_counts_scrap_and_transfers_move_stock_once(settle: Settlement, counterpart: Counterpart) -> None:
    east, west = (counterpart.on_hand(MUG, place) for place in ("DC-EAST", "DC-WEST"))
    moves = [
        movement("5", reason="count"),
        movement("-2", reason="scrap"),
        movement("3", reason="transfer", to_location="DC-WEST"),
        movement("1", item="NO-SUCH-ITEM"),
    ]
    *good, bad = await settle.post_movements(moves)
    assert all(isinstance(outcome, Settled) for outcome in good), good
    assert isinstance(bad, Failed)
    assert isinstance(bad.error, RejectedError)
    await posted(settle.post_movements(moves[:3]))
    assert counterpart.on_hand(MUG, "DC-EAST") == east + Decimal(0)
    assert counterpart.on_hand(MUG, "DC-WEST") == west + 3
