"""What availability is computed for: places of the shops of one company, who owns the figure there, kits, policies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple

from canonical.inventory import Demand, StockOwner
from canonical.landscape import Landscape
from canonical.model import Code, Exact, Model
from canonical.rules.policies import Policies
from canonical.stock_owners import StockOwnership


class ChannelPlace(Model):
    """A location of a shop, by the channel's id, and the canonical location whose stock it sells.

    Several places may sell the stock of one location: two shops of a company share it.
    """

    shop: Code
    location_id: Code
    location: Code


class Kit(Model):
    """A SKU of a shop that takes stock of others: (ERP item, base units in one). A case of twelve is one, too."""

    shop: Code
    sku: Code
    parts: tuple[tuple[Code, Exact], ...]


@dataclass(frozen=True, slots=True)
class Available:
    """One figure: whole base units of a SKU at a place. `urgent`: nothing left, or below the policy's threshold."""

    shop: str
    sku: str
    location_id: str
    quantity: int
    urgent: bool


class ExplanationLine(Model):
    """A step of the calculation. The quantities of all lines add up to the figure."""

    words: str
    quantity: Exact


class Explanation(Model):
    """How a figure came about."""

    place: ChannelPlace
    sku: Code
    owner: StockOwner
    lines: tuple[ExplanationLine, ...]
    figure: int


@dataclass(frozen=True)
class StockSetup:
    """Everything that does not change with a stock event. `owners` by canonical location."""

    company: str
    places: tuple[ChannelPlace, ...]
    owners: Mapping[str, StockOwnership]
    policies: Policies = field(default_factory=Policies)
    kits: tuple[Kit, ...] = ()

    @cached_property
    def place_at(self) -> Mapping[tuple[str, str], ChannelPlace]:
        """The place by (shop, channel location id)."""
        return {(place.shop, place.location_id): place for place in self.places}

    @cached_property
    def kit_of(self) -> Mapping[tuple[str, str], Kit]:
        """The kit by (shop, SKU)."""
        return {(kit.shop, kit.sku): kit for kit in self.kits}

    @cached_property
    def shops(self) -> tuple[str, ...]:
        """The shops that sell this company's stock, sorted."""
        return tuple(sorted({place.shop for place in self.places}))

    @cached_property
    def sellers(self) -> Mapping[str, tuple[str, ...]]:
        """The shops that sell the stock of each location, sorted: their pools are filled in this order."""
        shops: dict[str, set[str]] = {}
        for place in self.places:
            shops.setdefault(place.location, set()).add(place.shop)
        return {location: tuple(sorted(names)) for location, names in shops.items()}

    def skus_with(self, skus: Iterable[str]) -> set[str]:
        """These SKUs, the kits they are in, and all components of those: what has to be read to compute them."""
        wanted = set(skus)
        found = set(wanted)
        for kit in self.kits:
            parts = {sku for sku, _ in kit.parts}
            if kit.sku in wanted or parts & wanted:
                found |= {kit.sku, *parts}
        return found


def stock_setup(
    landscape: Landscape,
    company: str,
    places: Sequence[ChannelPlace],
    policies: Policies,
    kits: Sequence[Kit] = (),
) -> StockSetup:
    """The setup of a company: owners out of the landscape, for each location that is sold somewhere."""
    locations = sorted({place.location for place in places})
    owners = {location: landscape.stock_owner(company, location) for location in locations}
    ordered = sorted(places, key=lambda place: (place.shop, place.location_id))
    return StockSetup(company, tuple(ordered), owners, policies, tuple(sorted(kits, key=lambda k: (k.shop, k.sku))))


COUNTS_BOOKED: Final = frozenset({StockOwner.CROSSDOCK, StockOwner.WMS})
"""Here an order lowers the figure until it is allocated, whether or not the ERP knows it."""
COUNTS_UNBOOKED: Final = COUNTS_BOOKED | {StockOwner.ERP}
"""Here an order lowers the figure while the ERP does not know it. An order management system counts all by itself."""


def lowers(owner: StockOwner, *, booked: bool) -> bool:
    """Whether orders lower the figure at a location of this owner, rather than being counted by the owner."""
    return owner in (COUNTS_BOOKED if booked else COUNTS_UNBOOKED)


class Need(NamedTuple):
    """What orders of a shop need of an item; `place` None where the channel's location is not chosen, or not ours."""

    shop: str
    sku: str
    place: ChannelPlace | None
    unbooked: Decimal
    booked: Decimal


def needs(setup: StockSetup, demand: Iterable[Demand]) -> Iterable[Need]:
    """Reserved demand, with what is in a kit in place of the kit."""
    for one in demand:
        place = None if one.location is None else setup.place_at.get((one.shop, one.location))
        unbooked, booked = one.reserved - one.booked_reserved, one.booked_reserved
        kit = setup.kit_of.get((one.shop, one.sku))
        if kit is None:
            yield Need(one.shop, one.sku, place, unbooked, booked)
        else:
            for sku, each in kit.parts:
                yield Need(one.shop, sku, place, unbooked * each, booked * each)
