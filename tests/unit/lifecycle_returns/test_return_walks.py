"""Random lives of returns: whatever comes in whatever order, twice or not at all, pieces and cents are kept."""

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from canonical.life import OrderLife
from canonical.returns import Disposition, Return, ReturnStatus
from canonical.rules.lifecycle.policy import FirstOf, LifePolicy, ReasonRule
from canonical.rules.lifecycle.returns import hear_goods_back, hear_refunds, hear_return
from canonical.rules.lifecycle.returns.stages import path
from canonical.steps import Operation, Step
from canonical.warehouse import WarehouseEvent, WarehouseEventKind
from tests.unit.lifecycle_returns.sold import in_euros, two_lines, with_tax_inside
from tests.unit.lifecycle_returns.world import MISSING, REFURBISH, RESTOCK, SCRAP, WRONG, World, policy

REASONS = ("", "damaged", "unseen", "trusted")
RULES = (
    ReasonRule(),
    ReasonRule(reason="damaged", refund_shipping=True, fee_percent=Decimal(0)),
    ReasonRule(reason="unseen", waits_for_inspection=False, fee_percent=Decimal("12.5")),
    ReasonRule(reason="trusted", waits_for_inspection=False, first=FirstOf.REFUND),
)
WALKS = 201
ORDERS = (two_lines, lambda: in_euros(two_lines()), with_tax_inside)
FOUND = (RESTOCK, RESTOCK, REFURBISH, SCRAP, MISSING, WRONG)


def watch(world: World, step: Step) -> None:
    """What must hold at the moment a document is made."""
    if step.operation not in (Operation.CREDIT, Operation.REFUND):
        return
    number, return_id = step.key.rsplit(":", 2)[2], step.request.return_id
    if return_id is None:
        return
    return_ = world.known(return_id)
    settling = next(one for one in return_.settlings if one.number == int(number))
    reasons = {line.line_id: line.reason for line in return_.lines}
    rules = [world.policy.returns.rule(reasons.get(one.line_id)) for one in settling.lines if one.line_id]
    assert settling.approval is None or settling.approved_by or settling.made_elsewhere
    if settling.made_elsewhere:
        assert step.operation is Operation.CREDIT
        return
    if any(rule.waits_for_inspection for rule in rules):
        told = Counter[Disposition]()
        for (_, disposition), pieces in world.told.get(return_id, Counter()).items():
            told[disposition] += pieces
        paid = Counter[Disposition]()
        for one in (one for each in return_.settlings for one in each.lines if not each.made_elsewhere):
            if one.disposition is not None and one.purpose == "item":
                paid[one.disposition] += one.quantity
        assert paid <= told, "something is credited that the shop does not know to be inspected"
    if step.operation is Operation.REFUND and all(rule.first is FirstOf.CREDIT for rule in rules):
        assert settling.credit_id or not settling.needs_credit, "refunded before it was credited"


