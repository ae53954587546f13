"""Fakes of a warehouse, an ERP after the sale, and a shop's side of shipping and returns, with faults on demand."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from canonical.errors import ConflictError, HeldError, RejectedError, RetryableError
from canonical.fulfillment import FulfillmentOrder, Parcel, ParcelLine
from canonical.money import Money, MoneyPair
from canonical.outcomes import AwaitingAck, Failed, Outcome, Settled
from canonical.ports.aftersales import (
    ChannelFulfillment,
    FulfillmentWrite,
    OrderLogistics,
    RefundWrite,
    SuggestedRefund,
)
from canonical.ports.warehouse import WarehouseReport
from canonical.records import Message
from canonical.returns import Disposition, Refund, RefundLine, RefundTransaction, Return, ReturnStatus
from canonical.rules.warehouse_state import shipped, state_of
from canonical.settlement import ErpDocument
from canonical.warehouse import (
    EventLine,
    FulfillmentRequest,
    WarehouseEvent,
    WarehouseEventKind,
    WarehouseRef,
    WarehouseState,
    WarehouseStatus,
)


class Faulty:
    """`down`: nothing answers. `lose`: so many next writes happen, and their answer is lost."""

    def __init__(self) -> None:
        self.down, self.lose = False, 0
        self.calls: list[tuple[str, Any]] = []

    def asked(self, what: str, about: Any) -> None:
        """Note a call. Raises when the system is down."""
        if self.down:
            raise RetryableError("it does not answer", code="down")
        self.calls.append((what, about))

    def answered(self) -> None:
        """Raises when the answer is to be lost, after the work was done."""
        if self.lose:
            self.lose -= 1
            raise RetryableError("the line broke", code="line_broke", maybe_applied=True)

    async def check(self) -> None:
        if self.down:
            raise RetryableError("it does not answer", code="down")

    async def aclose(self) -> None:
        return None


class FakeWarehouse(Faulty):
    """Takes every request; what it tells is told by `tell`. `packed` are keys it refuses to cancel."""

    best_batch = 50

    def __init__(self, system: str) -> None:
        super().__init__()
        self.system = system
        self.requests: dict[str, FulfillmentRequest] = {}
        self.cancelled: dict[str, str] = {}
        self.packed: set[str] = set()
        self.most: dict[str, int] = {}  # the most pieces that a request ever asked for
        self.events: list[WarehouseEvent] = []
        self.acknowledges_later: datetime | None = None

    async def submit(self, requests: Sequence[FulfillmentRequest]) -> list[Outcome[WarehouseRef]]:
        self.asked("submit", [request.key for request in requests])
        outcomes = [self._take(request) for request in requests]
        self.answered()
        return outcomes

    def _take(self, request: FulfillmentRequest) -> Outcome[WarehouseRef]:
        known = self.requests.get(request.key)
        if known is not None and known.revision == request.revision and known.lines != request.lines:
            return Failed(ConflictError("another content stands under this key", code="key_reused"))
        self.requests.setdefault(request.key, request)
        self.most[request.key] = max(self.most.get(request.key, 0), sum(line.quantity for line in request.lines))
        if self.acknowledges_later is not None:
            return AwaitingAck(request.key, self.acknowledges_later)
        return Settled(self._ref(request.key))

    def _ref(self, key: str) -> WarehouseRef:
        place = list(self.requests).index(key) + 1
        return WarehouseRef(key=key, external_id=f"{self.system}-{place}", number=f"T{place:04d}")

    async def amend(self, request: FulfillmentRequest) -> Outcome[WarehouseRef]:
        self.asked("amend", request.key)
        if request.key in self.packed:
            return Failed(HeldError("it is packed already", code="too_late", document=request.order_name))
        self.requests[request.key] = request
        self.answered()
        return Settled(self._ref(request.key))

    async def cancel(self, keys: Sequence[str], reason: str) -> list[Outcome[WarehouseRef]]:
        self.asked("cancel", list(keys))
        outcomes: list[Outcome[WarehouseRef]] = []
        for key in keys:
            if key in self.packed:
                outcomes.append(Failed(HeldError("it is packed already", code="already_packed")))
            else:
                self.cancelled[key] = reason
                outcomes.append(Settled(self._ref(key)))
        self.answered()
        return outcomes

    async def status(self, keys: Sequence[str]) -> Mapping[str, WarehouseStatus]:
        return {key: self._status(key) for key in keys if key in self.requests}

    def _status(self, key: str) -> WarehouseStatus:
        """By what it told."""
        told = [event for event in self.events if event.request_key == key]
        lines = {line.line_id: line.quantity for line in self.requests[key].lines}
        gone, state = shipped(told, lines), state_of(told, lines)
        if key in self.cancelled and not any(gone.values()):
            state = WarehouseState.CANCELLED
        return WarehouseStatus(ref=self._ref(key), state=state, shipped=gone, updated_at=datetime.now(UTC))

    async def changes(self, cursor: str | None) -> WarehouseReport:
        self.asked("changes", cursor)
        return WarehouseReport(tuple(self.events), (), str(len(self.events)))

    def event_of(self, message: Message) -> WarehouseEvent:
        return WarehouseEvent.model_validate_json(message.body)

    def tell(self, kind: WarehouseEventKind, key: str, lines: Mapping[str, int] | None = None, **more: Any) -> None:
        """Something happened to a request; all of its lines when none are named."""
        request = self.requests[key]
        wanted = dict(lines) if lines is not None else {line.line_id: line.quantity for line in request.lines}
        items = {line.line_id: line.item for line in request.lines}
        self.events.append(
            WarehouseEvent(
                id=f"e{len(self.events) + 1}",
                system=self.system,
                kind=kind,
                occurred_at=more.pop("at", datetime.now(UTC)),
                location=request.location,
                request_key=key,
                lines=tuple(EventLine(line_id=i, item=items[i], quantity=n) for i, n in wanted.items()),
                **more,
            )
        )

    def ship(self, key: str, lines: Mapping[str, int] | None = None, *, number: str = "1Z999AA10123456784") -> None:
        """One parcel leaves."""
        request = self.requests[key]
        wanted = dict(lines) if lines is not None else {line.line_id: line.quantity for line in request.lines}
        parcel = Parcel(
            id=f"box-{len(self.events) + 1}",
            carrier="UPS",
            tracking_number=number,
            lines=tuple(ParcelLine(line_id=i, quantity=n) for i, n in wanted.items()),
        )
        self.tell(WarehouseEventKind.SHIPPED, key, wanted, parcels=(parcel,))


class FakeSettlement(Faulty):
    """An ERP after the sale: keeps every document once under its key. `refuse` maps keys' endings to errors."""

    system = "erp"

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, tuple[str, Any]] = {}
        self.cancelled_keys: list[str] = []

    async def _post(self, kind: str, postings: Sequence[Any]) -> list[Outcome[ErpDocument]]:
        self.asked(kind, [posting.key for posting in postings])
        outcomes: list[Outcome[ErpDocument]] = []
        for posting in postings:
            known = self.documents.get(posting.key)
            if known is not None and known[1] != posting:
                outcomes.append(Failed(ConflictError("another content stands under this key", code="key_reused")))
                continue
            self.documents.setdefault(posting.key, (kind, posting))
            place = list(self.documents).index(posting.key) + 1
            document = ErpDocument(
                key=posting.key, external_id=str(place), number=f"{kind[:3].upper()}{place}", created=known is None
            )
            outcomes.append(Settled(document))
        self.answered()
        return outcomes

    async def amend_sales(self, amendments: Sequence[Any]) -> list[Outcome[ErpDocument]]:
        return await self._post("amendment", amendments)

    async def post_shipments(self, postings: Sequence[Any]) -> list[Outcome[ErpDocument]]:
        return await self._post("shipment", postings)

    async def post_invoices(self, postings: Sequence[Any]) -> list[Outcome[ErpDocument]]:
        return await self._post("invoice", postings)

    async def post_payments(self, postings: Sequence[Any]) -> list[Outcome[ErpDocument]]:
        return await self._post("payment", postings)

    async def authorise_returns(self, requests: Sequence[Any]) -> list[Outcome[ErpDocument]]:
        return await self._post("authorisation", requests)

    async def receive_returns(self, receipts: Sequence[Any]) -> list[Outcome[ErpDocument]]:
        return await self._post("receipt", receipts)

    async def post_credits(self, postings: Sequence[Any]) -> list[Outcome[ErpDocument]]:
        return await self._post("credit", postings)

    async def post_movements(self, postings: Sequence[Any]) -> list[Outcome[ErpDocument]]:
        return await self._post("movement", postings)

    async def find_documents(self, keys: Sequence[str]) -> Mapping[str, ErpDocument]:
        found = [key for key in keys if key in self.documents]
        return {key: ErpDocument(key=key, external_id=str(list(self.documents).index(key) + 1)) for key in found}

    async def cancelled_sales(self, since: str | None) -> tuple[tuple[str, ...], str | None]:
        return tuple(self.cancelled_keys), str(len(self.cancelled_keys))

    def of(self, kind: str) -> list[Any]:
        """What was posted of a kind."""
        return [posting for known, posting in self.documents.values() if known == kind]


