"""Freezing a settling: which pieces are paid back now, and how much that is. What is frozen never changes."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from canonical.life import ReturnedLine, ReturnLife, Settling, SettlingLine
from canonical.money import Money, MoneyPair, total
from canonical.order import TransactionKind, TransactionStatus
from canonical.returns import Disposition, ReturnStatus
from canonical.rules.lifecycle.facts import Facts, Waits
from canonical.rules.lifecycle.policy import FirstOf, ReasonRule, ReturnsPolicy
from canonical.rules.lifecycle.returns import money, naming
from canonical.rules.lifecycle.returns.account import Account
from canonical.rules.lifecycle.returns.belonging import gone_already, meanwhile, unsettled
from canonical.rules.lifecycle.returns.counting import announced, fingerprint

ABOVE_LIMIT, OVER_PAYMENT = "above_limit", "over_payment"
WAIVABLE = {Disposition.MISSING: "missing_goods", Disposition.WRONG_ITEM: "wrong_item"}


class Due(NamedTuple):
    """Pieces of a line that are to be paid back, under the rule of their reason."""

    line: ReturnedLine
    pieces: int
    disposition: Disposition | None
    rule: ReasonRule


def freeze(facts: Facts, return_: ReturnLife) -> tuple[ReturnLife, list[Waits]]:
    """The return with the settlings that are due now, and why others are not."""
    due, waits = due_pieces(facts, return_)
    if return_.channel_status is ReturnStatus.CLOSED:
        waits = []  # whoever closed it decided that what is missing or wrong is not paid
    account = Account.of(facts.order, facts.life)
    due, short = _available(account, due, return_, facts)
    waits += short
    if not due or unsettled(facts.life, return_.id):
        return return_, waits
    if (stop := _not_yet(facts, return_)) is not None:
        return return_, [*waits, stop]
    rule = due[0].rule
    together = [one for one in due if _kind(one.rule) == _kind(rule)]
    settling = _settling(facts, account, naming.number_after(return_), together)
    if settling.money.is_zero and gone_already(return_, settling):
        settling = settling.model_copy(update={"needs_refund": False})
    # What is due under another rule follows in the next plan, on an account that counts this one.
    return naming.with_settling(return_, settling), waits


def due_pieces(facts: Facts, return_: ReturnLife) -> tuple[list[Due], list[Waits]]:
    """What may be paid back of a return and is in no settling yet."""
    policy, waived = facts.policy.returns, facts.life.waived
    over = return_.channel_status not in (None, ReturnStatus.OPEN, ReturnStatus.REQUESTED)
    told = over or fingerprint(return_) == return_.disposed
    found, waits = list[Due](), dict[str, Waits]()
    settled = _settled(return_)
    for line in (line for line in return_.lines if line.return_line_id is not None):
        rule = policy.rule(line.reason)
        for disposition, left in _unsettled(settled, line.line_id, _payable(line, rule, policy, told)):
            code = WAIVABLE.get(disposition) if disposition is not None else None
            if code and disposition not in policy.paid_back and code not in waived:
                waits[code] = _unpaid(return_, code)
            else:
                found.append(Due(line, left, disposition, rule))
    return found, list(waits.values())


def _unsettled(
    settled: Counter[tuple[str, Disposition | None]], line_id: str, parts: list[tuple[Disposition | None, int]]
) -> list[tuple[Disposition | None, int]]:
    """Without the pieces that are settled: those of the same disposition, then those that were settled unseen."""
    rest = list[tuple[Disposition | None, int]]()
    for disposition, pieces in parts:
        done = min(settled[line_id, disposition], pieces)
        settled[line_id, disposition] -= done
        rest.append((disposition, pieces - done))
    left = list[tuple[Disposition | None, int]]()
    for disposition, pieces in rest:
        done = min(settled[line_id, None], pieces)
        settled[line_id, None] -= done
        left += [(disposition, pieces - done)] if pieces > done else []
    return left


def _payable(
    line: ReturnedLine, rule: ReasonRule, policy: ReturnsPolicy, told: bool
) -> list[tuple[Disposition | None, int]]:
    """Pieces by what was found of them, those that are paid back for certain first; unseen ones under None."""
    found = announced(line)
    if not rule.waits_for_inspection:
        # Pieces that came are paid, whatever is found of them; missing ones did not come.
        seen = [(one.disposition, one.quantity) for one in found if one.disposition is not Disposition.MISSING]
        unseen = min(line.received, line.asked) - sum(pieces for _, pieces in seen)
        return [*seen, (None, max(0, unseen))]
    if not told:
        return []
    counted: Counter[Disposition] = Counter()
    for one in found:
        counted[one.disposition] += one.quantity
    order = sorted(counted, key=lambda one: (one not in policy.paid_back, one.value))
    return [(one, counted[one]) for one in order]


def _settled(return_: ReturnLife) -> Counter[tuple[str, Disposition | None]]:
    """Pieces in settlings of this return by disposition; what a person refused stays refused."""
    counted: Counter[tuple[str, Disposition | None]] = Counter()
    for line in (line for one in return_.settlings for line in one.lines if line.purpose == money.ITEM):
        counted[line.line_id or "", line.disposition] += line.quantity
    return counted


def _available(account: Account, due: list[Due], return_: ReturnLife, facts: Facts) -> tuple[list[Due], list[Waits]]:
    """Without the pieces that were given back already, or that somebody refunded meanwhile, so that nobody can tell."""
    released = "already_refunded" in facts.life.waived
    doubtful = Counter[str]() if released else meanwhile(facts.life, return_)
    kept, left, short = list[Due](), dict[str, int](), False
    for one in due:
        line_id = one.line.line_id
        if not money.has_line(facts.order, line_id):
            continue
        if line_id not in left:
            left[line_id] = money.line_of(facts.order, line_id).quantity - account.pieces(line_id)
        pieces = min(max(0, one.pieces - doubtful[line_id]), max(0, left[line_id]))
        doubtful[line_id] -= min(doubtful[line_id], one.pieces)
        left[line_id] -= pieces
        short = short or pieces < one.pieces
        if pieces:
            kept.append(one._replace(pieces=pieces))
    if not short or released:
        return kept, []
    words = f"return {label(return_)}: pieces came back that were refunded already"
    return kept, [Waits("already_refunded", words, "Look at the refunds of the order; release this when it is right.")]


def _not_yet(facts: Facts, return_: ReturnLife) -> Waits | None:
    """Why nothing more of it can be settled, though pieces are due."""
    if unheard := unheard_money(facts):
        words = f"the shop shows {unheard} given back on {facts.order.name}, and no refund says what for"
        at = facts.now + timedelta(minutes=5)
        return Waits("refund_unheard", words, "It goes on by itself once the refund is read.", at=at)
    if return_.channel_status is ReturnStatus.OPEN:
        unread = [id_ for id_ in return_.exchange_lines if not money.has_line(facts.order, id_)]
        if (return_.exchanges_open or unread) and "exchange_open" not in facts.life.waived:
            words = f"return {label(return_)} has exchanged goods that are no part of the order yet"
            return Waits("exchange_open", words, "Process the exchange in the shop; the return goes on by itself.")
        return None
    words = f"goods of return {label(return_)} came back, and the return is {_status(return_)} in the shop"
    return Waits("return_not_open", words, "Reopen the return in the shop, or refund the goods there.")


def unheard_money(facts: Facts) -> str:
    """Money that the order shows as given back and that no refund explains yet; empty when there is none."""
    told = {row.id for refund in facts.life.refunds for row in refund.transactions}
    rows = [
        one.amount.presentment
        for one in facts.order.transactions
        if one.kind is TransactionKind.REFUND and one.status is TransactionStatus.SUCCESS and one.id not in told
    ]
    return str(total(rows, facts.order.presentment_currency)) if rows else ""


def _status(return_: ReturnLife) -> str:
    return return_.channel_status.value if return_.channel_status else "not known"


def _kind(rule: ReasonRule) -> tuple[FirstOf, bool, object]:
    return rule.first, rule.refund_duties, rule.fee_percent


def _settling(facts: Facts, account: Account, number: int, due: list[Due]) -> Settling:
    """Lines, money and payments of pieces that are settled together."""
    order, rule = facts.order, due[0].rule
    lines = list[SettlingLine]()
    before: Counter[str] = Counter()
    for one in due:
        line_id = one.line.line_id
        gone = account.pieces(line_id) + before[line_id]
        before[line_id] += one.pieces
        goods = money.goods_of(order, line_id, gone, one.pieces)
        lines.append(goods.model_copy(update={"disposition": one.disposition}))
        duty = money.duties_of(order, line_id, gone, one.pieces) if rule.refund_duties else None
        lines += [duty] if duty else []
    if any(one.rule.refund_shipping for one in due):
        delivery = account.delivery_left()
        lines += [delivery] if delivery.net.presentment.amount > 0 else []
    fee = money.fee_on(order, lines, rule.fee_percent)
    settling = settled_for(facts, account, number, [*lines, *([fee] if fee else [])], rule)
    return settling.model_copy(update={"reason": due[0].line.reason})


def settled_for(facts: Facts, account: Account, number: int, lines: list[SettlingLine], rule: ReasonRule) -> Settling:
    """A settling of these lines: what is set off against what the order owes, and what is paid on which payments."""
    order = facts.order
    worth = money.gross(order, lines)
    whole = worth.presentment.amount
    set_off = min(whole, account.outstanding())
    tenders = account.tenders(whole - set_off)
    paid = money.summed(order, (one.amount for one in tenders))
    excess = whole - set_off - paid.presentment.amount
    off = adjusted(order.currency, worth, paid, set_off, excess)
    if not off.is_zero:
        lines = [*lines, SettlingLine(purpose=money.ADJUSTMENT, net=off, tax=money.nothing(order))]
        worth = worth + off
    duties = any(line.purpose == money.DUTY for line in lines)
    return Settling(
        number=number,
        lines=tuple(lines),
        total=worth,
        money=paid,
        tenders=tenders,
        duties=duties,
        refund_first=rule.first is FirstOf.REFUND,
        needs_credit=worth.shop.amount > 0,
        approval=OVER_PAYMENT if excess else _limit(facts.policy.returns, paid),
    )


def adjusted(currency: str, worth: MoneyPair, paid: MoneyPair, set_off: Decimal, excess: Decimal) -> MoneyPair:
    """The line by which goods differ from money: what was never paid, and the cents between two currencies."""
    whole = worth.presentment.amount
    kept = money.share(worth.shop, set_off, whole) if whole else worth.shop
    presented = worth.presentment.currency
    if currency == presented:
        return MoneyPair.same(Money(amount=-excess, currency=currency))
    return MoneyPair(shop=paid.shop + kept - worth.shop, presentment=Money(amount=-excess, currency=presented))


def _limit(policy: ReturnsPolicy, paid: MoneyPair) -> str | None:
    """Whether it is above the limit: of the booked currency, else of the one that was paid in."""
    for amount in (paid.shop, paid.presentment):
        limit = policy.approval_above.get(amount.currency)
        if limit is not None:
            return ABOVE_LIMIT if amount.amount > limit else None
    return None


def _unpaid(return_: ReturnLife, code: str) -> Waits:
    what = "pieces are missing" if code == "missing_goods" else "other goods came back than were sold"
    words = f"return {label(return_)}: {what}, and they are not paid back"
    return Waits(code, words, "Release this to pay them back; else close the return in the shop.")


def label(return_: ReturnLife) -> str:
    """What people call it."""
    return return_.name or return_.id
