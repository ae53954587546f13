"""Telling the ERP what left and what was paid: shipment, invoice, payments; the invoice is noted in the shop."""

from datetime import datetime

from canonical.fulfillment import Shipment
from canonical.life import Done, OrderLife, Shipped
from canonical.money import Money, total
from canonical.order import Order, Transaction, TransactionKind, TransactionStatus
from canonical.records import FieldWrite
from canonical.rules.lifecycle.drafting import Draft
from canonical.rules.lifecycle.hearing import UNKNOWN_LOCATION
from canonical.rules.lifecycle.keys import key
from canonical.rules.lifecycle.pieces import TAKEN_BACK, booked_but_taken_back, shippable
from canonical.rules.lifecycle.tidying import after_cancel, open_lines
from canonical.settlement import InvoicePosting, InvoiceTrigger, PaymentPosting, ShipmentPosting
from canonical.steps import Operation

WHOLE = "order"
"""The subject of an invoice of the whole order."""


def plan_postings(draft: Draft) -> None:
    """What the ERP is due for. The shop is told beside it, whatever becomes of this."""
    if not draft.facts.booked or key(draft.life, Operation.CANCEL_SALE) in draft.life.done:
        return
    late = {one.id for one in after_cancel(draft)}
    if _invoices_whole(draft) and not draft.life.cancellation:
        _invoice(draft, WHOLE, None)
    for shipment in draft.life.shipments:
        if shipment.cancelled:
            continue
        posted = _shipment(draft, shipment)
        if posted and not _invoices_whole(draft) and shipment.id not in late:
            _invoice(draft, shipment.id, shipment)
    _taken_back(draft)
    _note(draft)
    if invoices(draft.life):
        _payments(draft)


def invoices(life: OrderLife) -> list[tuple[str, Done]]:
    """(subject, result) of every invoice, oldest first."""
    subjects = (WHOLE, *(one.id for one in life.shipments))
    found = [(one, life.done.get(key(life, Operation.INVOICE, one))) for one in subjects]
    return sorted(((one, done) for one, done in found if done), key=lambda pair: (pair[1].at, pair[0]))


def _invoices_whole(draft: Draft) -> bool:
    """By policy, or because nothing of the order is ever shipped."""
    return draft.policy.invoice is InvoiceTrigger.ON_ORDER or not shippable(draft.order)


def _shipment(draft: Draft, shipment: Shipped) -> bool:
    if shipment.location == UNKNOWN_LOCATION:
        words = f"fulfillment {shipment.id} was made in the shop at a location that is not mapped"
        draft.wait("location_unmapped", words, "Add the mapping; it goes on by itself.")
        return False
    left = Shipment(
        id=shipment.id,
        order_id=draft.order.id,
        location=shipment.location,
        shipped_at=shipment.shipped_at,
        parcels=shipment.parcels,
    )
    name = key(draft.life, Operation.SHIPMENT, shipment.id)
    posting = ShipmentPosting(key=name, sale_key=draft.facts.sale_key, shipment=left)
    return draft.want(Operation.SHIPMENT, name, shipment.id, lambda: posting) is not None


def _invoice(draft: Draft, subject: str, shipment: Shipped | None) -> None:
    day = (shipment.shipped_at if shipment else draft.life.started_at).date()
    name = key(draft.life, Operation.INVOICE, subject)
    posting = InvoicePosting(
        key=name,
        sale_key=draft.facts.sale_key,
        shipment_key=key(draft.life, Operation.SHIPMENT, shipment.id) if shipment else None,
        invoice_date=day,
    )
    draft.want(Operation.INVOICE, name, subject, lambda: posting)


def _taken_back(draft: Draft) -> None:
    for shipment in booked_but_taken_back(draft.life):
        words = f"fulfillment {shipment.id} was cancelled in the shop after the ERP had it as shipped"
        way_out = "Take the shipment back in the ERP if it never left; then release this."
        draft.wait(TAKEN_BACK, words, way_out)


