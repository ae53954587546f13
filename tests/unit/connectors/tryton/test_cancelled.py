"""Sales cancelled in Tryton: the very first one is told, too, and nothing at the first look."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from connectors.tryton.cancelled import CancelledSales
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory


class Sales:
    """A Tryton with these sales; answers the two questions asked of it."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = list(rows)

    async def read(self, _: str, domain: list[Any], offset: int, limit: int | None, *rest: Any) -> list[dict[str, Any]]:
        assert offset == 0
        return self.rows[:limit]

    async def shops(self) -> dict[str, Any]:
        return {"north": SimpleNamespace(id=1)}


def sale(key: str, minute: int) -> dict[str, Any]:
    written = datetime(2026, 1, 1, 12, minute)
    return {"web_id": key, "state": "cancelled", "write_date": written, "shipments.": [], "invoices.": []}


def told_by(sales: Sales) -> CancelledSales:
    return CancelledSales(cast(TrytonClient, sales), cast(Directory, sales))


async def test_the_first_sale_that_ever_changes_is_told_when_it_is_cancelled() -> None:
    sales = Sales()
    cancelled = told_by(sales)
    told, cursor = await cancelled.since(None)
    assert told == ()
    sales.rows.append(sale("first", 1))
    told, cursor = await cancelled.since(cursor)
    assert told == ("first",)
    assert (await cancelled.since(cursor))[0] == ()


async def test_what_is_cancelled_after_the_first_look_is_told() -> None:
    sales = Sales(sale("old", 1))
    cancelled = told_by(sales)
    told, cursor = await cancelled.since(None)
    assert told == ()
    sales.rows.append(sale("new", 9))
    assert "new" in (await cancelled.since(cursor))[0]
