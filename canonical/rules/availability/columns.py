"""Positions as columns of whole numbers, in the smallest unit that occurs."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from canonical.errors import RejectedError
from canonical.inventory import InventoryLevel

Ints: TypeAlias = NDArray[np.int64]
Columns: TypeAlias = Mapping[str, Sequence[Any]]

AMOUNTS: Final = ("on_hand", "allocated", "quality_hold", "safety_stock", "supplied")
LARGEST: Final = 10**12
"""Of the smallest unit. The sum of hundreds of rows, times a share in basis points, still fits 64 bits."""
_NAMES: Final = ("sku", "location", "native_location", "source", *AMOUNTS, "incoming")


def columns_of(levels: Iterable[InventoryLevel]) -> Columns:
    """Levels as `StockBook.level_columns` gives them."""
    rows = list(levels)
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in _NAMES}
    columns["native_location"] = [row.native_location or row.location for row in rows]
    return columns


def decimals_in(amounts: Iterable[Decimal | None]) -> int:
    """How many decimals the longest of these has.

    >>> decimals_in([Decimal("1.250"), Decimal(7), None])
    3
    """
    longest = 0
    for amount in set(amounts):
        exponent = None if amount is None else amount.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > longest:
            longest = -exponent
    return longest


def whole(amount: Decimal, scale: int) -> int:
    """The amount in the smallest unit. Raises `RejectedError` when it is not whole there, or beyond exact numbers."""
    value = amount * scale
    number = int(value)
    if number != value or abs(number) > LARGEST:
        raise RejectedError(
            f"{amount:f} cannot be computed exactly beside the other quantities",
            code="quantity_range",
            field="quantity",
            way_out="Correct the quantity at its source; it is larger, or has more decimals, than stock can have.",
        )
    return number


def wholes(amounts: Sequence[Decimal | None], scale: int) -> Ints:
    """A column in the smallest unit; None is zero. Equal amounts are converted once."""
    known = {amount: 0 if amount is None else whole(amount, scale) for amount in set(amounts)}
    return np.fromiter((known[amount] for amount in amounts), np.int64, len(amounts))
