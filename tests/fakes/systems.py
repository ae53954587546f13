"""Fakes of a shop and an ERP, in memory, with faults on demand. Held to the same contracts as the real ones."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from canonical.booking import BookedDocument, CustomerRef, DocumentStatus, SalesOrderDocument
from canonical.errors import ConflictError, CrossdockError, RejectedError, RetryableError
from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.order import Order
from canonical.outcomes import Failed, Outcome, Settled
from canonical.party import PartyIdentity
from canonical.records import Delivery, FieldWrite, Message


class FakeErp:
    """An ERP that answers at once. `down` refuses connections; `lose_reply` books and then breaks the line, once."""

    def __init__(self, company: str, *, best_batch: int = 50) -> None:
        self.system, self.company, self.best_batch = "erp", company, best_batch
        self.documents: dict[str, tuple[SalesOrderDocument, BookedDocument]] = {}
        self.customers: dict[str, CustomerRef] = {}
        self.calls: list[list[str]] = []
        self.down = False
        self.lose_reply = 0
        self.reject: set[str] = set()

    def _reachable(self) -> None:
        if self.down:
            raise RetryableError("the ERP does not answer", code="erp_down")

    async def ensure_customers(self, parties: Sequence[PartyIdentity]) -> list[Outcome[CustomerRef]]:
        self._reachable()
        found: list[Outcome[CustomerRef]] = []
        for party in parties:
            known = self.customers.get(party.external_id)
            if known is None:
                known = CustomerRef(id=str(len(self.customers) + 1), created=True)
                self.customers[party.external_id] = known
            found.append(Settled(known))
        return found

    async def create_sales_orders(
        self, documents: Sequence[SalesOrderDocument], customers: Mapping[str, CustomerRef]
    ) -> list[Outcome[BookedDocument]]:
        self._reachable()
        self.calls.append([d.name for d in documents])
        outcomes = [self._create(d) for d in documents]
        if self.lose_reply:
            self.lose_reply -= 1
            raise RetryableError("the line broke", code="erp_timeout", maybe_applied=True)
        return outcomes

    def _create(self, document: SalesOrderDocument) -> Outcome[BookedDocument]:
        if document.name in self.reject:
            return Failed(RejectedError("the ERP refuses it", code="erp_refused", document=document.name))
        known = self.documents.get(document.key)
        if known is not None:
            if known[1].digest != document.digest:
                error: CrossdockError = ConflictError("other content", code="booked_with_other_content")
                return Failed(error)
            return Settled(known[1].model_copy(update={"created": False}))
        booked = BookedDocument(
            key=document.key,
            id=str(len(self.documents) + 1),
            number=f"S{len(self.documents) + 1:05d}",
            status=DocumentStatus.PROCESSING,
            total=document.total,
            digest=document.digest,
        )
        self.documents[document.key] = (document, booked)
        return Settled(booked)

    async def find_by_key(self, keys: Sequence[str]) -> dict[str, BookedDocument]:
        self._reachable()
        return {key: self.documents[key][1] for key in keys if key in self.documents}

    async def cancel(self, key: str, reason: str) -> Outcome[BookedDocument]:
        self._reachable()
        document, booked = self.documents[key]
        cancelled = booked.model_copy(update={"status": DocumentStatus.CANCELLED})
        self.documents[key] = (document, cancelled)
        return Settled(cancelled)

    async def check(self) -> None:
        self._reachable()

    async def aclose(self) -> None:
        return None

    @property
    def total(self) -> Decimal:
        """The sum of everything booked."""
        return sum((booked.total.amount for _, booked in self.documents.values()), Decimal(0))


class FakeShop:
    """A shop whose orders are canonical already."""

    def __init__(self, shop: str) -> None:
        self.shop = shop
        self.notices: frozenset[str] = frozenset()
        self.orders: dict[str, Order] = {}
        self.written: dict[str, str] = {}
        self.reads = 0

    async def read_orders(self, ids: Sequence[str]) -> dict[str, Order]:
        self.reads += 1
        return {i: self.orders[i] for i in ids if i in self.orders}

    async def complete_orders(self, orders: Sequence[Order]) -> list[Order]:
        self.reads += 1
        return list(orders)

    async def orders_updated_since(self, since: datetime, until: datetime | None = None) -> list[Delivery]:
        return [pointer(o) for o in self.orders.values() if o.updated_at >= since]

    async def find_orders(self, names: Sequence[str]) -> list[Delivery]:
        return [pointer(o) for o in self.orders.values() if o.name in names]

    async def write_back(self, updates: Sequence[FieldWrite]) -> list[Outcome[str]]:
        self.written |= {u.order_id: u.value for u in updates}
        return [Settled(u.order_id) for u in updates]

    async def subscribe(self, topics: Sequence[str], uri: str) -> list[str]:
        return list(topics)

    async def check(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


class FakeTranslator:
    """Bodies are canonical orders as JSON; one with a `pointer` must be read by id."""

    def order_of(self, message: Message) -> Order | None:
        return None if message.body.startswith(b'{"pointer"') else Order.model_validate_json(message.body)

    def order_id_of(self, message: Message) -> str:
        return message.aggregate_key.rsplit(":", 1)[-1]


def delivery(order: Order, *, webhook: str, topic: str = "orders/create", body: bytes | None = None) -> Delivery:
    """A webhook of an order."""
    return Delivery(
        delivery_key=delivery_key("shopify", order.shop, webhook),
        channel="shopify",
        scope=order.shop,
        topic=topic,
        kind="orders",
        aggregate_key=aggregate_key(order.shop, "order", order.id),
        correlation_id=correlation_id(order.shop, "order", order.id),
        occurred_at=order.updated_at,
        body=order.model_dump_json().encode() if body is None else body,
    )


def pointer(order: Order) -> Delivery:
    """What a poll finds."""
    body = b'{"pointer":true,"name":"' + order.name.encode() + b'"}'
    stamp = order.updated_at.astimezone(UTC).isoformat()
    return delivery(order, webhook=f"polled/{order.id}/{stamp}", topic="orders/polled", body=body)
