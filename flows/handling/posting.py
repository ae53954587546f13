"""Posting: accepted orders become ERP documents, once each, whatever dies in between.

    load -> prepare -> post

Posting is an effect: its intent is committed first, then `sent`, then the ERP is called, then one transaction settles
the effect, saves the cross reference, stops the clock and ends the message. What a dead worker left at `sent` is read
back by its key before anything is sent again; the ERP's own unique key is the second lock on the same door.
"""

from collections.abc import Sequence
from datetime import datetime

import orjson

from canonical.booking import BookedDocument, CustomerRef, DocumentStatus, SalesOrderDocument
from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RetryableError
from canonical.ids import effect_key
from canonical.order import Order
from canonical.outcomes import AwaitingAck, Failed, Outcome, Settled
from canonical.records import Effect, EffectIntent, EffectUpdate, Message
from canonical.states import EffectState, OrderState
from flows.handling.bookings import close_without_booking, settle, stop
from flows.handling.documents import Chunk, Posting
from flows.handling.lives.placing import begin_lives
from flows.handling.unexpected import contained
from flows.handling.verdicts import POST, booking_of
from flows.runtime import Runtime

CREATE = "sales-order.create"


async def load(rt: Runtime, messages: Sequence[Message]) -> list[Posting]:
    """The orders behind claimed posting messages, in the order in which the orders arrived.

    Not in that of the messages: two intakes side by side may accept a customer's orders the other way round.
    """
    asked = [str(orjson.loads(m.body)["order"]) for m in messages]
    records = await rt.store.orders(asked)
    postings = [Posting(message, records.get(key)) for message, key in zip(messages, asked, strict=True)]
    return sorted(postings, key=_arrival)


def _arrival(posting: Posting) -> datetime:
    return posting.record.received_at if posting.record is not None else posting.message.received_at


async def prepare(rt: Runtime, chunk: Chunk) -> None:
    """Build each order's ERP document. One that cannot be built is held or quarantined alone.

    An order that is no longer accepted (cancelled, held meanwhile, already posted) needs no posting: its message ends.
    """
    seen: set[str] = set()
    for posting in chunk.postings:
        record = posting.record
        if posting.message.topic != POST:
            continue
        if record is None or record.state != OrderState.ACCEPTED or record.aggregate_key in seen:
            posting.verdict = "nothing to do"
            continue
        seen.add(record.aggregate_key)
        try:
            posting.order = Order.model_validate_json(record.document)
        except Exception as error:  # noqa: BLE001 - one document's defect is its own
            posting.error = contained(error, f"order {posting.label}")
    places = await begin_lives(rt, chunk)
    for posting in [p for p in chunk.postings if p.order is not None and p.record is not None]:
        try:
            assert posting.order is not None
            assert posting.record is not None
            posting.document = booking_of(rt, posting.order, places.get(posting.record.aggregate_key))
        except Exception as error:  # noqa: BLE001 - one document's defect is its own
            posting.error = contained(error, f"order {posting.label}")


async def close_unbookable(rt: Runtime, chunk: Chunk) -> None:
    """End what needs no ERP call, after the gate before posting has spoken."""
    await close_without_booking(rt, chunk)


async def post(rt: Runtime, chunk: Chunk) -> bool:
    """Book the open postings of the chunk in one ERP call. True when every effect of the chunk is settled.

    Raises `RetryableError` when some could not be booked now (the others are settled already; a repeat sends only
    what is left) and `MisconfiguredError` when nobody's can. Raises `ConflictError` when the lease was lost.
    """
    open_ = [p for p in chunk.open() if p.document is not None]
    if not open_:
        return all(p.verdict in ("posted", "nothing to do") for p in chunk.postings)
    effects = await rt.store.intend([_intent(rt, chunk.company, p) for p in open_])
    to_send: list[Posting] = []
    unclear: list[Posting] = []
    for posting, effect in zip(open_, effects, strict=True):
        posting.effect = effect
        _sort(posting, effect, to_send, unclear)
    if unclear:
        to_send += await _read_back(rt, chunk.company, unclear)
    later: CrossdockError | None = None
    if to_send:
        later = await _send(rt, chunk.company, to_send)
    await settle(rt, chunk, open_)
    if later is not None:
        raise later
    return all(p.verdict == "posted" for p in open_)


def _intent(rt: Runtime, company: str, posting: Posting) -> EffectIntent:
    document, record = posting.document, posting.record
    assert document is not None
    assert record is not None
    return EffectIntent(
        key=document.key,
        system=rt.erps[company].system,
        operation=CREATE,
        scope=company,
        aggregate_key=record.aggregate_key,
        correlation_id=record.correlation_id,
        request_digest=document.digest,
    )


def _sort(posting: Posting, effect: Effect, to_send: list[Posting], unclear: list[Posting]) -> None:
    """What the ledger says about one posting: send, read back first, or settled long ago."""
    document = posting.document
    assert document is not None
    same = effect.request_digest == document.digest
    if effect.state == EffectState.SETTLED:
        if not same:
            posting.error = _conflict(posting)
        else:
            posting.booked = BookedDocument(
                key=document.key,
                id=effect.external_id or effect.key,
                number=effect.external_number,
                status=DocumentStatus.PROCESSING,
                total=document.total,
                digest=document.digest,
                created=False,
            )
    elif effect.state in (EffectState.SENT, EffectState.AWAITING_ACK):
        unclear.append(posting)
    else:
        to_send.append(posting)


