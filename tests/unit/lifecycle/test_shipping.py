"""From the request to the invoice: what is due, in which order, and once."""

from dataclasses import replace

from canonical.errors import HeldError, RejectedError
from canonical.fulfillment import FulfillmentOrderStatus
from canonical.order import TransactionKind
from canonical.ports.aftersales import ChannelFulfillment, OrderLogistics
from canonical.rules import example
from canonical.rules.lifecycle import hear_logistics, is_open, stage_of, to_route
from canonical.rules.lifecycle.pieces import missing
from canonical.rules.lifecycle.policy import AfterExpiry, CaptureWhen
from canonical.rules.lifecycle.posting import netted
from canonical.settlement import InvoiceTrigger
from canonical.steps import Operation, Step
from canonical.warehouse import WarehouseEventKind as K
from tests.unit.lifecycle.lives import EAST, UPS, WEST, House, authorised, facts_of, moment, order_of, parcel

TOLD = ["FULFILL", "SHIPMENT", "INVOICE", "NOTE_INVOICE", "NOTE_INVOICE", "PAYMENT"]


def house_of(pieces: int = 2, **shipping: object) -> House:
    """A request that the warehouse has taken."""
    house = House(facts_of(order_of(pieces), **shipping), (EAST, {"11": pieces}))
    assert house.go() == ["REQUEST"]
    return house


def seen(id_: str, lines: dict[str, int], **changes: object) -> OrderLogistics:
    """The shop with one fulfillment of somebody else's."""
    usual: dict[str, object] = {
        "id": id_, "order_id": "5123", "status": "success", "parcel": None, "lines": lines, "made_by_us": False,
        "location_id": "7",
    }  # fmt: skip
    return OrderLogistics("5123", (), (ChannelFulfillment(**usual | changes),))  # type: ignore[arg-type]


def hear(house: House, logistics: OrderLogistics) -> None:
    def place(id_: str) -> str | None:
        return example.MAPPINGS.location("north", id_, None) or {"7": EAST}.get(id_)

    house.have(life=hear_logistics(house.life, logistics, place, house.facts.now))


def test_nothing_is_asked_for_before_the_sale_is_booked() -> None:
    house = House(replace(facts_of(order_of()), booked=False), (EAST, {"11": 2}))
    assert house.go() == []
    house.have(booked=True)
    assert house.go() == ["REQUEST"]


def test_lines_are_moved_to_the_location_that_ships_before_it_is_asked() -> None:
    house = House(facts_of(order_of(5, at="8")), (EAST, {"11": 3}), (WEST, {"11": 2}))
    first = house.plan().steps
    assert [(s.operation.name, s.subject) for s in first] == [("MOVE", EAST), ("REQUEST", WEST)]
    assert (first[0].request.location_id, first[0].request.lines) == ("7", {"11": 3})
    assert house.go() == ["MOVE", "REQUEST", "REQUEST"]


def test_a_move_keeps_its_key_when_the_shop_replaces_the_fulfillment_order() -> None:
    house = House(facts_of(order_of(at="8")), (EAST, {"11": 2}))
    (before,) = house.plan().steps
    (one,) = house.facts.order.fulfillment_orders
    house.change(fulfillment_orders=(one.model_copy(update={"id": "99"}),))
    (after,) = house.plan().steps
    assert (before.key, before.request.fulfillment_order_id, after.request.fulfillment_order_id) == (
        after.key,
        "41",
        "99",
    )


def test_a_refused_move_holds_the_request_back() -> None:
    house = House(facts_of(order_of(at="8")), (EAST, {"11": 2}))
    house.refuse = lambda step: RejectedError("the location is closed", code="location_inactive")
    assert house.go() == ["MOVE"]
    assert house.waits() == ["location_inactive"]


def test_a_shipment_is_told_to_shop_and_erp_and_paid_money_is_posted_with_the_invoice() -> None:
    house = house_of()
    house.ship(2)
    assert house.go() == TOLD
    assert (house.waits(), stage_of(house.facts.order, house.life)) == ([], "shipped")
    assert not is_open(house.facts.order, house.life)
    (payment,) = house.steps(Operation.PAYMENT)
    assert (payment.request.method, str(payment.request.amount)) == ("CARD", "43.80 USD")


