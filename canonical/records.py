"""What the state store keeps, as values. `connectors.statestore` has the tables; nobody else sees them.

Times are UTC. `scope` is the shop (or company) a row belongs to; no key, cursor or policy crosses scopes.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import Field

from canonical.model import Code, Exact, Model, Text, Utc
from canonical.states import EffectState, MessageState, OrderState


class Delivery(Model):
    """What arrived, before it is stored: the original bytes and headers, never altered.

    `delivery_key` is unique for ever. `aggregate_key` groups what is processed one at a time and in order.
    """

    delivery_key: Code
    channel: Code
    scope: Code
    topic: Code
    kind: Code
    aggregate_key: Code
    correlation_id: Code
    event_id: str | None = None
    occurred_at: Utc | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    body: bytes


class Message(Model):
    """A delivery in the inbox. `seq` is the order of arrival."""

    seq: int
    delivery_key: Code
    channel: Code
    scope: Code
    topic: Code
    kind: Code
    aggregate_key: Code
    correlation_id: Code
    event_id: str | None = None
    occurred_at: Utc | None = None
    received_at: Utc
    headers: dict[str, str]
    body: bytes
    state: MessageState
    owner: str | None = None
    lease_until: Utc | None = None
    attempts: int = 0
    reason: str | None = None


class MessageVerdict(Model):
    """How a claimed message ended. `not_before` parks a ready one (back-off, parked lane), burning no attempt."""

    seq: int
    state: MessageState
    reason: str | None = None
    not_before: Utc | None = None
    count_attempt: bool = True


class EffectIntent(Model):
    """One outbound write, before it is sent. `key` is a function of the business change (`canonical.ids`)."""

    key: Code
    system: Code
    operation: Code
    scope: Code
    aggregate_key: Code
    correlation_id: Code
    request_digest: Code


class Effect(Model):
    """A row of the effect ledger."""

    key: Code
    system: Code
    operation: Code
    scope: Code
    aggregate_key: Code
    correlation_id: Code
    request_digest: Code
    state: EffectState
    external_id: str | None = None
    external_number: str | None = None
    attempts: int = 0
    error_code: str | None = None
    error: str | None = None
    ack_deadline: Utc | None = None
    sent_at: Utc | None = None  # when the last attempt left
    created_at: Utc
    updated_at: Utc


class EffectUpdate(Model):
    """A step of an effect. The store refuses steps that are not in `canonical.states.EFFECT`."""

    key: Code
    state: EffectState
    external_id: str | None = None
    external_number: str | None = None
    error_code: str | None = None
    error: str | None = None
    ack_deadline: Utc | None = None
    request_digest: str | None = None


class CrossReference(Model):
    """The same thing in two systems, unique both ways: (scope, kind, left system + id) and (…, right system + id)."""

    scope: Code
    kind: Code
    left_system: Code
    left_id: Code
    right_system: Code
    right_id: Code
    label: str | None = None


class Reservation(Model):
    """Stock of an accepted order that the ERP or WMS has not allocated yet, in units of `unit`.

    Unique on (scope, order, line). A line that waits at several locations has one for each, `<line>@<location>` from
    the second on. `location` is the channel's id, None while none is chosen; `place` is what the ERP calls it: what is
    counted there ends it, and nothing else (None: whatever is counted of the order). Ended by allocation, shipment,
    cancellation, or expiry of an order that never became binding. `sold_as` names the SKU whose figure the channel
    lowered by itself, where that is not `sku`: a component of a kit takes stock, but its own figure still stands.
    `fulfilled` is how much of it the channel says is fulfilled: it counts the rest as committed.
    """

    scope: Code
    order_id: Code
    line_id: Code
    sku: Code
    sold_as: str | None = None
    location: str | None = None
    place: str | None = None
    quantity: Exact
    fulfilled: Exact = Decimal(0)
    unit: Code = "each"
    expires_at: Utc | None = None
    ended_at: Utc | None = None
    ended_by: str | None = None


class CaseKind(StrEnum):
    """Why a document waits: a business rule (held), a failed gate (quarantined), or we gave up (dead-lettered)."""

    HELD = "held"
    QUARANTINED = "quarantined"
    DEAD_LETTERED = "dead_lettered"


class Case(Model):
    """A stuck document, in business words: what, why, whose turn, since when, and the way out.

    One open case per (aggregate, reason code). Released by hand, by a later webhook, or at `release_at`.
    """

    id: int | None = None
    kind: CaseKind
    scope: Code
    aggregate_key: Code
    correlation_id: Code
    document: Code
    reason_code: Code
    words: Text
    way_out: str | None = None
    owner: Code
    opened_at: Utc
    release_at: Utc | None = None
    closed_at: Utc | None = None
    closed_by: str | None = None
    note: str | None = None


class AuditEntry(Model):
    """One line of the audit, to be appended: who did what to which document. Never customer data."""

    at: Utc
    actor: Code
    action: Code
    scope: Code
    aggregate_key: Code
    correlation_id: Code
    detail: dict[str, Any] = Field(default_factory=dict)


class AuditRow(Model):
    """A stored audit line. `hash` = SHA-256 over the previous hash and the entry's canonical JSON."""

    seq: int
    entry: AuditEntry
    previous_hash: str
    hash: str


