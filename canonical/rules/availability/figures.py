"""What comes out: the figures of one place as arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from canonical.rules.availability.columns import Ints
from canonical.rules.availability.setup import Available, ChannelPlace


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """The figures of one place: SKU numbers, whole base units, and which are urgent."""

    place: ChannelPlace
    names: Sequence[str]
    skus: Ints
    quantities: Ints
    urgent: Any

    def rows(self) -> Iterable[Available]:
        """One by one."""
        shop, location = self.place.shop, self.place.location_id
        found = zip(self.skus.tolist(), self.quantities.tolist(), self.urgent.tolist(), strict=True)
        return (Available(shop, self.names[sku], location, quantity, urgent) for sku, quantity, urgent in found)
