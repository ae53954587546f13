"""One order in one system, as a witness reads it; see `ledgers.py`."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

OrderId = tuple[str, str]
"""Shop and the last part of Shopify's id."""
Goods = dict[str, int]
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class StockMove:
    """Goods that moved, once: below zero when they left `place`. `document` is under which key or number."""

    system: str
    document: str
    sku: str
    quantity: int
    place: str


@dataclass
class OrderLedger:
    """One order in one system. What a system does not keep stays empty: a warehouse knows no money.

    `ordered` is what was asked of it, `open` what it still means to ship; `returned` is all that came back, and
    `restocked` what of that is on the shelf again. `taken_out` are at most the pieces that a refund, an edit or a
    cancellation took out before they left.
    """

    system: str
    ordered: Goods = field(default_factory=dict)
    open: Goods = field(default_factory=dict)
    shipped: Goods = field(default_factory=dict)
    returned: Goods = field(default_factory=dict)
    restocked: Goods = field(default_factory=dict)
    taken_out: Goods = field(default_factory=dict)
    cancelled: bool = False
    total: Decimal = NOTHING
    invoiced: Decimal = NOTHING
    credited: Decimal = NOTHING
    paid: Decimal = NOTHING
    refunded: Decimal = NOTHING
    documents: list[str] = field(default_factory=list)
    """Keys or numbers of everything that stands for it, as often as it stands there."""
    moves: list[StockMove] = field(default_factory=list)

    def add(self, goods: Goods, sku: str, pieces: int) -> None:
        """Count pieces in one of its columns."""
        goods[sku] = goods.get(sku, 0) + pieces


class Ledgers(dict[OrderId, OrderLedger]):
    """The orders of one system; an unknown one is empty.

    `orphans` are documents and entries that nothing explains; `movements` what happened to stock without an order.
    """

    def __init__(self, system: str) -> None:
        super().__init__()
        self.system = system
        self.orphans: list[str] = []
        self.movements: list[StockMove] = []

    def __missing__(self, order: OrderId) -> OrderLedger:
        return self.setdefault(order, OrderLedger(self.system))

    def of_key(self, key: str | None) -> OrderLedger | None:
        """The order that a key is about; None when it is no key of an order."""
        order = order_in(key or "")
        return self[order] if order else None


def order_in(key: str) -> OrderId | None:
    """Shop and order in the key of a document.

    >>> order_in("north:shipment.post:5123:a%3Ab")
    ('north', '5123')
    """
    parts = [unquote(part) for part in key.split(":")]
    return (parts[0], parts[2]) if len(parts) >= 3 and parts[2].isdigit() else None


def known(ledgers: Ledgers, key: str, what: str) -> OrderLedger | None:
    """The order a key is about; what is about none is an orphan."""
    page = ledgers.of_key(key)
    if page is None:
        ledgers.orphans.append(what)
    return page


def money(amount: Any) -> Decimal:
    """An amount to the cent. Tryton keeps decimals as text in a blob, Lambda ERP as floats that it rounded before."""
    return Decimal(amount.decode() if isinstance(amount, bytes) else str(amount or 0)).quantize(NOTHING)
