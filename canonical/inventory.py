"""Locations, stock levels, the movements that change them, demand on them, and the figures we publish.

On hand = available + allocated + reserved + quality hold + damaged + safety stock (Shopify's identity, facts 3.3).
A reservation is ours: the order is accepted, the ERP or WMS has not allocated yet. An allocation is theirs.

A *position* is a SKU at a location of a source, as that source told it. A *place* is an item at a location of the
channel; a *figure* is what we publish there. SKU means the item code of the ERP on this page, unless it says channel.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from canonical.model import Code, Exact, Model, Text, Utc

_ZERO = Decimal(0)


class LocationKind(StrEnum):
    DISTRIBUTION_CENTRE = "distribution_centre"
    STORE = "store"
    THIRD_PARTY = "third_party"


class Location(Model):
    """A place that holds or ships goods."""

    code: Code
    name: Text
    kind: LocationKind
    country: str | None = None
    region: str | None = None
    active: bool = True


class Incoming(Model):
    """Stock on its way to a location: how much (in the level's unit), when it is due, the document behind it."""

    quantity: Exact
    due: date
    document: Code


class InventoryLevel(Model):
    """Stock of one SKU at one location, in the unit given, as one source saw it at one moment.

    `location` is the canonical one, `native_location` the source's own name of it: several may be one
    location, and their levels add up. `allocated` is all that the source has promised to any document, wholesale
    and transfers too. `supplied` is the source's own available-to-sell where it owns that figure; it is net already.
    `sequence` counts the source's changes where it counts them; it decides before `as_of` which of two is newer.
    """

    sku: Code
    location: Code
    unit: Code = "each"
    on_hand: Exact
    allocated: Exact = _ZERO
    in_transit: Exact = _ZERO
    incoming: tuple[Incoming, ...] = ()
    quality_hold: Exact = _ZERO
    safety_stock: Exact = _ZERO
    supplied: Exact | None = None
    source: Code
    native_location: Code | None = None
    as_of: Utc
    sequence: int | None = None


class AllocatedLine(Model):
    """An order line of ours that a source counts as allocated (or shipped): its reservation ends with this report.

    Ended in the transaction that writes the levels, so that no figure rises in between. `quantity` in base units; None
    for the whole line. With a `location` (the source's name of it) only what waits there ends: a sale is counted at one
    warehouse, though some of it may be shipped from another. `gone` when the goods have left (on hand is lower), else
    they are assigned.
    """

    shop: Code
    order_id: Code
    line_id: str | None = None  # None: every line of the order with this SKU
    sku: Code
    location: str | None = None
    quantity: Exact | None = None
    gone: bool = False


class StockReport(Model):
    """What one source told at once: levels, and which of our orders they already count.

    `complete` lists the native locations for which this is everything there is (a full snapshot): what the report does
    not name there, and nothing newer has told, is zero. A snapshot in parts names a location complete with its last
    part, and gives all its levels one `as_of`: the moment it began. `cursor` is where the next poll goes on.
    """

    source: Code
    company: Code
    levels: tuple[InventoryLevel, ...] = ()
    allocated: tuple[AllocatedLine, ...] = ()
    complete: tuple[str, ...] = ()
    cursor: str | None = None


class Demand(Model):
    """What our own orders take of one SKU at one place of a shop, in base units.

    `reserved`: no source counts it yet. `committed`: not fulfilled at the channel, as far as the channel has told us:
    the same orders it counts as committed, whatever the warehouse has done with them. `taken`: everything ordered since
    the figure was last written, whatever became of it, less what was cancelled: by so much the channel's own figure
    fell by itself.
    `location` is the channel's location id; None while the channel has not chosen one.
    """

    shop: Code
    sku: Code
    location: str | None
    reserved: Exact = _ZERO
    booked_reserved: Exact = _ZERO  # the part of `reserved` whose order the ERP knows
    committed: Exact = _ZERO
    taken: Exact = _ZERO


class Place(Model):
    """Where a figure is shown at a channel: its item and its location, by the channel's own ids."""

    item_id: Code
    location_id: Code


class ChannelLevel(Model):
    """What a channel shows at a place. `committed`: its own orders, not fulfilled. `None`: not stocked there."""

    place: Place
    sku: str | None = None
    available: int | None
    on_hand: int | None = None
    committed: int = 0
    active: bool = True
    tracked: bool = True


class ChannelItem(Model):
    """A thing a channel counts. `sku` is the channel's; it may be blank or doubled."""

    item_id: Code
    variant_id: str | None = None
    product_id: str | None = None
    sku: str | None = None
    barcode: str | None = None
    tracked: bool = True


class StockWrite(Model):
    """Set what may be sold at a place, if the channel still shows `expected` (None: whatever it shows)."""

    place: Place
    quantity: int
    expected: int | None = None


class FigureState(StrEnum):
    """Where a figure stands."""

    DUE = "due"  # target and published differ
    PUBLISHED = "published"  # the channel acknowledged the target
    WITHHELD = "withheld"  # a guard or a gate stopped it; an approval or a repair lets it go
    FAILED = "failed"  # the channel refused; the words say why


class Figure(Model):
    """What is to be shown at one place, and what the channel acknowledged.

    Whole base units. `changed_at` is the oldest source event that the channel does not show yet (lag runs from it);
    `urgent` goes first: to zero, or below the threshold. `not_before` ends the coalescing window.
    """

    shop: Code
    sku: Code
    place: Place
    target: int
    published: int | None = None
    published_at: Utc | None = None
    state: FigureState = FigureState.DUE
    urgent: bool = False
    changed_at: Utc
    not_before: Utc
    reason: str | None = None
    approval_id: int | None = None
    version: int = 0  # grows with every new target: an acknowledgement of an older one does not settle it


class FigureResult(Model):
    """How the write of a claimed figure ended. `quantity` is what the channel shows now, when it is known.

    `taken` is how much of `Demand.taken` that quantity counts already: what it was when the write was prepared, and
    what orders took that nobody had read yet. The book takes it off once, so `Demand.taken` may be below zero until
    those orders are read. Never by a clock: an order read between the look and the settling must count.
    `unsure` when nobody knows whether the channel took the write: what was published before is forgotten then, for
    with orders that nobody has read the channel could show just that again.
    """

    place: Place
    sku: Code
    version: int
    state: FigureState
    quantity: int | None = None
    taken: Exact = _ZERO
    unsure: bool = False
    reason: str | None = None
    approval_id: int | None = None
    not_before: Utc | None = None


class MovementKind(StrEnum):
    """Named movements: a level is a sum of these, and each has a source document."""

    RECEIPT = "receipt"
    SALE = "sale"
    RETURN = "return"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    COUNT = "count"
    SCRAP = "scrap"
    RESERVATION = "reservation"
    RELEASE = "release"
    ALLOCATION = "allocation"


class InventoryMovement(Model):
    """One change of a level: signed quantity, why, and the document behind it."""

    id: Code
    sku: Code
    location: Code
    kind: MovementKind
    quantity: Exact
    unit: Code = "each"
    reason: str | None = None
    document: Code
    occurred_at: Utc


class Freshness(Model):
    """Which of two reports of one position is newer."""

    sequence: int | None = None
    as_of: Utc

    def supersedes(self, other: "Freshness") -> bool:
        """Sequence decides where both have one, else the moment. The same again is not newer."""
        if self.sequence is not None and other.sequence is not None:
            return self.sequence > other.sequence
        return self.as_of > other.as_of


class StockOwner(StrEnum):
    """Who owns available-to-sell at a location."""

    CROSSDOCK = "crossdock"  # we compute it from the position
    ERP = "erp"  # the ERP supplies it; it counts the orders it has booked
    WMS = "wms"  # the WMS supplies it; it counts what was released to it (allocated)
    OMS = "oms"  # an order management system supplies it; it counts every order itself
