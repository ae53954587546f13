"""Deciding and recording: every document of an intake batch ends in a state, with its reasons, in one transaction."""

from datetime import datetime, timedelta

from canonical.booking import SalesOrderDocument
from canonical.errors import CrossdockError, HeldError
from canonical.ids import aggregate_key
from canonical.mapping.usage import REASON_KINDS
from canonical.model import Code, Model, Text, Utc
from canonical.order import Order, TransactionKind
from canonical.records import (
    AuditEntry,
    Batch,
    Case,
    CaseClosing,
    CaseKind,
    Clock,
    Delivery,
    MessageVerdict,
    OrderRecord,
    Reservation,
)
from canonical.rules.booking import sales_order_document
from canonical.rules.changes import booked_changes
from canonical.rules.order_checks import decide
from canonical.rules.verdicts import Decision, Verdict
from canonical.states import MessageState, OrderState
from flows.handling.documents import IntakeBatch, OrderDocument
from flows.handling.lives.messages import CHANGED as CHANGED_AT_SHOP
from flows.handling.lives.messages import FULFILLMENT, LOOK, RETURNS, about_order
from flows.handling.own_messages import own_message
from flows.handling.reserving import before, doubt, gave_back, marks, reservations_of
from flows.handling.unexpected import contained
from flows.runtime import Runtime

POST, CANCEL, WRITE_BACK = "order/post", "order/cancel", "order/write-back"
BOOKED = "booked"
"""The SLA clock from the first webhook to the ERP document."""
CHANGED = "changed_after_posting"
"""Waived, it means: a person brought the ERP document in line, so today's content counts as what is booked."""
MAPPING_REASONS = tuple(REASON_KINDS)
"""Why an order waits for a mapping: once it is there, the order goes on by itself."""


