"""What the channel, the warehouses and approvers say of returns, folded into the life of the order.

Everything may be told twice, late and in any order; what is known already changes nothing.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from canonical.approvals import Approval, ApprovalState
from canonical.life import Arrival, ArrivedLine, OrderLife, ReturnedLine, ReturnLife, Settling
from canonical.returns import Disposition, Refund, Return, ReturnStatus
from canonical.rules.lifecycle.returns import naming
from canonical.rules.lifecycle.returns.belonging import place_of
from canonical.rules.lifecycle.returns.counting import BY_ITEM, recounted
from canonical.rules.lifecycle.returns.stages import placed
from canonical.states import ReturnState
from canonical.warehouse import EventLine, WarehouseEvent, WarehouseEventKind

_OVER = (ReturnStatus.DECLINED, ReturnStatus.CANCELLED)


def hear_return(life: OrderLife, told: Return, now: datetime) -> OrderLife:
    """A return as the channel has it: asked, agreed to, declined, cancelled or closed; its lines and exchanges."""
    known = life.return_(told.id) or _new(told.id, ReturnState.REQUESTED, told.requested_at or now)
    if known.channel_status in _OVER:
        return life
    before = {line.return_line_id: line for line in known.lines}
    loose = {line.line_id: line for line in known.lines if line.return_line_id is None}
    lines = []
    for one in told.lines:
        line = before.get(one.id) or loose.pop(one.line_id, None) or ReturnedLine(line_id=one.line_id)
        lines.append(
            line.model_copy(
                update={
                    "return_line_id": one.id,
                    "asked": one.quantity,
                    "processed": one.processed,
                    "reason": one.reason or line.reason,
                }
            )
        )
    changed = known.model_copy(
        update={
            "name": told.name or known.name,
            "channel_status": told.status,
            "lines": tuple(lines),
            "exchange_lines": tuple(line_id for one in told.exchanges for line_id in one.line_ids),
            "exchanges_open": sum(one.quantity for one in told.exchanges if not one.line_ids),
        }
    )
    return placed(life, recounted(changed), now)


def hear_refunds(life: OrderLife, refunds: Sequence[Refund], now: datetime) -> OrderLife:
    """All refunds of the order, whoever made them. One that nobody here made is credited after it, as a return.

    Ours are known by their id, or by our key in their note when we never heard how it went.
    """
    known = {one.id: one for one in life.refunds} | {one.id: one for one in refunds}
    if known != {one.id: one for one in life.refunds}:
        ordered = sorted(known.values(), key=lambda one: (one.created_at, one.id))
        life = life.model_copy(update={"refunds": tuple(ordered)})
    for refund in refunds:
        if any(one.refund_id == refund.id for _, one in naming.all_settlings(life)):
            continue
        ours = naming.by_note(life, refund.note)
        if ours is not None:
            return_, settling = ours
            told = settling.model_copy(update={"refund_id": refund.id})
            life = placed(life, naming.with_settling(return_, told), now)
            continue
        place = place_of(life, refund)
        if life.return_(place) is None:
            life = life.with_return(naming.alone(place, refund).model_copy(update={"updated_at": now}))
    return life


def hear_goods_back(life: OrderLife, event: WarehouseEvent) -> OrderLife:
    """Goods that came back, or what was found of them. Counted once an event; blind where nobody announced them."""
    mark = f"{event.system}/{event.id}"
    if any(mark in return_.heard for return_ in life.returns):
        return life
    arrived = _arrival(mark, event)
    if not arrived.lines:
        return life
    known = _meant(life, event, arrived) or _new(
        event.return_id or f"{naming.BLIND}{event.id}", ReturnState.RECEIVED, event.occurred_at
    )
    changed = known.model_copy(
        update={
            "arrivals": (*known.arrivals, arrived),
            "heard": (*known.heard, mark),
            "location": known.location or event.location,
        }
    )
    return placed(life, recounted(changed), max(event.occurred_at, known.updated_at))


def hear_decision(life: OrderLife, approval: Approval) -> OrderLife:
    """What an approver decided of a settling. A request that is still open, or lapsed, changes nothing."""
    for return_, settling in naming.all_settlings(life):
        if naming.approval_key(life, return_, settling) != approval.request.key:
            continue
        if settling.approved_by or settling.rejected_by or approval.request.digest != naming.paid_digest(settling):
            return life
        decided = _decided(settling, approval)
        if decided is None:
            return life
        return placed(life, naming.with_settling(return_, decided), approval.decided_at or return_.updated_at)
    return life


def approvals_over(life: OrderLife) -> tuple[OrderLife, tuple[int, ...]]:
    """The approvals whose credit memo and refund are both made, and the life without them."""
    over = [(return_, one) for return_, one in naming.all_settlings(life) if one.approval_id and one.finished]
    for return_, one in over:
        standing = life.return_(return_.id) or return_
        ended = naming.with_settling(standing, one.model_copy(update={"approval_id": None}))
        life = life.with_return(ended)
    return life, tuple(one.approval_id for _, one in over if one.approval_id)


def _decided(settling: Settling, approval: Approval) -> Settling | None:
    if approval.decided_by is None:
        return None
    if approval.state in (ApprovalState.APPROVED, ApprovalState.USED):
        return settling.model_copy(update={"approved_by": approval.decided_by, "approval_id": approval.id})
    if approval.state is ApprovalState.REJECTED:
        return settling.model_copy(update={"rejected_by": approval.decided_by})
    return None


def _new(id_: str, state: ReturnState, at: datetime) -> ReturnLife:
    return ReturnLife(id=id_, state=state, opened_at=at, updated_at=at)


def _arrival(mark: str, event: WarehouseEvent) -> Arrival:
    inspected = event.kind is WarehouseEventKind.RETURN_INSPECTED
    return Arrival(
        id=mark,
        location=event.location,
        at=event.occurred_at,
        inspected=inspected,
        lines=tuple(
            ArrivedLine(
                line_id=_place(line),
                quantity=line.quantity,
                disposition=(line.disposition or Disposition.SCRAP) if inspected else None,
            )
            for line in event.lines
            if line.quantity
        ),
    )


def _place(line: EventLine) -> str:
    return line.line_id or f"{BY_ITEM}{line.item}"


def _meant(life: OrderLife, event: WarehouseEvent, arrived: Arrival) -> ReturnLife | None:
    """The return that goods belong to: the one that is named, else one that still waits for exactly such pieces."""
    if event.return_id is not None:
        return life.return_(event.return_id)
    return next((one for one in life.returns if _expects(one, arrived)), None)


def _expects(return_: ReturnLife, arrived: Arrival) -> bool:
    if return_.channel_status not in (None, ReturnStatus.OPEN, ReturnStatus.REQUESTED) or naming.is_alone(return_):
        return False
    room: Counter[str] = Counter()
    for line in return_.lines:
        whole = max(line.asked, line.received)
        room[line.line_id] += whole - line.found if arrived.inspected else line.asked - line.received
    wanted: Counter[str] = Counter()
    for one in arrived.lines:
        wanted[one.line_id] += one.quantity
    return all(room[line_id] >= pieces for line_id, pieces in wanted.items())