def test_each_parcel_is_a_fulfillment_and_the_life_knows_them_all() -> None:
    house = house_of()
    house.ship(2, *UPS)
    assert house.go().count("FULFILL") == 2
    (shipment,) = house.life.shipments
    assert set(shipment.told) == {"p0-0", "p0-1"}
    assert shipment.fulfillment_id is not None


def test_an_erp_that_is_away_does_not_keep_tracking_from_the_shopper_and_the_other_way_round() -> None:
    house = house_of()
    house.refuse = lambda s: RejectedError("no", code="bad") if s.operation is Operation.SHIPMENT else None
    house.ship(2)
    assert house.go() == ["FULFILL", "SHIPMENT"]
    other = house_of()
    other.refuse = lambda s: RejectedError("no", code="bad") if s.operation is Operation.FULFILL else None
    other.ship(2)
    assert other.go() == TOLD
    assert other.waits() == ["bad"]


def test_a_wrong_number_keeps_its_parcel_back_until_it_is_corrected() -> None:
    house = house_of()
    house.ship(2, "1Z999AA10123456785")
    assert "FULFILL" not in house.go()
    assert house.waits() == ["tracking_invalid"]
    (shipment,) = house.life.shipments
    house.tell(K.SHIPPED, {"11": 2}, parcels=(parcel(shipment.parcels[0].id, 2, UPS[0]),))
    assert house.go() == ["FULFILL"]
    assert house.waits() == []
    assert house.life.shipped == {"11": 2}


def test_a_wrong_number_is_shown_once_somebody_waived_it() -> None:
    house = house_of()
    house.ship(2, "1Z999AA10123456785")
    house.have(life=house.life.model_copy(update={"waived": ("tracking_invalid",)}))
    assert "FULFILL" in house.go()


def test_a_corrected_number_is_shown_in_place_of_the_old_one() -> None:
    house = house_of()
    house.ship(2, UPS[0])
    house.go()
    house.tell(K.SHIPPED, {"11": 2}, parcels=(parcel("p0-0", 2, UPS[1]),))
    assert house.go() == ["TRACK"]
    (track,) = house.steps(Operation.TRACK)
    assert (track.request.fulfillment_id, track.request.parcel.tracking_number) == ("x2", UPS[1])


def test_what_happens_to_a_parcel_is_told_once_it_is_shown() -> None:
    house = house_of()
    house.ship(2, UPS[0])
    house.tell(K.DELIVERED, parcels=(parcel("p0-0", 2, UPS[0]),))
    assert house.go().count("DELIVERY") == 1
    (event,) = house.steps(Operation.DELIVERY)
    assert event.request.status == "delivered"


def test_an_event_heard_twice_changes_nothing() -> None:
    house = house_of()
    event = house.ship(1)
    before = house.life
    house.hear(event)
    assert house.life == before


def test_a_rejecting_location_is_not_asked_again_and_the_lines_are_routed_to_another() -> None:
    house = house_of()
    house.tell(K.REJECTED, reason="no staff")
    assert house.life.excluded == (EAST,)
    (request,) = to_route(house.facts)
    assert (request.excluded, request.lines[0].quantity) == ((EAST,), 2)
    house.decide((WEST, {"11": 2}))
    assert house.go() == ["MOVE", "REQUEST"]
    assert to_route(house.facts) == ()


def test_a_short_pick_ships_what_is_there_and_routes_the_rest() -> None:
    house = house_of(3)
    house.ship(2)
    house.tell(K.SHORT, {"11": 1})
    assert missing(house.facts.order, house.life) == {"11": 1}
    assert to_route(house.facts)[0].lines[0].quantity == 1
    house.decide((WEST, {"11": 1}))
    house.go()
    house.ship(1, UPS[1])
    house.go()
    assert (house.life.shipped, stage_of(house.facts.order, house.life)) == ({"11": 3}, "shipped")


