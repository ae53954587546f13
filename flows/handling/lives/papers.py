"""The papers of one batch of lives on their way through a drain. Plain classes: Prefect leaves them alone."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from canonical.errors import CrossdockError
from canonical.life import OrderLife
from canonical.order import Order
from canonical.outcomes import AwaitingAck
from canonical.records import CrossReference, Delivery, Effect, EffectUpdate, LifeRecord, Message, OrderRecord
from canonical.rules.lifecycle.facts import Waits
from canonical.steps import Operation, Step
from flows.handling.documents import label_of


class LifePaper:
    """One order: the messages about it, what we know, what is to be kept, and what became of it."""

    def __init__(self, aggregate_key: str, messages: Sequence[Message]) -> None:
        self.aggregate_key, self.messages = aggregate_key, list(messages)
        self.scope, self.correlation_id = messages[0].scope, messages[0].correlation_id
        self.record: OrderRecord | None = None
        self.order: Order | None = None
        self.kept: LifeRecord | None = None
        self.life: OrderLife | None = None
        self.dirty = False  # `life` is not what is kept
        self.unreadable: list[tuple[Message, CrossdockError]] = []
        self.put_back: list[tuple[Message, CrossdockError]] = []
        self.error: CrossdockError | None = None  # a defect of this order alone: it stops here
        self.forwards: list[Delivery] = []
        self.references: list[CrossReference] = []
        self.numbers: dict[str, str | None] = {}  # tracking numbers: the other order that has it, None when ours
        self.acknowledged: list[EffectUpdate] = []  # effects that a later word settles
        self.waits: tuple[Waits, ...] = ()
        self.look_at: datetime | None = None
        self.done: list[Operation] = []
        self.news: set[Operation] = set()  # what was just done there and is to be heard of
        self.asked: set[int] = set()  # approvals that are waited for
        self.released: tuple[str, ...] = ()  # reason codes that a person has just released
        self.retry = False  # somebody released it: what was stopped is tried again

    @property
    def label(self) -> str:
        """What people call it."""
        return self.record.name if self.record is not None else self.aggregate_key.rsplit(":", 1)[-1]

    def take(self, life: OrderLife) -> None:
        """This is how it stands now."""
        if life != self.life:
            self.life, self.dirty = life, True

    def look_again(self, moment: datetime | None) -> None:
        """At that moment at the latest, though nobody says anything."""
        if moment is not None:
            self.look_at = moment if self.look_at is None else min(self.look_at, moment)


class LifeBatch:
    """A claimed micro-batch of messages, one paper an order."""

    def __init__(self, owner: str, kind: str, messages: Sequence[Message]) -> None:
        self.owner, self.kind, self.messages = owner, kind, list(messages)
        grouped: dict[str, list[Message]] = {}
        for message in messages:
            grouped.setdefault(message.aggregate_key, []).append(message)
        self.papers = [LifePaper(key, group) for key, group in grouped.items()]

    def alive(self) -> list[LifePaper]:
        """Those with a life that nothing has stopped."""
        return [paper for paper in self.papers if paper.life is not None and paper.error is None]

    @property
    def label(self) -> str:
        return label_of([paper.label for paper in self.papers])


class Sending:
    """One step of one order on its way out."""

    def __init__(self, paper: LifePaper, step: Step) -> None:
        self.paper, self.step = paper, step
        self.effect: Effect | None = None
        self.result: tuple[str, str | None] | None = None  # id and number at the other side
        self.awaiting: AwaitingAck | None = None
        self.error: CrossdockError | None = None
        self.later: CrossdockError | None = None  # not now: the lane is parked


class Wave:
    """Steps of one operation to one system, of many orders: one call, or as few as the port allows.

    `keeping` is shared by waves that are out at the same time: they write the lives of the same orders.
    """

    def __init__(self, owner: str, scope: str, system: str, operation: Operation, sendings: Sequence[Sending]) -> None:
        self.owner, self.scope, self.system, self.operation = owner, scope, system, operation
        self.sendings = list(sendings)
        self.keeping = asyncio.Lock()

    @property
    def label(self) -> str:
        return label_of([sending.paper.label for sending in self.sendings])

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of what it sends."""
        return [sending.step.key for sending in self.sendings]
