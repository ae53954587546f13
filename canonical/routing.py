"""What a routing decision needs, and what it is. Quantities are whole base units; distances in kilometres."""

from pydantic import Field

from canonical.model import Code, Model, Text, Utc


class RoutingLine(Model):
    """One order line to place.

    `parts` says what stock one unit takes where that is not one of `item`: the components of a kit, in whole base
    units. A kit leaves one location whole.
    """

    line_id: Code
    item: Code
    quantity: int = Field(gt=0)
    categories: tuple[str, ...] = ()  # hazmat and the like
    grams: int = Field(default=0, ge=0)  # of one unit
    parts: tuple[tuple[Code, int], ...] = ()

    @property
    def takes(self) -> tuple[tuple[str, int], ...]:
        """(item, base units) that one unit takes."""
        return self.parts or ((self.item, 1),)


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
    """These lines from this location. Of a backorder, `ship_by` is when it leaves once the delivery has come."""

    location: Code
    lines: dict[str, int]  # line id -> quantity
    ship_by: Utc | None = None
    backorder: bool = False


class RoutingDecision(Model):
    """Who ships what, what nobody can ship, and why: `words` has a line for each rule that mattered.

    `held` says why nobody decided: the order waits for a person or for the engine, and nothing of it is placed.
    """

    order_id: Code
    assignments: tuple[Assignment, ...]
    unplaced: dict[str, int] = Field(default_factory=dict)
    decided_by: Code
    words: tuple[Text, ...] = ()
    held: Text | None = None
