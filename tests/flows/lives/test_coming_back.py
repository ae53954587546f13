"""From a request for a return to the refund, over fakes: inspected, credited, refunded, closed, in that order, once."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from canonical.life import OrderLife
from canonical.order import TransactionKind
from canonical.returns import Disposition, Refund, RefundTransaction, Return, ReturnLine, ReturnStatus
from canonical.rules import example
from canonical.rules.lifecycle.policy import LifePolicy, ReturnsPolicy
from canonical.states import EffectState, ReturnState
from canonical.warehouse import EventLine, WarehouseEvent, WarehouseEventKind
from tests.flows.lives.conftest import LifeHouse

ORDER = example.order()
BACK = Return(
    id="r1",
    shop="north",
    order_id=ORDER.id,
    name="#1001-R1",
    status=ReturnStatus.REQUESTED,
    lines=(ReturnLine(id="rl1", line_id="11", quantity=1, reason="unwanted"),),
)
GIVEN = Refund(
    id="hand-1",
    shop="north",
    order_id=ORDER.id,
    created_at=example.NOW,
    transactions=(RefundTransaction(id="32", gateway="card", amount=example.pair("2.00"), parent_id="31"),),
    total=example.pair("2.00"),
)


async def shipped(house: LifeHouse) -> OrderLife:
    """The order is with the shopper, and invoiced."""
    await house.book(ORDER)
    await house.fulfil()
    house.wms.ship((await house.life(ORDER)).tasks[0].key)
    await house.fulfil()
    return await house.life(ORDER)


async def asked(house: LifeHouse) -> None:
    """The shopper asked for a return, and it was agreed to."""
    await shipped(house)
    house.returns.returns["r1"] = BACK
    await house.told_of_return("r1", ORDER)
    await house.take_back()


def back(house: LifeHouse, kind: WarehouseEventKind, disposition: Disposition | None = None, **more: Any) -> None:
    """Something came back to the warehouse."""
    line = EventLine(line_id="11", item="TEE-1", quantity=1, disposition=disposition)
    house.wms.events.append(
        WarehouseEvent(
            id=f"b{len(house.wms.events)}",
            system="wms",
            kind=kind,
            occurred_at=house.rt.now(),
            location="DC-EAST",
            return_id=more.pop("return_id", "r1"),
            lines=(line,),
            **more,
        )
    )


async def inspected(house: LifeHouse, disposition: Disposition = Disposition.RESTOCK) -> None:
    """It came back and was looked at; both flows have heard of it."""
    back(house, WarehouseEventKind.RETURN_RECEIVED)
    back(house, WarehouseEventKind.RETURN_INSPECTED, disposition)
    await house.fulfil()
    await house.take_back()


async def test_a_request_is_agreed_to_and_authorised_in_the_erp(house: LifeHouse) -> None:
    await asked(house)
    assert house.returns.returns["r1"].status is ReturnStatus.OPEN
    (authorisation,) = house.settlement.of("authorisation")
    assert (authorisation.return_id, authorisation.lines) == ("r1", {"11": 1})
    assert (await house.life(ORDER)).returns[0].state is ReturnState.IN_TRANSIT


async def test_nothing_is_credited_or_refunded_before_the_inspection(house: LifeHouse) -> None:
    await asked(house)
    back(house, WarehouseEventKind.RETURN_RECEIVED)
    await house.fulfil()
    await house.take_back()
    assert house.settlement.of("credit") == []
    assert house.returns.refunds == {}
    assert (await house.life(ORDER)).returns[0].state is ReturnState.RECEIVED


async def test_inspected_goods_are_credited_then_refunded_then_closed_once(house: LifeHouse) -> None:
    await asked(house)
    await inspected(house)
    await house.take_back()
    (credit,) = house.settlement.of("credit")
    ((_, refund),) = house.returns.refunds.values()
    assert refund.total is not None
    assert credit.total == refund.total.shop
    order = [what for what, _ in house.settlement.calls + house.returns.calls if what in ("credit", "refund", "close")]
    assert order == ["credit", "refund", "close"]
    (receipt,) = house.settlement.of("receipt")
    assert receipt.lines == {"11": 1}
    assert house.returns.returns["r1"].status is ReturnStatus.CLOSED
    assert (await house.life(ORDER)).returns[0].state is ReturnState.CLOSED


async def test_scrapped_goods_are_paid_back_and_come_to_no_stock(house: LifeHouse) -> None:
    await asked(house)
    await inspected(house, Disposition.SCRAP)
    assert len(house.settlement.of("credit")) == 1
    assert house.settlement.of("receipt") == []


async def test_while_the_erp_is_away_no_money_goes_back_and_then_it_goes_once(house: LifeHouse) -> None:
    await asked(house)
    house.settlement.down = True
    await inspected(house)
    assert house.returns.refunds == {}
    house.settlement.down = False
    await house.later(minutes=10)
    await house.take_back()
    assert len(house.settlement.of("credit")) == len(house.returns.refunds) == 1


async def test_a_lost_answer_of_the_refund_gives_no_money_back_twice(house: LifeHouse) -> None:
    await asked(house)
    house.returns.lose = 0
    back(house, WarehouseEventKind.RETURN_RECEIVED)
    back(house, WarehouseEventKind.RETURN_INSPECTED, Disposition.RESTOCK)
    await house.fulfil()
    house.returns.lose = 1
    await house.take_back()
    await house.later(minutes=10)
    await house.take_back()
    assert len(house.returns.refunds) == 1


async def test_a_refund_of_a_worker_that_died_is_found_in_the_shop_and_its_effect_is_over(house: LifeHouse) -> None:
    await asked(house)
    back(house, WarehouseEventKind.RETURN_RECEIVED)
    back(house, WarehouseEventKind.RETURN_INSPECTED, Disposition.RESTOCK)
    await house.fulfil()
    answered = house.returns.made

    async def die() -> None:
        run.cancel()
        await asyncio.sleep(0)

    house.returns.made = die
    run = asyncio.ensure_future(house.take_back())
    with suppress(asyncio.CancelledError):
        await run
    house.returns.made = answered
    key = f"north:refund.create:{ORDER.id}:r1:1"
    assert (await house.store.effects([key]))[key].state is EffectState.SENT
    house.wait(minutes=10)
    await house.take_back()
    assert len(house.returns.refunds) == 1
    assert (await house.store.effects([key]))[key].state is EffectState.SETTLED


async def test_a_large_refund_waits_for_a_person_who_may(house: LifeHouse) -> None:
    house.policy(LifePolicy(returns=ReturnsPolicy(approval_above={"USD": 1})))
    await asked(house)
    await inspected(house)
    assert house.settlement.of("credit") == []
    (approval,) = await house.approvals.approvals(scope="north")
    assert (approval.request.kind, approval.request.role) == ("refund_limit", "refunds")
    await house.store.add_principal("mara", "token-of-mara-000000", ["refunds"])
    await house.approvals.decide(approval.id, "token-of-mara-000000", approve=True)
    await house.later(minutes=10)
    await house.told_of_return("r1", ORDER, topic="returns/update")
    await house.take_back()
    assert len(house.settlement.of("credit")) == len(house.returns.refunds) == 1
    assert (await house.life(ORDER)).returns[0].settlings[0].approved_by == "mara"
    kept = await house.approvals.approval(approval.id)
    assert kept is not None
    assert kept.finished_at is not None


async def told_again(house: LifeHouse, pieces: int) -> None:
    """The shop tells of the order again, with so many pieces left of its line."""
    line = ORDER.lines[0].model_copy(update={"current_quantity": pieces})
    at = ORDER.updated_at + timedelta(minutes=5)
    told = ORDER.model_copy(update={"lines": (line, *ORDER.lines[1:]), "updated_at": at})
    await house.arrive(told, topic="orders/updated")
    await house.drain_orders()


async def test_a_piece_refunded_after_it_left_is_no_change_of_what_was_booked(house: LifeHouse) -> None:
    await shipped(house)
    await told_again(house, 0)
    assert await house.cases(ORDER) == {}


async def test_goods_that_nobody_announced_are_handed_to_their_order_by_its_name(house: LifeHouse) -> None:
    await shipped(house)
    back(house, WarehouseEventKind.RETURN_RECEIVED, return_id=None, order_name="1001")
    await house.fulfil()
    await house.take_back()
    assert [what for what, _ in house.returns.calls if what == "open_return"] == ["open_return"]


async def test_what_shipping_waits_for_stays_a_case_when_money_goes_back(house: LifeHouse) -> None:
    await house.stock(east={"TEE-1": 0}, west={"TEE-1": 0})
    await house.book(ORDER)
    await house.fulfil()
    assert list(await house.cases(ORDER)) == ["nobody_ships"]
    house.returns.by_hand.append(GIVEN)
    paid = example.payment("2.00", id="32", kind=TransactionKind.REFUND, parent_id="31", processed_at=house.rt.now())
    newer = {"transactions": (*ORDER.transactions, paid), "updated_at": house.rt.now()}
    await house.arrive(ORDER.model_copy(update=newer), topic="refunds/create")
    await house.drain_orders()
    await house.take_back()
    assert list(await house.cases(ORDER)) == ["nobody_ships"]
    assert (await house.store.scan_lives("north"))[0].look_at is not None


async def test_goods_of_nobody_knows_whom_wait_for_a_person(house: LifeHouse) -> None:
    await shipped(house)
    back(house, WarehouseEventKind.RETURN_RECEIVED, return_id=None, order_name="9999")
    await house.fulfil()
    (case,) = [case for case in await house.store.cases() if case.reason_code == "return_unknown"]
    assert "9999" in case.words
