"""An inbox in memory, and a source that signs with a plain word: for tests that are not about either."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from canonical.errors import CrossdockError, RejectedError
from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.records import Cursor, Delivery, InboxSummary, Lane, OverdueSummary, StageSummary
from canonical.states import MessageState


class MemoryInbox:
    """What the gateway asks of a state store. `fails_with` is raised by every call; `gate` holds puts back."""

    def __init__(self) -> None:
        self.kept: dict[str, Delivery] = {}
        self.cursors: dict[tuple[str, str], Cursor] = {}
        self.parked: list[Lane] = []
        self.stages: list[StageSummary] = []
        self.late: list[OverdueSummary] = []
        self.fails_with: CrossdockError | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = False

    def _answer(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with

    async def put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        await self.gate.wait()
        self._answer()
        fresh = []
        for delivery in deliveries:
            fresh.append(delivery.delivery_key not in self.kept)
            self.kept.setdefault(delivery.delivery_key, delivery)
        return fresh

    async def pending(self, kind: str) -> int:
        self._answer()
        return sum(delivery.kind == kind for delivery in self.kept.values())

    async def summary(self) -> list[InboxSummary]:
        self._answer()
        kinds = sorted({(d.scope, d.kind) for d in self.kept.values()})
        return [
            InboxSummary(
                scope=scope,
                kind=kind,
                state=MessageState.READY,
                count=sum((d.scope, d.kind) == (scope, kind) for d in self.kept.values()),
                oldest=datetime.now(UTC) - timedelta(seconds=30),
            )
            for scope, kind in kinds
        ]

    async def lanes(self) -> list[Lane]:
        self._answer()
        return self.parked

    async def life_stages(self) -> list[StageSummary]:
        self._answer()
        return self.stages

    async def overdue(self, now: datetime) -> list[OverdueSummary]:
        self._answer()
        return [row for row in self.late if row.oldest < now]

    async def cursor(self, scope: str, name: str) -> Cursor | None:
        self._answer()
        return self.cursors.get((scope, name))

    async def set_cursor(self, cursor: Cursor) -> None:
        self.cursors[cursor.scope, cursor.name] = cursor

    async def check(self) -> None:
        self._answer()

    async def aclose(self) -> None:
        self.closed = True


class WordSource:
    """Believes a request whose `x-word` is one of its words. Shop and topic come from headers, as Shopify's do."""

    def __init__(self, channel: str = "shopify", words: tuple[str, ...] = ("sesame",)) -> None:
        self.channel, self._words = channel, words

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        return headers.get("x-word") in self._words

    def delivery(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        shop, topic, order = headers["x-shop"], headers["x-topic"], headers["x-order"]
        if shop not in ("north", "south"):
            raise RejectedError("no shop of ours", code="unknown_shop", field="x-shop")
        if not topic.startswith("orders/"):
            raise RejectedError("not subscribed", code="unknown_topic", field="x-topic")
        return Delivery(
            delivery_key=delivery_key(self.channel, shop, headers["x-id"]),
            channel=self.channel,
            scope=shop,
            topic=topic,
            kind="orders",
            aggregate_key=aggregate_key(shop, "order", order),
            correlation_id=correlation_id(shop, "order", order),
            headers={"x-topic": topic},
            body=body,
        )
