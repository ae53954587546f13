"""Refunds made in the shop first, of amounts, in two currencies, against exchanged goods; and what was not planned."""

from datetime import timedelta
from decimal import Decimal

from canonical.errors import HeldError, RejectedError
from canonical.life import Cancellation, CancelledBy, Done
from canonical.order import TransactionKind
from canonical.returns import Exchanged
from canonical.rules.lifecycle.returns import hear_refunds, refused_return, settled_return
from canonical.states import ReturnState
from canonical.steps import Operation
from tests.unit.lifecycle_returns.sold import in_euros, line, two_lines, usd
from tests.unit.lifecycle_returns.world import RESTOCK, World, policy


def codes(world: World) -> list[str]:
    """What it waits for."""
    return [one.code for one in world.run().waits]


def test_a_refund_made_in_the_shop_first_is_credited_and_booked() -> None:
    world = World()
    refund = world.refund_by_hand({"12": 1}, "54.50")
    assert codes(world) == []
    (credit,) = world.of(Operation.CREDIT)
    assert (str(credit.total), credit.refund_id) == ("54.50 USD", refund.id)
    assert [str(one.amount) for one in world.of(Operation.PAYMENT)] == ["-54.50 USD"]
    assert world.known(f"refund/{refund.id}").state is ReturnState.CLOSED


def test_an_amount_without_goods_is_credited_as_an_adjustment() -> None:
    world = World()
    world.refund_by_hand({}, "7.77")
    assert codes(world) == []
    (credit,) = world.of(Operation.CREDIT)
    assert [(one.purpose, one.quantity, str(one.net)) for one in credit.lines] == [("adjustment", 0, "7.77 USD")]


def test_a_refund_that_differs_from_its_goods_waits_and_is_then_credited_as_paid() -> None:
    world = World()
    world.refund_by_hand({"12": 1}, "60.00")
    assert codes(world) == ["refund_differs"]
    assert world.of(Operation.CREDIT) == []
    world.waive("refund_differs")
    assert codes(world) == []
    (credit,) = world.of(Operation.CREDIT)
    assert str(credit.total) == "60.00 USD"
    assert [one.purpose for one in credit.lines] == ["item", "adjustment"]


def test_a_refund_to_another_tender_waits_for_finance() -> None:
    world = World()
    refund = world.refund_by_hand({"12": 1}, "54.50")
    gift = tuple(one.model_copy(update={"gateway": "gift_card"}) for one in refund.transactions)
    world.life = hear_refunds(world.life, [refund.model_copy(update={"transactions": gift})], world.clock)
    world.refunds = list(world.life.refunds)
    assert codes(world) == ["other_tender"]


def test_pieces_refunded_by_hand_are_not_refunded_again_by_their_return() -> None:
    world = World()
    id_ = world.ask({"12": 2})
    world.refund_by_hand({"12": 2}, "109.00")
    world.inspected(id_, ("12", 2, RESTOCK))
    assert codes(world) == []
    assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["109.00 USD"]
    assert len(world.refunds) == 1
    assert world.known(id_).state is ReturnState.CLOSED


def test_a_piece_refunded_by_hand_while_it_comes_back_is_paid_once_though_another_one_is_still_sold() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.received(id_, _12=1)
    world.run()
    refund = world.refund_by_hand({"12": 1}, "54.50")
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == []
    assert [(str(one.total), one.return_id) for one in world.of(Operation.CREDIT)] == [("54.50 USD", id_)]
    assert [str(one.amount) for one in world.of(Operation.PAYMENT)] == ["-54.50 USD"]
    assert world.refunds == [refund]
    assert world.life.return_(f"refund/{refund.id}") is None
    assert world.known(id_).state is ReturnState.CLOSED


def test_more_pieces_refunded_by_hand_than_come_back_wait_for_a_person() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.run()
    world.refund_by_hand({"12": 1, "11": 1}, "65.38")
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == ["already_refunded"]
    assert len(world.of(Operation.CREDIT)) == len(world.refunds) == 1
    world.waive("already_refunded")
    assert codes(world) == []
    assert len(world.of(Operation.CREDIT)) == len(world.refunds) == 2


def test_nothing_more_is_paid_of_a_return_while_a_refund_for_it_waits_for_a_person() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.run()
    world.refund_by_hand({"12": 1}, "60.00")
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == ["refund_differs"]
    assert world.of(Operation.CREDIT) == []
    assert len(world.refunds) == 1


