"""The life of a return: asked, agreed to, received, inspected, credited, refunded, closed; what stands in its way."""

from decimal import Decimal

from canonical.life import Done
from canonical.ports.aftersales import RefundWrite
from canonical.returns import ReturnStatus
from canonical.rules.lifecycle.policy import FirstOf, ReasonRule
from canonical.rules.lifecycle.returns import hear_goods_back, settled_return
from canonical.settlement import CreditPosting, PaymentPosting, ReturnAuthorisation, ReturnReceipt
from canonical.states import ReturnState
from canonical.steps import Operation
from canonical.warehouse import WarehouseEventKind
from tests.unit.lifecycle_returns.sold import usd
from tests.unit.lifecycle_returns.world import MISSING, REFURBISH, RESTOCK, SCRAP, WRONG, World, policy


def codes(world: World) -> list[str]:
    """What it waits for."""
    return [one.code for one in world.run().waits]


def test_a_return_goes_from_request_to_close_in_that_order() -> None:
    world = World()
    id_ = world.ask({"12": 1}, status=ReturnStatus.REQUESTED)
    assert world.known(id_).state is ReturnState.REQUESTED
    world.run()
    assert (world.done(), world.known(id_).state) == (["APPROVE_RETURN", "AUTHORISE"], ReturnState.IN_TRANSIT)
    world.received(id_, _12=1)
    world.run()
    assert world.known(id_).state is ReturnState.RECEIVED
    world.inspected(id_, ("12", 1, RESTOCK))
    assert world.run().waits == ()
    made = world.done()[2:]
    assert set(made[:2]) == {"RECEIVE", "DISPOSE"}
    assert made[2:4] == ["CREDIT", "REFUND"]
    assert set(made[4:]) == {"PAYMENT", "CLOSE_RETURN"}
    assert world.known(id_).state is ReturnState.CLOSED


def test_the_documents_say_what_came_back_and_what_was_paid() -> None:
    world = World()
    id_ = world.ask({"12": 1}, reason="too_big")
    world.inspected(id_, ("12", 1, RESTOCK))
    world.run()
    (authorisation,) = world.of(Operation.AUTHORISE)
    (receipt,) = world.of(Operation.RECEIVE)
    (credit,) = world.of(Operation.CREDIT)
    (refund,) = world.of(Operation.REFUND)
    (payment,) = world.of(Operation.PAYMENT)
    assert isinstance(authorisation, ReturnAuthorisation)
    assert (authorisation.return_id, authorisation.location, authorisation.lines) == (id_, "EAST", {"12": 1})
    assert isinstance(receipt, ReturnReceipt)
    assert (receipt.location, receipt.lines, receipt.authorisation_key) == ("EAST", {"12": 1}, authorisation.key)
    assert isinstance(credit, CreditPosting)
    assert (str(credit.total), credit.reason, credit.authorisation_key) == ("54.50 USD", "too_big", authorisation.key)
    assert isinstance(refund, RefundWrite)
    assert (refund.return_id, refund.lines, refund.shipping) == (id_, {"12": (1, None)}, None)
    assert [(one.parent_id, str(one.amount)) for one in refund.tenders] == [("31", "54.50 USD")]
    assert isinstance(payment, PaymentPosting)
    assert (payment.method, str(payment.amount)) == ("CARD", "-54.50 USD")


def test_three_dispositions_are_paid_and_only_what_is_restocked_goes_to_stock() -> None:
    world = World()
    id_ = world.ask({"11": 3})
    world.inspected(id_, ("11", 1, RESTOCK), ("11", 1, REFURBISH), ("11", 1, SCRAP))
    assert codes(world) == []
    assert [one.lines for one in world.of(Operation.RECEIVE)] == [{"11": 1}]
    assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["32.65 USD"]
    (told,) = world.of(Operation.DISPOSE)
    assert [place for *_, place in told.dispositions] == ["7", None, None]


def test_parts_that_come_at_different_times_are_credited_once_each() -> None:
    world = World()
    id_ = world.ask({"11": 3})
    for _ in range(3):
        world.received(id_, _11=1)
        world.inspected(id_, ("11", 1, RESTOCK))
        world.run()
    credits_ = [str(one.total) for one in world.of(Operation.CREDIT)]
    assert credits_ == ["10.88 USD", "10.89 USD", "10.88 USD"]
    assert len(world.of(Operation.RECEIVE)) == 3
    assert world.known(id_).state is ReturnState.CLOSED


def test_an_event_heard_twice_changes_nothing() -> None:
    world = World()
    id_ = world.ask({"11": 2})
    event = world.inspected(id_, ("11", 1, RESTOCK))
    assert hear_goods_back(world.life, event) == world.life