def _conflict(posting: Posting) -> ConflictError:
    return ConflictError(
        "the ERP already holds a document under this key with other content",
        code="booked_with_other_content",
        document=f"order {posting.label}",
        way_out="Compare the ERP document with the order; correct it there, then release.",
    )


async def _read_back(rt: Runtime, company: str, unclear: list[Posting]) -> list[Posting]:
    """Ask the ERP by key about effects whose outcome nobody saw. Returns those that were never booked."""
    found = await rt.erps[company].find_by_key([p.key for p in unclear])
    missing: list[Posting] = []
    for posting in unclear:
        booked = found.get(posting.key)
        document = posting.document
        assert document is not None
        if booked is None and posting.effect is not None and posting.effect.state == EffectState.AWAITING_ACK:
            posting.verdict = "awaiting_ack"
        elif booked is None:
            missing.append(posting)
        elif booked.digest is not None and booked.digest != document.digest:
            posting.error = _conflict(posting)
        else:
            posting.booked = booked
    return missing


async def _send(rt: Runtime, company: str, postings: list[Posting]) -> CrossdockError | None:
    """One ERP call for all of them. Returns the error that calls for another try, None when each has its outcome."""
    try:
        customers, later = await _customers(rt, company, postings)
    except (RetryableError, MisconfiguredError) as error:
        return error
    ready = [(p, p.document) for p in postings if p.document is not None and p.document.party.external_id in customers]
    if not ready:
        return later
    await rt.store.mark([step for p, d in ready for step in _sent(p, d)])
    try:
        outcomes = await rt.erps[company].create_sales_orders([d for _, d in ready], customers)
    except (RetryableError, MisconfiguredError) as error:
        if not (isinstance(error, RetryableError) and error.maybe_applied):
            await rt.store.mark([EffectUpdate(key=d.key, state=EffectState.INTENDED) for _, d in ready])
        return error
    for (posting, _), outcome in zip(ready, outcomes, strict=True):
        later = _take(posting, outcome) or later
    return later


def _sent(posting: Posting, document: SalesOrderDocument) -> list[EffectUpdate]:
    """The ledger steps before a request leaves. An effect that failed starts again with its repaired content."""
    steps = []
    if posting.effect is not None and posting.effect.state == EffectState.FAILED:
        steps.append(EffectUpdate(key=document.key, state=EffectState.INTENDED))
    steps.append(EffectUpdate(key=document.key, state=EffectState.SENT, request_digest=document.digest))
    return steps


async def _customers(
    rt: Runtime, company: str, postings: list[Posting]
) -> tuple[dict[str, CustomerRef], CrossdockError | None]:
    """Each posting's customer, found or created once, and the error that calls for another try, if any.

    A posting whose customer the ERP refuses fails alone.
    """
    parties = {p.document.party.external_id: p.document.party for p in postings if p.document is not None}
    outcomes = await rt.erps[company].ensure_customers(list(parties.values()))
    answers = dict(zip(parties, outcomes, strict=True))
    later: CrossdockError | None = None
    for posting in postings:
        outcome = answers[posting.document.party.external_id] if posting.document is not None else None
        if isinstance(outcome, Failed):
            if isinstance(outcome.error, RetryableError | MisconfiguredError):
                later = outcome.error
            else:
                posting.error = outcome.error
    return {key: answer.value for key, answer in answers.items() if isinstance(answer, Settled)}, later


def _take(posting: Posting, outcome: Outcome[BookedDocument]) -> CrossdockError | None:
    """Note one outcome; an error that calls for another try is returned instead of noted."""
    if isinstance(outcome, Settled):
        posting.booked = outcome.value
    elif isinstance(outcome, AwaitingAck):
        posting.awaiting = outcome
    elif isinstance(outcome.error, RetryableError | MisconfiguredError):
        return outcome.error
    else:
        posting.error = outcome.error
    return None


async def cancel(rt: Runtime, chunk: Chunk) -> None:
    """Undo booked orders that the channel cancelled: each its own effect, held when it has gone too far."""
    for posting in chunk.open():
        record = posting.record
        if record is None or posting.message.topic == POST:
            continue
        if record.state != OrderState.POSTED:
            posting.verdict = "nothing to do"
            continue
        await _cancel_one(rt, chunk, posting)
    await close_without_booking(rt, chunk)


async def _cancel_one(rt: Runtime, chunk: Chunk, posting: Posting) -> None:
    record, erp = posting.record, rt.erps[chunk.company]
    assert record is not None
    order = Order.model_validate_json(record.document)
    key = effect_key(record.scope, "sales-order.cancel", record.order_id)
    intent = EffectIntent(
        key=key,
        system=erp.system,
        operation="sales-order.cancel",
        scope=chunk.company,
        aggregate_key=record.aggregate_key,
        correlation_id=record.correlation_id,
        request_digest=record.booked_digest or record.order_id,
    )
    (effect,) = await rt.store.intend([intent])
    if effect.state != EffectState.SETTLED:
        await rt.store.mark([EffectUpdate(key=key, state=EffectState.SENT)])
        outcome = await erp.cancel(booking_key(record.scope, record.order_id), order.cancel_reason or "cancelled")
        if isinstance(outcome, Failed):
            if isinstance(outcome.error, RetryableError | MisconfiguredError):
                raise outcome.error
            await stop(rt, chunk, posting, outcome.error, effect_key=key)
            return
    await settle(rt, chunk, [posting], cancelled=key)


def booking_key(scope: str, order_id: str) -> str:
    """The effect key a sales order is booked under: the same as in its document."""
    return effect_key(scope, CREATE, order_id)
