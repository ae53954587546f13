"""Locations, stock levels and the movements that change them.

On hand = available + allocated + reserved + quality hold + damaged + safety stock (Shopify's identity, facts 3.3).
A reservation is ours: the order is accepted, the ERP or WMS has not allocated yet. An allocation is theirs.
"""

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


class InventoryLevel(Model):
    """Stock of one SKU at one location, in the unit given, as one source saw it at one moment."""

    sku: Code
    location: Code
    unit: Code = "each"
    on_hand: Exact
    allocated: Exact = _ZERO
    in_transit: Exact = _ZERO
    quality_hold: Exact = _ZERO
    safety_stock: Exact = _ZERO
    source: Code
    as_of: Utc


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