def test_nothing_is_credited_before_the_shop_knows_the_disposition() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.run()
    world.inspected(id_, ("12", 1, RESTOCK))
    first = world.plan()
    assert {one.operation for one in first.steps} == {Operation.RECEIVE, Operation.DISPOSE}
    assert world.plan().life.return_(id_) == first.life.return_(id_)


def test_a_reason_may_say_refund_first_and_unseen() -> None:
    rule = ReasonRule(reason="trusted", waits_for_inspection=False, first=FirstOf.REFUND)
    world = World(policy=policy(rule))
    id_ = world.ask({"12": 1}, reason="trusted")
    world.run()
    world.received(id_, _12=1)
    world.run()
    assert world.done() in (
        ["AUTHORISE", "REFUND", "CREDIT", "PAYMENT"],
        ["AUTHORISE", "REFUND", "PAYMENT", "CREDIT"],
    )
    assert world.known(id_).state is ReturnState.REFUNDED
    world.inspected(id_, ("12", 1, SCRAP))
    world.run()
    assert len(world.of(Operation.CREDIT)) == 1
    assert world.known(id_).state is ReturnState.CLOSED


def test_a_reason_that_a_person_decides_waits_for_them() -> None:
    world = World(policy=policy(ReasonRule(), ReasonRule(reason="worn", authorise=False)))
    world.ask({"12": 1}, status=ReturnStatus.REQUESTED, reason="worn")
    assert codes(world) == ["return_to_decide"]
    assert world.done() == []


def test_a_declined_or_cancelled_return_is_over() -> None:
    for status in (ReturnStatus.DECLINED, ReturnStatus.CANCELLED):
        world = World()
        id_ = world.ask({"12": 1}, status=ReturnStatus.REQUESTED)
        world.returns[id_] = world.returns[id_].model_copy(update={"status": status})
        world.hear(id_)
        assert world.known(id_).state == status.value
        assert codes(world) == []
        assert world.done() == []


def test_missing_and_wrong_goods_wait_for_a_person_who_may_release_them() -> None:
    for found, code in ((MISSING, "missing_goods"), (WRONG, "wrong_item")):
        world = World()
        id_ = world.ask({"12": 2})
        world.inspected(id_, ("12", 1, RESTOCK), ("12", 1, found))
        assert codes(world) == [code]
        assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["54.50 USD"]
        world.waive(code)
        assert codes(world) == []
        assert len(world.of(Operation.CREDIT)) == 2
        assert world.known(id_).state is ReturnState.CLOSED


def test_a_large_refund_waits_for_an_approver_and_is_then_made() -> None:
    world = World(policy=policy(approval_above={"USD": Decimal(50)}))
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    plan = world.run()
    (asked,) = plan.approvals
    assert (asked.kind, asked.role, asked.requested_by) == ("refund_limit", "refunds", "crossdock")
    assert "54.50 USD" in asked.words
    assert world.known(id_).state is ReturnState.ESCALATED
    assert world.of(Operation.CREDIT) == []
    assert world.plan().approvals == plan.approvals
    world.decide()
    world.run()
    assert world.known(id_).settlings[0].approved_by == "grace"
    assert world.known(id_).state is ReturnState.CLOSED


def test_a_refused_refund_is_never_made_and_says_so() -> None:
    world = World(policy=policy(approval_above={"USD": Decimal(50)}))
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    world.run()
    world.decide(approve=False)
    assert codes(world) == ["refund_rejected"]
    assert world.refunds == []
    assert world.of(Operation.CREDIT) == []
    assert world.known(id_).state is ReturnState.DECLINED


def test_more_than_what_was_paid_is_never_paid_and_is_approved_as_less() -> None:
    world = World()
    world.refund_by_hand({}, "100.00")
    world.run()
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == ["over_payment"]
    world.decide()
    assert codes(world) == []
    assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["100.00 USD", "47.10 USD"]
    assert world.paid() == 0


def test_a_fee_is_kept_and_shipping_is_given_back_as_the_reason_says() -> None:
    rule = ReasonRule(reason="damaged", fee_percent=Decimal(10), refund_shipping=True)
    world = World(policy=policy(rule))
    id_ = world.ask({"12": 1}, reason="damaged")
    world.inspected(id_, ("12", 1, RESTOCK))
    assert codes(world) == []
    (credit,) = world.of(Operation.CREDIT)
    assert [(one.purpose, str(one.net), str(one.tax)) for one in credit.lines] == [
        ("item", "50.00 USD", "4.50 USD"),
        ("shipping", "5.00 USD", "0.45 USD"),
        ("restocking_fee", "-5.45 USD", "0.00 USD"),
    ]
    (refund,) = world.of(Operation.REFUND)
    assert refund.shipping == usd("5.00")
    assert world.refunds[0].total == usd("54.50")


