"""What steps of returns carry: the ERP's documents and the shop's writes, from what is frozen."""

from canonical.approvals import ApprovalRequest
from canonical.ids import correlation_id
from canonical.life import ReturnLife, Settling
from canonical.ports.aftersales import RefundWrite, Tender
from canonical.returns import Disposition, Refund
from canonical.rules.lifecycle.facts import Facts
from canonical.rules.lifecycle.posting import netted
from canonical.rules.lifecycle.returns import money, naming
from canonical.rules.lifecycle.returns.counting import announced, restocked
from canonical.rules.lifecycle.returns.freezing import ABOVE_LIMIT, label
from canonical.settlement import CreditLine, CreditPosting, PaymentPosting, ReturnAuthorisation, ReturnReceipt
from canonical.steps import Dispose, Operation, Step

US = "crossdock"


def step(facts: Facts, return_: ReturnLife, operation: Operation, request: object, *subject: str) -> Step:
    """A step about a return."""
    key = naming.key_of(facts.life, operation, *(subject or (return_.id,)))
    return Step(key=key, operation=operation, request=request, subject=label(return_))


def authorisation(facts: Facts, return_: ReturnLife) -> Step:
    """The ERP's permission, for the pieces and the place that were frozen."""
    lines: dict[str, int] = {}
    for line in return_.lines:
        if line.authorised:
            lines[line.line_id] = lines.get(line.line_id, 0) + line.authorised
    request = ReturnAuthorisation(
        key=naming.key_of(facts.life, Operation.AUTHORISE, return_.id),
        sale_key=facts.sale_key,
        return_id=return_.id,
        location=return_.authorised_to or "",
        lines=lines,
    )
    return step(facts, return_, Operation.AUTHORISE, request)


def receipts(facts: Facts, return_: ReturnLife) -> list[Step]:
    """One receipt for every inspection that puts something back to stock."""
    arrivals = {one.id: one for one in return_.arrivals}
    found = []
    for arrival_id, lines in restocked(return_, facts.policy.returns.restocked):
        arrival = arrivals[arrival_id]
        request = ReturnReceipt(
            key=naming.key_of(facts.life, Operation.RECEIVE, arrival_id),
            authorisation_key=naming.key_of(facts.life, Operation.AUTHORISE, return_.id),
            location=arrival.location,
            lines=lines,
            received_at=arrival.at,
        )
        found.append(step(facts, return_, Operation.RECEIVE, request, arrival_id))
    return found


def dispositions(facts: Facts, return_: ReturnLife) -> list[tuple[str, int, Disposition, str | None]] | str:
    """All that was found so far, by return line; the location that the shop has no id for, where that is so."""
    totals: dict[tuple[str, Disposition, str | None], int] = {}
    for line in return_.lines:
        for one in announced(line):
            place = None
            if one.disposition in facts.policy.returns.restocked:
                place = facts.places.channel_location(facts.life.shop, one.location or "")
                if place is None:
                    return one.location or "unknown"
            key = (line.return_line_id or "", one.disposition, place)
            totals[key] = totals.get(key, 0) + one.quantity
    return [(line_id, pieces, disposition, place) for (line_id, disposition, place), pieces in totals.items()]


def disposal(
    facts: Facts, return_: ReturnLife, mark: str, told: list[tuple[str, int, Disposition, str | None]]
) -> Step:
    """Tell the shop what was found."""
    return step(facts, return_, Operation.DISPOSE, Dispose(return_.id, tuple(told)), return_.id, mark)


