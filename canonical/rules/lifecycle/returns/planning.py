"""What returns and refunds of an order are due for now.

    request -> approve, authorise -> goods back -> receive, dispose -> settle: (approval) -> credit memo -> refund
    -> payment in the ERP -> close

No credit memo before the shop knows the disposition, no refund before the credit memo, except as the rule of the
reason says. A refund that was made in the shop first is credited after it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from canonical.approvals import ApprovalRequest
from canonical.life import OrderLife, ReturnLife, Settling, Stopped
from canonical.order import Order
from canonical.returns import ReturnStatus
from canonical.rules.lifecycle.facts import Facts, Plan, Waits
from canonical.rules.lifecycle.returns import money, naming, postings
from canonical.rules.lifecycle.returns.account import Account
from canonical.rules.lifecycle.returns.adopting import adopt, invoiced
from canonical.rules.lifecycle.returns.arriving import due_for_goods, prepared
from canonical.rules.lifecycle.returns.freezing import OVER_PAYMENT, freeze, label
from canonical.rules.lifecycle.returns.outcomes import words_of
from canonical.rules.lifecycle.returns.stages import placed
from canonical.steps import OnReturn, Operation, Step

LOOK_AGAIN = timedelta(minutes=5)
"""After this a refund of ours is read again, when its transactions were not heard."""

HELD_AGAIN = timedelta(hours=1)
"""After this what was held, or waits for an invoice, is tried again."""

RELEASED = frozenset({
    "missing_goods", "wrong_item", "already_refunded", "exchange_open", "refund_differs", "other_tender",
    "credit_differs", "refund_rejected", "refunded_twice", "too_many_returned", "goods_unknown",
    "restocked_elsewhere", "return_not_open", "authorisation_open",
})  # fmt: skip
"""What a person may release for good. Everything else is put right, and then goes on by itself or is tried again."""


class _Draft:
    """A plan being made."""

    def __init__(self, facts: Facts, waits: list[Waits]) -> None:
        self.facts, self.waits = facts, waits
        self.steps, self.approvals = list[Step](), list[ApprovalRequest]()
        self.look_at: datetime | None = None

    def due(self, *steps: Step) -> None:
        """Steps that are neither done nor stopped; a stopped one is a wait in words, and due again when it was held."""
        for step in steps:
            stopped = self.facts.life.stopped.get(step.key)
            if stopped is not None and not self._again(stopped):
                self.waits.append(words_of(step, stopped))
            elif step.key not in self.facts.life.done:
                self.steps.append(step)

    def look(self, after: timedelta) -> None:
        """Look again then, at the latest."""
        at = self.facts.now + after
        self.look_at = at if self.look_at is None else min(self.look_at, at)

    def plan(self) -> Plan:
        """The plan. What is tried again is stopped no more."""
        for at in (one.at for one in self.waits if one.at is not None):
            self.look(at - self.facts.now)
        life, again = self.facts.life, {step.key for step in self.steps}
        if again & {*life.stopped}:
            left = {key: one for key, one in life.stopped.items() if key not in again}
            life = life.model_copy(update={"stopped": left})
        return Plan(life, tuple(self.steps), _cases(self.waits, life), tuple(self.approvals), self.look_at)

    def _again(self, stopped: Stopped) -> bool:
        """Whether what held it may be over: after a while, or after the ERP did something else for this order."""
        if not stopped.held:
            return False
        erp = (Operation.INVOICE, Operation.SHIPMENT, Operation.AUTHORISE, Operation.CREDIT)
        moved = any(d.at > stopped.at for key, d in self.facts.life.done.items() if _of(key, erp))
        if stopped.at + HELD_AGAIN > self.facts.now and not moved:
            self.look(stopped.at + HELD_AGAIN - self.facts.now)
            return False
        return True


def _of(key: str, operations: tuple[Operation, ...]) -> bool:
    return any(f":{one.value}:" in key for one in operations)


def _cases(waits: list[Waits], life: OrderLife) -> tuple[Waits, ...]:
    """One case a code, with the words of all; without those that a person has released."""
    cases: dict[str, Waits] = {}
    for one in waits:
        known = cases.get(one.code)
        if one.code in RELEASED and one.code in life.waived:
            continue
        if known is None:
            cases[one.code] = one
        elif one.words not in known.words:
            cases[one.code] = replace(known, words=f"{known.words}; {one.words}")
    return tuple(cases.values())


def plan_returns(facts: Facts) -> Plan:
    """All that is due for the returns and refunds of one order, with settlings frozen in its life."""
    life, waits = _frozen(facts)
    draft = _Draft(replace(facts, life=life), waits)
    for return_ in life.returns:
        _plan_return(draft, return_)
    _plan_payments(draft)
    return draft.plan()


def _frozen(facts: Facts) -> tuple[OrderLife, list[Waits]]:
    """The life with everything decided that can be: adopted refunds, authorised pieces, settlings, states."""
    life, waits = adopt(facts, facts.life)
    for return_ in life.returns:
        changed, stops = prepared(replace(facts, life=life), return_)
        waits += stops
        while True:
            settled, stops = freeze(replace(facts, life=life.with_return(changed)), changed)
            if settled == changed:
                break
            changed = settled
            life = life.with_return(changed)
        waits += stops
        life = placed(life, changed, facts.now)
    return life, waits


def _plan_return(draft: _Draft, return_: ReturnLife) -> None:
    due, waits = due_for_goods(draft.facts, return_)
    draft.due(*due)
    draft.waits += waits
    for settling in return_.settlings:
        if not settling.rejected:
            _plan_settling(draft, return_, settling)
        else:
            words = f"the refund of return {label(return_)} was refused by {settling.rejected_by}"
            way_out = "Close the return in the shop, or refund there; then release this."
            draft.waits.append(Waits("refund_rejected", words, way_out))
    if _over(draft, return_):
        draft.due(postings.step(draft.facts, return_, Operation.CLOSE_RETURN, OnReturn(return_.id)))


def _plan_settling(draft: _Draft, return_: ReturnLife, settling: Settling) -> None:
    """One step of it at a time: approval, then the two documents in the order that its rule says."""
    facts = draft.facts
    if settling.approval is not None and settling.approved_by is None and not settling.made_elsewhere:
        request = postings.approval(facts, return_, settling)
        draft.approvals.append(request)
        if settling.approval == OVER_PAYMENT:
            way_out = "Decide the approval; more than what was paid is never given back."
            draft.waits.append(Waits(OVER_PAYMENT, request.words, way_out, owner="finance"))
        return
    wants_credit = settling.needs_credit and settling.credit_id is None
    wants_refund = settling.needs_refund and settling.refund_id is None
    if wants_refund and (settling.refund_first or not wants_credit):
        _plan_refund(draft, return_, settling)
    elif wants_credit and facts.booked and invoiced(facts.life) and _authorised(facts, return_, settling):
        draft.due(postings.credit(facts, return_, settling))
    elif wants_credit:
        draft.look(HELD_AGAIN)
    _heard(draft, return_, settling)


def _authorised(facts: Facts, return_: ReturnLife, settling: Settling) -> bool:
    """Whether the ERP has the authorisation that the credit memo names."""
    done = naming.is_done(facts.life, naming.key_of(facts.life, Operation.AUTHORISE, return_.id))
    return done or settling.made_elsewhere or return_.authorised_to is None


def _plan_refund(draft: _Draft, return_: ReturnLife, settling: Settling) -> None:
    """Only while the order still has its pieces, and its payments what is to go back on them."""
    order, account = draft.facts.order, Account.of(draft.facts.order, draft.facts.life, but=settling)
    left = {one.id: rest for one, rest in account.payments()}
    short = any(one.amount.presentment.amount > left.get(one.parent_id, 0) for one in settling.tenders)
    code, what = "above_payment", f"{settling.money.presentment} are more than what is left of what was paid"
    if any(rest < 0 for rest in _pieces_left(order, account, settling).values()):
        code, what, short = "refunded_twice", "its pieces were refunded in the shop already", True
    if short:
        way_out = "Look at the refunds of the order: somebody gave the money back another way."
        draft.waits.append(Waits(code, f"return {label(return_)}: {what}", way_out, owner="finance"))
        return
    draft.due(postings.refund(draft.facts, return_, settling))


def _pieces_left(order: Order, account: Account, settling: Settling) -> dict[str, int]:
    """What the order has left of each line of a settling after it."""
    wanted: dict[str, int] = {}
    for line in settling.lines:
        if line.purpose == money.ITEM and line.line_id is not None:
            wanted[line.line_id] = wanted.get(line.line_id, 0) + line.quantity
    return {id_: money.line_of(order, id_).quantity - account.pieces(id_) - n for id_, n in wanted.items()}


def _heard(draft: _Draft, return_: ReturnLife, settling: Settling) -> None:
    """Compare what the shop paid with what was credited, once it is heard."""
    if settling.refund_id is None:
        return
    refund = next((one for one in draft.facts.life.refunds if one.id == settling.refund_id), None)
    if refund is None:
        draft.look(LOOK_AGAIN)
    elif refund.total is not None and refund.total != settling.money:
        words = f"return {label(return_)}: {settling.money.shop} were to be paid, the shop paid {refund.total.shop}"
        way_out = "Correct it in the ERP by an amount; then release this."
        draft.waits.append(Waits("credit_differs", words, way_out, owner="finance"))


def _plan_payments(draft: _Draft) -> None:
    """The ERP hears of every refund's money once it is credited, whoever paid it: the memo is what the money is for.

    One that needs a person first has no settling yet. One from before the first invoice lessens the payment itself
    (`posting.netted`).
    """
    facts = draft.facts
    if not facts.booked:
        return
    credited = {
        one.refund_id
        for _, one in naming.all_settlings(facts.life)
        if one.credit_id is not None or not one.needs_credit
    }
    for refund in facts.life.refunds:
        if refund.id not in credited:
            continue
        steps, unmapped = postings.payments(facts, refund)
        draft.due(*steps)
        for gateway in unmapped:
            words = f"refund {refund.id} of {facts.order.name}: no payment method is mapped for {gateway}"
            way_out = f"Add the mapping for {gateway}; it goes on by itself."
            draft.waits.append(Waits("payment_method_unmapped", words, way_out))


def _over(draft: _Draft, return_: ReturnLife) -> bool:
    """Nothing more is expected: all pieces are found, settled or refused, and no step of it is open."""
    if return_.channel_status is not ReturnStatus.OPEN or not return_.lines or return_.exchanges_open:
        return False
    mine = {label(return_)}
    if any(one.subject in mine for one in draft.steps) or not all(
        one.finished or one.rejected for one in return_.settlings
    ):
        return False
    settled = sum(line.quantity for one in return_.settlings for line in one.lines if line.purpose == money.ITEM)
    asked = sum(line.asked for line in return_.lines)
    found = sum(min(line.found, line.asked) for line in return_.lines)
    heard = {one.id for one in draft.facts.life.refunds}
    paid = all(one.rejected or not one.refund_id or one.refund_id in heard for one in return_.settlings)
    return bool(asked) and settled >= asked and found >= asked and paid
