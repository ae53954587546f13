"""What is decided before steps are: which requests are not wanted any more, and which shipments are the same goods.

Decisions are facts once they are kept; they are made again only from what systems say next.
"""

from datetime import datetime

from canonical.life import CancelledBy, OrderLife, Shipped, Task
from canonical.rules.changes import postal_mark
from canonical.rules.lifecycle.drafting import Draft, pieces_in_words
from canonical.rules.lifecycle.pieces import excess, left, live_tasks, shippable
from canonical.rules.lifecycle.tracking import tracking_mark
from canonical.warehouse import WarehouseState

EDITED = "edited"
CANCELLED = "cancelled"
SHIPPED_ELSEWHERE = "shipped elsewhere"


def tidy(draft: Draft) -> None:
    """Decide it, in the draft's life."""
    if draft.facts.booked and not draft.life.sale_stands:
        draft.life = draft.life.model_copy(update={"sale_stands": True})
    _adopt(draft)
    if draft.life.cancellation is not None:
        _let_go_of_all(draft)
    else:
        _nobody_to_ask(draft)
        _take_out(draft)
        _readdress(draft)


def _adopt(draft: Draft) -> None:
    """Somebody marked in the shop what our warehouse shipped: told twice, gone once.

    Only where more would have left than was ordered. The shop's fulfillment then shows our parcel's number.
    """
    life = draft.life
    for theirs in [one for one in life.shipments if one.made_elsewhere and not one.cancelled and one.task is None]:
        ours = next((one for one in life.shipments if _same_goods(one, theirs)), None)
        if ours is None or not _too_much(draft, theirs):
            continue
        merged = _merged(theirs, ours)
        rest = tuple(merged if one.id == theirs.id else one for one in life.shipments if one.id != ours.id)
        life = life.model_copy(update={"shipments": rest})
        draft.life = life
    over = _over(draft)
    if over:
        words = f"more left than was ordered: {pieces_in_words(over, names(draft))}"
        draft.wait("shipped_twice", words, "Ask the warehouse and the shop what left; open a return, then release it.")


def _same_goods(ours: Shipped, theirs: Shipped) -> bool:
    numbers = {p.tracking_number for p in theirs.parcels if p.tracking_number}
    mine = {p.tracking_number for p in ours.parcels}
    untold = not ours.made_elsewhere and not ours.cancelled and not ours.told
    return untold and ours.lines == theirs.lines and (not numbers or bool(numbers & mine))


def _merged(theirs: Shipped, ours: Shipped) -> Shipped:
    """The shop's fulfillment with our parcels. The first one with a number is shown on it."""
    assert theirs.fulfillment_id is not None
    shown = next((p for p in ours.parcels if p.tracking_number), ours.parcels[0])
    before = next(iter(theirs.shown.values()), "")
    return theirs.model_copy(
        update={
            "task": ours.task,
            "parcels": ours.parcels,
            "shipped_at": ours.shipped_at,
            "location": theirs.location if theirs.location != "unknown" else ours.location,
            "told": {p.id: theirs.fulfillment_id for p in ours.parcels},
            "shown": {p.id: before if p.id == shown.id else tracking_mark(p) for p in ours.parcels},
        }
    )


def _too_much(draft: Draft, theirs: Shipped) -> bool:
    return any(line in theirs.lines for line in _over(draft))


def _over(draft: Draft) -> dict[str, int]:
    ordered = {line.id: line.quantity for line in draft.order.lines}
    gone = draft.life.shipped
    return {line: n - ordered[line] for line, n in gone.items() if line in ordered and n > ordered[line]}


def _let_go_of_all(draft: Draft) -> None:
    """Nothing of a cancelled order is to leave."""
    for task in live_tasks(draft.life):
        if task.cancel is None:
            draft.keep_task(_let_go(task, CANCELLED))


def _let_go(task: Task, why: str) -> Task:
    """Not wanted any more. What was never sent is over at once."""
    state = task.state if task.asked else WarehouseState.CANCELLED
    return task.model_copy(update={"cancel": why, "state": state})


