"""`crossdock store`: what people in a store do with the requests on their board. Each act is an event in the inbox.

A request is named by its key, or by the name of its order where that has one request in the stores.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

from cyclopts import Parameter

from canonical.errors import RejectedError
from canonical.fulfillment import Parcel, ParcelLine
from canonical.landscape import Landscape
from canonical.ports.counter import OnBoard, StoreBoard
from canonical.rules.counter import Act, act_on
from canonical.rules.warehouse_state import state_of
from canonical.warehouse import FulfillmentRequest, WarehouseEvent, WarehouseState
from canonical.warehouse_messages import delivery_of
from deployments.cli.context import actor, age, console, now, opened_store, show
from deployments.landscape_loader import load_landscape

COLUMNS = ("request", "order", "location", "kind", "state", "lines", "age")
STORE = "store"
_DONE = frozenset(
    {
        WarehouseState.SHIPPED,
        WarehouseState.SHORT,
        WarehouseState.CANCELLED,
        WarehouseState.REJECTED,
        WarehouseState.EXPIRED,
    }
)


def show_board(*, location: str | None = None, every: bool = False) -> int:
    """List what is to be done, the oldest first.

    Parameters
    ----------
    location
        Only this store.
    every
        What is done as well.
    """
    found = asyncio.run(_board(load_landscape()))
    rows = [
        (r.key, r.order_name, r.location, "pickup" if r.pickup else "send", state, _lines(r), age(r.requested_at))
        for r, state in sorted(found, key=lambda entry: entry[0].requested_at)
        if (every or state not in _DONE) and location in (None, r.location)
    ]
    show("Store requests", COLUMNS, rows)
    return 0


def pick(request: str) -> int:
    """Everything that is not short is found."""
    return _act(request, Act.PICK)


def ready(request: str) -> int:
    """A pickup waits at the counter."""
    return _act(request, Act.READY)


def collected(request: str) -> int:
    """The shopper has it."""
    return _act(request, Act.COLLECTED)


def expired(request: str) -> int:
    """Nobody came; the goods go back to the shelf."""
    return _act(request, Act.EXPIRED)


def pack(request: str) -> int:
    """A parcel is packed."""
    return _act(request, Act.PACK)


def send(request: str, *, carrier: str, tracking: str) -> int:
    """The carrier took the parcel.

    Parameters
    ----------
    carrier
        Who took it.
    tracking
        Its number.
    """
    return _act(request, Act.SEND, carrier=carrier, tracking=tracking)


def short(request: str, *, missing: Annotated[list[str], Parameter(consume_multiple=True)]) -> int:
    """Something is not there.

    Parameters
    ----------
    missing
        Line and quantity: 1=2; several may follow.
    """
    return _act(request, Act.SHORT, missing=_missing(missing), because="not found")


def reject(request: str, *, because: str) -> int:
    """The store does not do it.

    Parameters
    ----------
    because
        Why.
    """
    return _act(request, Act.REJECT, because=because)


def _act(
    text: str,
    act: Act,
    *,
    missing: Mapping[str, int] | None = None,
    because: str | None = None,
    carrier: str | None = None,
    tracking: str | None = None,
) -> int:
    async def tell() -> bool:
        landscape = load_landscape()
        async with opened_store() as store:
            from connectors import registry

            board = registry.store_board(store)
            system, entry = await _find(landscape, board, text)
            told = (await board.told(system, [entry.request.key])).get(entry.request.key, [])
            event = act_on(entry.request, told, act, system, now(), missing=missing, reason=because, words=actor())
            if carrier:
                event = event.model_copy(update={"parcels": _parcel(event, carrier, tracking)})
            return (await board.tell([delivery_of(event, entry.request.company)]))[0]

    new = asyncio.run(tell())
    console.print(f"{text}: {act.value} is told." if new else f"{text}: {act.value} was told before.")
    return 0


async def _board(landscape: Landscape) -> list[tuple[FulfillmentRequest, WarehouseState]]:
    found: list[tuple[FulfillmentRequest, WarehouseState]] = []
    async with opened_store() as store:
        from connectors import registry

        board = registry.store_board(store)
        for system in _systems(landscape):
            entries = list((await board.on_board(system)).values())
            events = await board.told(system, [entry.request.key for entry in entries])
            for entry in entries:
                lines = {line.line_id: line.quantity for line in entry.request.lines}
                state = state_of(events.get(entry.request.key, []), lines)
                found.append((entry.request, WarehouseState.CANCELLED if entry.cancelled else state))
    return found


async def _find(landscape: Landscape, board: StoreBoard, text: str) -> tuple[str, OnBoard]:
    """The one request that a text names. Raises `RejectedError` when none or several are meant."""
    found = [
        (system, entry)
        for system in _systems(landscape)
        for entry in (await board.on_board(system)).values()
        if text in (entry.request.key, entry.request.order_name)
    ]
    if len(found) != 1:
        keys = ", ".join(entry.request.key for _, entry in found)
        raise RejectedError(
            f"{len(found) or 'no'} requests of the stores are called so",
            code="request_unknown",
            document=text,
            way_out=f"Name one of {keys}." if keys else "See `crossdock store list`.",
        )
    return found[0]


def _systems(landscape: Landscape) -> list[str]:
    return [system.name for system in landscape.systems if system.kind == STORE]


def _missing(texts: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        line, _, quantity = text.rpartition("=")
        if not line or not quantity.isdigit():
            raise RejectedError(
                f"{text} is no line with a quantity", code="bad_argument", field="missing", way_out="Write it as 1=2."
            )
        found[line] = int(quantity)
    return found


def _parcel(event: WarehouseEvent, carrier: str, tracking: str | None) -> tuple[Parcel, ...]:
    inside = tuple(ParcelLine(line_id=line.line_id, quantity=line.quantity) for line in event.lines if line.line_id)
    return (Parcel(id=tracking or event.id, carrier=carrier, tracking_number=tracking, lines=inside),)


def _lines(request: FulfillmentRequest) -> str:
    return ", ".join(f"{line.line_id}: {line.quantity} {line.item}" for line in request.lines)
