"""What we asked for, kept with the consignee as JSON; and how quantities of an item go to the lines that asked."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from canonical.ids import digest
from canonical.warehouse import FulfillmentRequest

Share = tuple[str, int]
"""A line id and a quantity of it."""


@dataclass(frozen=True, slots=True)
class Content:
    """The request that stands: its revision and digest, its lines, and whether we have cancelled it."""

    revision: int
    digest: str
    order_name: str
    location: str
    lines: tuple[tuple[str, str, int], ...]  # line id, item, quantity
    cancelled: str | None = None

    @property
    def totals(self) -> dict[str, int]:
        """Quantities by item."""
        totals: dict[str, int] = {}
        for _, item, quantity in self.lines:
            totals[item] = totals.get(item, 0) + quantity
        return totals

    def cancel(self, reason: str) -> "Content":
        """The same, cancelled."""
        return replace(self, cancelled=reason or "cancelled")

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self))


def content_of(request: FulfillmentRequest) -> Content:
    """What a request asks for. When it was made does not matter to its digest."""
    said = request.model_dump(mode="json", exclude={"revision", "requested_at"})
    lines = tuple((line.line_id, line.item, line.quantity) for line in request.lines)
    return Content(request.revision, digest(said), request.order_name, request.location, lines)


def read_content(text: str | None) -> Content | None:
    """The content kept in a text; None when it is not ours."""
    try:
        found: Any = json.loads(text or "")
        lines = tuple((str(line), str(item), int(quantity)) for line, item, quantity in found.pop("lines"))
        return Content(**found, lines=lines)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


class Shares:
    """Hands out the quantities of items to the lines that asked, in their order; what is too much goes to the last."""

    def __init__(self, lines: Iterable[tuple[str, str, int]]) -> None:
        self._open: dict[str, list[list[Any]]] = {}
        for line_id, item, quantity in lines:
            self._open.setdefault(item, []).append([line_id, quantity])

    def take(self, item: str, quantity: int) -> list[Share]:
        """The lines this quantity is for; none when nobody asked for the item."""
        lines = self._open.get(item, [])
        taken: dict[str, int] = {}
        for entry in lines:
            part = min(entry[1], quantity)
            if part > 0:
                entry[1] -= part
                quantity -= part
                taken[entry[0]] = taken.get(entry[0], 0) + part
        if quantity > 0 and lines:
            taken[lines[-1][0]] = taken.get(lines[-1][0], 0) + quantity
        return list(taken.items())

    def left(self) -> Mapping[str, tuple[str, int]]:
        """What no line has got yet: item and quantity by line id."""
        return {
            line_id: (item, quantity)
            for item, entries in self._open.items()
            for line_id, quantity in entries
            if quantity > 0
        }