def test_a_second_request_to_a_location_has_a_key_of_its_own() -> None:
    house = house_of(2)
    house.tell(K.CANCELLED)
    house.decide((EAST, {"11": 2}))
    assert [task.key for task in house.life.tasks] == [
        "north:fulfillment-request.create:5123:DC-EAST", "north:fulfillment-request.create:5123:DC-EAST:2",
    ]  # fmt: skip


def test_after_as_many_locations_as_the_policy_says_somebody_decides() -> None:
    house = House(facts_of(order_of(), most_attempts=2), (EAST, {"11": 2}))
    house.go()
    house.tell(K.REJECTED)
    house.decide((WEST, {"11": 2}))
    house.go()
    house.tell(K.REJECTED)
    assert to_route(house.facts) == ()
    assert house.waits() == ["nobody_ships"]


def test_without_rerouting_a_rejection_waits_for_somebody() -> None:
    house = house_of(reroute=False)
    house.tell(K.REJECTED)
    assert (to_route(house.facts), house.waits()) == ((), ["nobody_ships"])


def test_a_backorder_is_held_and_asked_for_when_its_goods_have_come() -> None:
    house = House(facts_of(order_of()), (EAST, {"11": 2}), backorder=True, ship_by=moment(3))
    assert house.go() == ["HOLD"]
    assert house.plan().look_at == moment(3)
    house.have(now=moment(3))
    assert house.go() == ["RELEASE", "REQUEST"]


def test_one_invoice_for_the_whole_order_comes_as_soon_as_it_is_booked() -> None:
    house = House(facts_of(order_of(), invoice=InvoiceTrigger.ON_ORDER), (EAST, {"11": 2}))
    assert house.go() == ["REQUEST", "INVOICE", "NOTE_INVOICE", "NOTE_INVOICE", "PAYMENT"]
    house.ship(2)
    assert house.go() == ["FULFILL", "SHIPMENT"]


def test_an_authorisation_is_captured_as_it_ships_and_wholly_at_the_last() -> None:
    house = House(facts_of(order_of(3, transactions=(authorised("63.80"),))), (EAST, {"11": 3}))
    house.go()
    house.ship(1, UPS[0])
    house.go()
    house.ship(2, UPS[1])
    house.go()
    assert [str(s.request.total) for s in house.steps(Operation.CAPTURE)] == ["21.27 USD", "63.80 USD"]


def test_a_piece_taken_out_at_the_end_leaves_its_money_uncaptured() -> None:
    house = House(facts_of(order_of(3, transactions=(authorised("63.80"),))), (EAST, {"11": 3}))
    house.go()
    house.ship(2, UPS[0])
    house.go()
    (line,) = house.facts.order.lines
    house.change(lines=(line.model_copy(update={"current_quantity": 2}),), fulfillment_orders=())
    assert house.go() == ["CANCEL_REQUEST", "AMEND_SALE", "CAPTURE", "NOTE_INVOICE"]
    assert [str(s.request.total) for s in house.steps(Operation.CAPTURE)] == ["42.53 USD", "43.20 USD"]


def test_what_was_paid_at_once_counts_before_an_authorisation_is_captured() -> None:
    card = authorised("53.80", "32")
    gift = example.payment("10.00", "gift_card", id="31")
    house = House(facts_of(order_of(3, transactions=(gift, card))), (EAST, {"11": 3}))
    house.go()
    house.ship(3)
    house.go()
    (capture,) = house.steps(Operation.CAPTURE)
    assert (capture.request.parent_id, str(capture.request.total)) == ("32", "53.80 USD")


def test_a_shop_that_captures_by_itself_is_left_alone() -> None:
    facts = facts_of(order_of(2, transactions=(authorised("43.80"),)), capture=CaptureWhen.NEVER)
    house = House(facts, (EAST, {"11": 2}))
    house.go()
    house.ship(2)
    assert "CAPTURE" not in house.go()


def test_a_payment_the_erp_has_no_invoice_for_is_tried_again_after_the_next_invoice() -> None:
    house = house_of(2)

    def too_early(step: Step) -> HeldError | None:
        early = step.operation is Operation.PAYMENT and len(house.steps(Operation.INVOICE)) < 2
        return HeldError("it pays no invoice yet", code="invoice_missing") if early else None

    house.refuse = too_early
    house.ship(1, UPS[0])
    house.go()
    assert house.waits() == ["invoice_missing"]
    house.ship(1, UPS[1])
    house.go()
    assert house.waits() == []


