"""What products of a shop refer to by name: sales channels, collections, price lists; and the shop's currency.

Read when first needed, and again when a name is not found and the last look is some minutes old.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from canonical.errors import RejectedError
from canonical.ports.budget import Lane
from connectors.shopify.client import ShopifyClient

_FRESH: Final = 300.0
"""Seconds in which a name that was not found is not looked for again."""


class Directory:
    """Names to ids, of one shop."""

    def __init__(self, client: ShopifyClient, now: Callable[[], float] = time.monotonic) -> None:
        self._client, self._now = client, now
        self._currency: str | None = None
        self._collections: dict[str, str] = {}
        self._lists: dict[str, tuple[float, dict[str, dict[str, Any]]]] = {}

    async def currency(self) -> str:
        """The currency prices of products are in."""
        if self._currency is None:
            answer = await self._client.call("check_access", {}, lane=Lane.CATALOGUE)
            self._currency = str(answer.data["shop"]["currencyCode"])
        return self._currency

    async def publications(self, names: Iterable[str]) -> list[str]:
        """The ids of sales channels. Raises `RejectedError` naming one that the shop has not."""
        return [(await self._entry("list_publications", "publications", name))["id"] for name in names]

    async def price_list(self, name: str) -> tuple[str, str]:
        """Id and currency of a price list. Raises `RejectedError` naming one that the shop has not."""
        entry = await self._entry("list_price_lists", "priceLists", name)
        return entry["id"], entry["currency"]

    async def collections(self, handles: Iterable[str]) -> list[str]:
        """The ids of collections by handle. Raises `RejectedError` naming one that the shop has not."""
        found = []
        for handle in handles:
            if handle not in self._collections:
                answer = await self._client.call("find_collection", {"handle": handle}, lane=Lane.CATALOGUE)
                node = answer.data.get("collectionByIdentifier")
                if not node:
                    raise unknown("collection", handle, "collections")
                self._collections[handle] = node["id"]
            found.append(self._collections[handle])
        return found

    async def _entry(self, operation: str, root: str, name: str) -> dict[str, Any]:
        read_at, entries = self._lists.get(root, (-_FRESH, {}))
        if name not in entries and self._now() - read_at >= _FRESH:
            entries = await self._all(operation, root)
            self._lists[root] = (self._now(), entries)
        if name not in entries:
            raise unknown("sales channel" if root == "publications" else "price list", name, root)
        return entries[name]

    async def _all(self, operation: str, root: str) -> dict[str, dict[str, Any]]:
        entries: dict[str, dict[str, Any]] = {}
        after: str | None = None
        while True:
            page = (await self._client.call(operation, {"after": after}, lane=Lane.CATALOGUE)).data[root]
            entries |= {node["name"]: node for node in page["nodes"]}
            if not page["pageInfo"]["hasNextPage"]:
                return entries
            after = page["pageInfo"]["endCursor"]


def unknown(what: str, name: str, field: str) -> RejectedError:
    return RejectedError(
        f"the shop has no {what} {name!r}",
        code="unknown_reference",
        field=field,
        way_out=f"Create the {what} in Shopify, or correct the name in the source.",
    )
