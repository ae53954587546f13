"""The books of the fakes, as a witness reads them: one page an order and a system, past all that we remember."""

from decimal import Decimal

from canonical.booking import BookingLineKind, DocumentStatus
from canonical.rules.lifecycle.pieces import in_tasks, missing
from canonical.warehouse import WarehouseEventKind
from deployments.stack.conservation import Books
from deployments.stack.ledger_pages import OrderLedger, StockMove
from tests.fakes.logistics import FakeWarehouse
from tests.flows.lives.shop_of_chance import PIECES, Bought, ShopOfChance

TEE = "TEE-1"
PIECE, DELIVERY = Decimal("21.80"), Decimal("2.00")


async def books_of(shop: ShopOfChance, one: Bought) -> Books:
    """What everybody keeps of an order."""
    house = shop.house
    life = await house.life(one.order)
    open_ = 0 if one.cancelled else sum(in_tasks(life).values()) + sum(missing(one.order, life).values())
    return {
        "shopify": _shop(shop, one, open_),
        "erp": _erp(shop, one),
        "wms": _warehouse(house.wms, one),
        "parcels": _warehouse(house.parcels, one),
    }


def _shop(shop: ShopOfChance, one: Bought, open_: int) -> OrderLedger:
    """What is open is what we still mean to ship: ordered = shipped + cancelled + open is about us, too."""
    refunds = shop.refunds(one)
    gone = sum(line.quantity for refund in refunds for line in refund.lines)
    page = OrderLedger("shopify", cancelled=one.cancelled, ordered={TEE: PIECES}, open={TEE: open_})
    page.taken_out[TEE] = PIECES if one.cancelled else one.edited
    page.shipped[TEE] = shop.shipped(one)
    page.total = Decimal(0) if one.cancelled else PIECE * (PIECES - gone) + DELIVERY
    page.paid = one.order.transactions[0].amount.shop.amount
    page.refunded = sum((refund.total.shop.amount for refund in refunds if refund.total), Decimal(0))
    page.documents = [id_ for id_, write in shop.house.channel.fulfilled.values() if write.order_id == one.order.id]
    return page


def _erp(shop: ShopOfChance, one: Bought) -> OrderLedger:
    page, gone = OrderLedger("erp"), 0
    for document, booked in shop.house.erp.documents.values():
        if document.source_id == one.order.id:
            goods = sum(line.quantity for line in document.lines if line.kind is BookingLineKind.ITEM)
            page.add(page.ordered, TEE, goods)
            page.cancelled, page.total = booked.status is DocumentStatus.CANCELLED, booked.total.amount
            page.documents.append(document.key)
    authorised = {posting.key: posting for posting in shop.house.settlement.of("authorisation")}
    shipped = {posting.key: posting for posting in shop.house.settlement.of("shipment")}
    for key, (kind, posting) in shop.house.settlement.documents.items():
        if key.split(":")[2] != one.order.id:
            continue
        page.documents.append(key)
        if kind == "shipment":
            pieces = sum(line.quantity for parcel in posting.shipment.parcels for line in parcel.lines)
            page.add(page.shipped, TEE, pieces)
            page.moves.append(StockMove("erp", key, TEE, -pieces, posting.shipment.location))
        elif kind == "invoice":
            parcels = shipped[posting.shipment_key].shipment.parcels
            pieces = sum(line.quantity for parcel in parcels for line in parcel.lines)
            page.invoiced += PIECE * pieces + (DELIVERY if not gone else 0)
            gone += pieces
        elif kind == "receipt":
            assert posting.authorisation_key in authorised
            pieces = sum(posting.lines.values())
            page.add(page.restocked, TEE, pieces)
            page.moves.append(StockMove("erp", key, TEE, pieces, posting.location))
        elif kind == "credit":
            page.credited += posting.total.amount
        elif kind == "payment" and posting.amount.amount > 0:
            page.paid += posting.amount.amount
        elif kind == "payment":
            page.refunded -= posting.amount.amount
    return page


def _warehouse(warehouse: FakeWarehouse, one: Bought) -> OrderLedger:
    page = OrderLedger(warehouse.system)
    for key, request in warehouse.requests.items():
        if request.order_id == one.order.id:
            page.add(page.ordered, TEE, max(request.lines[0].quantity, warehouse.most.get(key, 0)))
            page.documents.append(key)
    for event in warehouse.events:
        if _about(event.request_key, event.return_id) != one.order.id:
            continue
        for line in event.lines:
            if event.kind is WarehouseEventKind.SHIPPED:
                page.add(page.shipped, TEE, line.quantity)
                page.moves.append(StockMove(warehouse.system, event.id, TEE, -line.quantity, event.location))
            elif event.kind is WarehouseEventKind.RETURN_RECEIVED:
                page.add(page.returned, TEE, line.quantity)
            elif event.kind is WarehouseEventKind.RETURN_INSPECTED and line.disposition == "restock":
                page.add(page.restocked, TEE, line.quantity)
                page.moves.append(StockMove(warehouse.system, event.id, TEE, line.quantity, event.location))
    return page


def _about(request: str | None, return_: str | None) -> str | None:
    """The order of a request, or of a return, whose id begins with it."""
    return request.split(":")[2] if request else (return_ or "").removeprefix("r").partition("-")[0]