def test_a_fulfillment_made_in_the_shop_is_booked_never_told_and_taken_from_the_warehouse() -> None:
    house = house_of()
    hear(house, seen("900", {"11": 2}))
    sent = house.go()
    assert sent[0] == "CANCEL_REQUEST"
    assert "FULFILL" not in sent
    assert {"SHIPMENT", "INVOICE"} <= set(sent)
    hear(house, seen("900", {"11": 2}))
    assert house.go() == []


def test_a_part_made_in_the_shop_is_taken_out_of_the_request() -> None:
    house = house_of(3)
    hear(house, seen("900", {"11": 1}))
    assert house.go()[0] == "AMEND"
    (amend,) = house.steps(Operation.AMEND)
    assert (amend.request.revision, amend.request.lines[0].quantity) == (1, 2)


def test_what_a_person_marked_and_the_warehouse_shipped_is_the_same_goods() -> None:
    house = house_of()
    house.refuse = lambda s: HeldError("packed", code="too_late") if s.operation is Operation.CANCEL_REQUEST else None
    hear(house, seen("900", {"11": 2}))
    house.go()
    house.ship(2, UPS[0])
    assert house.go() == ["TRACK", "NOTE_INVOICE"]
    assert (house.life.shipped, len(house.steps(Operation.SHIPMENT))) == ({"11": 2}, 1)


def test_a_fulfillment_taken_back_in_the_shop_after_it_was_booked_waits_and_nothing_ships_again() -> None:
    house = house_of()
    hear(house, seen("900", {"11": 2}))
    house.go()
    hear(house, seen("900", {"11": 2}, live=False))
    assert house.go() == []
    assert (house.waits(), to_route(house.facts)) == (["fulfillment_cancelled"], ())
    house.have(life=house.life.model_copy(update={"waived": ("fulfillment_cancelled",)}))
    assert to_route(house.facts)[0].lines[0].quantity == 2


def test_lines_moved_away_in_the_shop_are_moved_back_to_where_they_left_from() -> None:
    house = house_of()
    moved = RejectedError("it waits at West", code="at_other_location")
    house.refuse = lambda s: None if s.operation is not Operation.FULFILL or house.steps(Operation.MOVE) else moved
    house.ship(2)
    sent = house.go()
    assert [name for name in sent if name in ("FULFILL", "MOVE")] == ["FULFILL", "MOVE", "FULFILL"]
    assert house.waits() == []


def test_what_was_sold_over_the_counter_is_never_routed_and_is_booked_when_it_is_heard() -> None:
    order = order_of()
    row = order.fulfillment_orders[0].lines[0].model_copy(update={"remaining": 0})
    sold = order.fulfillment_orders[0].model_copy(update={"lines": (row,), "status": FulfillmentOrderStatus.CLOSED})
    house = House(facts_of(order.model_copy(update={"fulfillment_orders": (sold,)})))
    assert (to_route(house.facts), house.go(), house.waits()) == ((), [], [])
    assert is_open(house.facts.order, house.life)
    hear(house, seen("900", {"11": 2}))
    assert house.go() == TOLD[1:]
    assert not is_open(house.facts.order, house.life)


def test_an_order_of_which_nothing_is_shipped_is_invoiced_once_it_is_booked() -> None:
    card = example.line(id="12", sku="GIFT-25", is_gift_card=True, requires_shipping=False)
    house = House(facts_of(order_of(lines=(card,), fulfillment_orders=())))
    assert house.go() == TOLD[2:]
    assert (house.waits(), is_open(house.facts.order, house.life)) == ([], False)


