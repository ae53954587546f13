"""Warehouses by code with their zones: where goods go in, lie, go out and get lost."""

from dataclasses import dataclass

from canonical.errors import RejectedError
from connectors.tryton.client import TrytonClient


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Ids of a warehouse and of its zones."""

    id: int
    input: int
    storage: int
    output: int
    lost_found: int | None


class Warehouses:
    """Asks once for each code; one that Tryton lacks is asked for again."""

    def __init__(self, client: TrytonClient) -> None:
        self._client = client
        self._known: dict[str, Warehouse] = {}
        self._customers: int | None = None

    async def find(self, code: str, document: str) -> Warehouse:
        """The warehouse. Raises `RejectedError` naming it when Tryton has none."""
        if code not in self._known:
            fields = ["input_location", "storage_location", "output_location", "lost_found_location"]
            domain = [("code", "=", code), ("type", "=", "warehouse")]
            rows = await self._client.read("model.stock.location.search_read", domain, 0, 1, None, fields)
            if not rows:
                raise RejectedError(
                    f"Tryton has no warehouse {code}",
                    code="warehouse_unknown",
                    document=document,
                    field="location",
                    way_out="Add it in Tryton, or map the location to another warehouse; then replay.",
                )
            (row,) = rows
            self._known[code] = Warehouse(
                row["id"],
                row["input_location"],
                row["storage_location"],
                row["output_location"],
                row["lost_found_location"],
            )
        return self._known[code]

    async def lost(self, code: str | None, at: Warehouse, document: str) -> int:
        """Where goods are that are lost or found: the place of this code, else the warehouse's own.

        Raises `RejectedError` when Tryton has none.
        """
        found = at.lost_found
        if code is not None:
            domain = [("code", "=", code), ("type", "in", ["lost_found", "storage"])]
            rows = await self._client.read("model.stock.location.search_read", domain, 0, 1, None, ["id"])
            found = rows[0]["id"] if rows else None
        if found is None:
            raise RejectedError(
                f"Tryton has no place {code or 'for what is lost and found in this warehouse'}",
                code="lost_found_unknown",
                document=document,
                way_out="Give the warehouse its lost and found place in Tryton, or correct the settings.",
            )
        return found

    async def customers(self) -> int:
        """Where goods are once they are sold: the place of customers."""
        if self._customers is None:
            domain = [("type", "=", "customer")]
            rows = await self._client.read("model.stock.location.search_read", domain, 0, 1, [("id", "ASC")], ["id"])
            self._customers = int(rows[0]["id"])
        return self._customers
