"""Every cell of the table of stages and actions, walked through hearing, planning and settling."""

from pathlib import Path
from typing import Any

import pytest

from canonical.errors import HeldError
from canonical.order import TransactionKind
from canonical.rules import example
from canonical.rules.lifecycle import hear_erp_cancelled, is_open, plan_fulfillment, stage_of
from canonical.rules.lifecycle.cancelling import TABLE, Action, Cell, Stage, page
from canonical.steps import Operation
from canonical.warehouse import WarehouseEventKind as K
from tests.unit.lifecycle import lives

PAGE = Path(__file__).parents[3] / "canonical" / "lifecycle.md"


CELLS = [(stage, action, cell) for stage, row in TABLE.items() for action, cell in row.items()]


def at(stage: Stage) -> Any:
    """An order of three pieces, as far as the stage says."""
    facts = lives.facts_of(lives.order_of(3))
    if stage is Stage.BEFORE_POSTING:
        house = lives.House(facts, (lives.EAST, {"11": 3}))
        house.have(booked=False)
        assert house.go() == []
        return house
    if stage is Stage.POSTED:
        house = lives.House(facts, (lives.EAST, {"11": 3}), backorder=True, ship_by=lives.moment(9))
        assert house.go() == ["HOLD"]
        return house
    house = lives.House(facts, (lives.EAST, {"11": 3}))
    house.go()
    for kind in (K.ACCEPTED, K.ALLOCATED):
        house.tell(kind)
    if stage in (Stage.PICKING, Stage.PACKED):
        house.tell(K.PICKED)
    if stage is Stage.PACKED:
        house.tell(K.PACKED)
        house.refuse = _too_late
    if stage is Stage.PARTLY_SHIPPED:
        house.ship(2)
    if stage is Stage.SHIPPED:
        house.ship(3)
    house.go()
    return house


def _too_late(step: Any) -> HeldError | None:
    if step.operation in (Operation.CANCEL_REQUEST, Operation.AMEND) and step.subject == lives.EAST:
        return HeldError("it is packed already", code="too_late")
    return None


def happen(house: Any, action: Action) -> None:
    """Somebody changes his mind; the shop gives the money of a cancelled order back by itself."""
    order = house.facts.order
    (line,) = order.lines
    if action is Action.CANCEL_IN_SHOP:
        back = example.payment(str(order.transactions[0].amount.shop.amount), id="39", kind=TransactionKind.REFUND)
        house.change(cancelled_at=house.facts.now, transactions=(*order.transactions, back))
    elif action is Action.CANCEL_IN_ERP:
        house.have(life=hear_erp_cancelled(house.life, house.facts.now))
    elif action is Action.TAKE_OUT:
        house.change(lines=(line.model_copy(update={"current_quantity": 2}),), fulfillment_orders=())
    else:
        more = line.model_copy(update={"quantity": 4, "current_quantity": 4})
        house.change(lines=(more,), totals=lives.order_of(4).totals, fulfillment_orders=())
        house.decide((lives.WEST, {"11": 1}))


@pytest.mark.parametrize(("stage", "action", "cell"), CELLS, ids=[f"{s}: {a}" for s, a, _ in CELLS])
def test_each_cell_sends_what_it_says_in_that_order_and_then_rests(stage: Stage, action: Action, cell: Cell) -> None:
    house = at(stage)
    happen(house, action)
    assert house.go() == [one.name for one in cell.sent]
    assert house.waits() == list(cell.waits)
    assert house.go() == []


@pytest.mark.parametrize(("stage", "action", "cell"), [row for row in CELLS if row[2].leaves])
def test_what_leaves_all_the_same_is_booked_and_waits_for_somebody(stage: Stage, action: Action, cell: Cell) -> None:
    house = at(stage)
    happen(house, action)
    house.go()
    house.ship(3)
    assert house.go() == [one.name for one in cell.leaves]
    assert house.waits() == list(cell.leaves_waits)


@pytest.mark.parametrize(("stage", "action"), [row[:2] for row in CELLS])
def test_a_worker_that_dies_at_any_step_leaves_a_plan_that_names_the_same_keys(stage: Stage, action: Action) -> None:
    house = at(stage)
    happen(house, action)
    for _ in range(12):
        plan = house.plan()
        assert [step.key for step in plan_fulfillment(house.facts).steps] == [step.key for step in plan.steps]
        if not plan.steps:
            return
        for step in plan.steps:
            house.carry(step)
    raise AssertionError("never rests")


def test_a_cancellation_of_what_may_have_been_asked_for_is_sent_though_nobody_heard_the_answer() -> None:
    house = lives.House(lives.facts_of(lives.order_of(3)), (lives.EAST, {"11": 3}))
    (step,) = house.plan().steps
    assert step.operation is Operation.REQUEST
    happen(house, Action.CANCEL_IN_SHOP)
    assert house.go() == ["CANCEL_REQUEST", "CANCEL_SALE"]


def test_a_cancelled_order_is_open_until_the_other_side_knows() -> None:
    house = at(Stage.ALLOCATED)
    happen(house, Action.CANCEL_IN_SHOP)
    assert (stage_of(house.facts.order, house.life), is_open(house.facts.order, house.life)) == ("cancelling", True)
    house.go()
    assert (stage_of(house.facts.order, house.life), is_open(house.facts.order, house.life)) == ("cancelled", False)


def test_money_that_a_cancelled_order_keeps_waits_for_finance() -> None:
    house = at(Stage.ALLOCATED)
    house.change(cancelled_at=house.facts.now)
    house.go()
    assert house.waits() == ["paid_but_cancelled"]


def test_every_stage_has_a_cell_for_every_action() -> None:
    assert {stage: set(row) for stage, row in TABLE.items()} == {stage: set(Action) for stage in Stage}


def test_the_page_is_drawn_from_the_table_as_it_is() -> None:
    assert PAGE.read_text() == page(), (
        "draw it: python -m canonical.rules.lifecycle.cancelling > canonical/lifecycle.md"
    )