def _note(draft: Draft) -> None:
    """Invoice numbers, one invoice after the other, and whether all is invoiced, as fields of the order."""
    posted = invoices(draft.life)
    if not posted or not draft.policy.write_invoice_back or draft.order.cancelled_at is not None:
        return
    numbers: list[str] = []
    for subject, done in posted:
        numbers.append(done.number or done.id)
        if not _noted(draft, subject, "erp_invoice", ", ".join(numbers), subject):
            break
    status = "partly invoiced" if not _invoices_whole(draft) and open_lines(draft) else "invoiced"
    ordered = str(sum(line.quantity for line in draft.order.lines))
    _noted(draft, posted[-1][0], "erp_invoice_status", status, status, ordered)


def _noted(draft: Draft, subject: str, field: str, value: str, *about: str) -> bool:
    write = FieldWrite(order_id=draft.order.id, field=field, value=value)
    name = key(draft.life, Operation.NOTE_INVOICE, field, *about)
    return draft.want(Operation.NOTE_INVOICE, name, subject, lambda: write) is not None


def _payments(draft: Draft) -> None:
    """Money that came in, once there is an invoice that it pays. Refunds are told with the returns."""
    for transaction in draft.order.transactions:
        amount = received(draft.order, transaction)
        name = key(draft.life, Operation.PAYMENT, transaction.id)
        if amount is None or name in draft.life.done:
            continue
        amount = amount - _taken_off(draft, transaction)
        if amount.amount <= 0:
            continue
        method = draft.facts.places.payment_method(draft.order.shop, transaction.gateway)
        if method is None:
            words = f"no payment method is mapped for {transaction.gateway}"
            draft.wait("payment_method_unmapped", words, "Add the mapping; it goes on by itself.", "finance")
            continue
        posting = PaymentPosting(
            key=name,
            sale_key=draft.facts.sale_key,
            method=method,
            amount=amount,
            reference=transaction.id,
            captures=transaction.parent_id if transaction.kind is TransactionKind.CAPTURE else None,
            paid_at=transaction.processed_at or draft.order.created_at,
        )
        draft.want(Operation.PAYMENT, name, transaction.id, lambda posting=posting: posting)  # type: ignore[misc]


def netted(life: OrderLife, id_: str, paid: str | None, paid_back_at: datetime) -> bool:
    """Whether a refund lessens the payment it goes back on, because no invoice stood when it was made.

    Such a refund is no payment of its own in the ERP: there is no credit memo that it could pay. One that was heard
    when the payment was in the ERP already cannot lessen it any more, whenever it was made.
    """
    if paid in life.lessened and key(life, Operation.PAYMENT, paid) in life.done:
        return id_ in life.lessened[paid]
    posted = invoices(life)
    return not posted or paid_back_at < posted[0][1].at


def _taken_off(draft: Draft, transaction: Transaction) -> Money:
    """What was given back of a payment before there was an invoice: it stays so once the payment is in the ERP."""
    back = {
        one.id: one.amount.shop
        for one in draft.order.transactions
        if one.kind is TransactionKind.REFUND and one.status is TransactionStatus.SUCCESS
        if one.parent_id == transaction.id and one.processed_at
        if netted(draft.life, one.id, transaction.id, one.processed_at)
    }
    known = draft.life.lessened | {transaction.id: tuple(back)}
    draft.life = draft.life.model_copy(update={"lessened": known})
    return total(back.values(), draft.order.currency)


def received(order: Order, transaction: Transaction) -> Money | None:
    """What a payment brought in shop currency; None for what is no payment. Change given back lessens its payment.

    >>> from canonical.rules import example
    >>> order = example.order()
    >>> str(received(order, order.transactions[0]))
    '23.80 USD'
    """
    if transaction.status is not TransactionStatus.SUCCESS:
        return None
    if transaction.kind not in (TransactionKind.SALE, TransactionKind.CAPTURE):
        return None
    change = (
        one.amount.shop
        for one in order.transactions
        if one.kind is TransactionKind.CHANGE and one.status is TransactionStatus.SUCCESS
        if _pays(order, one) == transaction.id
    )
    return transaction.amount.shop - total(change, order.currency)


def _pays(order: Order, change: Transaction) -> str | None:
    """The payment that change was given on."""
    if change.parent_id:
        return change.parent_id
    same = (
        one.id
        for one in order.transactions
        if one.gateway == change.gateway and one.kind is TransactionKind.SALE
        if one.status is TransactionStatus.SUCCESS
    )
    return next(same, None)
