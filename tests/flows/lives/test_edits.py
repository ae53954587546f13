"""Edits of booked orders: the ERP's sale is made what the order is now, once, or the order waits and says why."""

from typing import Any

import pytest

from canonical.errors import HeldError
from canonical.ids import aggregate_key
from canonical.order import Order, TransactionKind
from canonical.rules import example
from flows.handling.rechecks import recheck_delivery
from tests.flows.lives.conftest import LifeHouse
from tests.unit.lifecycle.lives import order_of

ORDER = order_of(2)
CHANGED = "changed_after_posting"


class Died(BaseException):
    """The end of a worker: nothing catches it."""


def edited(house: LifeHouse, **changes: Any) -> Order:
    """The order after an edit."""
    return order_of(2, updated_at=house.rt.now(), **changes)


def without_one(house: LifeHouse) -> Order:
    (line,) = ORDER.lines
    return edited(house, lines=(line.model_copy(update={"current_quantity": 1}),), fulfillment_orders=())


def with_another(house: LifeHouse) -> Order:
    return edited(house, lines=(*ORDER.lines, example.line(id="12", quantity=1)), fulfillment_orders=())


async def tell(house: LifeHouse, order: Order, topic: str = "orders/edited") -> None:
    """The shop tells it, and everybody has had his turn."""
    await house.arrive(order, topic=topic)
    await house.drain_orders()
    await house.fulfil()


async def start(house: LifeHouse) -> None:
    await house.book(ORDER)
    await house.fulfil()


def sold(house: LifeHouse) -> list[dict[str, int]]:
    """The goods that each amendment gave the sale."""
    return [
        {line.key: line.quantity for line in ask.document.lines if line.kind == "item"}
        for ask in house.settlement.of("amendment")
    ]


async def test_pieces_taken_out_and_put_in_reach_the_sale_once_each_and_nothing_waits(house: LifeHouse) -> None:
    await start(house)
    await tell(house, without_one(house))
    await tell(house, without_one(house), "orders/updated")
    await tell(house, with_another(house))
    assert sold(house) == [{"11": 1}, {"11": 2, "12": 1}]
    assert {ask.sale_key for ask in house.settlement.of("amendment")} == {f"north:sales-order.create:{ORDER.id}"}
    assert await house.cases(ORDER) == {}


async def test_what_ships_after_an_edit_is_posted_after_the_sale_is_amended(house: LifeHouse) -> None:
    await start(house)
    house.settlement.down = True
    await tell(house, with_another(house))
    for request in list(house.wms.requests.values()):
        house.wms.ship(request.key, number="1Z999AA10123456784" if len(house.wms.events) < 1 else "1Z12345E6605272234")
    house.settlement.down = False
    await house.later(minutes=2)
    await house.fulfil()
    await house.fulfil()  # what the warehouse told waited while the order was held
    kinds = [what for what, _ in house.settlement.calls]
    assert kinds.index("amendment") < kinds.index("shipment")
    assert len(house.settlement.of("shipment")) == len(house.settlement.of("invoice")) == 2
    assert sold(house) == [{"11": 2, "12": 1}]


async def test_a_lost_answer_and_an_edit_meanwhile_end_with_the_sale_as_the_order_is(house: LifeHouse) -> None:
    await start(house)
    house.settlement.lose = 1
    await tell(house, without_one(house))
    assert len(sold(house)) == 1
    await tell(house, edited(house))  # the edit is taken back before anybody heard that the ERP had it
    await house.later(minutes=2)
    await house.fulfil()
    assert sold(house) == [{"11": 1}, {"11": 2}]
    assert (await house.life(ORDER)).amending is None


async def test_a_worker_that_dies_after_the_erp_took_it_leaves_one_amendment(
    house: LifeHouse, monkeypatch: Any
) -> None:
    await start(house)
    await house.arrive(without_one(house), topic="orders/edited")
    await house.drain_orders()
    amend = house.settlement.amend_sales

    async def dies(asked: Any) -> Any:
        await amend(asked)
        raise Died

    monkeypatch.setattr(house.settlement, "amend_sales", dies)
    with pytest.raises(BaseExceptionGroup, match="unhandled"):
        await house.fulfil()
    monkeypatch.undo()
    house.wait(minutes=5)
    await house.fulfil()
    assert sold(house) == [{"11": 1}]
    first, again = [about for what, about in house.settlement.calls if what == "amendment"]
    assert first == again
    assert (await house.life(ORDER)).amending is None


async def test_what_the_erp_cannot_change_waits_with_its_reason_and_goes_when_the_edit_is_taken_back(
    house: LifeHouse, monkeypatch: Any
) -> None:
    await start(house)

    async def refuses(asked: Any) -> Any:
        raise HeldError("TEE-1 is invoiced", code="sale_not_amended")

    monkeypatch.setattr(house.settlement, "amend_sales", refuses)
    await tell(house, without_one(house))
    case = (await house.cases(ORDER))[CHANGED]
    assert "TEE-1 is invoiced" in case.words
    assert "by hand" in (case.way_out or "")
    await tell(house, edited(house))
    assert await house.cases(ORDER) == {}


async def test_released_it_means_that_a_person_brought_the_sale_in_line(house: LifeHouse, monkeypatch: Any) -> None:
    await start(house)

    async def refuses(asked: Any) -> Any:
        raise HeldError("TEE-1 is invoiced", code="sale_not_amended")

    monkeypatch.setattr(house.settlement, "amend_sales", refuses)
    await tell(house, without_one(house))
    record = (await house.store.orders([aggregate_key("north", "order", ORDER.id)])).popitem()[1]
    await house.store.put([recheck_delivery(record, house.rt.now(), waive=[CHANGED], actor="ann", why="done by hand")])
    await house.drain_orders()
    await house.fulfil()
    monkeypatch.undo()
    assert await house.cases(ORDER) == {}
    await tell(house, with_another(house))
    assert sold(house) == [{"11": 2, "12": 1}]


async def test_another_billing_address_is_no_amendment_and_waits_for_a_person(house: LifeHouse) -> None:
    await start(house)
    elsewhere = example.ADDRESS.model_copy(update={"line1": "2 Quay Street"})
    await tell(house, edited(house, billing=elsewhere), "orders/updated")
    assert "billing address" in (await house.cases(ORDER))[CHANGED].words
    assert sold(house) == []


async def test_the_rest_of_an_order_cancelled_after_a_part_left_is_taken_out_of_the_sale(house: LifeHouse) -> None:
    await start(house)
    (task,) = (await house.life(ORDER)).tasks
    house.wms.ship(task.key, {"11": 1})
    await house.fulfil()
    now = house.rt.now()
    back = example.payment("20.90", id="39", kind=TransactionKind.REFUND)
    await tell(house, edited(house, cancelled_at=now, transactions=(*ORDER.transactions, back)), "orders/cancelled")
    assert list(house.wms.cancelled) == [task.key]
    assert sold(house) == [{"11": 1}]
    assert "rest_open_in_erp" not in await house.cases(ORDER)