def credit(facts: Facts, return_: ReturnLife, settling: Settling) -> Step:
    """The credit memo of a settling, in the booked currency."""
    key = naming.settling_key(facts.life, Operation.CREDIT, return_, settling)
    authorised = naming.key_of(facts.life, Operation.AUTHORISE, return_.id)
    own = not settling.made_elsewhere
    request = CreditPosting(
        key=key,
        sale_key=facts.sale_key,
        return_id=None if naming.is_alone(return_) else return_.id,
        refund_id=settling.refund_id if settling.refund_first else None,
        authorisation_key=authorised if own and return_.authorised_to else None,
        lines=tuple(
            CreditLine(
                line_id=line.line_id if line.purpose == money.ITEM else None,
                purpose=line.purpose,
                quantity=line.quantity,
                net=line.net.shop,
                tax=line.tax.shop,
                disposition=line.disposition,
            )
            for line in settling.lines
        ),
        total=settling.total.shop,
        reason=settling.reason,
    )
    return Step(key=key, operation=Operation.CREDIT, request=request, subject=label(return_))


def refund(facts: Facts, return_: ReturnLife, settling: Settling) -> Step:
    """The refund of a settling, on the payments that were frozen."""
    key = naming.settling_key(facts.life, Operation.REFUND, return_, settling)
    lines: dict[str, tuple[int, str | None]] = {}
    shipping = None
    for line in settling.lines:
        if line.purpose == money.ITEM and line.line_id is not None:
            lines[line.line_id] = (lines.get(line.line_id, (0, None))[0] + line.quantity, None)
        if line.purpose == money.SHIPPING:
            shipping = money.priced(facts.order, line)
    request = RefundWrite(
        key=key,
        order_id=facts.life.order_id,
        return_id=return_.id,
        lines=lines,
        shipping=shipping,
        tenders=tuple(Tender(one.parent_id, one.gateway, one.amount.presentment) for one in settling.tenders),
        note=f"Return {label(return_)}",
        notify=facts.policy.returns.notify,
        duties=settling.duties,
    )
    return Step(key=key, operation=Operation.REFUND, request=request, subject=label(return_))


def payments(facts: Facts, refund_: Refund) -> tuple[list[Step], list[str]]:
    """The ERP's payments of a refund, below zero, one a transaction; and the gateways that no method is mapped for."""
    steps, unmapped = list[Step](), list[str]()
    for row in refund_.transactions:
        key = naming.key_of(facts.life, Operation.PAYMENT, row.id)
        method = facts.places.payment_method(facts.life.shop, row.gateway)
        if row.amount.shop.is_zero or netted(facts.life, row.id, row.parent_id, refund_.created_at):
            continue
        if method is None:
            unmapped.append(row.gateway)
            continue
        request = PaymentPosting(
            key=key,
            sale_key=facts.sale_key,
            method=method,
            amount=-row.amount.shop,
            reference=row.id,
            paid_at=refund_.created_at,
        )
        steps.append(Step(key=key, operation=Operation.PAYMENT, request=request, subject=f"refund {refund_.id}"))
    return steps, unmapped


def approval(facts: Facts, return_: ReturnLife, settling: Settling) -> ApprovalRequest:
    """What an approver is asked: exactly this money, for exactly these pieces, on exactly these payments."""
    limit = "above the limit" if settling.approval == ABOVE_LIMIT else "more than what was paid; what is left is paid"
    words = f"refund of {settling.money.presentment} for return {label(return_)} of {facts.order.name}: {limit}"
    return ApprovalRequest(
        key=naming.approval_key(facts.life, return_, settling),
        scope=facts.life.shop,
        kind="refund_limit",
        role=facts.policy.returns.approver_role,
        subject=f"{facts.order.name} {label(return_)}",
        words=words,
        detail={
            "total": str(settling.total.presentment),
            "money": str(settling.money.presentment),
            "booked": str(settling.money.shop),
            "lines": [f"{one.quantity} of line {one.line_id}" for one in settling.lines if one.quantity],
            "payments": [f"{one.amount.presentment} to {one.gateway}" for one in settling.tenders],
        },
        digest=naming.paid_digest(settling),
        requested_by=US,
        correlation_id=correlation_id(facts.life.shop, "order", facts.life.order_id),
    )
