"""Refunds of orders, whoever made them: goods, delivery, duties, what differs from them, and the money."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, Final

from canonical.money import MoneyPair
from canonical.ports.aftersales import SuggestedRefund, Tender
from canonical.returns import Refund, RefundLine, RefundTransaction
from connectors.shopify import mapping
from connectors.shopify.aftersales_writing import need_id, unknown
from connectors.shopify.client import ShopifyClient
from connectors.shopify.reading import extend, gid
from connectors.shopify.schemas import Digits, MoneySet, Said, Wire
from connectors.shopify.schemas_graphql import Ref

CHUNK: Final = 25
GIVEN: Final = frozenset({"SUCCESS", "PENDING", "AWAITING_RESPONSE"})
"""States of a transaction whose money is given back, or on its way."""


class RefundLineNode(Wire):
    quantity: int
    restock_type: str
    restocked: bool
    subtotal_set: MoneySet
    total_tax_set: MoneySet
    line_item: Ref
    location: Ref | None = None


class RefundLines(Wire):
    nodes: tuple[RefundLineNode, ...] = ()


class ShippingBack(Wire):
    subtotal_amount_set: MoneySet
    tax_amount_set: MoneySet


class ShippingLinesBack(Wire):
    nodes: tuple[ShippingBack, ...] = ()


class Adjustment(Wire):
    amount_set: MoneySet
    tax_amount_set: MoneySet


class Adjustments(Wire):
    nodes: tuple[Adjustment, ...] = ()


class DutyBack(Wire):
    amount_set: MoneySet


class MoneyBack(Wire):
    id: Digits
    kind: str
    status: str
    gateway: Said = None
    amount_set: MoneySet
    parent_transaction: Ref | None = None


class Transactions(Wire):
    nodes: tuple[MoneyBack, ...] = ()


class RefundNode(Wire):
    """A refund as `operations/fragments/whole_refund.graphql` has it."""

    id: Digits
    created_at: datetime
    note: Said = None
    return_ref: Ref | None = None
    total_refunded_set: MoneySet
    refund_line_items: RefundLines
    refund_shipping_lines: ShippingLinesBack
    duties: tuple[DutyBack, ...] | None = None
    order_adjustments: Adjustments
    transactions: Transactions


async def read_orders(client: ShopifyClient, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Payments and refunds of the orders there are, 25 a call, with every page of the refunds' lines."""
    wanted = [one for one in dict.fromkeys(order_ids) if one.isdecimal()]
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        answer = await client.call("read_refunds", {"ids": [gid("Order", one) for one in chunk]})
        for order_id, node in zip(chunk, answer.data.get("nodes") or (), strict=True):
            if not node:
                continue
            for entry in node["refunds"]:
                path = ("refund", "refundLineItems")
                await extend(client, entry["refundLineItems"], "refund_lines", entry["id"], path, node["name"])
            found[order_id] = node
    return found


async def read_order(client: ShopifyClient, order_id: str) -> dict[str, Any]:
    """Payments and refunds of one order. Raises `RejectedError` when there is none."""
    need_id(order_id, "order_id", order_id)
    found = (await read_orders(client, [order_id])).get(order_id)
    if found is None:
        raise unknown("order", order_id)
    return found


def refunds_of(order: Mapping[str, Any], shop: str) -> tuple[Refund, ...]:
    """The refunds of an order node, oldest first. Raises `RejectedError` when one cannot be understood."""
    order_id = str(order["id"]).rpartition("/")[2]
    found = [_refund(node, order_id, str(order["name"]), shop) for node in order["refunds"]]
    return tuple(sorted(found, key=lambda one: (one.created_at, int(one.id))))


def _refund(node: Mapping[str, Any], order_id: str, name: str, shop: str) -> Refund:
    with mapping.understanding(name):
        entry = RefundNode.model_validate({**node, "return_ref": node.get("return")})
        back = entry.refund_shipping_lines.nodes
        money = [one for one in entry.transactions.nodes if one.kind == "REFUND" and one.status in GIVEN]
        return Refund(
            id=entry.id,
            shop=shop,
            order_id=order_id,
            return_id=entry.return_ref.id if entry.return_ref else None,
            created_at=entry.created_at,
            lines=tuple(_line(one) for one in entry.refund_line_items.nodes),
            shipping=_sum(one.subtotal_amount_set for one in back),
            shipping_tax=_sum(one.tax_amount_set for one in back),
            duties=_sum(one.amount_set for one in entry.duties or ()),
            adjustments=tuple(
                one.amount_set.pair() + one.tax_amount_set.pair() for one in entry.order_adjustments.nodes
            ),
            transactions=tuple(
                RefundTransaction(
                    id=one.id,
                    gateway=one.gateway or "unknown",
                    amount=one.amount_set.pair(),
                    parent_id=one.parent_transaction.id if one.parent_transaction else None,
                )
                for one in money
            ),
            total=entry.total_refunded_set.pair(),
            note=entry.note,
        )


def _line(one: RefundLineNode) -> RefundLine:
    return RefundLine(
        line_id=one.line_item.id,
        quantity=one.quantity,
        subtotal=one.subtotal_set.pair(),
        tax=one.total_tax_set.pair(),
        restock=one.restock_type != "NO_RESTOCK",
        location_id=one.location.id if one.location else None,
    )


def _sum(bags: Iterable[MoneySet]) -> MoneyPair | None:
    pairs = [bag.pair() for bag in bags]
    return reduce(lambda one, other: one + other, pairs) if pairs else None


async def duties_on(client: ShopifyClient, order_id: str, line_ids: Collection[str]) -> list[dict[str, str]]:
    """The duties on lines of an order, to be given back in proportion to their pieces."""
    answer = await client.call("order_duties", {"id": gid("Order", order_id)}, document=order_id)
    lines = (answer.data.get("order") or {"lineItems": {"nodes": ()}})["lineItems"]["nodes"]
    mine = (line for line in lines if str(line["id"]).rpartition("/")[2] in line_ids)
    return [{"dutyId": duty["id"], "refundType": "PROPORTIONAL"} for line in mine for duty in line["duties"] or ()]


async def suggested(
    client: ShopifyClient, order_id: str, lines: Mapping[str, int], *, shipping: bool, duties: bool
) -> SuggestedRefund:
    """As `ReturnChannel.suggested_refund`."""
    need_id(order_id, "order_id", order_id)
    rows = [{"lineItemId": gid("LineItem", line), "quantity": pieces} for line, pieces in lines.items()]
    owed = await duties_on(client, order_id, lines) if duties else []
    variables = {"id": gid("Order", order_id), "lines": rows, "shipping": shipping, "duties": owed}
    order = (await client.call("suggest_refund", variables, document=order_id)).data.get("order")
    if order is None:
        raise unknown("order", order_id)
    told = order["suggestedRefund"]
    with mapping.understanding(order_id):
        payments = [
            Tender(
                parent_id=str(one["parentTransaction"]["id"]).rpartition("/")[2],
                gateway=one["gateway"] or "unknown",
                amount=MoneySet.model_validate(one["amountSet"]).presentment_money.money(),
            )
            for one in told["suggestedTransactions"]
            if one.get("parentTransaction")
        ]
        return SuggestedRefund(
            amount=MoneySet.model_validate(told["amountSet"]).pair(),
            shipping=MoneySet.model_validate(told["shipping"]["amountSet"]).pair(),
            most=MoneySet.model_validate(told["maximumRefundableSet"]).pair(),
            tenders=tuple(payments),
        )
