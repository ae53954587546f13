"""Figures of a set of SKUs, computed together."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from canonical.inventory import Demand, InventoryLevel
from canonical.rules.availability.setup import Available, StockSetup


def available_to_sell(
    setup: StockSetup,
    levels: Sequence[InventoryLevel],
    demand: Iterable[Demand],
    now: datetime,
    skus: Iterable[str] | None = None,
) -> list[Available]:
    """The figures of all SKUs, or of these and the kits they are in, at every place where a source tells of them.

    Give it the levels and the demand of all shops of the company, for `setup.skus_with(skus)`; read the demand first.
    Raises `RejectedError` for a quantity beyond what can be computed exactly.
    """
    from canonical.rules.availability.columns import columns_of
    from canonical.rules.availability.sheet import StockSheet

    sheet = StockSheet(setup, columns_of(levels), list(demand), now)
    found = sheet.everything() if skus is None else sheet.of(skus)
    return [figure for figures in found for figure in figures.rows()]
