"""Undoing: what a cancellation means for the ERP and the shop, after the warehouses let go. Once each, in reverse.

    warehouse lets go -> ERP cancels the sale (the shop asked) or the shop cancels the order (the ERP asked)

What cannot be undone is told in words.
"""

from canonical.life import CancelledBy, OrderLife
from canonical.money import Money
from canonical.order import Order, TransactionKind, TransactionStatus
from canonical.rules.lifecycle.capturing import worth
from canonical.rules.lifecycle.drafting import Draft, pieces_in_words
from canonical.rules.lifecycle.keys import cancel_sale_key, key
from canonical.rules.lifecycle.pieces import added, left, live_tasks, missing
from canonical.rules.lifecycle.policy import AfterExpiry
from canonical.rules.lifecycle.posting import invoices
from canonical.rules.lifecycle.tidying import after_cancel, names
from canonical.steps import CancelByKey, CancelOrder, Operation
from canonical.warehouse import WarehouseState

PICKUP_EXPIRED = "pickup_expired"


def plan_undoing(draft: Draft) -> None:
    """What is due because the order is cancelled, or nobody collected it."""
    if draft.life.cancellation is None:
        _expired(draft)
        return
    _late(draft)
    if _still_held(draft):
        return
    if draft.life.cancellation.by is CancelledBy.SHOP:
        _cancel_sale(draft)
        _paid(draft)
    else:
        _cancel_order(draft)


def _late(draft: Draft) -> None:
    """Goods that left though the order was cancelled."""
    late = added(one.lines for one in after_cancel(draft))
    refused = [task for task in live_tasks(draft.life) if task.cancel_refused]
    coming = added(task.remaining for task in refused)
    if late:
        words = f"{pieces_in_words(late, names(draft))} left after the order was cancelled"
        way_out = "Call the parcel back or open a return. Release it when the sale is to stand after all."
        draft.wait("shipped_after_cancel", words, way_out)
    elif coming:
        where = ", ".join(task.location for task in refused)
        words = f"{where} does not stop {pieces_in_words(coming, names(draft))} any more"
        draft.wait("cancel_refused", words, "Stop it on the floor, and let the warehouse tell so.")


def _still_held(draft: Draft) -> bool:
    """Whether a warehouse still has some of it."""
    return bool(live_tasks(draft.life))


def _cancel_sale(draft: Draft) -> None:
    """The sale ends where nothing of it left or was invoiced; else the rest of it is a person's to close."""
    if not draft.facts.booked:
        return
    gone = {line: n for line, n in left(draft.life).items() if n}
    if gone or invoices(draft.life):
        if after_cancel(draft) and cancel_sale_key(draft.life) not in draft.life.done:
            what = f"{pieces_in_words(gone, names(draft))} left" if gone else "it is invoiced"
            words = f"the order is cancelled, but {what}: its sale in the ERP stays open"
            way_out = "Close what is open of the sale in the ERP; then release this."
            draft.wait("rest_open_in_erp", words, way_out, "finance")
        return
    reason = draft.life.cancellation.reason if draft.life.cancellation else "cancelled"
    cancel = CancelByKey(draft.facts.sale_key, reason)
    draft.want(Operation.CANCEL_SALE, cancel_sale_key(draft.life), draft.order.name, lambda: cancel)


def _paid(draft: Draft) -> None:
    """Money that was kept though nothing left for it."""
    kept = kept_money(draft.order, draft.life) - worth(draft.order, left(draft.life))
    if not any(left(draft.life).values()):
        kept = kept_money(draft.order, draft.life)
    if kept.amount > 0:
        words = f"the order is cancelled, but {kept} of what was paid was not given back"
        draft.wait("paid_but_cancelled", words, "Refund it in the shop, or release this if it is kept.", "finance")


def kept_money(order: Order, life: OrderLife) -> Money:
    """What was paid and not given back, in presentment currency. A refund may be heard before the order tells of it."""
    kept = Money.zero(order.presentment_currency)
    signs = {
        TransactionKind.SALE: 1,
        TransactionKind.CAPTURE: 1,
        TransactionKind.REFUND: -1,
        TransactionKind.CHANGE: -1,
    }
    for one in order.transactions:
        if one.status is TransactionStatus.SUCCESS and one.kind in signs:
            kept = kept + one.amount.presentment * signs[one.kind]
    known = {one.id for one in order.transactions}
    for back in (one for refund in life.refunds for one in refund.transactions if one.id not in known):
        kept = kept - back.amount.presentment
    return kept


def _cancel_order(draft: Draft) -> None:
    """The ERP ended the sale: the shop ends the order."""
    if draft.order.cancelled_at is not None:
        _paid(draft)
        return
    gone = {line: n for line, n in left(draft.life).items() if n}
    if gone:
        words = f"the ERP cancelled the sale, but {pieces_in_words(gone, names(draft))} left"
        way_out = "Refund what does not ship in the shop, and book what left in the ERP; then release this."
        draft.wait("cancelled_in_erp_but_shipped", words, way_out, "finance")
        return
    if not draft.facts.booked:
        return
    _end_in_shop(
        draft,
        draft.life.cancellation.reason if draft.life.cancellation else "other",
        refund=draft.policy.refund_cancelled,
    )


def _end_in_shop(draft: Draft, reason: str, *, refund: bool) -> None:
    cancel = CancelOrder(draft.order.id, reason, restock=True, refund=refund, notify=draft.policy.notify)
    draft.want(Operation.CANCEL_ORDER, key(draft.life, Operation.CANCEL_ORDER), draft.order.name, lambda: cancel)


def _expired(draft: Draft) -> None:
    """Nobody collected it: by policy the order ends, or somebody decides."""
    expired = [task for task in draft.life.tasks if task.state is WarehouseState.EXPIRED]
    lines = {line: n for line, n in added(task.remaining for task in expired).items() if line in missing_now(draft)}
    if not lines or draft.order.cancelled_at is not None:
        return
    alone = not any(left(draft.life).values()) and not live_tasks(draft.life)
    if draft.policy.expired_pickup is AfterExpiry.REFUND and alone:
        _end_in_shop(draft, "other", refund=True)
        return
    words = f"nobody collected {pieces_in_words(lines, names(draft))} in time"
    draft.wait(PICKUP_EXPIRED, words, "Ask the shopper; refund it in the shop, or ship it and release this.")


def missing_now(draft: Draft) -> dict[str, int]:
    """Pieces that are wanted and nobody ships."""
    return missing(draft.order, draft.life)
