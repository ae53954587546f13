"""What an order takes of stock: its reservations, and the mark that has its figures computed again."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from canonical.inventory import Place
from canonical.order import FinancialStatus, Order, OrderLine
from canonical.records import Delivery, OrderRecord, Reservation
from flows.handling.documents import IntakeBatch
from flows.handling.stock.messages import demand_changed
from flows.handling.waiting_places import waits_of
from flows.runtime import Runtime

UNBINDING = (FinancialStatus.PENDING, FinancialStatus.EXPIRED, FinancialStatus.VOIDED)
UNPAID_RESERVATION = timedelta(days=7)
_ONE = Decimal(1)


def reservations_of(rt: Runtime, order: Order, known: OrderRecord | None = None) -> list[Reservation]:
    """What each line takes of stock, where it waits, in ERP items and base units; a kit's for each component.

    Commit them with the order in `Batch.reserved_whole`: a line that an edit took out holds nothing then, nor does one
    that a mapping made a kit, nor a location that no piece waits at any more. An item that nobody mapped is reserved
    under the channel's SKU, until the mapping is there and the order is decided again. A webhook does not tell where
    pieces wait: then they wait where they did when the order was `known`.
    """
    expires = order.created_at + UNPAID_RESERVATION if order.financial_status in UNBINDING else None
    placed = order if order.fulfillment_orders else next(iter(before(known)), order)
    return [
        Reservation(
            scope=order.shop,
            order_id=order.id,
            line_id=(line.id if sold_as is None else f"{line.id}/{item}") + (f"@{wait.location}" if number else ""),
            sku=item,
            location=wait.location,
            place=rt.mappings.location(order.shop, wait.location, wait.name) if wait.location else None,
            quantity=wait.pieces * quantity,
            fulfilled=(wait.fulfilled if placed is order else 0) * quantity,
            expires_at=expires,
            sold_as=sold_as,
        )
        for line in order.lines
        if line.sku and line.requires_shipping and not line.is_gift_card and line.current_quantity > 0
        for number, wait in enumerate(waits_of(placed.fulfillment_orders, line))
        for item, quantity, sold_as in _takes(rt, order.shop, line)
    ]


def _takes(rt: Runtime, shop: str, line: OrderLine) -> Iterable[tuple[str, Decimal, str | None]]:
    """(ERP item, base units, the kit it is sold as) for one unit of the line."""
    parts = rt.mappings.components(shop, line.sku, line.variant_id)
    if not parts:
        return ((line.sku or "", _ONE, None),)
    kit = len(parts) > 1 or parts[0][1] != _ONE
    return tuple((item, quantity, line.sku if kit else None) for item, quantity in parts)


def items_of(rt: Runtime, order: Order) -> set[str]:
    """The ERP items that an order takes stock of."""
    return {item for line in order.lines if line.sku for item, _, _ in _takes(rt, order.shop, line)}


def before(record: OrderRecord | None) -> tuple[Order, ...]:
    """The order as it was known: what an edit took out of it is free now, and its figures are computed again."""
    return () if record is None else (Order.model_validate_json(record.document),)


def marks(rt: Runtime, orders: Iterable[Order], batch: IntakeBatch | None, cause: str) -> list[Delivery]:
    """Messages that have the figures behind these orders computed again, to be committed with what changed.

    None where no shop of the company shows stock through us. `batch` remembers whom to wake.
    """
    by_company: dict[str, set[str]] = {}
    for order in orders:
        company = rt.landscape.shop(order.shop).company
        if any(shop.name in rt.stock_channels for shop in rt.landscape.shops_of(company)):
            by_company.setdefault(company, set()).update(items_of(rt, order))
    made: list[Delivery] = []
    for company, items in by_company.items():
        if items:
            made += demand_changed(company, items, rt.now(), cause)
            if batch is not None:
                batch.demand_of.add(company)
    return made


def gave_back(order: Order, known: OrderRecord | None) -> bool:
    """Whether a cancel or an edit took out of the order what it held: the channel may have its goods back, or not."""
    for old in before(known):
        left = {line.id: line.current_quantity for line in order.lines}
        if order.cancelled_at is not None:
            return old.cancelled_at is None
        return any(line.current_quantity > left.get(line.id, 0) for line in old.lines)
    return False


async def doubt(rt: Runtime, orders: Iterable[Order]) -> int:
    """Have the shops' figures behind these orders read before they are written. Call it after what frees the stock.

    We expect the channel to show what a cancel gave back. Whoever cancels may say that nothing is restocked, which no
    order tells: then it shows less than we believe, and without a look nothing would ever be written there.
    """
    places: dict[str, set[Place]] = {}
    for order in orders:
        if order.shop in rt.stock_channels:
            names = {kit or item for line in order.lines if line.sku for item, _, kit in _takes(rt, order.shop, line)}
            at = {request.location_id for request in order.fulfillment_orders}
            found = (figure.place for figure in await rt.stock_book.figures(order.shop, sorted(names)))
            places.setdefault(order.shop, set()).update(p for p in found if not at or p.location_id in at)
    doubted = 0
    for shop, some in places.items():
        in_order = sorted(some, key=lambda place: (place.item_id, place.location_id))
        doubted += await rt.stock_book.doubt_figures(shop, in_order) if in_order else 0
    return doubted
