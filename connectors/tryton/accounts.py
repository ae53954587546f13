"""The accounts that invoices post to: of a product its revenue, of a customer the receivable; else the company's."""

from collections.abc import Collection

from connectors.tryton.client import TrytonClient

_DEFAULTS = ["default_account_receivable", "default_category_account_revenue"]


class Accounts:
    """Reads the chart of one company."""

    def __init__(self, client: TrytonClient) -> None:
        self._client = client

    async def revenue(self, products: Collection[int]) -> dict[int, int]:
        """The revenue account by product."""
        fields = ["account_category.account_revenue"]
        rows = await self._client.read("model.product.product.read", sorted(products), fields)
        usual = await self._usual("default_category_account_revenue")
        return {row["id"]: (row["account_category."] or {}).get("account_revenue") or usual for row in rows}

    async def receivable(self, parties: Collection[int]) -> dict[int, int]:
        """The receivable account by party."""
        rows = await self._client.read("model.party.party.read", sorted(parties), ["account_receivable"])
        usual = await self._usual("default_account_receivable")
        return {row["id"]: row["account_receivable"] or usual for row in rows}

    async def _usual(self, field: str) -> int:
        (row,) = await self._client.read("model.account.configuration.read", [1], _DEFAULTS)
        return int(row[field])