def test_a_refund_by_hand_takes_the_place_of_ours_that_waited_and_a_second_one_stands_alone() -> None:
    world = World(policy=policy(approval_above={"USD": Decimal(50)}))
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    world.run()
    world.refund_by_hand({"12": 1}, "54.50")
    other = world.refund_by_hand({"12": 1}, "54.50")
    assert codes(world) == []
    world.decide()
    assert codes(world) == []
    assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["54.50 USD", "54.50 USD"]
    assert len(world.refunds) == 2
    assert world.known(f"refund/{other.id}").state is ReturnState.CLOSED


def test_a_return_refunded_by_hand_is_credited_and_its_goods_are_received_later() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.run()
    world.refund_by_hand({"12": 1}, "54.50", return_id=id_)
    world.run()
    assert world.known(id_).state is ReturnState.REFUNDED
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == []
    assert len(world.of(Operation.CREDIT)) == 1
    assert len(world.of(Operation.RECEIVE)) == 1
    assert world.known(id_).state is ReturnState.CLOSED


def test_a_refund_of_ours_that_we_never_heard_of_is_known_by_its_note() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    while not world.of(Operation.REFUND):
        for step in world.plan().steps:
            world.step(step, lost=step.operation is Operation.REFUND)
    world.hear_all()
    assert world.known(id_).settlings[0].refund_id == world.refunds[0].id
    world.run()
    assert len(world.refunds) == len(world.of(Operation.CREDIT)) == 1


def test_unshipped_pieces_refunded_with_a_cancelled_order_need_no_credit_memo() -> None:
    world = World(shipped={})
    world.life = world.life.model_copy(update={"cancellation": Cancellation(by=CancelledBy.SHOP, at=world.clock)})
    world.refund_by_hand({"11": 3, "12": 2}, "141.65")
    assert codes(world) == []
    assert world.of(Operation.CREDIT) == []
    assert [one.state for one in world.life.returns] == [ReturnState.CLOSED]


def test_only_pieces_that_had_left_are_credited_where_shipping_invoices() -> None:
    world = World(shipped={"11": 3})
    world.refund_by_hand({"11": 1, "12": 1}, "65.38")
    assert codes(world) == []
    (credit,) = world.of(Operation.CREDIT)
    assert [(one.line_id, one.quantity) for one in credit.lines] == [("11", 1)]
    assert str(credit.total) == "10.88 USD"


def test_the_value_of_exchanged_goods_is_set_off() -> None:
    order = two_lines()
    world = World(order=order)
    id_ = world.ask({"12": 1})
    swap = Exchanged(id="x1", quantity=1, sku="SKU-13")
    world.returns[id_] = world.returns[id_].model_copy(update={"exchanges": (swap,)})
    world.hear(id_)
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == ["exchange_open"]
    assert world.of(Operation.CREDIT) == []
    joined = swap.model_copy(update={"line_ids": ("13",)})
    world.returns[id_] = world.returns[id_].model_copy(update={"exchanges": (joined,)})
    world.hear(id_)
    assert codes(world) == ["exchange_open"]  # the order was not read again: the whole of it would be paid back
    world.order = order.model_copy(update={"lines": (*order.lines, line("13", 1, "40.00", "3.60"))})
    assert codes(world) == []
    assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["54.50 USD"]
    assert [str(one.total.shop) for one in world.refunds if one.total] == ["10.90 USD"]


def test_an_even_exchange_that_the_shop_processed_with_its_piece_is_credited_and_nothing_is_refunded() -> None:
    order = two_lines()
    world = World(order=order)
    id_ = world.ask({"12": 1})
    world.run()
    world.order = order.model_copy(update={"lines": (*order.lines, line("13", 1, "50.00", "4.50"))})
    (row,) = world.returns[id_].lines
    joined = Exchanged(id="x1", quantity=1, sku="SKU-13", line_ids=("13",))
    changes = {"exchanges": (joined,), "lines": (row.model_copy(update={"processed": 1}),)}
    world.returns[id_] = world.returns[id_].model_copy(update=changes)
    world.hear(id_)
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == []
    assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["54.50 USD"]
    assert world.refunds == []
    assert world.known(id_).state is ReturnState.CLOSED


def test_a_refusal_of_the_shop_becomes_a_case_in_words() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    due = world.until(Operation.REFUND)
    error = RejectedError("54.50 USD is more than the order still has", code="above_payment", document="#1001")
    world.life = refused_return(world.life, due, error, world.clock)
    (wait,) = world.plan().waits
    assert (wait.code, wait.owner) == ("above_payment", "finance")
    assert "the shop has less left than this refund" in wait.words
    assert not [one for one in world.plan().steps if one.operation is Operation.REFUND]


def test_a_shop_that_paid_something_else_is_a_named_difference() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    world.run()
    told = world.refunds[0].model_copy(update={"total": usd("54.00")})
    world.life = hear_refunds(world.life, [told], world.clock)
    world.refunds = [told]
    assert "credit_differs" in codes(world)
    world.waive("credit_differs")
    assert codes(world) == []


