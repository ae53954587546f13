"""Where goods go: an address that changes after a warehouse was asked reaches the warehouse, or a person."""

from canonical.errors import HeldError
from canonical.party import Address
from canonical.rules import example
from canonical.steps import Operation
from canonical.warehouse import WarehouseEventKind
from tests.unit.lifecycle.lives import EAST, House, facts_of, order_of

OLD = example.order().shipping_address
NEW = Address(name="Ann", line1="2 Elm Street", city="Salem", postal_code="01970", region="MA", country="US")


def asked(**changes: object) -> House:
    """A house whose warehouse was asked for two pieces."""
    house = House(facts_of(order_of(2, **changes)), (EAST, {"11": 2}))
    assert house.go() == ["REQUEST"]
    return house


def test_an_address_changed_after_the_request_is_amended_at_the_warehouse_once() -> None:
    house = asked()
    house.change(shipping_address=NEW)
    assert house.go() == ["AMEND"]
    (amended,) = house.steps(Operation.AMEND)
    assert (amended.request.ship_to, amended.request.revision) == (NEW, 1)
    assert house.go() == []
    house.change(shipping_address=OLD)
    assert house.go() == ["AMEND"]
    assert [step.request.revision for step in house.steps(Operation.AMEND)] == [1, 2]


def test_pieces_and_address_that_change_together_are_one_amendment() -> None:
    house = asked()
    line = house.facts.order.lines[0].model_copy(update={"current_quantity": 1})
    (request,) = house.facts.order.fulfillment_orders
    row = request.lines[0].model_copy(update={"remaining": 1})
    less = request.model_copy(update={"lines": (row,)})
    house.change(shipping_address=NEW, lines=(line,), fulfillment_orders=(less,))
    assert house.go() == ["AMEND"]


def test_a_phone_number_or_an_address_that_was_redacted_moves_no_parcel() -> None:
    house = asked()
    assert OLD is not None
    house.change(shipping_address=OLD.model_copy(update={"phone": "+1 555 0100"}))
    assert house.go() == []
    house.change(shipping_address=None)
    assert house.go() == []


def test_a_warehouse_that_does_not_change_the_address_any_more_is_told_of_until_the_goods_are_gone() -> None:
    house = asked()
    house.refuse = lambda step: (
        HeldError("it is packed", code="too_late") if step.operation is Operation.AMEND else None
    )
    house.change(shipping_address=NEW)
    assert house.go() == ["AMEND"]
    assert house.waits() == ["address_changed_but_ships"]
    assert house.go() == []
    house.ship(2)
    assert "address_changed_but_ships" not in house.waits()


def test_a_change_that_a_warehouse_took_and_rejects_hours_later_is_told_of() -> None:
    house = asked()
    house.tell(WarehouseEventKind.ACCEPTED, sequence=1)
    house.change(shipping_address=NEW)
    assert house.go() == ["AMEND"]
    assert house.waits() == []
    house.tell(WarehouseEventKind.REJECTED, sequence=2)
    assert house.waits() == ["address_changed_but_ships"]