class OrderRecord(Model):
    """The current truth of one order as the channel last told it, and where it stands with us.

    `updated_at` decides which webhook is newer. `document` is the canonical order as JSON bytes.
    """

    scope: Code
    order_id: Code
    name: Code
    aggregate_key: Code
    correlation_id: Code
    customer_key: str | None = None
    state: OrderState
    updated_at: Utc
    received_at: Utc
    posted_at: Utc | None = None
    booked_digest: str | None = None
    external_id: str | None = None
    external_number: str | None = None
    run_id: str | None = None
    waived: tuple[str, ...] = ()  # reason codes a person has released for good
    document: bytes


class LifeRecord(Model):
    """The life of one order (`canonical.life.OrderLife` as JSON bytes), and what a list shows of it.

    `version` is that of the document; it is written only over the version before. `stage` is where it stands, in words.
    `look_at` is when it has to be looked at again though nobody says anything (a parked lane, a deadline).
    """

    scope: Code
    order_id: Code
    name: Code
    aggregate_key: Code
    correlation_id: Code
    version: int = Field(gt=0)
    stage: Code
    open: bool = True
    look_at: Utc | None = None
    started_at: Utc
    updated_at: Utc
    document: bytes


class FieldWrite(Model):
    """One field of one order to write at the channel. Repeating it is harmless."""

    order_id: Code
    field: Code
    value: str


class Clock(Model):
    """An SLA clock of one document: started when received, stopped when booked."""

    scope: Code
    aggregate_key: Code
    name: Code
    started_at: Utc
    due_at: Utc | None = None
    stopped_at: Utc | None = None


class Cursor(Model):
    """How far a poll of one system has read."""

    scope: Code
    name: Code
    value: str
    updated_at: Utc


class Lane(Model):
    """A system's lane: open, or parked until a moment with the reason, so that an outage burns no attempts."""

    scope: Code
    system: Code
    parked_until: Utc | None = None
    reason: str | None = None
    failures: int = 0
    updated_at: Utc


class Principal(Model):
    """Somebody who may act: an API token (only its hash is kept) with roles."""

    name: Code
    roles: tuple[str, ...]
    created_at: Utc
    disabled_at: Utc | None = None


class Batch(Model):
    """Everything one step wants to change, written in one transaction: all of it or none.

    `owner` fences the message verdicts: a worker whose lease was taken over changes nothing and gets
    `ConflictError`. Parts are written in the order of the fields.
    """

    owner: str | None = None
    messages: tuple[MessageVerdict, ...] = ()
    orders: tuple[OrderRecord, ...] = ()
    lives: tuple[LifeRecord, ...] = ()  # each over the version before, or `ConflictError`
    reservations: tuple[Reservation, ...] = ()
    reserved_whole: tuple[tuple[str, str], ...] = ()  # (scope, order id): `reservations` tell every line that is left
    end_reservations: tuple[tuple[str, str, str], ...] = ()  # (scope, order id, ended by)
    close_cases: tuple["CaseClosing", ...] = ()  # before opening: a case that stays keeps its age
    open_cases: tuple[Case, ...] = ()
    effects: tuple[EffectUpdate, ...] = ()
    references: tuple[CrossReference, ...] = ()
    start_clocks: tuple[Clock, ...] = ()
    stop_clocks: tuple[tuple[str, str, str, datetime], ...] = ()  # (scope, aggregate key, name, at)
    audit: tuple[AuditEntry, ...] = ()
    deliveries: tuple[Delivery, ...] = ()  # follow-up work for the inbox (posting, write-back), same transaction


class CaseClosing(Model):
    """Closes the open cases of an aggregate: all, or those with the reason codes given; never those in `keep`."""

    aggregate_key: Code
    reason_codes: tuple[str, ...] | None = None
    keep: tuple[str, ...] = ()
    closed_by: Code
    note: str | None = None
    release_messages: bool = False


class TraceLine(Model):
    """One line of a document's timeline."""

    at: Utc
    what: Code
    words: str
    ids: dict[str, str] = Field(default_factory=dict)


class InboxSummary(Model):
    """The inbox at a glance, per scope, kind and state. `oldest` is when the oldest of them was received."""

    scope: Code
    kind: Code
    state: MessageState
    count: int
    oldest: Utc | None = None


class StageSummary(Model):
    """Orders on their way, per shop and stage. `quiet_since`: the last news of the one without any for longest."""

    scope: Code
    stage: Code
    count: int
    quiet_since: Utc


class OverdueSummary(Model):
    """Effects that a system has taken and not answered in time. `oldest` is the deadline that passed first."""

    scope: Code
    system: Code
    count: int
    oldest: Utc


Batch.model_rebuild()
