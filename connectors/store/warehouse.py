"""Stores behind the port `Warehouse`."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from canonical.errors import ConflictError, CrossdockError, HeldError, MisconfiguredError, RejectedError
from canonical.ids import digest
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.counter import OnBoard, StoreBoard
from canonical.ports.warehouse import WarehouseReport
from canonical.records import Message
from canonical.rules.warehouse_state import last_told, parcels, shipped, state_of
from canonical.warehouse import (
    FulfillmentRequest,
    WarehouseEvent,
    WarehouseEventKind,
    WarehouseRef,
    WarehouseState,
    WarehouseStatus,
)
from canonical.warehouse_messages import delivery_of
from connectors.warehouse_events import event_of

_UNTOUCHED: Final = (WarehouseState.REQUESTED, WarehouseState.ACCEPTED)
_NOT_GONE: Final = (*_UNTOUCHED, WarehouseState.ALLOCATED, WarehouseState.PICKED, WarehouseState.READY_FOR_PICKUP)
"""What can be cancelled: a pickup that waits at the counter is put back."""


class StoreWarehouse:
    """Implements `canonical.ports.warehouse.Warehouse`."""

    best_batch = 50

    def __init__(self, system: str, board: StoreBoard) -> None:
        self.system, self._board = system, board

    async def submit(self, requests: Sequence[FulfillmentRequest]) -> list[Outcome[WarehouseRef]]:
        """See the port. That it lies on the board is told as `accepted`; people may reject it later."""
        return [await _outcome(self._submit(request)) for request in requests]

    async def amend(self, request: FulfillmentRequest) -> Outcome[WarehouseRef]:
        """See the port."""
        return await _outcome(self._amend(request))

    async def cancel(self, keys: Sequence[str], reason: str) -> list[Outcome[WarehouseRef]]:
        """See the port."""
        return [await _outcome(self._cancel(key, reason)) for key in keys]

    async def status(self, keys: Sequence[str]) -> Mapping[str, WarehouseStatus]:
        """See the port."""
        found = await self._board.on_board(self.system, keys)
        events = await self._board.told(self.system, list(found))
        return {key: _status(entry, events.get(key, [])) for key, entry in found.items()}

    async def changes(self, cursor: str | None) -> WarehouseReport:
        """See the port: nothing, for events come by themselves."""
        return WarehouseReport(events=(), cursor=cursor)

    def event_of(self, message: Message) -> WarehouseEvent:
        """See the port; the format is in `connectors.warehouse_events`."""
        return event_of(message)

    async def check(self) -> None:
        """See the port: there is nobody to ask but our own database."""
        await self._board.on_board(self.system, [])

    async def aclose(self) -> None:
        """Nothing is held open."""

    async def _submit(self, request: FulfillmentRequest) -> WarehouseRef:
        entry = await self._board.pin(self.system, request)
        if request.revision > entry.request.revision:
            return await self._amend(request)
        _same(request, entry)
        if entry.cancelled is None:
            await self._tell(request, WarehouseEventKind.ACCEPTED)
        return _ref(entry)

    async def _amend(self, request: FulfillmentRequest) -> WarehouseRef:
        entry = (await self._board.on_board(self.system, [request.key])).get(request.key)
        if entry is None:
            raise _unknown(request.key)
        if request.revision <= entry.request.revision:
            _same(request, entry)
            return _ref(entry)
        if entry.cancelled or await self._state(entry) not in _UNTOUCHED:
            raise _too_late(entry, "is being worked on already")
        await self._replace(entry, OnBoard(request=request))
        await self._tell(request, WarehouseEventKind.ACCEPTED)
        return _ref(OnBoard(request=request))

    async def _cancel(self, key: str, reason: str) -> WarehouseRef:
        entry = (await self._board.on_board(self.system, [key])).get(key)
        if entry is None:
            raise _unknown(key)
        if entry.cancelled is None:
            if (state := await self._state(entry)) not in _NOT_GONE:
                raise _too_late(entry, f"is {state.value.replace('_', ' ')} already")
            await self._replace(entry, entry.model_copy(update={"cancelled": reason or "cancelled"}))
        await self._tell(entry.request, WarehouseEventKind.CANCELLED, reason)
        return _ref(entry)

    async def _replace(self, old: OnBoard, new: OnBoard) -> None:
        if not await self._board.replace(self.system, old, new):
            raise ConflictError(
                "the request changed on the board meanwhile", code="board_changed", document=old.request.order_name
            )

    async def _tell(self, request: FulfillmentRequest, kind: WarehouseEventKind, reason: str | None = None) -> None:
        """Say by an event what we did ourselves; doing it again says nothing new."""
        event = WarehouseEvent(
            id=f"{kind}:{request.key}:{request.revision}",
            system=self.system,
            kind=kind,
            occurred_at=datetime.now(UTC),
            sequence=request.revision,
            location=request.location,
            request_key=request.key,
            order_name=request.order_name,
            reason=reason,
        )
        await self._board.tell([delivery_of(event, request.company)])

    async def _state(self, entry: OnBoard) -> WarehouseState:
        events = await self._board.told(self.system, [entry.request.key])
        return _status(entry, events.get(entry.request.key, [])).state


async def _outcome(work: Awaitable[WarehouseRef]) -> Outcome[WarehouseRef]:
    try:
        return Settled(await work)
    except MisconfiguredError:  # nobody can pass
        raise
    except CrossdockError as error:
        return Failed(error)


def _status(entry: OnBoard, events: Sequence[WarehouseEvent]) -> WarehouseStatus:
    request = entry.request
    lines = {line.line_id: line.quantity for line in request.lines}
    state = state_of(events, lines)
    return WarehouseStatus(
        ref=_ref(entry),
        state=WarehouseState.CANCELLED if entry.cancelled and state in _NOT_GONE else state,
        revision=request.revision,
        shipped=shipped(events, lines),
        parcels=parcels(events),
        updated_at=last_told(events, request.requested_at),
    )


def _ref(entry: OnBoard) -> WarehouseRef:
    return WarehouseRef(key=entry.request.key, external_id=entry.request.key, number=entry.request.order_name)


def _same(request: FulfillmentRequest, entry: OnBoard) -> None:
    if (request.revision, _digest(request)) != (entry.request.revision, _digest(entry.request)):
        raise ConflictError(
            f"revision {entry.request.revision} of this request lies on the board with other content",
            code="request_differs",
            document=request.order_name,
            way_out="Amend it under a higher revision.",
        )


def _digest(request: FulfillmentRequest) -> str:
    return digest(request.model_dump(mode="json", exclude={"revision", "requested_at"}))


def _unknown(key: str) -> RejectedError:
    return RejectedError(
        "the store knows no request of this key",
        code="request_unknown",
        document=key,
        way_out="Hand the request over first.",
    )


def _too_late(entry: OnBoard, words: str) -> HeldError:
    return HeldError(
        f"the request {words}",
        code="too_late",
        document=entry.request.order_name,
        way_out="Ask the store, or take the goods back as a return.",
    )
