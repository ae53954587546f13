"""A 3PL by file behind the port `Warehouse`. Nothing is settled before its acknowledgement has come."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from canonical.errors import ConflictError, HeldError, RejectedError
from canonical.outcomes import AwaitingAck, Outcome, Settled
from canonical.ports.warehouse import WarehouseReport
from canonical.records import Message
from canonical.rules.warehouse_state import last_told, parcels, shipped
from canonical.warehouse import (
    FulfillmentRequest,
    WarehouseEvent,
    WarehouseEventKind,
    WarehouseRef,
    WarehouseState,
    WarehouseStatus,
)
from connectors.file_3pl.book import Book, Sent, Told
from connectors.file_3pl.incoming import IncomingFiles
from connectors.file_3pl.layout import read_layout
from connectors.file_3pl.orders import OrderFiles, digest_of
from connectors.file_3pl.settings import File3plSettings
from connectors.file_drop import FileDrop, outcome_of
from connectors.warehouse_events import event_of

_PACKED = frozenset(
    {
        WarehouseState.PACKED,
        WarehouseState.READY_FOR_PICKUP,
        WarehouseState.SHIPPED,
        WarehouseState.PARTLY_SHIPPED,
        WarehouseState.SHORT,
    }
)


class File3pl:
    """Implements `canonical.ports.warehouse.Warehouse`."""

    def __init__(self, system: str, settings: File3plSettings) -> None:
        self.system, self.best_batch = system, 100
        layout = read_layout(settings.layout)
        self._drop = FileDrop(settings.drop(system))
        self._book = Book(self._drop)
        self._orders = OrderFiles(self._drop, self._book, layout)
        self._incoming = IncomingFiles(system, self._drop, self._book, layout, settings.most_files)
        self._patience = timedelta(hours=settings.ack_hours)

    async def submit(self, requests: Sequence[FulfillmentRequest]) -> list[Outcome[WarehouseRef]]:
        """See the port."""
        return [await outcome_of(self._submit(request)) for request in requests]

    async def amend(self, request: FulfillmentRequest) -> Outcome[WarehouseRef]:
        """See the port."""
        return await outcome_of(self._amend(request))

    async def cancel(self, keys: Sequence[str], reason: str) -> list[Outcome[WarehouseRef]]:
        """See the port."""
        return [await outcome_of(self._cancel(key, reason)) for key in keys]

    async def status(self, keys: Sequence[str]) -> Mapping[str, WarehouseStatus]:
        """See the port."""
        found: dict[str, WarehouseStatus] = {}
        for key in keys:
            if sent := await self._book.sent(key):
                found[key] = _status(sent, await self._book.told(key))
        return found

    async def changes(self, cursor: str | None) -> WarehouseReport:
        """See the port. Files are archived when a later call brings this call's cursor."""
        return await self._incoming.changes(cursor)

    def event_of(self, message: Message) -> WarehouseEvent:
        """See the port; the format is in `connectors.warehouse_events`."""
        return event_of(message)

    async def check(self) -> None:
        """See the port."""
        await self._drop.check(["orders", "incoming"])

    async def aclose(self) -> None:
        """Close the connection."""
        await self._drop.aclose()

    async def _submit(self, request: FulfillmentRequest) -> Outcome[WarehouseRef]:
        sent = await self._book.sent(request.key)
        if sent is None:
            return self._awaiting(await self._orders.ship(request))
        if request.revision > sent.revision:
            return await self._amend(request)
        return await self._standing(request, sent)

    async def _amend(self, request: FulfillmentRequest) -> Outcome[WarehouseRef]:
        sent = await self._book.sent(request.key)
        if sent is None:
            raise _unknown(request.key)
        if request.revision <= sent.revision:
            return await self._standing(request, sent)
        told = await self._book.told(request.key)
        if sent.cancel or told.state(sent) not in (WarehouseState.REQUESTED, WarehouseState.ACCEPTED):
            raise _too_late(sent, f"is {told.state(sent).value.replace('_', ' ')} already")
        return self._awaiting(await self._orders.ship(request))

    async def _standing(self, request: FulfillmentRequest, sent: Sent) -> Outcome[WarehouseRef]:
        """The request we have handed over: acknowledged, refused, or still waiting."""
        if (request.revision, digest_of(request)) != (sent.revision, sent.digest):
            raise ConflictError(
                f"revision {sent.revision} of this request was handed over with other content",
                code="request_differs",
                document=sent.order_name,
                way_out="Amend it under a higher revision.",
            )
        await self._orders.resume(sent)
        told = await self._book.told(sent.key)
        refused = told.first(WarehouseEventKind.REJECTED)
        if refused is not None and not told.acknowledged(sent.revision):
            raise HeldError(
                f"the warehouse refuses it: {refused.reason or 'no reason given'}",
                code="warehouse_refused",
                document=sent.order_name,
                way_out="Route the lines to another location.",
            )
        if told.acknowledged(sent.revision) or told.has(WarehouseEventKind.CANCELLED):
            return Settled(_ref(sent, told))
        return self._awaiting(sent)

    async def _cancel(self, key: str, reason: str) -> Outcome[WarehouseRef]:
        sent = await self._book.sent(key)
        if sent is None:
            raise _unknown(key)
        told = await self._book.told(key)
        if told.has(WarehouseEventKind.CANCELLED):
            return Settled(_ref(sent, told))
        if told.state(sent) in _PACKED or told.has(WarehouseEventKind.CANCEL_REFUSED):
            raise _too_late(sent, "is packed already")
        if sent.cancel is None:
            return self._awaiting(await self._orders.cancel(sent, reason))
        await self._orders.resume(sent)
        return self._awaiting(sent)

    def _awaiting(self, sent: Sent) -> AwaitingAck:
        return AwaitingAck(reference=sent.file, deadline=sent.at + self._patience)


def _ref(sent: Sent, told: Told) -> WarehouseRef:
    """Their own number, where the acknowledgement gave one."""
    taken = told.first(WarehouseEventKind.ACCEPTED)
    number = taken.external_id if taken else None
    return WarehouseRef(key=sent.key, external_id=number or sent.key, number=number)


def _status(sent: Sent, told: Told) -> WarehouseStatus:
    return WarehouseStatus(
        ref=_ref(sent, told),
        state=told.state(sent),
        revision=sent.revision,
        shipped=shipped(told.told, sent.lines),
        parcels=parcels(told.told),
        updated_at=last_told(told.told, sent.at),
    )


def _unknown(key: str) -> RejectedError:
    return RejectedError(
        "the warehouse knows no request of this key",
        code="request_unknown",
        document=key,
        way_out="Hand the request over first.",
    )


def _too_late(sent: Sent, words: str) -> HeldError:
    return HeldError(
        f"the shipment {words}",
        code="too_late",
        document=sent.order_name,
        way_out="Ask the warehouse, or take the goods back as a return.",
    )
