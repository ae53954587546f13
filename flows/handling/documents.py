"""The papers of one batch on their way through the flow.

Plain classes on purpose: Prefect walks through dataclasses, pydantic models and lists given to a task, and would spend
longer on a batch of orders than the task itself. It leaves these alone.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from canonical.booking import BookedDocument, SalesOrderDocument
from canonical.errors import CrossdockError
from canonical.order import Order
from canonical.outcomes import AwaitingAck
from canonical.records import Effect, Message, OrderRecord


class OrderDocument:
    """One order in an intake batch: its messages, what they say, what we knew, and the verdict."""

    def __init__(self, aggregate_key: str, messages: Sequence[Message]) -> None:
        self.aggregate_key = aggregate_key
        self.messages = list(messages)
        self.scope = messages[0].scope
        self.correlation_id = messages[0].correlation_id
        self.order: Order | None = None
        self.complete = False
        self.record: OrderRecord | None = None
        self.waive: tuple[str, ...] = ()
        self.recheck = False
        self.error: CrossdockError | None = None
        self.unreadable: list[tuple[Message, CrossdockError]] = []
        self.verdict = ""
        self.reasons: list[str] = []

    @property
    def label(self) -> str:
        """What people call it: the order's name, or the last part of its key before it was read."""
        if self.order is not None:
            return self.order.name
        return self.record.name if self.record else self.aggregate_key.rsplit(":", 1)[-1]


class IntakeBatch:
    """A claimed micro-batch of order messages, one document an order, in order of arrival."""

    def __init__(self, owner: str, messages: Sequence[Message]) -> None:
        self.owner = owner
        self.messages = list(messages)
        grouped: dict[str, list[Message]] = {}
        for message in messages:
            grouped.setdefault(message.aggregate_key, []).append(message)
        self.demand_of: set[str] = set()  # companies whose stock figures this batch changes
        self.documents = [OrderDocument(key, group) for key, group in grouped.items()]

    def open(self) -> list[OrderDocument]:
        """Those nothing has stopped yet."""
        return [d for d in self.documents if d.error is None and d.verdict == "" and d.order is not None]

    @property
    def label(self) -> str:
        return label_of([d.label for d in self.documents])


class Posting:
    """One order on its way into the ERP: the message that asks for it, the order, the document, the outcome."""

    def __init__(self, message: Message, record: OrderRecord | None) -> None:
        self.message = message
        self.record = record
        self.order: Order | None = None
        self.document: SalesOrderDocument | None = None
        self.effect: Effect | None = None
        self.booked: BookedDocument | None = None
        self.awaiting: AwaitingAck | None = None
        self.error: CrossdockError | None = None
        self.verdict = ""
        self.closed = False

    @property
    def key(self) -> str:
        return self.document.key if self.document is not None else self.message.delivery_key

    @property
    def label(self) -> str:
        return self.record.name if self.record is not None else self.message.aggregate_key


class Chunk:
    """The postings of one ERP call."""

    def __init__(self, owner: str, company: str, postings: Sequence[Posting]) -> None:
        self.owner, self.company, self.postings = owner, company, list(postings)
        self.stack = AsyncExitStack()  # holds the lease open until the chunk is through

    @property
    def label(self) -> str:
        return label_of([p.label for p in self.postings])

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of the documents in it."""
        return [p.document.key for p in self.postings if p.document is not None]

    def open(self) -> list[Posting]:
        """Those without an outcome yet."""
        return [p for p in self.postings if p.verdict == ""]

    def parts(self, size: int) -> "list[Chunk]":
        """The chunk in parts of at most `size`, in order, under the same lease."""
        whole = self.postings
        return [Chunk(self.owner, self.company, whole[i : i + size]) for i in range(0, len(whole), size)]


def label_of(names: Sequence[str]) -> str:
    """`#1001`, or `#1001 … #1050 (50)`."""
    if not names:
        return "nothing"
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]} ({len(names)})"
