"""Recording what became of postings: one fenced transaction a chunk, straight after the ERP answered."""

from collections.abc import Sequence
from datetime import datetime

from canonical.booking import BookedDocument
from canonical.errors import ConflictError, CrossdockError, HeldError
from canonical.order import Order
from canonical.outcomes import AwaitingAck
from canonical.records import (
    AuditEntry,
    Batch,
    Case,
    CaseKind,
    CrossReference,
    Delivery,
    EffectUpdate,
    MessageVerdict,
    OrderRecord,
)
from canonical.rules.lifecycle import booked_as
from canonical.states import EffectState, MessageState, OrderState
from flows.handling.documents import Chunk, Posting
from flows.handling.lives.messages import FULFILLMENT, START, about_order
from flows.handling.reserving import doubt, marks
from flows.handling.verdicts import BOOKED, WRITE_BACK, follow_up
from flows.runtime import Runtime

SALES_ORDER = "sales-order"


class Settlement:
    """What a chunk wants to write, collected."""

    def __init__(self, rt: Runtime, chunk: Chunk) -> None:
        self.rt, self.chunk = rt, chunk
        self.system = rt.erps[chunk.company].system
        self.messages: list[MessageVerdict] = []
        self.orders: list[OrderRecord] = []
        self.effects: list[EffectUpdate] = []
        self.references: list[CrossReference] = []
        self.cases: list[Case] = []
        self.ended: list[tuple[str, str, str]] = []
        self.clocks: list[tuple[str, str, str, datetime]] = []
        self.audit: list[AuditEntry] = []
        self.deliveries: list[Delivery] = []
        self.given_back: list[Order] = []

    def batch(self) -> Batch:
        return Batch(
            owner=self.chunk.owner,
            messages=tuple(self.messages),
            orders=tuple(self.orders),
            end_reservations=tuple(self.ended),
            open_cases=tuple(self.cases),
            effects=tuple(self.effects),
            references=tuple(self.references),
            stop_clocks=tuple(self.clocks),
            audit=tuple(self.audit),
            deliveries=tuple(self.deliveries),
        )

    def booked(self, posting: Posting, record: OrderRecord, booked: BookedDocument) -> None:
        """The order is in the ERP: effect settled, ids saved, clock stopped, number on its way back to the channel."""
        now = self.rt.now()
        digest = posting.document.digest if posting.document is not None else record.booked_digest
        posted = record.model_copy(
            update={
                "state": OrderState.POSTED,
                "posted_at": now,
                "external_id": booked.id,
                "external_number": booked.number,
                "booked_digest": digest,
            }
        )
        posting.verdict = "posted"
        self.orders.append(posted)
        self.effects.append(
            EffectUpdate(
                key=posting.key, state=EffectState.SETTLED, external_id=booked.id, external_number=booked.number
            )
        )
        self.references.append(self._reference(record, booked))
        self.clocks.append((record.scope, record.aggregate_key, BOOKED, now))
        self.note(
            record,
            "order.posted",
            {
                "system": self.system,
                "id": booked.id,
                "number": booked.number,
                "total": str(booked.total),
                "rounding": str(booked.rounding) if booked.rounding else None,
                "found": not booked.created,
            },
        )
        if self.rt.landscape.shop(record.scope).orders.write_back:
            self.deliveries.append(follow_up(self.rt, posted, WRITE_BACK, str(posting.message.seq)))
        if self.rt.ships(self.chunk.company):
            self.deliveries.append(self._start(posting, posted))
        self.done(posting)

    def _start(self, posting: Posting, posted: OrderRecord) -> Delivery:
        """The order may be shipped; its life hears what the sale holds."""
        sold = booked_as(posting.order or Order.model_validate_json(posted.document))
        return about_order(posted, START, FULFILLMENT, str(posting.message.seq), self.rt.now(), **sold)

    def _reference(self, record: OrderRecord, booked: BookedDocument) -> CrossReference:
        return CrossReference(
            scope=record.scope,
            kind=SALES_ORDER,
            left_system=self.rt.landscape.shop(record.scope).channel,
            left_id=record.order_id,
            right_system=self.system,
            right_id=f"{self.chunk.company}/{booked.id}",
            label=f"{record.name} = {booked.number or booked.id}",
        )

    def awaiting(self, posting: Posting, record: OrderRecord, taken: AwaitingAck) -> None:
        """The ERP took it and answers later; the sweep reads it back, and it is overdue after its deadline."""
        posting.verdict = "awaiting_ack"
        self.effects.append(EffectUpdate(key=posting.key, state=EffectState.AWAITING_ACK, ack_deadline=taken.deadline))
        self.note(record, "order.sent", {"system": self.system, "reference": taken.reference})
        self.done(posting)

    def cancelled(self, posting: Posting, record: OrderRecord, effect_key: str) -> None:
        posting.verdict = "cancelled"
        self.orders.append(record.model_copy(update={"state": OrderState.CANCELLED}))
        self.effects.append(EffectUpdate(key=effect_key, state=EffectState.SETTLED, external_id=record.external_id))
        self.ended.append((record.scope, record.order_id, "cancelled"))
        order = Order.model_validate_json(record.document)
        self.deliveries += marks(self.rt, [order], None, f"cancelled/{posting.message.seq}")
        self.given_back.append(order)
        self.note(record, "order.cancelled", {"after": "posting", "system": self.system, "id": record.external_id})
        self.done(posting)

    def stopped(self, posting: Posting, record: OrderRecord, error: CrossdockError, effect_key: str | None) -> None:
        """The order waits for a person: held on a rule or a conflict, quarantined on wrong data."""
        held = isinstance(error, HeldError | ConflictError)
        state = OrderState.HELD if held else OrderState.QUARANTINED
        posting.verdict, posting.error = state.value, error
        if record.state != OrderState.POSTED:
            self.orders.append(record.model_copy(update={"state": state}))
        if effect_key is not None:
            self.effects.append(
                EffectUpdate(key=effect_key, state=EffectState.FAILED, error_code=error.code, error=error.words)
            )
        self.cases.append(
            Case(
                kind=CaseKind.HELD if held else CaseKind.QUARANTINED,
                scope=record.scope,
                aggregate_key=record.aggregate_key,
                correlation_id=record.correlation_id,
                document=f"order {record.name}",
                reason_code=error.code,
                words=error.words,
                way_out=error.way_out or "Repair the cause, then release the case.",
                owner="operations" if held else "integration",
                opened_at=self.rt.now(),
            )
        )
        self.note(record, f"order.{state.value}", {"reasons": [error.code], "system": self.system})
        self.done(posting)

    def note(self, record: OrderRecord, action: str, detail: dict[str, object]) -> None:
        self.audit.append(
            AuditEntry(
                at=self.rt.now(),
                actor="crossdock",
                action=action,
                scope=record.scope,
                aggregate_key=record.aggregate_key,
                correlation_id=record.correlation_id,
                detail={"document": record.name, **detail},
            )
        )

    def done(self, posting: Posting) -> None:
        self.messages.append(
            MessageVerdict(seq=posting.message.seq, state=MessageState.DONE, reason=posting.verdict or None)
        )


