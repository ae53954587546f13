"""A shop that shoppers and staff act in at random: what they ordered, took out, sent back and were paid."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from canonical.money import MoneyPair
from canonical.order import FinancialStatus, Order, Transaction, TransactionKind
from canonical.returns import Refund, RefundLine, RefundTransaction, Return, ReturnLine, ReturnStatus
from canonical.rules import example
from tests.flows.lives.conftest import LifeHouse

PIECES = 3
WORTH, TAX, DELIVERY = 20, "1.80", "2.00"
"""Of one piece, in dollars; the tax comes on top."""


def bought(number: int) -> Order:
    """Three pieces of one thing."""
    request = example.fulfillment_order(id=f"4{number}", location_id="7", location_name="East")
    asked = request.lines[0].model_copy(update={"quantity": PIECES, "remaining": PIECES})
    return example.order(
        id=str(6000 + number),
        name=f"#{2000 + number}",
        lines=(example.line(quantity=PIECES, taxes=(example.tax("5.40"),)),),
        transactions=(example.payment("67.40", id=f"7{number}"),),
        fulfillment_orders=(request.model_copy(update={"lines": (asked,)}),),
    )


@dataclass
class Bought:
    """One order as its shop has it. `back` are pieces in returns or refunds, so that none is given back twice."""

    order: Order
    cancelled: bool = False
    edited: int = 0
    back: int = 0
    returns: list[str] = field(default_factory=list)
    shown: int = 0
    """Refunds that the shop has told of."""


class ShopOfChance:
    """The fakes of a shop as one. Every act is told by the webhook that a shop sends for it."""

    def __init__(self, house: LifeHouse, orders: int) -> None:
        self.house = house
        self.sold = {order.id: Bought(order) for order in map(bought, range(orders))}
        self.arrived: Counter[str] = Counter()
        """Pieces that came back to a warehouse, by return."""

    def refunds(self, one: Bought) -> list[Refund]:
        """All refunds of an order, whoever made them."""
        channel = self.house.returns
        known = [*channel.by_hand, *(refund for _, refund in channel.refunds.values())]
        return [refund for refund in known if refund.order_id == one.order.id]

    def shipped(self, one: Bought) -> int:
        """Pieces that the shop shows as shipped."""
        writes = (write for _, write in self.house.channel.fulfilled.values())
        return sum(sum(write.lines.values()) for write in writes if write.order_id == one.order.id)

    async def cancel(self, one: Bought) -> None:
        """All is paid back. Refused once something left."""
        if one.cancelled or self.shipped(one) or one.edited:
            return
        one.cancelled = True
        self.house.channel.ended.add(one.order.id)
        self._pay(one, "67.40", (PIECES, "60.00", "5.40"), DELIVERY)
        await self.tell(one, cancelled_at=self.house.rt.now(), topic="orders/cancelled")

    async def take_out(self, one: Bought) -> None:
        """The staff take a piece out of an order of which nothing has left. The money stays with the shop for now."""
        if one.cancelled or one.edited or self.shipped(one):
            return
        one.edited = 1
        self._pay(one, None, (1, "20.00", "1.80"))
        await self.tell(one, topic="orders/edited")

    async def refund(self, one: Bought) -> None:
        """The staff give money back for a piece that stays with the shopper."""
        if one.cancelled or self.shipped(one) <= one.back:
            return
        one.back += 1
        self._pay(one, "21.80", (1, "20.00", "1.80"))
        await self.tell(one)

    async def ask_return(self, one: Bought, pieces: int) -> None:
        """The shopper wants to send pieces back."""
        if one.cancelled or self.shipped(one) < one.back + pieces:
            return
        one.back += pieces
        id_ = f"r{one.order.id}-{len(one.returns)}"
        one.returns.append(id_)
        asked = ReturnLine(id=f"{id_}-1", line_id="11", quantity=pieces, reason="unwanted")
        self.house.returns.returns[id_] = Return(
            id=id_,
            shop="north",
            order_id=one.order.id,
            name=f"{one.order.name}-R{len(one.returns)}",
            status=ReturnStatus.REQUESTED,
            lines=(asked,),
        )
        await self.house.told_of_return(id_, one.order)

    async def tell(self, one: Bought, *, topic: str = "orders/updated", cancelled_at: datetime | None = None) -> None:
        """The order as it is now arrives."""
        refunds = self.refunds(one)
        one.shown = len(refunds)
        back = tuple(_given_back(refund, row) for refund in refunds for row in refund.transactions)
        (line,), (request,) = one.order.lines, one.order.fulfillment_orders
        gone = PIECES if one.cancelled else one.edited
        left = request.lines[0].model_copy(update={"quantity": PIECES - gone, "remaining": PIECES - gone})
        one.order = one.order.model_copy(
            update={
                "updated_at": self.house.rt.now(),
                "cancelled_at": one.order.cancelled_at or cancelled_at,
                "edited": bool(one.edited),
                "transactions": (one.order.transactions[0], *back),
                "lines": (line.model_copy(update={"current_quantity": PIECES - gone}),),
                "fulfillment_orders": (request.model_copy(update={"lines": (left,)}),),
                "financial_status": FinancialStatus.REFUNDED if one.cancelled else FinancialStatus.PAID,
            }
        )
        await self.house.arrive(one.order, topic=topic)

    async def tell_refunds(self) -> None:
        """A refund that we made changes the order, too."""
        for one in self.sold.values():
            if len(self.refunds(one)) != one.shown:
                await self.tell(one)

    def _pay(self, one: Bought, amount: str | None, goods: tuple[int, str, str], delivery: str | None = None) -> None:
        number = len(self.house.returns.by_hand)
        pieces, subtotal, tax = goods
        money = example.pair(amount) if amount else MoneyPair.zero("USD", "USD")
        paid = RefundTransaction(id=f"9{number}", gateway="card", amount=money, parent_id=one.order.transactions[0].id)
        refund = Refund(
            id=f"hand-{number}",
            shop="north",
            order_id=one.order.id,
            created_at=self.house.rt.now(),
            lines=(RefundLine(line_id="11", quantity=pieces, subtotal=example.pair(subtotal), tax=example.pair(tax)),),
            shipping=example.pair(delivery) if delivery else None,
            transactions=(paid,) if amount else (),
            total=money,
        )
        self.house.returns.by_hand.append(refund)


def _given_back(refund: Refund, row: RefundTransaction) -> Transaction:
    return example.payment(
        str(row.amount.shop.amount),
        id=row.id,
        kind=TransactionKind.REFUND,
        parent_id=row.parent_id,
        processed_at=refund.created_at,
    )
