"""What the books of all systems must say of one order together, whatever broke on the way: nothing is lost or made.

Goods: ordered = shipped + cancelled + open, and shipped = kept + returned. Money: paid = invoiced + refunded + open.
Each holds in every system, and what two systems both keep is the same in both. Stock moves once, where the goods were.
Every document follows from a settled effect, every settled effect from a message, and each of them has its document.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from deployments.stack.ledger_pages import Goods, OrderLedger

SHOP, ERP = "shopify", "erp"
Books = Mapping[str, OrderLedger]
"""What each system keeps of one order; whoever is neither the shop nor the ERP is a warehouse."""
DOCUMENTED: Final = frozenset({
    "sales-order.create", "fulfillment-request.create", "shipment.post", "invoice.post", "payment.post",
    "return.authorise", "return.receive", "credit.post", "stock-movement.post", "fulfillment.create", "refund.create",
})  # fmt: skip
"""Effects of which each makes a document of its own."""


@dataclass(frozen=True)
class Told:
    """What people know of an order beside its books.

    `by_hand`: the staff shipped it in the shop, past every warehouse. `waits`: somebody has to decide about it first,
    so its money may stand differently in the shop and in the ERP.
    """

    by_hand: bool = False
    waits: bool = False


def differences(order: str, books: Books, told: Told = Told()) -> list[str]:
    """Every sentence that does not hold: order, system, field, figures.

    >>> shop, erp = OrderLedger("shopify", shipped={"TEE": 1}, ordered={"TEE": 1}), OrderLedger("erp")
    >>> differences("#1001", {"shopify": shop, "erp": erp})[0]
    '#1001: erp: shipped TEE: 0, shopify says 1'
    """
    found = [*_each(books), *_shop_goods(books), *_same_goods(books, told), *_stock(books)]
    found += list(_money(books, told))
    return [f"{order}: {words}" for words in found]


def _each(books: Books) -> Iterator[str]:
    """What holds within one system."""
    for system, page in books.items():
        for sku, pieces in page.shipped.items():
            if pieces > page.ordered.get(sku, 0):
                yield f"{system}: shipped {sku}: {pieces}, ordered were {page.ordered.get(sku, 0)}"
        for sku, pieces in page.restocked.items():
            if page.returned and pieces > page.returned.get(sku, 0):
                yield f"{system}: restocked {sku}: {pieces}, returned were {page.returned.get(sku, 0)}"
        if page.refunded > page.paid:
            yield f"{system}: refunded: {page.refunded}, paid were {page.paid}"
        if page.credited > page.invoiced:
            yield f"{system}: credited: {page.credited}, invoiced were {page.invoiced}"
        for name, times in Counter(page.documents).items():
            if times > 1:
                yield f"{system}: document {name}: {times} times"


def _shop_goods(books: Books) -> Iterator[str]:
    """Ordered = shipped + cancelled + open."""
    page = books[SHOP]
    for sku, pieces in page.ordered.items():
        shipped, waiting = page.shipped.get(sku, 0), page.open.get(sku, 0)
        cancelled, allowed = pieces - shipped - waiting, page.taken_out.get(sku, 0)
        if not 0 <= cancelled <= allowed:
            figures = f"{pieces} ordered, {shipped} shipped, {waiting} open, at most {allowed} cancelled"
            yield f"{SHOP}: ordered {sku}: {figures}"


def _same_goods(books: Books, told: Told) -> Iterator[str]:
    """What left and what came back is the same for all. A cancelled order shows nothing that left after all."""
    shop, erp = books[SHOP], books[ERP]
    houses = [page for system, page in books.items() if system not in (SHOP, ERP)]
    left = _sum(page.shipped for page in houses)
    yield from _unequal(ERP, "shipped", erp.shipped, SHOP, shop.shipped, at_least=shop.cancelled)
    yield from _unequal(ERP, "shipped", erp.shipped, "the warehouses", left, at_least=told.by_hand)
    back, restocked = _sum(page.returned for page in houses), _sum(page.restocked for page in houses)
    for sku, pieces in back.items():
        if pieces > erp.shipped.get(sku, 0):
            yield f"the warehouses: returned {sku}: {pieces}, shipped were {erp.shipped.get(sku, 0)}"
    if not told.waits:
        yield from _unequal(ERP, "restocked", erp.restocked, "the warehouses", restocked, at_least=bool(shop.refunded))


def _stock(books: Books) -> Iterator[str]:
    """What moved in the ERP moved in a warehouse, at the same place and as often."""
    ours = _moved(books[ERP])
    for sku, pieces in _by_sku(books[ERP]).items():
        expected = books[ERP].restocked.get(sku, 0) - books[ERP].shipped.get(sku, 0)
        if pieces != expected:
            yield f"{ERP}: moved {sku}: {pieces}, {expected} by its shipments and returns"
    for system, page in books.items():
        if system in (SHOP, ERP):
            continue
        for (place, sku), pieces in _moved(page).items():
            if pieces < 0 and ours[place, sku] > pieces:
                yield f"{ERP}: moved {sku} at {place}: {ours[place, sku]}, {system} says {pieces}"


def _money(books: Books, told: Told) -> Iterator[str]:
    """Paid = invoiced + refunded + open, in the ERP and in the shop, and the same in both once there is an invoice."""
    shop, erp = books[SHOP], books[ERP]
    if erp.invoiced > erp.total and not erp.cancelled and not told.waits:
        yield f"{ERP}: invoiced: {erp.invoiced}, the order comes to {erp.total}"
    if told.waits:
        return
    kept, booked = shop.paid - shop.refunded, erp.paid - erp.refunded
    if erp.invoiced and booked != kept:
        yield f"{ERP}: paid less refunded: {booked} ({erp.paid} - {erp.refunded}), {SHOP} says {kept}"
    if not erp.invoiced and booked:
        yield f"{ERP}: paid less refunded: {booked}, and nothing is invoiced"
    if erp.shipped and not shop.cancelled and not shop.open:
        worth = erp.invoiced - erp.credited
        if worth != shop.total:
            figures = f"{worth} ({erp.invoiced} - {erp.credited})"
            yield f"{ERP}: invoiced less credited: {figures}, the order comes to {shop.total} in {SHOP}"


def _unequal(system: str, field: str, mine: Goods, other: str, theirs: Goods, *, at_least: bool) -> Iterator[str]:
    for sku in sorted({*mine, *theirs}):
        here, there = mine.get(sku, 0), theirs.get(sku, 0)
        if here < there or (here > there and not at_least):
            yield (
                f"{system}: {field} {sku}: {here}, {other} says {there}"
                if other == SHOP
                else (f"{system}: {field} {sku}: {here}, {other} say {there}")
            )


def _sum(columns: Iterable[Goods]) -> Goods:
    total: Counter[str] = Counter()
    for goods in columns:
        total.update(goods)
    return dict(total)


def _moved(page: OrderLedger) -> Counter[tuple[str, str]]:
    """Pieces by place and SKU, below zero when they left."""
    found: Counter[tuple[str, str]] = Counter()
    for move in page.moves:
        if move.quantity < 0:
            found[move.place, move.sku] += move.quantity
    return found


def _by_sku(page: OrderLedger) -> Counter[str]:
    found: Counter[str] = Counter()
    for move in page.moves:
        found[move.sku] += move.quantity
    return found


@dataclass(frozen=True)
class Trace:
    """A settled effect of ours: its key, what it is about, and what the other side calls the result."""

    key: str
    about: str
    names: tuple[str, ...] = ()

    @property
    def operation(self) -> str:
        """What it did."""
        return self.key.split(":")[1]

    @property
    def called(self) -> set[str]:
        """Under what its document may stand."""
        return {self.key, *self.names}


def orphans(
    documents: Mapping[str, Collection[str]],
    effects: Collection[Trace],
    asked: Collection[str],
    others: Collection[str] = (),
) -> list[str]:
    """Documents without an effect, effects without a document, and effects that no message asked for.

    `documents` by system, under our key, or the id the system gave; `asked` are the aggregates that messages are about.
    `others` are documents that somebody else made, and needs no effect.

    >>> orphans({"erp": ["north:invoice.post:1"]}, [], [])
    ['erp: north:invoice.post:1: no settled effect made it']
    """
    made = {name for effect in effects for name in effect.called}
    there = {name for names in documents.values() for name in names}
    found = [
        f"{system}: {name}: no settled effect made it"
        for system, names in documents.items()
        for name in names
        if name not in made and name not in others
    ]
    for effect in effects:
        if effect.operation in DOCUMENTED and not effect.called & there:
            found.append(f"effect {effect.key}: no system has its document")
        if effect.about not in asked:
            found.append(f"effect {effect.key}: no message is about {effect.about}")
    return found
