"""The ERP's books, read past its API and past our connectors: a witness that shares nothing with what it judges.

The ERP's own database file is opened read-only and its sales orders are counted by shop and order name.
"""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

_TRYTON = """
    SELECT shop.name, sale.reference, sale.number, sale.total_amount_cache, sale.state
    FROM sale_sale AS sale LEFT JOIN web_shop AS shop ON shop.id = sale.web_shop
"""
_LAMBDA = """
    SELECT company, remarks, name, grand_total, status FROM "Sales Order" WHERE discarded = 0
"""
_NAME = re.compile(r"^Order (\S+) of ")
"""Lambda ERP has no field for the customer's order number: the remark begins with it."""


@dataclass(frozen=True)
class BookedSale:
    """A sales order as the ERP keeps it. `place` is the shop's domain (Tryton) or the company (Lambda ERP)."""

    place: str
    reference: str
    number: str
    total: Decimal
    state: str


def read_books(erp: str, database: Path) -> list[BookedSale]:
    """Every sales order in the ERP's database file. A sale below zero is a permission to return, and no order."""
    query = _TRYTON if erp == "tryton" else _LAMBDA
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        sales = [
            BookedSale(str(place), _order_name(str(reference)), str(number), _cents(amount), str(state))
            for place, reference, number, amount, state in connection.execute(query)
        ]
    return [sale for sale in sales if sale.total >= 0]


def _order_name(reference: str) -> str:
    found = _NAME.match(reference)
    return found[1] if found else reference


def _cents(amount: Any) -> Decimal:
    """Tryton keeps decimals as text in a blob, Lambda ERP as floats that it rounded to cents before."""
    text = amount.decode() if isinstance(amount, bytes) else str(amount or 0)
    return Decimal(text).quantize(Decimal("0.01"))


@dataclass
class Comparison:
    """Orders that should be booked against what the ERP holds."""

    wanted: int = 0
    booked: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.unequal or self.surplus)


def compare(wanted: Mapping[tuple[str, str], Decimal], books: list[BookedSale]) -> Comparison:
    """`wanted` maps (shop domain or company, order name) to the total the shopper was told.

    Lost: not booked. Doubled: booked more than once. Unequal: another total. Surplus: booked but not wanted.
    """
    found: dict[tuple[str, str], list[BookedSale]] = defaultdict(list)
    for sale in books:
        if sale.state.lower() not in ("cancelled", "draft"):
            found[sale.place, sale.reference].append(sale)
    result = Comparison(wanted=len(wanted))
    for place, total in wanted.items():
        sales = found.pop(place, [])
        name = " ".join(place)
        result.booked += bool(sales)
        result.lost += [name] if not sales else []
        result.doubled += [f"{name}: {', '.join(s.number for s in sales)}"] if len(sales) > 1 else []
        result.unequal += [f"{name}: {s.total} instead of {total}" for s in sales if s.total != total]
    result.surplus = [" ".join(place) for place in found]
    return result
