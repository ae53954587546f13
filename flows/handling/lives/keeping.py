"""Keeping what became of lives: one transaction for the life, its effects, its audit, and what follows from it."""

from collections.abc import Sequence

from canonical.errors import CrossdockError
from canonical.life import CancelledBy, Done, OrderLife
from canonical.order import Order
from canonical.outcomes import AwaitingAck
from canonical.records import (
    AuditEntry,
    Batch,
    Case,
    CaseClosing,
    CaseKind,
    CrossReference,
    Delivery,
    EffectUpdate,
    LifeRecord,
    Message,
    MessageVerdict,
    OrderRecord,
    Reservation,
)
from canonical.rules.lifecycle import is_open, stage_of
from canonical.rules.lifecycle.facts import Waits
from canonical.rules.lifecycle.pieces import live_tasks
from canonical.states import EffectState, OrderState
from canonical.steps import Operation
from flows.handling.lives.papers import LifePaper, Sending
from flows.handling.reserving import doubt, marks, reservations_of
from flows.runtime import Runtime


class LifeDrafts:
    """Collects what a wave or a batch wants to write, and commits it."""

    def __init__(self, rt: Runtime, owner: str) -> None:
        self.rt, self.owner = rt, owner
        self.messages: list[MessageVerdict] = []
        self.orders: list[OrderRecord] = []
        self.effects: list[EffectUpdate] = []
        self.references: list[CrossReference] = []
        self.audit: list[AuditEntry] = []
        self.cases: list[Case] = []
        self.closings: list[CaseClosing] = []
        self.reservations: list[Reservation] = []
        self.whole: list[tuple[str, str]] = []
        self.ended: list[tuple[str, str, str]] = []
        self.deliveries: list[Delivery] = []
        self.given_back: list[Order] = []

    def settled(self, sending: Sending, done: Done) -> None:
        """The other side did it."""
        paper, step = sending.paper, sending.step
        known = sending.effect is not None and sending.effect.state is EffectState.SETTLED
        if not known:
            update = EffectUpdate(
                key=step.key, state=EffectState.SETTLED, external_id=done.id, external_number=done.number
            )
            self.effects.append(update)
            self.note(paper, step.operation.value, {"about": step.subject, "id": done.id, "number": done.number})
        if step.operation is Operation.CANCEL_SALE:
            self._cancelled(paper)

    def awaiting(self, sending: Sending, taken: AwaitingAck) -> None:
        """It was taken, and is answered later: overdue after the deadline."""
        key = sending.step.key
        self.effects.append(EffectUpdate(key=key, state=EffectState.AWAITING_ACK, ack_deadline=taken.deadline))
        detail: dict[str, object] = {"about": sending.step.subject, "reference": taken.reference}
        self.note(sending.paper, f"{sending.step.operation.value}.sent", detail)

    def refused(self, sending: Sending, error: CrossdockError) -> None:
        """The other side, a gate or a rule says no. The plan says what follows."""
        update = EffectUpdate(
            key=sending.step.key, state=EffectState.FAILED, error_code=error.code, error=error.words[:500]
        )
        self.effects.append(update)
        detail: dict[str, object] = {"about": sending.step.subject, "reason": error.code}
        self.note(sending.paper, f"{sending.step.operation.value}.refused", detail)

    def later(self, sending: Sending) -> None:
        """It was not done now. What surely did not arrive counts as not sent."""
        if not getattr(sending.later, "maybe_applied", False):
            self.effects.append(EffectUpdate(key=sending.step.key, state=EffectState.INTENDED))

    def note(self, paper: LifePaper, action: str, detail: dict[str, object]) -> None:
        """A line of the audit."""
        self.audit.append(
            AuditEntry(
                at=self.rt.now(),
                actor="crossdock",
                action=action,
                scope=paper.scope,
                aggregate_key=paper.aggregate_key,
                correlation_id=paper.correlation_id,
                detail={"document": paper.label, **detail},
            )
        )

    def wait(self, paper: LifePaper, waits: Sequence[Waits], error: CrossdockError | None = None) -> None:
        """What an order waits for is a case each; what it waits for no more is closed."""
        cases = [self._case(paper, one) for one in waits]
        if error is not None:
            words = Waits(error.code, error.words, error.way_out or "Repair the cause, then release.", "integration")
            cases.append(self._case(paper, words, CaseKind.QUARANTINED))
        self.cases += cases
        codes, life = tuple(sorted({case.reason_code for case in cases})), paper.life
        own = tuple(code for code in (life.waiting if life else ()) if code not in codes)
        if life is not None:
            paper.take(life.model_copy(update={"waiting": codes}))
        if own:
            self.closings.append(
                CaseClosing(aggregate_key=paper.aggregate_key, reason_codes=own, closed_by="crossdock", note="goes on")
            )

    def released(self, paper: LifePaper) -> None:
        """A message that a gate stopped for what a person has released is heard once more: it may pass now."""
        if paper.released:
            self.closings.append(
                CaseClosing(
                    aggregate_key=paper.aggregate_key,
                    reason_codes=paper.released,
                    keep=paper.life.waiting if paper.life else (),
                    closed_by="crossdock",
                    note="released",
                    release_messages=True,
                )
            )

    def unreadable(self, paper: LifePaper, message: Message, error: CrossdockError) -> None:
        """A message that nobody can read or place: it waits alone, with the reason."""
        waits = Waits(error.code, error.words, error.way_out or "Repair the message's source.", "integration")
        case = self._case(paper, waits, CaseKind.QUARANTINED)
        document = error.document or message.delivery_key
        self.cases.append(case.model_copy(update={"document": document}))

    def _case(self, paper: LifePaper, waits: Waits, kind: CaseKind = CaseKind.HELD) -> Case:
        return Case(
            kind=kind,
            scope=paper.scope,
            aggregate_key=paper.aggregate_key,
            correlation_id=paper.correlation_id,
            document=f"order {paper.label}",
            reason_code=waits.code,
            words=waits.words[:2000],
            way_out=waits.way_out,
            owner=waits.owner,
            opened_at=self.rt.now(),
            release_at=waits.at,
        )

    def relocated(self, paper: LifePaper) -> None:
        """Requests of the shop have moved: what waits is reserved where it waits now."""
        record, order = paper.record, paper.order
        if record is None or order is None or record.state is OrderState.CANCELLED or order.cancelled_at is not None:
            return
        known = Order.model_validate_json(record.document)
        if known.fulfillment_orders == order.fulfillment_orders:
            return
        self.orders.append(record.model_copy(update={"document": order.model_dump_json().encode()}))
        self.reservations += reservations_of(self.rt, order, record)
        self.whole.append((record.scope, record.order_id))
        version = paper.life.version if paper.life else 0
        self.deliveries += marks(self.rt, [order, known], None, f"relocated/{record.order_id}/{version}")

    def undone(self, paper: LifePaper) -> None:
        """The ERP undid the sale by itself, the shop followed, and every warehouse let go."""
        life, order = paper.life, paper.order
        if life is None or order is None or order.cancelled_at is None or live_tasks(life):
            return
        if life.cancellation is not None and life.cancellation.by is CancelledBy.ERP:
            self._cancelled(paper)

    def _cancelled(self, paper: LifePaper) -> None:
        """The ERP undid the sale: nothing of it is reserved, and its figures are computed again."""
        record, order = paper.record, paper.order
        if record is None or order is None or record.state is OrderState.CANCELLED:
            return
        paper.record = record.model_copy(update={"state": OrderState.CANCELLED})
        self.orders.append(paper.record)
        self.ended.append((record.scope, record.order_id, "cancelled"))
        self.deliveries += marks(self.rt, [order], None, f"life-cancelled/{record.order_id}")
        self.given_back.append(order)

    async def commit(self, papers: Sequence[LifePaper]) -> None:
        """Write it all, with every life that changed. Raises `ConflictError` when one moved on, or the lease did."""
        lives = [self._record(paper) for paper in papers if paper.dirty and paper.life is not None]
        batch = Batch(
            owner=self.owner,
            messages=tuple(self.messages),
            orders=tuple(self.orders),
            lives=tuple(lives),
            reservations=tuple(self.reservations),
            reserved_whole=tuple(self.whole),
            end_reservations=tuple(self.ended),
            close_cases=tuple(self.closings),
            open_cases=tuple(self.cases),
            effects=tuple(self.effects),
            references=tuple(self.references),
            audit=tuple(self.audit),
            deliveries=tuple(self.deliveries),
        )
        if batch == Batch(owner=self.owner):
            return
        await self.rt.store.commit(batch)
        by_key = {record.aggregate_key: record for record in lives}
        for paper in papers:
            if paper.aggregate_key in by_key:
                paper.kept, paper.dirty = by_key[paper.aggregate_key], False
        await doubt(self.rt, self.given_back)

    def _record(self, paper: LifePaper) -> LifeRecord:
        assert paper.life is not None
        version = (paper.kept.version if paper.kept else 0) + 1
        life = paper.life.model_copy(update={"version": version, "updated_at": self.rt.now()})
        paper.life = life
        return life_record(life, paper, self.rt)


def life_record(life: OrderLife, paper: LifePaper, rt: Runtime) -> LifeRecord:
    """The row of a life."""
    order = paper.order
    return LifeRecord(
        scope=life.shop,
        order_id=life.order_id,
        name=life.order_name,
        aggregate_key=paper.aggregate_key,
        correlation_id=paper.correlation_id,
        version=life.version,
        stage=stage_of(order, life),
        open=is_open(order, life) or paper.look_at is not None,  # something is still to be done for it
        look_at=paper.look_at,
        started_at=life.started_at,
        updated_at=rt.now(),
        document=life.model_dump_json(exclude_defaults=True).encode(),
    )
