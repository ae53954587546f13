"""Kits as arrays: how many the scarcest component allows."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from canonical.rules.availability.columns import Ints, whole
from canonical.rules.availability.orders import View
from canonical.rules.availability.setup import Kit


class Bundle:
    """The kits of one shop, sorted by their SKU numbers; their parts one after another, `starts` the first of each."""

    def __init__(self, kits: Sequence[Kit], number_of: Mapping[str, int], scale: int) -> None:
        ordered = sorted(kits, key=lambda kit: number_of[kit.sku])
        self.sku_numbers = np.array([number_of[kit.sku] for kit in ordered], np.int64)
        self._parts = np.array([number_of[sku] for kit in ordered for sku, _ in kit.parts], np.int64)
        self._each = np.array([whole(each, scale) for kit in ordered for _, each in kit.parts], np.int64)
        self._starts = np.cumsum([0, *(len(kit.parts) for kit in ordered)])[:-1]

    def available(self, view: View, left: Ints, scale: int) -> tuple[Ints, Ints]:
        """(SKU numbers, how many in the smallest unit) of the kits of which the place stocks any component."""
        at, there = view.find(self._parts)
        have = np.zeros(len(self._parts), np.int64)
        have[there] = np.maximum(left[at[there]], 0)
        most: Ints = np.minimum.reduceat(have // self._each, self._starts) * scale
        stocked = np.logical_or.reduceat(there, self._starts)
        return self.sku_numbers[stocked], most[stocked]


class Bundles:
    """Kits of all shops, or some of them."""

    def __init__(self, kits: Iterable[Kit], number_of: Mapping[str, int], scale: int) -> None:
        self.kits = tuple(kits)
        self._number_of, self._scale = number_of, scale
        self._by_shop: dict[str, Bundle] = {}

    def of_shop(self, shop: str) -> Bundle:
        """The kits of a shop."""
        if shop not in self._by_shop:
            mine = [kit for kit in self.kits if kit.shop == shop]
            self._by_shop[shop] = Bundle(mine, self._number_of, self._scale)
        return self._by_shop[shop]

    @cached_property
    def components(self) -> set[int]:
        """The SKU numbers of all that is in them."""
        return {self._number_of[sku] for kit in self.kits for sku, _ in kit.parts}

    @cached_property
    def numbers(self) -> set[int]:
        """Their own SKU numbers."""
        return {self._number_of[kit.sku] for kit in self.kits}

    @cached_property
    def _component_numbers(self) -> Ints:
        return np.array(sorted(self.components), np.int64)

    def among(self, chosen: Any) -> set[int]:
        """The SKU numbers that are in a kit, of those that a mask over all SKUs chooses."""
        numbers = self._component_numbers
        return set(numbers[chosen[numbers]].tolist())

    def touched_by(self, skus: set[int]) -> "Bundles":
        """The kits among these SKUs, and those that have one of them in it."""
        if not self.kits:
            return self
        number = self._number_of
        touched = (k for k in self.kits if number[k.sku] in skus or any(number[sku] in skus for sku, _ in k.parts))
        return Bundles(touched, number, self._scale)
