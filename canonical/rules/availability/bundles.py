"""Kits as arrays: how many the scarcest component allows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from canonical.rules.availability.columns import Ints, whole
from canonical.rules.availability.setup import Kit


@dataclass(frozen=True, slots=True)
class Bundle:
    """The kits of one shop, sorted by SKU number; their parts one after another, `kit_of` the kit each is in."""

    sku_numbers: Ints
    parts: Ints
    each: Ints
    kit_of: Ints

    @property
    def starts(self) -> Ints:
        """The first part of each kit."""
        starts: Ints = np.searchsorted(self.kit_of, np.arange(len(self.sku_numbers)))
        return starts

    def available(self, have: Ints, there: Any, scale: int) -> tuple[Ints, Any]:
        """(how many in the smallest unit, whether any component is stocked) of each kit; places may be rows.

        `have` is what is left of each part, `there` whether the place stocks it.
        """
        starts = self.starts
        most: Ints = np.minimum.reduceat(np.maximum(have, 0) // self.each, starts, axis=-1) * scale
        return most, np.logical_or.reduceat(there, starts, axis=-1)

    def touched_by(self, skus: Any) -> "Bundle":
        """The kits that a mask over all SKUs chooses, or a component of theirs."""
        if not len(self.sku_numbers):
            return self
        kits = skus[self.sku_numbers] | np.logical_or.reduceat(skus[self.parts], self.starts)
        parts, renumbered = kits[self.kit_of], np.cumsum(kits) - 1
        kit_of = renumbered[self.kit_of[parts]]
        return Bundle(self.sku_numbers[kits], self.parts[parts], self.each[parts], kit_of)


class Bundles:
    """Kits by shop: all of them, or some."""

    def __init__(self, by_shop: Mapping[str, Bundle]) -> None:
        self._by_shop = by_shop

    def of_shop(self, shop: str) -> Bundle:
        """The kits of a shop."""
        return self._by_shop.get(shop, _NONE)

    def components(self) -> Ints:
        """The SKU numbers of all that is in them; some more than once."""
        return np.concatenate([_NOTHING, *(bundle.parts for bundle in self._by_shop.values())])

    def numbers(self) -> Ints:
        """Their own SKU numbers."""
        return np.concatenate([_NOTHING, *(bundle.sku_numbers for bundle in self._by_shop.values())])

    def touched_by(self, skus: Any) -> "Bundles":
        """The kits that a mask over all SKUs chooses, or a component of theirs."""
        return Bundles({shop: bundle.touched_by(skus) for shop, bundle in self._by_shop.items()})


_NOTHING = np.zeros(0, np.int64)
_NONE = Bundle(_NOTHING, _NOTHING, _NOTHING, _NOTHING)


def bundles_of(kits: Iterable[Kit], number_of: Mapping[str, int], scale: int) -> Bundles:
    """The kits as arrays; quantities in the smallest unit."""
    by_shop: dict[str, list[Kit]] = {}
    for kit in sorted(kits, key=lambda kit: number_of[kit.sku]):
        by_shop.setdefault(kit.shop, []).append(kit)
    return Bundles({shop: _bundle(own, number_of, scale) for shop, own in by_shop.items()})


def _bundle(kits: list[Kit], number_of: Mapping[str, int], scale: int) -> Bundle:
    parts = [(number_of[sku], whole(each, scale), n) for n, kit in enumerate(kits) for sku, each in kit.parts]
    numbers = np.array([number_of[kit.sku] for kit in kits], np.int64)
    return Bundle(numbers, *(np.array([part[which] for part in parts], np.int64) for which in range(3)))