def test_money_given_back_before_any_invoice_lessens_its_payment_and_is_none_of_its_own() -> None:
    house = house_of(2)
    paid = house.facts.order.transactions[0]
    back = example.payment(
        "5.00", id="39", kind=TransactionKind.REFUND, parent_id=paid.id, processed_at=house.facts.now
    )
    assert netted(house.life, back.id, paid.id, house.facts.now)
    house.change(transactions=(paid, back))
    house.ship(2)
    house.go()
    (payment,) = house.steps(Operation.PAYMENT)
    assert str(payment.request.amount) == "38.80 USD"
    assert netted(house.life, back.id, paid.id, moment(1))
    assert not netted(house.life, "40", paid.id, house.facts.now)


def test_money_given_back_before_the_invoice_but_heard_after_the_payment_is_one_of_its_own() -> None:
    house = house_of(2)
    paid = house.facts.order.transactions[0]
    early = house.facts.now
    house.ship(2)
    house.go()
    late = example.payment("5.00", id="39", kind=TransactionKind.REFUND, parent_id=paid.id, processed_at=early)
    house.change(transactions=(paid, late))
    assert house.go() == []
    assert [str(step.request.amount) for step in house.steps(Operation.PAYMENT)] == ["43.80 USD"]
    assert not netted(house.life, late.id, paid.id, early)


def test_a_line_that_joins_the_order_in_exchange_is_placed_beside_what_left_and_came_back() -> None:
    house = house_of(1)
    house.ship(1)
    house.go()
    order = house.facts.order
    (first,), (request,) = order.lines, order.fulfillment_orders
    row = request.lines[0]
    shown = request.model_copy(
        update={"lines": (row.model_copy(update={"remaining": 0}), row.model_copy(update={"line_id": "13"}))}
    )
    back = first.model_copy(update={"current_quantity": 0})
    house.change(lines=(back, example.line(id="13", quantity=1)), fulfillment_orders=(shown,))
    assert [(one.line_id, one.quantity) for asked in to_route(house.facts) for one in asked.lines] == [("13", 1)]


def test_an_expired_pickup_ends_the_order_in_the_shop_or_waits_by_policy() -> None:
    house = house_of()
    house.tell(K.EXPIRED)
    assert house.go() == ["CANCEL_ORDER", "CANCEL_SALE"]
    other = house_of(expired_pickup=AfterExpiry.HOLD)
    other.tell(K.EXPIRED)
    assert (other.go(), other.waits(), to_route(other.facts)) == ([], ["pickup_expired"], ())


def test_a_returned_piece_does_not_take_an_open_one_from_the_warehouse() -> None:
    house = house_of(3)
    house.ship(1)
    house.go()
    order = house.facts.order
    row = order.fulfillment_orders[0].lines[0].model_copy(update={"remaining": 2})
    waiting = order.fulfillment_orders[0].model_copy(update={"lines": (row,)})
    line = order.lines[0].model_copy(update={"current_quantity": 2})
    house.change(lines=(line,), fulfillment_orders=(waiting,))
    assert house.go() == []
    assert house.life.tasks[0].remaining == {"11": 2}


def test_a_number_that_another_order_has_is_told_and_the_parcel_is_shown_without_it() -> None:
    house = house_of()
    house.have(number_used=lambda number: "#1000" if number == UPS[0] else None)
    house.ship(2, UPS[0])
    assert house.go() == TOLD
    (write,) = (step.request for step in house.sent if step.operation is Operation.FULFILL)
    assert (write.parcel.tracking_number, write.lines) == (None, {"11": 2})
    assert house.waits() == ["tracking_used"]
    assert house.plan().waits[0].words == f"UPS number {UPS[0]} of #1001 is on a parcel of order #1000; it is not shown"
    house.tell(K.SHIPPED, {"11": 2}, parcels=(parcel("p0-0", 2, UPS[1]),))
    assert (house.go(), house.waits()) == (["TRACK"], [])


def test_a_number_that_another_order_has_too_is_shown_once_somebody_released_it() -> None:
    house = house_of()
    house.have(number_used=lambda number: "#1000")
    house.ship(2, UPS[0])
    house.go()
    house.have(life=house.life.model_copy(update={"waived": ("tracking_used",)}))
    assert (house.go(), house.waits()) == (["TRACK"], [])
    assert house.life.shipments[0].shown["p0-0"].startswith(f"UPS|{UPS[0]}")
