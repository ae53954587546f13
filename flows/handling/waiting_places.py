"""Where the pieces of an order line wait to be shipped, and how many have left from there."""

from collections.abc import Sequence
from dataclasses import dataclass

from canonical.fulfillment import FulfillmentOrder
from canonical.order import OrderLine


@dataclass(slots=True)
class Wait:
    """Pieces of a line at one location of the channel: all that are to leave from there, and those that have."""

    location: str | None
    name: str | None
    pieces: int = 0
    fulfilled: int = 0


def waits_of(requests: Sequence[FulfillmentOrder], line: OrderLine) -> list[Wait]:
    """By location, in the order of the requests; together all pieces of the line. Without any request, nowhere yet.

    What the channel no longer counts as committed is what is left of the line beside what its requests still ask for:
    it has left from where requests are done, the first location where nothing tells.
    """
    asked = [(request, row) for request in requests for row in request.lines if row.line_id == line.id]
    if not asked:
        return [Wait(None, None, line.current_quantity)]
    waits: dict[str | None, Wait] = {}
    done: dict[str | None, int] = {}
    left = line.current_quantity
    for request, row in asked:
        wait = waits.setdefault(request.location_id, Wait(request.location_id, request.location_name))
        part = min(row.remaining, left)
        wait.pieces, left = wait.pieces + part, left - part
        done[request.location_id] = done.get(request.location_id, 0) + row.quantity - row.remaining
    for location, wait in waits.items():
        part = min(done[location], left)
        wait.pieces, wait.fulfilled, left = wait.pieces + part, part, left - part
    first = next(iter(waits.values()))
    first.pieces, first.fulfilled = first.pieces + left, first.fulfilled + left
    return [wait for wait in waits.values() if wait.pieces] or [first]
