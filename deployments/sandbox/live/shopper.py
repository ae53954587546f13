"""A shopper, and the staff who act for one: orders, cancels, edits, asks for returns, all in the Shopify stand-in."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployments.sandbox.live import shopper_documents as documents
from deployments.sandbox.live.basket import Basket, order_input
from deployments.sandbox.live.jobs import Goods
from deployments.sandbox.live.shop_admin import ShopAdmin, ShopRefusedError


@dataclass(frozen=True)
class Order:
    """An order as the shopper knows it. `id` is the last part of Shopify's."""

    domain: str
    id: str
    name: str
    kind: str = "book"
    """What it is made to become: book, hold, quarantine or skip."""

    @property
    def gid(self) -> str:
        """Shopify's id."""
        return f"gid://shopify/Order/{self.id}"


@dataclass(frozen=True)
class Asked:
    """A return that was asked for. `id` is the last part of Shopify's."""

    order: Order
    id: str
    name: str
    goods: Goods


class Shopper:
    """Acts in the shops of one stand-in. Every act raises `ShopRefusedError` when the shop refuses it."""

    def __init__(self, shop: ShopAdmin) -> None:
        self.shop = shop
        self._keys = itertools.count(1)

    async def place(self, domain: str, *, profile: str = "bookable", seed: int = 0, index: int = 0) -> Order:
        """Place the order that the generator makes of a seed and an index."""
        wish = {"count": 1, "profile": profile, "seed": seed, "start": index, "shop": domain}
        (row,) = (await self.shop.generate(wish))["orders"]
        return Order(domain, _tail(row["order_id"]), row["order_name"], row["kind"])

    async def buy(self, domain: str, basket: Basket) -> Order:
        """Place an order for just these goods."""
        variants = {row["sku"]: row["id"] for row in await self.shop.records(domain, "ProductVariant")}
        given = order_input(domain, basket, variants)
        made = (await self.shop.do(domain, documents.CREATE, order=given))["order"]
        return Order(domain, _tail(made["id"]), made["name"])

    async def cancel(self, order: Order, reason: str = "CUSTOMER", *, refund: bool = True) -> None:
        """Cancel; the shop does it a little later."""
        await self.shop.do(order.domain, documents.CANCEL, id=order.gid, reason=reason, refund=refund)

    async def edit(self, order: Order, quantities: Goods, add: Goods | None = None) -> None:
        """Let lines have these quantities, by SKU, and add others."""
        lines = {row["sku"]: row["id"] for row in (await self.look(order))["lineItems"]["nodes"]}
        begun = await self.shop.do(order.domain, documents.BEGIN, id=order.gid)
        edit = begun["calculatedOrder"]["id"]
        for sku, pieces in quantities.items():
            line = lines[sku].replace("LineItem", "CalculatedLineItem")
            await self.shop.do(order.domain, documents.QUANTITY, id=edit, line=line, n=pieces)
        for sku, pieces in (add or {}).items():
            variant = await self._variant(order.domain, sku)
            await self.shop.do(order.domain, documents.ADD, id=edit, variant=variant, n=pieces)
        await self.shop.do(order.domain, documents.COMMIT, id=edit)

    async def ask_return(self, order: Order, goods: Goods, reason: str = "UNWANTED") -> Asked:
        """Ask to send pieces back; somebody has to agree."""
        rows = await self._shipped(order, goods, reason)
        answer = await self.shop.do(
            order.domain, documents.REQUEST, input={"orderId": order.gid, "returnLineItems": rows}
        )
        return Asked(order, _tail(answer["return"]["id"]), answer["return"]["name"], goods)

    async def open_return(
        self, order: Order, goods: Goods, reason: str = "UNWANTED", exchange: Goods | None = None
    ) -> Asked:
        """The staff take a return in at once, with other goods in exchange if wanted."""
        given: dict[str, Any] = {
            "orderId": order.gid,
            "returnLineItems": await self._shipped(order, goods, reason),
        }
        if exchange:
            given["exchangeLineItems"] = [
                {"variantId": await self._variant(order.domain, sku), "quantity": n} for sku, n in exchange.items()
            ]
        answer = await self.shop.do(order.domain, documents.RETURN, input=given)
        return Asked(order, _tail(answer["return"]["id"]), answer["return"]["name"], goods)

    async def refund(self, order: Order, goods: Goods, *, restock: str = "NO_RESTOCK", shipping: bool = False) -> str:
        """The staff give money back in the shop's admin, before anybody else does; returns the refund's id."""
        lines = [
            {"lineItemId": line, "quantity": pieces, "restockType": restock}
            for line, pieces in await self._lines(order, goods)
        ]
        found = await self.shop.ask(order.domain, documents.SUGGEST, id=order.gid, lines=lines, delivery=shipping)
        back = [
            {
                "orderId": order.gid,
                "kind": "REFUND",
                "gateway": row["gateway"],
                "parentId": row["parentTransaction"]["id"],
                "amount": row["amountSet"]["presentmentMoney"]["amount"],
            }
            for row in found["order"]["suggestedRefund"]["suggestedTransactions"]
        ]
        given: dict[str, Any] = {
            "orderId": order.gid,
            "currency": found["order"]["presentmentCurrencyCode"],
            "refundLineItems": lines,
            "transactions": back,
        }
        if shipping:
            given["shipping"] = {"fullRefund": True}
        key = f"by-hand-{order.id}-{next(self._keys)}"
        answer = await self.shop.do(order.domain, documents.REFUND, input=given, key=key)
        return _tail(answer["refund"]["id"])

    async def ship_by_hand(self, order: Order, carrier: str, tracking: str) -> str:
        """The staff ship everything that is left of the first open request; returns the fulfillment's id."""
        requests = (await self.look(order))["fulfillmentOrders"]["nodes"]
        request = next((row for row in requests if row["status"] in ("OPEN", "IN_PROGRESS")), None)
        if request is None:
            raise ShopRefusedError(f"{order.name} has nothing to ship")
        given = {
            "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": request["id"]}],
            "trackingInfo": {"company": carrier, "number": tracking},
        }
        answer = await self.shop.do(order.domain, documents.SHIP, fulfillment=given)
        return _tail(answer["fulfillment"]["id"])

    async def delivered(self, order: Order) -> int:
        """The carrier tells the shop that the parcels have arrived; returns how many."""
        found = [row for row in (await self.look(order))["fulfillments"] if row["status"] == "SUCCESS"]
        for row in found:
            event = {"fulfillmentId": row["id"], "status": "DELIVERED"}
            await self.shop.do(order.domain, documents.EVENT, event=event)
        return len(found)

    async def look(self, order: Order) -> dict[str, Any]:
        """The order as the shop shows it."""
        found: dict[str, Any] = (await self.shop.ask(order.domain, documents.LINES, id=order.gid))["order"]
        return found

    async def anything_shipped(self, order: Order) -> bool:
        """Whether the shop shows a parcel; looked up where no bucket is spent, since it is asked often."""
        (row,) = await self.shop.records(order.domain, "Order", id=order.gid)
        return bool(row.get("fulfillments"))

    async def shipped(self, order: Order) -> Mapping[str, int]:
        """Pieces that the shop shows as shipped, by SKU."""
        goods: dict[str, int] = {}
        for _, sku, pieces in await self._fulfilled(order):
            goods[sku] = goods.get(sku, 0) + pieces
        return goods

    async def aclose(self) -> None:
        """Close the connections."""
        await self.shop.aclose()

    async def _fulfilled(self, order: Order) -> list[tuple[str, str, int]]:
        fulfillments = (await self.look(order))["fulfillments"]
        return [
            (line["id"], line["lineItem"]["sku"], line["quantity"])
            for row in fulfillments
            if row["status"] == "SUCCESS"
            for line in row["fulfillmentLineItems"]["nodes"]
        ]

    async def _shipped(self, order: Order, goods: Goods, reason: str) -> list[dict[str, Any]]:
        """Lines of a return of pieces that were shipped."""
        left, rows = dict(goods), []
        for line, sku, pieces in await self._fulfilled(order):
            part = min(pieces, left.get(sku, 0))
            if part:
                left[sku] -= part
                rows.append({"fulfillmentLineItemId": line, "quantity": part, "returnReason": reason})
        if any(left.values()):
            raise ShopRefusedError(f"{order.name}: {left} has not been shipped")
        return rows

    async def _lines(self, order: Order, goods: Goods) -> list[tuple[str, int]]:
        left, rows = dict(goods), []
        for row in (await self.look(order))["lineItems"]["nodes"]:
            part = min(row["refundableQuantity"], left.get(row["sku"], 0))
            if part:
                left[row["sku"]] -= part
                rows.append((row["id"], part))
        return rows

    async def _variant(self, domain: str, sku: str) -> str:
        rows = await self.shop.records(domain, "ProductVariant")
        return str(next(row["id"] for row in rows if row["sku"] == sku))


def _tail(gid: str) -> str:
    return gid.rsplit("/", 1)[-1]
