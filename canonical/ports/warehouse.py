"""Warehouses, 3PLs and stores: one port for all three."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from canonical.errors import RejectedError
from canonical.outcomes import Outcome
from canonical.records import Message
from canonical.warehouse import FulfillmentRequest, WarehouseEvent, WarehouseRef, WarehouseStatus


@dataclass(frozen=True, slots=True)
class WarehouseReport:
    """Events since a cursor, errors for what could not be read (file, line, field), and the next cursor."""

    events: tuple[WarehouseEvent, ...]
    errors: tuple[RejectedError, ...] = ()
    cursor: str | None = None


@runtime_checkable
class Warehouse(Protocol):
    """A system that ships from one or more locations. `best_batch`: how many requests one call carries best."""

    system: str
    best_batch: int

    async def submit(self, requests: Sequence[FulfillmentRequest]) -> list[Outcome[WarehouseRef]]:
        """Hand over each request once under its key; the same again settles with the existing one.

        Other content under a key and revision that stands is a `ConflictError`. A 3PL by file answers `AwaitingAck`.
        """
        ...

    async def amend(self, request: FulfillmentRequest) -> Outcome[WarehouseRef]:
        """Replace the lines or the address, or fail with `HeldError` when it has gone too far."""
        ...

    async def cancel(self, keys: Sequence[str], reason: str) -> list[Outcome[WarehouseRef]]:
        """Cancel, or fail with `HeldError` (already packed). Cancelling twice is settled."""
        ...

    async def status(self, keys: Sequence[str]) -> Mapping[str, WarehouseStatus]:
        """Where each stands; a key that is missing was never submitted."""
        ...

    async def changes(self, cursor: str | None) -> WarehouseReport:
        """Events since the cursor, overlapping a little: twice is possible, never is not.

        Without a cursor: all requests and returns; of the warehouse's own stock nothing, for what is there by then is
        aligned by comparison. The cursor that comes back is where movements begin to be told.
        """
        ...

    def event_of(self, message: Message) -> WarehouseEvent:
        """What a signed event says. Raises `RejectedError` naming the field."""
        ...

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...
