"""Available-to-sell: what a shop may sell of a SKU at each of its locations.

Available-to-sell = policy(on hand - allocated - quality hold - reserved + allowed incoming - safety stock - buffer), or
the figure that its owner supplies, less the orders that the owner does not count yet; never reduced twice.

`explain` computes one figure line by line, in plain decimals. `available_to_sell` computes many at once, and
`sheet.StockSheet` all of them, and again those that changed; numpy is imported when they are called. All three answer
the same: quantities are whole numbers of the smallest unit that occurs, so nothing is ever rounded by accident.
"""

from canonical.rules.availability.explain import explain
from canonical.rules.availability.many import available_to_sell
from canonical.rules.availability.setup import (
    Available,
    ChannelPlace,
    Explanation,
    ExplanationLine,
    Kit,
    StockSetup,
    stock_setup,
)

__all__ = [
    "Available",
    "ChannelPlace",
    "Explanation",
    "ExplanationLine",
    "Kit",
    "StockSetup",
    "available_to_sell",
    "explain",
    "stock_setup",
]
