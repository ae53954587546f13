"""What we handed over and what we were told, a file a request each. Written whole or not at all.

Two files, because two write them: who submits, one worker an order at a time; and who polls, one worker a system.
"""

from typing import Final
from urllib.parse import quote

from pydantic import Field, ValidationError

from canonical.errors import RejectedError
from canonical.ids import digest
from canonical.model import Code, Model, Utc
from canonical.rules.warehouse_state import state_of
from canonical.warehouse import WarehouseEvent, WarehouseEventKind, WarehouseState
from connectors.file_drop import FileDrop

SENT, TOLD, READY, ORDERS = "crossdock/sent", "crossdock/told", "crossdock/ready", "orders"
LONGEST: Final = 150
_WORK: Final = frozenset(
    {
        WarehouseEventKind.ALLOCATED,
        WarehouseEventKind.PICKED,
        WarehouseEventKind.PACKED,
        WarehouseEventKind.READY_FOR_PICKUP,
        WarehouseEventKind.SHIPPED,
    }
)


class Sent(Model):
    """The request that stands, and whether we asked to cancel it. `file` is the last one we handed over."""

    key: Code
    revision: int
    digest: Code
    order_name: Code
    location: Code
    lines: dict[str, int]
    file: Code
    at: Utc
    cancel: str | None = None


class Told(Model):
    """The events of one request, by id, in the order in which they came."""

    events: dict[str, WarehouseEvent] = Field(default_factory=dict)

    def with_events(self, events: list[WarehouseEvent]) -> "Told":
        """The same and these; an event that is known stays as it was first told."""
        return Told(events={**self.events, **{event.id: event for event in events if event.id not in self.events}})

    def has(self, kind: WarehouseEventKind) -> bool:
        """Whether such an event came."""
        return any(event.kind is kind for event in self.events.values())

    def first(self, kind: WarehouseEventKind) -> WarehouseEvent | None:
        """The first such event."""
        return next((event for event in self.events.values() if event.kind is kind), None)

    def acknowledged(self, revision: int) -> bool:
        """Whether this revision was taken, or anything was done with it since."""
        taken = [event for event in self.events.values() if event.kind is WarehouseEventKind.ACCEPTED]
        return any((event.sequence or 0) >= revision for event in taken) or (revision == 0 and self._worked_on)

    @property
    def _worked_on(self) -> bool:
        return any(event.kind in _WORK for event in self.events.values())

    @property
    def told(self) -> list[WarehouseEvent]:
        """The events."""
        return list(self.events.values())

    def state(self, sent: Sent) -> WarehouseState:
        """Where the request stands."""
        return state_of(self.told, sent.lines)


class Book:
    """Reads and writes both."""

    def __init__(self, drop: FileDrop) -> None:
        self._drop = drop

    async def sent(self, key: str) -> Sent | None:
        """What was handed over under a key."""
        text = await self._drop.read(SENT, f"{name_of(key)}.json")
        try:
            return Sent.model_validate_json(text) if text is not None else None
        except ValidationError as error:
            raise _broken(SENT, key) from error

    async def keep_sent(self, sent: Sent) -> None:
        """Remember what is being handed over."""
        await self._drop.write(SENT, f"{name_of(sent.key)}.json", sent.model_dump_json().encode())

    async def told(self, key: str) -> Told:
        """What was told of a key."""
        text = await self._drop.read(TOLD, f"{name_of(key)}.json")
        try:
            return Told.model_validate_json(text) if text is not None else Told()
        except ValidationError as error:
            raise _broken(TOLD, key) from error

    async def keep_told(self, events: list[WarehouseEvent]) -> None:
        """Remember what was told, each event once."""
        by_key: dict[str, list[WarehouseEvent]] = {}
        for event in events:
            if event.request_key:
                by_key.setdefault(event.request_key, []).append(event)
        for key, found in by_key.items():
            told = (await self.told(key)).with_events(found)
            await self._drop.write(TOLD, f"{name_of(key)}.json", told.model_dump_json(exclude_none=True).encode())


def name_of(key: str) -> str:
    """A file name for a key; no two keys share one."""
    name = quote(key, safe="")
    return name if len(name) <= LONGEST else f"{name[:80]}-{digest(key)}"


def _broken(folder: str, key: str) -> RejectedError:
    return RejectedError(
        "what was kept of this request cannot be read",
        code="book_unreadable",
        document=key,
        way_out=f"Repair or remove its file in {folder}.",
    )