def test_shipping_is_given_back_once() -> None:
    world = World(policy=policy(ReasonRule(refund_shipping=True)))
    for _ in range(2):
        id_ = world.ask({"12": 1})
        world.inspected(id_, ("12", 1, RESTOCK))
        world.run()
    assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["59.95 USD", "54.50 USD"]


def test_blind_goods_get_a_return_in_the_shop_and_go_on_as_any() -> None:
    world = World()
    event = world.inspected(None, ("12", 1, RESTOCK))
    assert world.known(f"blind/{event.id}").state is ReturnState.INSPECTED
    assert codes(world) == []
    (opened,) = world.of(Operation.OPEN_RETURN)
    assert opened.lines == {"12": 1}
    assert set(world.done()) == {
        "OPEN_RETURN", "AUTHORISE", "RECEIVE", "DISPOSE", "CREDIT", "REFUND", "PAYMENT", "CLOSE_RETURN"
    }  # fmt: skip
    assert [one.state for one in world.life.returns] == [ReturnState.CLOSED]


def test_the_inspection_of_blind_goods_belongs_to_their_receipt() -> None:
    world = World()
    world.received(None, _12=1)
    world.inspected(None, ("12", 1, RESTOCK))
    assert len(world.life.returns) == 1


def test_goods_without_a_line_are_found_by_their_item() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    event = world.event(WarehouseEventKind.RETURN_INSPECTED, id_, ("12", 1, RESTOCK))
    nameless = tuple(one.model_copy(update={"line_id": None}) for one in event.lines)
    world.life = hear_goods_back(world.life, event.model_copy(update={"lines": nameless}))
    assert codes(world) == []
    assert world.known(id_).state is ReturnState.CLOSED


def test_goods_that_the_order_never_had_are_named() -> None:
    world = World()
    world.inspected(None, ("99", 1, RESTOCK))
    assert codes(world) == ["goods_unknown"]


def test_more_pieces_than_announced_are_counted_again_and_not_paid() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 2, RESTOCK))
    assert codes(world) == ["too_many_returned"]
    assert [one.lines for one in world.of(Operation.RECEIVE)] == [{"12": 1}]
    assert [str(one.total) for one in world.of(Operation.CREDIT)] == ["54.50 USD"]


def test_a_step_settled_twice_is_settled_once() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    (step,) = world.plan().steps
    once = settled_return(world.life, step, Done(id="ra-1", at=world.clock))
    assert settled_return(once, step, Done(id="ra-1", at=world.clock)) == once
    assert id_ in step.key


def test_a_return_given_up_after_its_authorisation_names_what_is_left_in_the_erp_and_before_it_leaves_nothing() -> None:
    for status in (ReturnStatus.CANCELLED, ReturnStatus.CLOSED):
        world = World()
        id_ = world.ask({"12": 2})
        world.run()
        world.returns[id_] = world.returns[id_].model_copy(update={"status": status})
        world.hear(id_)
        (stop,) = world.run().waits
        assert stop.code == "authorisation_open"
        assert "expects 2" in stop.words
        world.waive("authorisation_open")
        assert codes(world) == []
    early = World()
    id_ = early.ask({"12": 2})
    early.plan()
    early.returns[id_] = early.returns[id_].model_copy(update={"status": ReturnStatus.CANCELLED})
    early.hear(id_)
    assert codes(early) == []
    assert early.of(Operation.AUTHORISE) == []


def test_closing_a_return_in_the_shop_decides_that_missing_goods_are_not_paid() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, MISSING))
    assert codes(world) == ["missing_goods"]
    world.returns[id_] = world.returns[id_].model_copy(update={"status": ReturnStatus.CLOSED})
    world.hear(id_)
    assert codes(world) == []
    assert world.known(id_).state is ReturnState.CLOSED
    assert world.refunds == []


def test_goods_that_come_back_after_the_return_was_closed_are_named() -> None:
    world = World()
    id_ = world.ask({"12": 1})
    world.run()
    world.returns[id_] = world.returns[id_].model_copy(update={"status": ReturnStatus.CLOSED})
    world.hear(id_)
    world.inspected(id_, ("12", 1, RESTOCK))
    assert world.of(Operation.CREDIT) == []
    assert "return_not_open" in codes(world)