class FakeFulfillmentChannel(Faulty):
    """The shop's side of shipping."""

    def __init__(self, shop: str) -> None:
        super().__init__()
        self.shop = shop
        self.fulfilled: dict[str, tuple[str, FulfillmentWrite]] = {}
        self.elsewhere: list[ChannelFulfillment] = []
        self.requests: dict[str, tuple[FulfillmentOrder, ...]] = {}
        self.cancelled: dict[str, str] = {}
        self.ended: set[str] = set()  # orders that somebody cancelled in the shop

    async def read_logistics(self, order_ids: Sequence[str]) -> Mapping[str, OrderLogistics]:
        self.asked("read_logistics", list(order_ids))
        return {
            id_: OrderLogistics(id_, self.requests.get(id_, ()), self._of(id_), cancelled=id_ in self.cancelled)
            for id_ in order_ids
        }

    def _of(self, order_id: str) -> tuple[ChannelFulfillment, ...]:
        ours = [
            ChannelFulfillment(id_, order_id, "SUCCESS", write.parcel, write.lines, True, write.location_id)
            for id_, write in self.fulfilled.values()
            if write.order_id == order_id
        ]
        return (*ours, *(one for one in self.elsewhere if one.order_id == order_id))

    async def fulfill(self, writes: Sequence[FulfillmentWrite]) -> list[Outcome[str]]:
        self.asked("fulfill", [write.key for write in writes])
        outcomes: list[Outcome[str]] = []
        for write in writes:
            if write.order_id in self.ended and write.key not in self.fulfilled:
                outcomes.append(Failed(RejectedError("the order is cancelled", code="order_cancelled")))
                continue
            self.fulfilled.setdefault(write.key, (f"f{len(self.fulfilled) + 1}", write))
            outcomes.append(Settled(self.fulfilled[write.key][0]))
        self.answered()
        return outcomes

    async def update_tracking(self, fulfillment_id: str, parcel: Parcel, *, notify: bool = False) -> Outcome[str]:
        self.asked("update_tracking", (fulfillment_id, parcel.tracking_number))
        return Settled(fulfillment_id)

    async def delivery_event(self, fulfillment_id: str, status: str, happened_at: str) -> Outcome[str]:
        self.asked("delivery_event", (fulfillment_id, status))
        return Settled(f"{fulfillment_id}/{status}")

    async def move(self, fulfillment_order_id: str, location_id: str, lines: Mapping[str, int] | None) -> Outcome[str]:
        self.asked("move", (fulfillment_order_id, location_id, dict(lines) if lines else None))
        return Settled(f"{fulfillment_order_id}-moved")

    async def hold(self, fulfillment_order_id: str, reason: str, handle: str) -> Outcome[str]:
        self.asked("hold", (fulfillment_order_id, handle))
        return Settled(fulfillment_order_id)

    async def release(self, fulfillment_order_id: str, handle: str | None = None) -> Outcome[str]:
        self.asked("release", (fulfillment_order_id, handle))
        return Settled(fulfillment_order_id)

    async def cancel_order(
        self, order_id: str, reason: str, *, restock: bool, refund: bool, notify: bool = False
    ) -> Outcome[str]:
        self.asked("cancel_order", order_id)
        self.cancelled[order_id] = reason
        self.answered()
        return Settled(order_id)

    async def capture(self, order_id: str, parent_id: str, total: Money) -> Outcome[str]:
        self.asked("capture", (order_id, parent_id, total))
        return Settled(f"capture-{parent_id}")

    async def order_ids_of(self, fulfillment_order_ids: Sequence[str]) -> Mapping[str, str]:
        self.asked("order_ids_of", list(fulfillment_order_ids))
        return {
            request.id: order_id
            for order_id, requests in self.requests.items()
            for request in requests
            if request.id in fulfillment_order_ids
        }