class Walk:
    """One random life."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        limit = self.dice.choice(({"USD": Decimal(40)}, {"USD": Decimal(500)}))
        self.world = World(ORDERS[seed % 3](), policy(*RULES, approval_above=limit), watch=watch)
        self.snapshots: list[Return] = []
        self.events: list[WarehouseEvent] = []
        self.left = Counter({line.id: line.quantity for line in self.world.order.lines})

    def go(self, moves: int) -> None:
        """So many random things."""
        acts = (self.ask, self.decline, self.receive, self.inspect, self.inspect, self.again, self.by_hand)
        acts += (self.decide, self.waive, self.plan, self.plan, self.plan, self.blind, self.listen)
        for _ in range(moves):
            before = self.world.life
            self.dice.choice(acts)()
            self.check(before)

    def ask(self) -> None:
        wanted = {k: self.dice.randint(1, n) for k, n in self.left.items() if n and self.dice.random() < 0.7}
        if not wanted:
            return
        status = self.dice.choice((ReturnStatus.OPEN, ReturnStatus.REQUESTED))
        id_ = self.world.ask(wanted, status=status, reason=self.dice.choice(REASONS) or None)
        self.left -= Counter(wanted)
        self.snapshots.append(self.world.returns[id_])

    def decline(self) -> None:
        open_ = [k for k, one in self.world.returns.items() if one.status is ReturnStatus.REQUESTED]
        if open_ and self.dice.random() < 0.3:
            id_ = self.dice.choice(open_)
            status = self.dice.choice((ReturnStatus.DECLINED, ReturnStatus.CANCELLED))
            self.world.returns[id_] = self.world.returns[id_].model_copy(update={"status": status})
            self.world.hear(id_)

    def receive(self) -> None:
        self.back(WarehouseEventKind.RETURN_RECEIVED)

    def inspect(self) -> None:
        self.back(WarehouseEventKind.RETURN_INSPECTED)

    def back(self, kind: WarehouseEventKind) -> None:
        if not self.world.returns:
            return
        told = self.world.returns[self.dice.choice(list(self.world.returns))]
        lines = []
        for row in told.lines:
            pieces = self.dice.randint(0, row.quantity + (self.dice.random() < 0.05))
            found = self.dice.choice(FOUND) if kind is WarehouseEventKind.RETURN_INSPECTED else None
            lines.append((row.line_id, pieces, found))
        named = None if self.dice.random() < 0.1 else told.id
        self.tell(self.world.event(kind, named, *lines))

    def blind(self) -> None:
        if self.dice.random() < 0.2 and self.left["11"]:
            self.tell(self.world.event(WarehouseEventKind.RETURN_INSPECTED, None, ("11", 1, RESTOCK)))

    def tell(self, event: WarehouseEvent) -> None:
        self.events.append(event)
        self.world.life = hear_goods_back(self.world.life, event)

    def again(self) -> None:
        if self.events:
            event, life = self.dice.choice(self.events), self.world.life
            assert hear_goods_back(life, event) == life, "an event was counted twice"

    def listen(self) -> None:
        self.world.hear_all()
        life = self.world.life
        for told in self.world.returns.values():
            life = hear_return(life, told, self.world.clock)
        assert hear_refunds(life, self.world.refunds, self.world.clock) == self.world.life

    def by_hand(self) -> None:
        if self.world.order.presentment_currency != "USD":
            return
        if self.dice.random() < 0.25 and self.world.paid() > 5:
            self.world.refund_by_hand({}, "3.33")
        elif self.dice.random() < 0.2 and self.left["11"] and self.world.paid() > 12 and self.world.unrefunded("11"):
            self.left["11"] -= 1
            self.world.refund_by_hand({"11": 1}, "9.98" if self.world.order.taxes_included else "10.88")

    def decide(self) -> None:
        self.world.decide(approve=self.dice.random() < 0.8)

    def waive(self) -> None:
        if self.dice.random() < 0.3:
            codes = ("missing_goods", "wrong_item", "refund_differs", "already_refunded")
            self.world.waive(self.dice.choice(codes))

    def plan(self) -> None:
        self.world.clock += timedelta(seconds=10)
        plan = self.world.plan()
        again = self.world.plan()
        assert (again.life, again.steps) == (plan.life, plan.steps), "a plan made again is another one"
        for step in plan.steps:
            if self.dice.random() < 0.85:
                self.world.step(step, lost=self.dice.random() < 0.15)

    def check(self, before: OrderLife) -> None:
        """States move along the table; pieces and money stay within what there is."""
        world = self.world
        for one in before.returns:
            now = world.life.return_(one.id)
            assert now is None or path(one.state, now.state), f"{one.state} became {now.state if now else None}"
        assert world.paid() >= 0
        credited, refunded = Counter[str](), Counter[str]()
        for posting in world.of(Operation.CREDIT):
            for line in posting.lines:
                credited[line.line_id or ""] += line.quantity
        for refund in world.refunds:
            for row in refund.lines:
                refunded[row.line_id] += row.quantity
        for sold in world.order.lines:
            assert credited[sold.id] <= sold.quantity, "a piece was credited twice"
            assert refunded[sold.id] <= sold.quantity, "a piece was refunded twice"

    def end(self) -> None:
        """With everything carried out, both sides agree."""
        world = self.world
        world.waive("refund_differs", "other_tender")
        world.hear_all()
        world.run()
        credits_ = sum((one.total.amount for one in world.of(Operation.CREDIT)), Decimal(0))
        ahead = (s for r in world.life.returns for s in r.settlings if s.credit_id and not s.refund_id)
        credits_ -= sum((one.total.shop.amount for one in ahead), Decimal(0))
        twice = {w.code for w in world.plan().waits} & {"refunded_twice"}
        heard = sum((t.amount.shop.amount for r in world.refunds for t in r.transactions), Decimal(0))
        assert twice or credits_ == heard, f"credited {credits_}, refunded {heard}"
        booked = -sum((one.amount.amount for one in world.of(Operation.PAYMENT)), Decimal(0))
        assert booked == heard
        self._stock()

    def _stock(self) -> None:
        """What the shop was told to restock is what the ERP received."""
        received, told = Counter[str](), Counter[str]()
        for receipt in self.world.of(Operation.RECEIVE):
            received.update(receipt.lines)
        for id_, rows in self.world.told.items():
            lines = {row.id: row.line_id for row in self.world.returns[id_].lines}
            for (row_id, disposition), pieces in rows.items():
                if disposition is RESTOCK:
                    told[lines[row_id]] += pieces
        assert received == told


@pytest.mark.parametrize("seed", range(WALKS))
def test_a_random_life_of_returns_keeps_pieces_cents_stock_and_states(seed: int) -> None:
    walk = Walk(seed)
    walk.go(45)
    walk.end()


def test_the_policy_of_the_walks_has_every_kind_of_rule() -> None:
    assert isinstance(policy(*RULES), LifePolicy)
    assert {rule.first for rule in RULES} == set(FirstOf)