class Drafts:
    """Collects what a batch wants to write, and becomes one `Batch`."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.messages: list[MessageVerdict] = []
        self.orders: list[OrderRecord] = []
        self.open_cases: list[Case] = []
        self.close_cases: list[CaseClosing] = []
        self.clocks: list[Clock] = []
        self.ended: list[tuple[str, str, str]] = []
        self.reservations: list[Reservation] = []
        self.whole: list[tuple[str, str]] = []
        self.moved: list[Order] = []
        self.given_back: list[Order] = []
        self.audit: list[AuditEntry] = []
        self.deliveries: list[Delivery] = []

    def reserve(self, rt: Runtime, order: Order) -> None:
        """What the order takes of stock now, and nothing else."""
        if order.cancelled_at is None:
            self.reservations += reservations_of(rt, order)
            self.whole.append((order.shop, order.id))
        else:
            self.ended.append((order.shop, order.id, "cancelled"))

    def move(self, order: Order, known: OrderRecord | None) -> None:
        """The figures behind the order, and behind what it was, are computed again."""
        self.moved += (order, *before(known))
        if gave_back(order, known):
            self.given_back += before(known)

    def batch(self) -> Batch:
        return Batch(
            owner=self.owner,
            messages=tuple(self.messages),
            orders=tuple(self.orders),
            reservations=tuple(self.reservations),
            reserved_whole=tuple(self.whole),
            end_reservations=tuple(self.ended),
            open_cases=tuple(self.open_cases),
            close_cases=tuple(self.close_cases),
            start_clocks=tuple(self.clocks),
            audit=tuple(self.audit),
            deliveries=tuple(self.deliveries),
        )


async def check_and_record(rt: Runtime, batch: IntakeBatch, run_id: str | None) -> None:
    """Decide every open document, then write the whole batch in one fenced transaction.

    Raises `ConflictError` when the lease was lost; then nothing was written and another worker has the messages.
    """
    drafts = Drafts(batch.owner)
    for document in batch.documents:
        try:
            _decide(rt, document, drafts, run_id)
        except Exception as error:  # noqa: BLE001 - one document's defect is its own
            document.error = contained(error, document.label)
        if document.error is not None:
            _stop(rt, document, document.error, drafts, run_id)
        elif document.unreadable:
            _set_aside(rt, document, drafts)
    drafts.deliveries += marks(rt, drafts.moved, batch, f"checked/{batch.messages[0].seq}")
    await rt.store.commit(drafts.batch())
    await doubt(rt, drafts.given_back)


def _decide(rt: Runtime, document: OrderDocument, drafts: Drafts, run_id: str | None) -> None:
    if document.error is not None:
        return
    if document.verdict or document.order is None:
        _done(document, drafts)
        if document.verdict == "superseded":
            _audit(rt, document, drafts, "order.superseded", {})
        return
    record, order = document.record, document.order
    if record is not None and record.state in (OrderState.POSTED, OrderState.CLOSED):
        _after_posting(rt, document, record, order, drafts, run_id)
        return
    waived = tuple(dict.fromkeys((record.waived if record else ()) + document.waive))
    decision = decide(order, rt.mappings, rt.landscape.shop(order.shop), now=rt.now(), waived=frozenset(waived))
    _apply(rt, document, order, decision, waived, drafts, run_id)


def _apply(
    rt: Runtime,
    document: OrderDocument,
    order: Order,
    decision: Decision,
    waived: tuple[str, ...],
    drafts: Drafts,
    run_id: str | None,
) -> None:
    state, findings = decision.state, decision.blocking
    document.verdict = state.value
    document.reasons = [f"{f.code}: {f.words}" for f in findings]
    record = _record(rt, document, order, state, waived, run_id)
    drafts.orders.append(record)
    codes = [f.code for f in findings]
    _audit(rt, document, drafts, f"order.{state.value}", {"reasons": codes, "waived": list(waived), "run": run_id})
    if document.record is not None:
        drafts.close_cases.append(
            CaseClosing(aggregate_key=record.aggregate_key, keep=tuple(codes), closed_by="crossdock", note=state.value)
        )
    if state in (OrderState.HELD, OrderState.QUARANTINED):
        kind = CaseKind.HELD if state == OrderState.HELD else CaseKind.QUARANTINED
        drafts.open_cases.extend(_case(rt, document, kind, _reason_of(f)) for f in findings)
    if state == OrderState.ACCEPTED:
        drafts.deliveries.append(follow_up(rt, record, POST, str(document.messages[-1].seq)))
    if state != OrderState.SKIPPED:  # by now the channel has chosen the locations
        drafts.reserve(rt, order)
    drafts.move(order, document.record)
    if document.record is None:
        drafts.clocks.append(_clock(rt, document))
    _done(document, drafts)


def _after_posting(
    rt: Runtime, document: OrderDocument, record: OrderRecord, order: Order, drafts: Drafts, run_id: str | None
) -> None:
    """A later version of a booked order: a cancel goes to the ERP, a change of what was booked is held."""
    document.verdict = "noted"
    newer = record.model_copy(update={"updated_at": order.updated_at, "document": _json(order), "run_id": run_id})
    if order.cancelled_at is not None:
        document.verdict = "cancel"
        if not rt.ships(rt.landscape.shop(order.shop).company):
            drafts.deliveries.append(follow_up(rt, newer, CANCEL, str(document.messages[-1].seq)))
    elif rt.ships(rt.landscape.shop(order.shop).company):
        document.verdict = "noted"  # its life makes the sale what the order is now, or says what keeps it from that
    elif CHANGED in document.waive or _only_paid(rt, record, order):
        newer = newer.model_copy(update={"booked_digest": booking_of(rt, order).digest})
        drafts.close_cases.append(_caught_up(record))
    elif changes := _booked_changes(rt, record, order):
        document.verdict, document.reasons = OrderState.HELD.value, changes
        held = HeldError(
            "the order changed after it was booked: " + "; ".join(changes),
            code=CHANGED,
            way_out="Change the ERP document by hand and release, or cancel and place the order again.",
        )
        drafts.open_cases.append(_case(rt, document, CaseKind.HELD, _reason_in(held, "operations")))
    else:
        drafts.close_cases.append(_caught_up(record))
    if document.recheck:  # a refused write-back goes out again; one that is settled is skipped by the ledger
        drafts.deliveries.append(follow_up(rt, newer, WRITE_BACK, str(document.messages[-1].seq)))
    if order.cancelled_at is None:  # what is fulfilled or edited at the channel, it does not count as committed
        drafts.reserve(rt, order)
        drafts.move(order, record)
    drafts.orders.append(newer)
    drafts.deliveries += _to_its_life(rt, document, newer, order)
    _audit(rt, document, drafts, f"order.{document.verdict}", {"after": "posting", "changes": document.reasons})
    _done(document, drafts)


def _to_its_life(rt: Runtime, document: OrderDocument, record: OrderRecord, order: Order) -> list[Delivery]:
    """What is shipped and taken back hears of the change, where we see to that."""
    if not rt.ships(rt.landscape.shop(order.shop).company):
        return []
    refunded = any(one.kind is TransactionKind.REFUND for one in order.transactions)
    refunded = refunded or any(message.topic.startswith("refunds/") for message in document.messages)
    cause, topic = str(document.messages[-1].seq), LOOK if document.recheck else CHANGED_AT_SHOP
    return [
        about_order(record, topic, kind, cause, rt.now(), retry=document.recheck, waive=document.waive)
        for kind in ((FULFILLMENT, RETURNS) if refunded or document.recheck else (FULFILLMENT,))
    ]


def _caught_up(record: OrderRecord) -> CaseClosing:
    """The order is again what was booked: what waited for that waits no more."""
    reasons = (CHANGED, *MAPPING_REASONS)
    return CaseClosing(aggregate_key=record.aggregate_key, reason_codes=reasons, closed_by="crossdock", note="noted")


def _booked_changes(rt: Runtime, record: OrderRecord, order: Order) -> list[str]:
    """What of the booked content changed, in words; empty when the ERP document would come out the same."""
    document = booking_of(rt, order)
    if record.booked_digest is None or document.digest == record.booked_digest:
        return []
    before = Order.model_validate_json(record.document)
    return [change.words for change in booked_changes(before, order)] or ["the document to book is another one"]


def _only_paid(rt: Runtime, record: OrderRecord, order: Order) -> bool:
    """Whether nothing changed since it was booked but how it is paid: authorised money was captured, say."""
    booked, now = booking_of(rt, Order.model_validate_json(record.document)), booking_of(rt, order)
    as_booked = booked.digest == record.booked_digest and booked.tenders != now.tenders
    return as_booked and booked.model_copy(update={"tenders": now.tenders}).digest == now.digest


def booking_of(rt: Runtime, order: Order, warehouse: str | None = None) -> SalesOrderDocument:
    """The ERP document of an order by today's mappings, at the warehouse we decided on, if any.

    Raises `HeldError` or `RejectedError` with the reason.
    """
    return sales_order_document(order, rt.mappings, rt.landscape.company_of(order.shop), warehouse)


def _stop(rt: Runtime, document: OrderDocument, error: CrossdockError, drafts: Drafts, run_id: str | None) -> None:
    """A document with an error waits for a person: quarantined when its data is wrong, held when a rule says so."""
    held = isinstance(error, HeldError)
    state = OrderState.HELD if held else OrderState.QUARANTINED
    document.verdict, document.reasons = state.value, [f"{error.code}: {error.words}"]
    if document.order is not None and (document.record is None or document.record.state != OrderState.POSTED):
        drafts.orders.append(_record(rt, document, document.order, state, document.waive, run_id))
    kind = CaseKind.HELD if held else CaseKind.QUARANTINED
    drafts.open_cases.append(_case(rt, document, kind, _reason_in(error, "integration")))
    _audit(rt, document, drafts, f"order.{state.value}", {"reasons": [error.code], "run": run_id})
    if document.record is None:
        drafts.clocks.append(_clock(rt, document))
    target = MessageState.HELD if held else MessageState.QUARANTINED
    drafts.messages.extend(MessageVerdict(seq=m.seq, state=target, reason=error.code) for m in document.messages)


def _done(document: OrderDocument, drafts: Drafts) -> None:
    aside = {message.seq for message, _ in document.unreadable}
    drafts.messages.extend(
        MessageVerdict(seq=m.seq, state=MessageState.DONE, reason=document.verdict or None)
        for m in document.messages
        if m.seq not in aside
    )


def _set_aside(rt: Runtime, document: OrderDocument, drafts: Drafts) -> None:
    """The order went on with what its other messages told; those nobody could read are quarantined by themselves."""
    for message, error in document.unreadable:
        drafts.messages.append(MessageVerdict(seq=message.seq, state=MessageState.QUARANTINED, reason=error.code))
        drafts.open_cases.append(_case(rt, document, CaseKind.QUARANTINED, _reason_in(error, "integration")))


def _record(
    rt: Runtime, document: OrderDocument, order: Order, state: OrderState, waived: tuple[str, ...], run_id: str | None
) -> OrderRecord:
    known = document.record
    return OrderRecord(
        scope=order.shop,
        order_id=order.id,
        name=order.name,
        aggregate_key=document.aggregate_key,
        correlation_id=document.correlation_id,
        customer_key=_customer_key(rt, order),
        state=state,
        updated_at=order.updated_at,
        received_at=known.received_at if known else document.messages[0].received_at,
        external_id=known.external_id if known else None,
        external_number=known.external_number if known else None,
        run_id=run_id,
        waived=waived,
        document=_json(order),
    )


def _customer_key(rt: Runtime, order: Order) -> str:
    """What may not race in the ERP: the customer; a guest order stands for itself."""
    company = rt.landscape.shop(order.shop).company
    if order.company is not None:
        return aggregate_key(company, "customer", f"{order.shop}/company/{order.company.id}")
    if order.customer is not None:
        return aggregate_key(company, "customer", f"{order.shop}/{order.customer.id}")
    return aggregate_key(company, "customer", f"{order.shop}/guest/{order.id}")


def follow_up(rt: Runtime, record: OrderRecord, topic: str, cause: str) -> Delivery:
    """Work that follows from a message, as a message of our own in the same inbox (committed with its cause)."""
    company = rt.landscape.shop(record.scope).company
    write_back = topic == WRITE_BACK
    kind, name = f"write-back.{record.scope}" if write_back else f"post.{company}", f"{topic}/{record.order_id}/{cause}"
    behind = None if write_back else record.customer_key
    return own_message(record, topic, kind, name, rt.now(), {"order": record.aggregate_key}, aggregate=behind)


class Reason(Model):
    """Why a document waits, wherever that was found: by a check, a gate, a translation or a system."""

    code: Code
    words: Text
    way_out: str | None
    owner: Code
    release_at: Utc | None = None


def _reason_of(finding: Verdict) -> Reason:
    return Reason(
        code=finding.code,
        words=finding.words,
        way_out=finding.way_out,
        owner=finding.owner.value,
        release_at=finding.release_at,
    )


def _reason_in(error: CrossdockError, owner: str) -> Reason:
    return Reason(code=error.code, words=error.words, way_out=error.way_out, owner=owner)


def _case(rt: Runtime, document: OrderDocument, kind: CaseKind, reason: Reason) -> Case:
    return Case(
        kind=kind,
        scope=document.scope,
        aggregate_key=document.aggregate_key,
        correlation_id=document.correlation_id,
        document=f"order {document.label}",
        reason_code=reason.code,
        words=reason.words,
        way_out=reason.way_out,
        owner=reason.owner,
        opened_at=rt.now(),
        release_at=reason.release_at,
    )


def _clock(rt: Runtime, document: OrderDocument) -> Clock:
    started: datetime = document.messages[0].received_at
    return Clock(
        scope=document.scope,
        aggregate_key=document.aggregate_key,
        name=BOOKED,
        started_at=started,
        due_at=started + timedelta(seconds=rt.settings.posting_goal_seconds),
    )


def _audit(rt: Runtime, document: OrderDocument, drafts: Drafts, action: str, detail: dict[str, object]) -> None:
    drafts.audit.append(
        AuditEntry(
            at=rt.now(),
            actor="crossdock",
            action=action,
            scope=document.scope,
            aggregate_key=document.aggregate_key,
            correlation_id=document.correlation_id,
            detail={"document": document.label, **detail},
        )
    )


def _json(order: Order) -> bytes:
    return order.model_dump_json().encode()