class FakeReturnChannel(Faulty):
    """The shop's side of returns and refunds. Money is the canonical refund that a test prepares, or zero."""

    def __init__(self, shop: str) -> None:
        super().__init__()
        self.shop = shop
        self.returns: dict[str, Return] = {}
        self.refunds: dict[str, tuple[str, Refund]] = {}
        self.by_hand: list[Refund] = []
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.made: Callable[[], Awaitable[None]] = _at_once
        """What is waited for between a refund and its answer."""

    async def read_returns(self, ids: Sequence[str]) -> Mapping[str, Return | RejectedError]:
        self.asked("read_returns", list(ids))
        return {id_: self.returns[id_] for id_ in ids if id_ in self.returns}

    async def returns_of(self, order_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        self.asked("returns_of", list(order_ids))
        return {o: tuple(r.id for r in self.returns.values() if r.order_id == o) for o in order_ids}

    async def read_refunds(self, order_ids: Sequence[str]) -> Mapping[str, tuple[Refund, ...]]:
        self.asked("read_refunds", list(order_ids))
        known = [*self.by_hand, *(refund for _, refund in self.refunds.values())]
        return {o: tuple(refund for refund in known if refund.order_id == o) for o in order_ids}

    def return_id_of(self, message: Message) -> str:
        return message.body.decode()

    async def approve(self, return_ids: Sequence[str]) -> Sequence[Outcome[str]]:
        return [self._status("approve", return_id, ReturnStatus.OPEN) for return_id in return_ids]

    async def decline(self, return_id: str, reason: str, note: str) -> Outcome[str]:
        return self._status("decline", return_id, ReturnStatus.DECLINED)

    async def close(self, return_ids: Sequence[str]) -> Sequence[Outcome[str]]:
        return [self._status("close", return_id, ReturnStatus.CLOSED) for return_id in return_ids]

    def _status(self, what: str, return_id: str, status: ReturnStatus) -> Outcome[str]:
        self.asked(what, return_id)
        self.returns[return_id] = self.returns[return_id].model_copy(update={"status": status})
        self.answered()
        return Settled(return_id)

    async def open_return(self, key: str, order_id: str, lines: Mapping[str, int], reason: str) -> Outcome[str]:
        self.asked("open_return", (order_id, dict(lines)))
        return Settled(f"return-of-{order_id}")

    async def dispose(
        self, return_id: str, dispositions: Sequence[tuple[str, int, Disposition, str | None]]
    ) -> Outcome[str]:
        self.asked("dispose", (return_id, tuple(dispositions)))
        return Settled(return_id)

    async def suggested_refund(
        self, order_id: str, lines: Mapping[str, int], *, shipping: bool, duties: bool = False
    ) -> SuggestedRefund:
        raise RejectedError("this shop suggests nothing", code="unknown_order")

    async def refund(self, write: RefundWrite) -> Outcome[Refund]:
        self.asked("refund", write.key)
        if write.key not in self.refunds:
            self.refunds[write.key] = (write.key, self._refund(write))
        await self.made()
        self.answered()
        return Settled(self.refunds[write.key][1])

    def _refund(self, write: RefundWrite) -> Refund:
        number = len(self.refunds) + 1
        zero = [MoneyPair(shop=t.amount, presentment=t.amount) for t in write.tenders]
        total = None
        if zero:
            amount = sum((t.amount for t in write.tenders[1:]), write.tenders[0].amount)
            total = MoneyPair(shop=amount, presentment=amount)
        return Refund(
            id=f"refund-{number}",
            shop=self.shop,
            order_id=write.order_id,
            return_id=write.return_id,
            created_at=self.now(),
            lines=tuple(
                RefundLine(line_id=line, quantity=n, subtotal=_nothing(write), tax=_nothing(write))
                for line, (n, _) in write.lines.items()
                if n
            ),
            transactions=tuple(
                RefundTransaction(id=f"tx-{number}-{i}", gateway=t.gateway, amount=zero[i], parent_id=t.parent_id)
                for i, t in enumerate(write.tenders)
            ),
            total=total,
            note=write.note,
        )


async def _at_once() -> None:
    """Answers are not late."""


def _nothing(write: RefundWrite) -> MoneyPair:
    currency = write.tenders[0].amount.currency if write.tenders else "USD"
    return MoneyPair(shop=Money.zero(currency), presentment=Money.zero(currency))
