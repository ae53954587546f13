"""What a routing decision needs, and what it is. Quantities are whole base units; distances in kilometres."""

from pydantic import Field

from canonical.model import Code, Model, Text, Utc


class RoutingLine(Model):
    """One order line to place."""

    line_id: Code
    item: Code
    quantity: int = Field(gt=0)
    categories: tuple[str, ...] = ()  # hazmat and the like
    grams: int = 0


class RoutingRequest(Model):
    """An order to place, or what is left of it after a location rejected or shorted (`excluded`)."""

    shop: Code
    order_id: Code
    order_name: Code
    lines: tuple[RoutingLine, ...]
    country: str | None = None
    region: str | None = None
    postcode: str | None = None
    method: str | None = None
    pickup_location: str | None = None
    placed_at: Utc
    excluded: tuple[Code, ...] = ()  # locations that must not be asked again


class Assignment(Model):
    """These lines from this location."""

    location: Code
    lines: dict[str, int]  # line id -> quantity
    ship_by: Utc | None = None
    backorder: bool = False


class RoutingDecision(Model):
    """Who ships what, what nobody can ship, and why: `words` has a line for each rule that mattered."""

    order_id: Code
    assignments: tuple[Assignment, ...]
    unplaced: dict[str, int] = Field(default_factory=dict)
    decided_by: Code
    words: tuple[Text, ...] = ()
