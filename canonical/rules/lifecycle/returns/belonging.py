"""Which return a refund of the shop belongs to. Refunds that somebody makes by hand name none."""

from collections import Counter

from canonical.life import OrderLife, ReturnLife, Settling
from canonical.returns import Refund, ReturnStatus
from canonical.rules.lifecycle.returns import money, naming


def place_of(life: OrderLife, refund: Refund) -> str:
    """The id of the return that a refund pays for: the one it names, the one its pieces are on the way for, or its own.

    Whoever gives money back for pieces while they are coming back pays that return: they are not paid a second time.
    """
    if refund.return_id is not None:
        return refund.return_id
    settled = next((return_.id for return_, one in naming.all_settlings(life) if one.refund_id == refund.id), None)
    if settled is not None:
        return settled
    running = (one.id for one in life.returns if _under_way(one, refund) and _pays(one, refund))
    return next(running, f"{naming.REFUND_ALONE}{refund.id}")


def unsettled(life: OrderLife, return_id: str) -> list[Refund]:
    """Refunds that belong to a return and are in no settling yet: they wait for a person."""
    known = {one.refund_id for _, one in naming.all_settlings(life)}
    return [one for one in life.refunds if one.id not in known and place_of(life, one) == return_id]


def meanwhile(life: OrderLife, return_: ReturnLife) -> Counter[str]:
    """Pieces that somebody refunded while a return was under way and that no return accounts for, by line."""
    found = Counter[str]()
    for refund in life.refunds:
        if _under_way(return_, refund) and place_of(life, refund).startswith(naming.REFUND_ALONE):
            found += pieces_of(refund)
    return found


def same_pieces(return_: ReturnLife, refund: Refund) -> Settling | None:
    """The settling of ours that pays for exactly these pieces, and was overtaken by somebody in the shop."""
    wanted = pieces_of(refund)
    for one in return_.settlings:
        if one.refund_id is None and not one.rejected and one.needs_refund and wanted and _items(one) == wanted:
            return one
    return None


def gone_already(return_: ReturnLife, settling: Settling) -> bool:
    """Whether all its pieces left the order with an exchange that the shop processed: there is nothing to refund."""
    left = Counter[str]()
    for line in return_.lines:
        left[line.line_id] += line.processed
    for one in return_.settlings:
        if one.refund_id is not None or not one.needs_refund:
            left.subtract(_items(one))
    return all(left[line_id] >= pieces for line_id, pieces in _items(settling).items())


def pieces_of(refund: Refund) -> Counter[str]:
    """Pieces of a refund by order line."""
    found = Counter[str]()
    for line in refund.lines:
        found[line.line_id] += line.quantity
    return found


def _under_way(return_: ReturnLife, refund: Refund) -> bool:
    """Whether the return was there already when the money was given back."""
    there = return_.channel_status in (ReturnStatus.REQUESTED, ReturnStatus.OPEN, ReturnStatus.CLOSED)
    return there and return_.opened_at <= refund.created_at


def _pays(return_: ReturnLife, refund: Refund) -> bool:
    """Whether all its pieces are among those that the return has still to pay, or was about to."""
    wanted = pieces_of(refund)
    if not wanted:
        return False
    if same_pieces(return_, refund) is not None:
        return True
    left = Counter[str]()
    for line in return_.lines:
        left[line.line_id] += line.asked
    for one in return_.settlings:
        left.subtract(_items(one))
    return all(left[line_id] >= pieces for line_id, pieces in wanted.items())


def _items(settling: Settling) -> Counter[str]:
    found = Counter[str]()
    for line in settling.lines:
        if line.purpose == money.ITEM:
            found[line.line_id or ""] += line.quantity
    return found