def test_a_refund_whose_payments_are_not_heard_is_looked_at_again() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    for _ in range(8):
        for step in world.plan().steps:
            world.step(step)
        for known in world.returns:
            world.hear(known)
    assert world.plan().look_at == world.clock + timedelta(minutes=5)
    assert world.of(Operation.PAYMENT) == []


def test_two_currencies_are_credited_and_paid_without_a_cent_left() -> None:
    world = World(order=in_euros(two_lines()))
    for pieces in (1, 1):
        id_ = world.ask({"12": pieces})
        world.inspected(id_, ("12", pieces, RESTOCK))
        assert codes(world) == []
    credited = sum((one.total.amount for one in world.of(Operation.CREDIT)), Decimal(0))
    booked = sum((one.amount.amount for one in world.of(Operation.PAYMENT)), Decimal(0))
    assert credited == -booked


def test_payments_without_a_method_wait_for_the_mapping() -> None:
    order = two_lines()
    payments = tuple(one.model_copy(update={"gateway": "barter"}) for one in order.transactions)
    world = World(order=order.model_copy(update={"transactions": payments}))
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == ["payment_method_unmapped"]


def test_goods_that_somebody_restocked_with_a_refund_in_the_shop_go_to_the_erps_stock_too() -> None:
    world = World()
    refund = world.refund_by_hand({"12": 1}, "54.50", restocked_at="8")
    assert codes(world) == []
    (receipt,) = world.of(Operation.RECEIVE)
    assert (receipt.location, receipt.lines) == ("WEST", {"12": 1})
    assert world.of(Operation.AUTHORISE)[0].return_id == f"refund/{refund.id}"


def test_goods_restocked_where_nobody_knows_wait_for_a_person() -> None:
    world = World()
    world.refund_by_hand({"12": 1}, "54.50", restocked_at="99")
    assert codes(world) == ["restocked_elsewhere"]
    assert world.of(Operation.RECEIVE) == []
    assert len(world.of(Operation.CREDIT)) == 1


def test_nothing_follows_from_a_credit_memo_that_the_erp_only_took() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    due = world.until(Operation.CREDIT)
    taken = Done(id="file-1", at=world.clock, awaiting=True)
    world.life = settled_return(world.life, due, taken)
    assert world.plan().steps == ()
    world.life = settled_return(world.life, due, taken.model_copy(update={"awaiting": False}))
    assert [one.operation for one in world.plan().steps] == [Operation.REFUND]


def test_what_the_erp_held_is_tried_again_by_itself() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    due = world.until(Operation.CREDIT)
    error = HeldError("the invoice is not there", code="invoice_missing", document="#1001")
    world.life = refused_return(world.life, due, error, world.clock)
    plan = world.plan()
    assert (plan.steps, [one.code for one in plan.waits]) == ((), ["invoice_missing"])
    assert plan.look_at == world.clock + timedelta(hours=1)
    world.clock += timedelta(hours=1)
    plan = world.plan()
    assert [one.operation for one in plan.steps] == [Operation.CREDIT]
    assert plan.life.stopped == {}


def test_an_approval_of_other_content_is_none() -> None:
    world = World(policy=policy(approval_above={"USD": Decimal(50)}))
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    world.run()
    world.approvals = {k: one.model_copy(update={"digest": "other"}) for k, one in world.approvals.items()}
    world.decide()
    assert world.known(id_).settlings[0].approved_by is None


def test_nothing_is_settled_while_the_order_shows_money_back_that_no_refund_explains() -> None:
    world = World()
    back = world.order.transactions[1].model_copy(
        update={"id": "77", "kind": TransactionKind.REFUND, "parent_id": "31"}
    )
    world.order = world.order.model_copy(update={"transactions": (*world.order.transactions, back)})
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == ["refund_unheard"]
    assert world.plan().look_at == world.clock + timedelta(minutes=5)
    assert world.known(id_).settlings == ()


def test_pieces_that_a_return_is_about_to_pay_are_not_credited_for_a_refund_in_the_shop_too() -> None:
    world = World(policy=policy(approval_above={"USD": Decimal(60)}))
    id_ = world.ask({"12": 2})
    world.inspected(id_, ("12", 2, RESTOCK))
    assert codes(world) == []
    world.refund_by_hand({"12": 1}, "54.50")
    assert codes(world) == ["refunded_twice"]
    assert world.of(Operation.CREDIT) == []
    world.decide(approve=False)
    assert codes(world) == ["refund_rejected"]
    assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["54.50 USD"]