def _nobody_to_ask(draft: Draft) -> None:
    """Requests that we can send to nobody."""
    for task in draft.life.tasks:
        if task.state is WarehouseState.REQUESTED and task.system is None and not task.cancel:
            where = (
                f"{task.location} ships {pieces_in_words(task.remaining, names(draft))}, but no system is asked there"
            )
            draft.wait("nobody_to_ask", where, "Ship it and mark it in the shop, or name its system in the landscape.")


def _take_out(draft: Draft) -> None:
    """Take from requests what an edit took out, or what somebody else shipped; the latest request first."""
    over = excess(draft.order, draft.life)
    for task in sorted(live_tasks(draft.life), key=_last_first, reverse=True):
        mine = {line: min(n, over.get(line, 0)) for line, n in task.remaining.items() if over.get(line, 0)}
        if not mine or not _may_change(task):
            continue
        for line, n in mine.items():
            over[line] -= n
        draft.keep_task(_reduced(draft, task, mine))
    kept = {line: n for line, n in over.items() if n > 0 and line in _refused_lines(draft.life)}
    if kept:
        words = f"the warehouse ships {pieces_in_words(kept, names(draft))} though it was taken out of the order"
        way_out = "Stop it at the warehouse; if it leaves, open a return. Then release it."
        draft.wait("taken_out_but_ships", words, way_out)


def _readdress(draft: Draft) -> None:
    """Send goods where the order goes now. An address that has gone was redacted: that moves no parcel."""
    wanted = postal_mark(draft.order.shipping_address)
    if not wanted:
        return
    astray = [task for task in live_tasks(draft.life) if task.addressed and task.addressed[-1] != wanted]
    for task in astray:
        if _may_change(task) and not task.pickup:
            draft.keep_task(task.model_copy(update={"revision": task.revision + 1}))
    refused = [task for task in astray if task.amend_refused and not task.cancel]
    if refused:
        where = ", ".join(task.location for task in refused)
        words = f"{where} ships to the address from before it was changed"
        draft.wait("address_changed_but_ships", words, "Stop it at the warehouse, or have the carrier redirect it.")


def _last_first(task: Task) -> tuple[bool, datetime]:
    return not task.asked, task.created_at


def _may_change(task: Task) -> bool:
    """One change at a time, and none after the warehouse refused one."""
    in_flight = task.asked and (task.taken is None or task.taken < task.revision)
    return not (task.cancel or task.cancel_refused or task.amend_refused or in_flight)


def _reduced(draft: Draft, task: Task, less: dict[str, int]) -> Task:
    """Without these pieces: all that is left is cancelled, a part is amended."""
    if less == task.remaining:
        elsewhere = any(one.made_elsewhere and set(one.lines) & set(less) for one in draft.life.shipments)
        return _let_go(task, SHIPPED_ELSEWHERE if elsewhere else EDITED)
    lines = {line: n - less.get(line, 0) for line, n in task.lines.items() if n > less.get(line, 0)}
    return task.model_copy(update={"lines": lines, "revision": task.revision + (1 if task.asked else 0)})


def _refused_lines(life: OrderLife) -> set[str]:
    refused = (task for task in life.tasks if task.cancel_refused or task.amend_refused)
    return {line for task in refused for line in task.remaining}


def names(draft: Draft) -> dict[str, str]:
    """What people call the order's lines."""
    return {line.id: line.title for line in draft.order.lines}


def after_cancel(draft: Draft) -> tuple[Shipped, ...]:
    """What left of a cancelled order without the shop knowing it in time: it is no sale until a person says so."""
    life = draft.life
    if life.cancellation is None or "shipped_after_cancel" in life.waived:
        return ()
    late = life.cancellation.by is CancelledBy.ERP
    return tuple(
        one
        for one in life.shipments
        if not one.cancelled and not one.told and (not late or one.shipped_at >= life.cancellation.at)
    )


def open_lines(draft: Draft) -> bool:
    """Whether anything is still to leave, or was never placed."""
    gone = left(draft.life)
    return bool(live_tasks(draft.life)) or any(
        line.current_quantity > gone.get(line.id, 0) for line in shippable(draft.order)
    )
