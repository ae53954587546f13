"""A shop and an ERP of a few lines each, which refuse what the real ones refuse, around the life of one order."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from canonical.approvals import Approval, ApprovalRequest, ApprovalState
from canonical.errors import RejectedError
from canonical.fulfillment import Parcel, ParcelLine
from canonical.ids import effect_key, key_uuid
from canonical.life import Done, OrderLife, ReturnLife, Shipped
from canonical.money import Money, MoneyPair
from canonical.order import Order, Transaction, TransactionKind, TransactionStatus
from canonical.ports.aftersales import RefundWrite
from canonical.returns import (
    Disposition,
    Refund,
    RefundLine,
    RefundTransaction,
    Return,
    ReturnLine,
    ReturnStatus,
)
from canonical.rules.lifecycle.facts import Facts, Plan
from canonical.rules.lifecycle.policy import LifePolicy, ReasonRule, ReturnsPolicy
from canonical.rules.lifecycle.returns import (
    hear_decision,
    hear_goods_back,
    hear_refunds,
    hear_return,
    plan_returns,
    refused_return,
    settled_return,
)
from canonical.rules.lifecycle.returns import money as worth
from canonical.settlement import CreditPosting
from canonical.steps import Operation, Step
from canonical.warehouse import EventLine, WarehouseEvent, WarehouseEventKind
from tests.unit.lifecycle_returns.sold import two_lines, usd

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RESTOCK, REFURBISH, SCRAP = Disposition.RESTOCK, Disposition.REFURBISH, Disposition.SCRAP
MISSING, WRONG = Disposition.MISSING, Disposition.WRONG_ITEM


class Places:
    """Locations east and west, and two payment methods."""

    def channel_location(self, shop: str, location: str) -> str | None:
        return {"EAST": "7", "WEST": "8"}.get(location)

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None:
        return {"7": "EAST", "8": "WEST"}.get(location_id or "")

    def payment_method(self, shop: str, gateway: str) -> str | None:
        return {"card": "CARD", "gift_card": "GIFT"}.get(gateway)


def policy(*rules: ReasonRule, **changes: Any) -> LifePolicy:
    """The usual one with rules of reasons."""
    return LifePolicy(returns=ReturnsPolicy(reasons=rules or (ReasonRule(),), **changes))


@dataclass
class World:
    """One order at a shop, an ERP and a warehouse. `sent` are the steps in the order in which they took effect."""

    order: Order = field(default_factory=two_lines)
    policy: LifePolicy = field(default_factory=policy)
    shipped: dict[str, int] | None = None
    life: OrderLife = field(init=False)
    returns: dict[str, Return] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    told: dict[str, Counter[tuple[str, Disposition]]] = field(default_factory=dict)
    sent: dict[str, Step] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    clock: datetime = NOW
    approvals: dict[str, ApprovalRequest] = field(default_factory=dict)
    number: int = 100
    watch: Callable[["World", Step], None] | None = None

    def __post_init__(self) -> None:
        gone = self.shipped if self.shipped is not None else {one.id: one.quantity for one in self.order.lines}
        lines = tuple(ParcelLine(line_id=id_, quantity=pieces) for id_, pieces in gone.items() if pieces)
        shipments = (Shipped(id="s1", location="EAST", shipped_at=NOW, parcels=(Parcel(id="p1", lines=lines),)),)
        invoice = effect_key("north", Operation.INVOICE.value, self.order.id, "s1")
        self.life = OrderLife(
            shop="north",
            order_id=self.order.id,
            order_name=self.order.name,
            company="north",
            shipments=shipments if lines else (),
            done={invoice: Done(id="inv-1", at=NOW)} if lines else {},
            started_at=NOW,
            updated_at=NOW,
        )

    # What is told

    def next(self) -> str:
        """The next number, and a minute later."""
        self.number += 1
        self.clock += timedelta(minutes=1)
        return str(self.number)

    def ask(self, lines: dict[str, int], *, status: ReturnStatus = ReturnStatus.OPEN, reason: str | None = None) -> str:
        """A return at the shop, which is heard."""
        id_ = self.next()
        rows = tuple(ReturnLine(id=f"r{id_}-{k}", line_id=k, quantity=n, reason=reason) for k, n in lines.items())
        self.returns[id_] = Return(
            id=id_, shop="north", order_id=self.order.id, name=f"#1001-R{id_}", status=status, lines=rows
        )
        self.hear(id_)
        return id_

    def hear(self, id_: str) -> None:
        """The return as the shop has it now."""
        self.life = hear_return(self.life, self.returns[id_], self.clock)

    def hear_all(self) -> None:
        """All that the shop knows."""
        for id_ in self.returns:
            self.hear(id_)
        self.life = hear_refunds(self.life, self.refunds, self.clock)

    def event(
        self, kind: WarehouseEventKind, return_id: str | None, *lines: tuple[str, int, Disposition | None], **more: Any
    ) -> WarehouseEvent:
        """An event of the warehouse in the east."""
        usual: dict[str, Any] = {"id": f"e{self.next()}", "system": "wms", "location": "EAST"}
        rows = tuple(EventLine(line_id=k, item=f"ITEM-{k}", quantity=n, disposition=d) for k, n, d in lines)
        given = usual | {"kind": kind, "occurred_at": self.clock, "return_id": return_id, "lines": rows} | more
        return WarehouseEvent(**given)

    def received(self, return_id: str | None, **lines: int) -> None:
        """Pieces are back."""
        rows = [(k[1:], n, None) for k, n in lines.items()]
        self.life = hear_goods_back(self.life, self.event(WarehouseEventKind.RETURN_RECEIVED, return_id, *rows))

    def inspected(self, return_id: str | None, *lines: tuple[str, int, Disposition], **more: Any) -> WarehouseEvent:
        """What was found."""
        event = self.event(WarehouseEventKind.RETURN_INSPECTED, return_id, *lines, **more)
        self.life = hear_goods_back(self.life, event)
        return event

    def refund_by_hand(
        self, lines: dict[str, int], paid: str, *, return_id: str | None = None, restocked_at: str | None = None
    ) -> Refund:
        """Somebody refunds in the shop, and it is heard."""
        stock = {"restock": restocked_at is not None, "location_id": restocked_at}
        rows = tuple(self._refund_line(k, n).model_copy(update=stock) for k, n in lines.items())
        amount = usd(paid)
        back = RefundTransaction(id=f"t{self.next()}", gateway="card", amount=amount, parent_id="31")
        usual: dict[str, Any] = {"lines": rows, "transactions": (back,) if amount.shop.amount else (), "total": amount}
        given = usual | {"return_id": return_id}
        refund = Refund(id=self.next(), shop="north", order_id=self.order.id, created_at=self.clock, **given)
        self.refunds.append(refund)
        self.life = hear_refunds(self.life, self.refunds, self.clock)
        return refund

    def decide(self, *, approve: bool = True, by: str = "grace") -> None:
        """Somebody decides all that is asked."""
        for request in self.approvals.values():
            state = ApprovalState.APPROVED if approve else ApprovalState.REJECTED
            decided = Approval(
                id=1, request=request, state=state, requested_at=NOW, decided_by=by, decided_at=self.clock
            )
            self.life = hear_decision(self.life, decided)

    def waive(self, *codes: str) -> None:
        """Somebody releases a case."""
        self.life = self.life.model_copy(update={"waived": (*self.life.waived, *codes), "stopped": {}})

    # What is done

    def facts(self) -> Facts:
        """Everything a plan is made of."""
        return Facts(
            order=self.order,
            life=self.life,
            policy=self.policy,
            places=Places(),
            sale_key="north:sales-order.create:5123",
            booked=True,
            now=self.clock,
            warehouse_of=lambda _: None,
            item_of=lambda id_: f"ITEM-{id_}",
        )

    def plan(self) -> Plan:
        """What is due; what was decided beside it is kept."""
        found = plan_returns(self.facts())
        self.life = found.life
        self.approvals |= {one.key: one for one in found.approvals}
        return found

    def step(self, step: Step, *, lost: bool = False) -> None:
        """Carry a step out, once under its key. `lost`: we die before we note it."""
        if step.key not in self.sent:
            try:
                if self.watch:
                    self.watch(self, step)
                self.results[step.key] = self._take(step)
            except RejectedError as error:
                self.life = refused_return(self.life, step, error, self.clock)
                return
            self.sent[step.key] = step
        else:
            assert self.sent[step.key].request_digest == step.request_digest, f"{step.key} was sent with other content"
        if not lost:
            self.life = settled_return(self.life, step, Done(id=self.results[step.key], at=self.clock))

    def run(self) -> Plan:
        """Plan and carry out until nothing is due; the shop is heard after every round."""
        for _ in range(30):
            plan = self.plan()
            if not plan.steps:
                return plan
            for one in plan.steps:
                self.step(one)
            self.hear_all()
        raise AssertionError(f"it never comes to an end: {[s.key for s in plan.steps]}")

    def done(self) -> list[str]:
        """The operations that took effect."""
        return [one.operation.name for one in self.sent.values()]

    def until(self, operation: Operation) -> Step:
        """Carry everything out until this is due, and nothing else is."""
        for _ in range(20):
            plan = self.plan()
            others = [one for one in plan.steps if one.operation is not operation]
            if not others:
                return plan.steps[0]
            for one in others:
                self.step(one)
        raise AssertionError(f"{operation} is never due")

    def of(self, operation: Operation) -> list[Any]:
        """What was asked for by an operation."""
        return [one.request for one in self.sent.values() if one.operation is operation]

    def known(self, id_: str) -> ReturnLife:
        """The return in the life."""
        found = self.life.return_(id_)
        assert found is not None
        return found

    def unrefunded(self, line_id: str) -> int:
        """Pieces of a line that the shop has not refunded."""
        back = sum(row.quantity for one in self.refunds for row in one.lines if row.line_id == line_id)
        return worth.line_of(self.order, line_id).quantity - back

    # The counterparts

    def paid(self) -> Decimal:
        """Net payment, presentment currency."""
        taken = sum(
            t.amount.presentment.amount
            for t in self.order.transactions
            if t.kind in (TransactionKind.SALE, TransactionKind.CAPTURE) and t.status is TransactionStatus.SUCCESS
        )
        back = sum(t.amount.presentment.amount for r in self.refunds for t in r.transactions)
        return Decimal(taken) - Decimal(back)

    def _take(self, step: Step) -> str:
        match step.operation:
            case Operation.APPROVE_RETURN | Operation.CLOSE_RETURN:
                status = ReturnStatus.OPEN if step.operation is Operation.APPROVE_RETURN else ReturnStatus.CLOSED
                self._status(step.request.return_id, status)
                return str(step.request.return_id)
            case Operation.OPEN_RETURN:
                return self._opened(step)
            case Operation.DISPOSE:
                wanted: Counter[tuple[str, Disposition]] = Counter()
                for line_id, pieces, disposition, place in step.request.dispositions:
                    assert (place is not None) == (disposition is RESTOCK)
                    wanted[line_id, disposition] += pieces
                self.told[step.request.return_id] = wanted
                return str(step.request.return_id)
            case Operation.CREDIT:
                _balanced(step.request)
            case Operation.REFUND:
                return self._refunded(step.request)
        return f"doc-{self.next()}"

    def _status(self, id_: str, status: ReturnStatus) -> None:
        self.returns[id_] = self.returns[id_].model_copy(update={"status": status})

    def _opened(self, step: Step) -> str:
        id_ = self.next()
        rows = tuple(ReturnLine(id=f"r{id_}-{k}", line_id=k, quantity=n) for k, n in step.request.lines.items())
        self.returns[id_] = Return(id=id_, shop="north", order_id=self.order.id, name=f"#1001-R{id_}", lines=rows)
        return id_

    def _refunded(self, write: RefundWrite) -> str:
        wanted = sum((one.amount.amount for one in write.tenders), Decimal(0))
        if wanted > self.paid():
            raise RejectedError("more than is left", code="above_payment", document=self.order.name)
        if any(pieces > self.unrefunded(line_id) for line_id, (pieces, _) in write.lines.items()):
            raise RejectedError("more than were purchased", code="not_returned", document=self.order.name)
        if write.return_id is not None:
            told = self.returns[write.return_id]
            if told.status is not ReturnStatus.OPEN:
                raise RejectedError("the return is closed", code="return_closed", document=self.order.name)
        parents = {one.id: one for one in self.order.transactions}
        back = tuple(
            RefundTransaction(
                id=f"t{self.next()}",
                gateway=one.gateway,
                amount=self._both(parents[one.parent_id], one.amount.amount),
                parent_id=one.parent_id,
            )
            for one in write.tenders
        )
        shipping_tax = None
        if write.shipping is not None:
            shipping_tax = self.order.shipping[0].taxes[0].amount
        refund = Refund(
            id=self.next(),
            shop="north",
            order_id=self.order.id,
            return_id=write.return_id,
            created_at=self.clock,
            lines=tuple(self._refund_line(k, n) for k, (n, _) in write.lines.items()),
            shipping=write.shipping,
            shipping_tax=shipping_tax,
            transactions=back,
            total=worth.summed(self.order, (one.amount for one in back)),
            note=f"{write.note} [ref {key_uuid(write.key)}]",
        )
        self.refunds.append(refund)
        return refund.id

    def _both(self, parent: Transaction, amount: Decimal) -> MoneyPair:
        whole = parent.amount
        if whole.shop.currency == whole.presentment.currency:
            return MoneyPair.same(Money(amount=amount, currency=whole.shop.currency))
        before = sum(
            t.amount.presentment.amount for r in self.refunds for t in r.transactions if t.parent_id == parent.id
        )
        cut = [worth.share(whole.shop, part, whole.presentment.amount) for part in (before + amount, before)]
        return MoneyPair(shop=cut[0] - cut[1], presentment=Money(amount=amount, currency=whole.presentment.currency))

    def _refund_line(self, id_: str, pieces: int) -> RefundLine:
        before = sum(row.quantity for one in self.refunds for row in one.lines if row.line_id == id_)
        found = worth.goods_of(self.order, id_, before, pieces)
        return RefundLine(line_id=id_, quantity=pieces, subtotal=worth.priced(self.order, found), tax=found.tax)


def _balanced(posting: CreditPosting) -> None:
    lines = sum((one.net.amount + one.tax.amount for one in posting.lines), Decimal(0))
    if lines != posting.total.amount or posting.total.amount <= 0:
        raise RejectedError("lines and total differ", code="total_differs", document=posting.key)
