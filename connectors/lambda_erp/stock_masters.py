"""Warehouses and units: asked for at once, and again after ten minutes or when an item is unknown."""

import time
from collections.abc import Set

from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.settings import LambdaErpSettings

REMEMBERED_SECONDS = 600.0
PAGE = 1000
UNIT = "Nos"
"""Lambda ERP's own default, where an item names no unit."""


class StockMasters:
    """The master data that a balance points to."""

    def __init__(self, client: LambdaErpClient, settings: LambdaErpSettings) -> None:
        self._client, self._settings = client, settings
        self._warehouses: dict[str, str] = {}
        self._units: dict[str, str] = {}
        self._since = {"warehouses": 0.0, "units": 0.0}

    async def warehouses(self) -> dict[str, str]:
        """The names of the company's warehouses, and what we call them: without the suffix of the company."""
        if not self._warehouses or self._old("warehouses"):
            rows = await self._client.rows("masters/warehouse", company=self._settings.company, limit=str(PAGE))
            self._warehouses = {row["name"]: row["name"].removesuffix(self._settings.suffix) for row in rows}
            self._since["warehouses"] = time.monotonic()
        return self._warehouses

    async def units(self, items: Set[str]) -> dict[str, str]:
        """The stock unit of each of these items."""
        if not items <= self._units.keys() or self._old("units"):
            self._units = dict.fromkeys(items, UNIT) | await self._all_units()
            self._since["units"] = time.monotonic()
        return {item: self._units[item] for item in items}

    async def _all_units(self) -> dict[str, str]:
        units: dict[str, str] = {}
        while True:
            query = {"fields": "name,stock_uom", "limit": str(PAGE), "offset": str(len(units)), "order_by": "name"}
            rows = await self._client.rows("masters/item", include_disabled="true", **query)
            units |= {row["name"]: row["stock_uom"] or UNIT for row in rows}
            if len(rows) < PAGE:
                return units

    def _old(self, what: str) -> bool:
        return time.monotonic() - self._since[what] > REMEMBERED_SECONDS