async def settle(rt: Runtime, chunk: Chunk, postings: Sequence[Posting], *, cancelled: str | None = None) -> None:
    """Write every posting that has an outcome; one without stays claimed for the next try."""
    work = Settlement(rt, chunk)
    for posting in postings:
        record = posting.record
        if record is None:
            continue
        if cancelled is not None:
            work.cancelled(posting, record, cancelled)
        elif posting.booked is not None:
            work.booked(posting, record, posting.booked)
        elif posting.awaiting is not None:
            work.awaiting(posting, record, posting.awaiting)
        elif posting.error is not None:
            sent = posting.effect is not None and posting.effect.state != EffectState.SETTLED
            work.stopped(posting, record, posting.error, posting.key if sent else None)
    if work.messages:
        await rt.store.commit(work.batch())
        await doubt(rt, work.given_back)


async def stop(rt: Runtime, chunk: Chunk, posting: Posting, error: CrossdockError, *, effect_key: str) -> None:
    """Hold or quarantine one posting alone."""
    if posting.record is not None:
        work = Settlement(rt, chunk)
        work.stopped(posting, posting.record, error, effect_key)
        await rt.store.commit(work.batch())


async def close_without_booking(rt: Runtime, chunk: Chunk) -> None:
    """End the messages of postings that need no ERP call: nothing to do, or not bookable as they are."""
    work = Settlement(rt, chunk)
    for posting in chunk.postings:
        if posting.closed:
            continue
        if posting.verdict == "nothing to do":
            work.done(posting)
            posting.closed = True
        elif posting.error is not None and posting.record is not None and posting.verdict == "":
            work.stopped(posting, posting.record, posting.error, None)
            posting.closed = True
    if work.messages:
        await rt.store.commit(work.batch())


async def give_back(rt: Runtime, chunk: Chunk, error: CrossdockError, *, not_before: datetime, count: bool) -> None:
    """Return what is left of a chunk to the inbox, to be claimed again after the moment given (UTC)."""
    verdicts = tuple(
        MessageVerdict(
            seq=p.message.seq, state=MessageState.READY, reason=error.code, not_before=not_before, count_attempt=count
        )
        for p in chunk.open()
    )
    if verdicts:
        await rt.store.commit(Batch(owner=chunk.owner, messages=verdicts))
