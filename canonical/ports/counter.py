"""Where a store's requests lie until people have seen to them: on a board in our own database."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from canonical.model import Model
from canonical.records import Delivery
from canonical.warehouse import FulfillmentRequest, WarehouseEvent


class OnBoard(Model):
    """A request on the board, and whether we have cancelled it."""

    request: FulfillmentRequest
    cancelled: str | None = None


@runtime_checkable
class StoreBoard(Protocol):
    """The boards of all systems that are stores. What was told of a request is what the inbox keeps of it."""

    async def pin(self, system: str, request: FulfillmentRequest) -> OnBoard:
        """Put a request there unless one of its key is; answers with the one that is there."""
        ...

    async def replace(self, system: str, old: OnBoard, new: OnBoard) -> bool:
        """Replace the one by the other; false when the old one is not there any more."""
        ...

    async def on_board(self, system: str, keys: Sequence[str] | None = None) -> Mapping[str, OnBoard]:
        """The requests by key; all of them without keys."""
        ...

    async def tell(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Put events into the inbox, each once: true where it is new."""
        ...

    async def told(self, system: str, keys: Sequence[str]) -> Mapping[str, Sequence[WarehouseEvent]]:
        """The events that the system told of these requests, by key, in order of arrival."""
        ...
