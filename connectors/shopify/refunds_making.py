"""Giving money back, once under a key.

`refundCreate` takes an idempotency key, which Shopify keeps for a day; `returnProcess`, which a refund of a return
needs, takes none. So the key also stands in the refund's note, where it is looked for before anything is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from canonical.errors import RejectedError, RetryableError
from canonical.ids import digest, key_uuid
from canonical.money import Money
from canonical.ports.aftersales import RefundWrite
from canonical.returns import Refund
from connectors.shopify.aftersales_writing import change, need_id, settled, unknown
from connectors.shopify.client import ShopifyClient
from connectors.shopify.reading import gid
from connectors.shopify.refunds_reading import GIVEN, duties_on, read_order, refunds_of
from connectors.shopify.returns_changing import mark_of
from connectors.shopify.returns_reading import ReturnNode, read_nodes

_PAYMENTS = frozenset({"SALE", "CAPTURE"})


@dataclass(frozen=True, slots=True)
class Refunder:
    """Makes refunds of one shop."""

    client: ShopifyClient
    shop: str

    async def refund(self, write: RefundWrite) -> Refund:
        """As `ReturnChannel.refund`."""
        order = await read_order(self.client, write.order_id)
        if (found := self._made(order, write)) is not None:
            return found

        async def made() -> Refund | None:
            return self._made(await read_order(self.client, write.order_id), write)

        async def make() -> Refund:
            _check(order, write)
            await (self._process(order, write) if write.return_id else self._create(order, write))
            refund = await made()
            if refund is None:
                words = "the refund was made, but the order does not show it yet"
                raise RetryableError(words, code="refund_unseen", document=order["name"], maybe_applied=True)
            return refund

        return await settled(made, make)

    def _made(self, order: Mapping[str, Any], write: RefundWrite) -> Refund | None:
        """The refund of this key that the order shows."""
        mark = mark_of(write.key)
        return next((one for one in refunds_of(order, self.shop) if mark in (one.note or "")), None)

    async def _create(self, order: Mapping[str, Any], write: RefundWrite) -> None:
        given: dict[str, Any] = {
            "orderId": order["id"],
            "currency": order["presentmentCurrencyCode"],
            "note": _note(write),
            "notify": write.notify,
            "refundLineItems": [
                _line(line_id, *told, unshipped=write.unshipped) for line_id, told in write.lines.items()
            ],
            "transactions": [
                {
                    "orderId": order["id"],
                    "parentId": gid("OrderTransaction", one.parent_id),
                    "gateway": one.gateway,
                    "kind": "REFUND",
                    "amount": str(one.amount.amount),
                }
                for one in write.tenders
            ],
        }
        if write.shipping is not None:
            given["shipping"] = {"amount": str(write.shipping.presentment.amount)}
        if write.duties:
            given["refundDuties"] = await duties_on(self.client, write.order_id, write.lines)
        # A refusal is kept under the key for a day, too: what it was decided on is part of the key.
        decided_on = [given, order["netPaymentSet"], len(order["refunds"])]
        key = key_uuid(f"{write.key}/{digest(decided_on)}")
        await change(self.client, "create_refund", "refundCreate", {"input": given, "key": key}, order["name"])

    async def _process(self, order: Mapping[str, Any], write: RefundWrite) -> None:
        node = (await read_nodes(self.client, [write.return_id or ""])).get(write.return_id or "")
        if node is None:
            raise unknown("return", str(write.return_id))
        if isinstance(node, RejectedError):
            raise node
        given: dict[str, Any] = {
            "returnId": gid("Return", node.id),
            "returnLineItems": _return_lines(node, write),
            "note": _note(write),
            "notifyCustomer": write.notify,
            "financialTransfer": {
                "issueRefund": {
                    "orderTransactions": [
                        {"parentId": gid("OrderTransaction", one.parent_id), "transactionAmount": _money(one.amount)}
                        for one in write.tenders
                    ]
                }
            },
        }
        if write.shipping is not None:
            given["refundShipping"] = {"shippingRefundAmount": _money(write.shipping.presentment)}
        if write.duties:
            given["refundDuties"] = await duties_on(self.client, write.order_id, write.lines)
        await change(self.client, "process_return", "returnProcess", {"input": given}, order["name"])


def _return_lines(node: ReturnNode, write: RefundWrite) -> list[dict[str, Any]]:
    """The pieces by return line; those that left the order already do not leave it again."""
    left = {line_id: pieces for line_id, (pieces, _) in write.lines.items()}
    rows = []
    for line in node.return_line_items.nodes:
        shipped = line.fulfillment_line_item
        line_id = shipped.line_item.id if shipped and shipped.line_item else ""
        if (pieces := min(left.get(line_id, 0), line.quantity - line.processed_quantity)) > 0:
            left[line_id] -= pieces
            rows.append({"id": gid("ReturnLineItem", line.id), "quantity": pieces})
    if short := {line_id: pieces for line_id, pieces in left.items() if pieces}:
        told = ", ".join(f"{pieces} of line {line_id}" for line_id, pieces in short.items())
        words = f"return {node.name} has not {told} to refund"
        raise _refused(
            node.name, words, "not_returned", "lines", "Refund what came back, or refund without the return."
        )
    return rows


def _check(order: Mapping[str, Any], write: RefundWrite) -> None:
    """Raises `RejectedError`: another currency, a payment that is not of this order, more than was paid."""
    name, currency = str(order["name"]), order["presentmentCurrencyCode"]
    amounts = [one.amount for one in write.tenders] + ([write.shipping.presentment] if write.shipping else [])
    for amount in amounts:
        if amount.currency != currency:
            words = f"the shopper paid in {currency}, so {amount} cannot be given back"
            raise _refused(name, words, "currency_mismatch", "tenders", "State amounts in the presentment currency.")
        if amount.amount < 0 or amount.rounded() != amount:
            words = f"{amount.amount} {currency} is no amount that can be paid"
            raise _refused(name, words, "amount_invalid", "tenders", "State whole cents, none below zero.")
    if write.return_id is not None:
        need_id(write.return_id, "return_id", name)
        if any(place for _, place in write.lines.values()):
            words = "where returned goods go is told by their inspection, not by the refund"
            raise _refused(name, words, "restock_twice", "lines", "Leave the location out.")
    left = _left(order)
    for one in write.tenders:
        if one.parent_id not in left:
            words = f"payment {one.parent_id} is none that this order received"
            raise _refused(name, words, "tender_unknown", "tenders", "Choose a payment the shop suggests.")
        left[one.parent_id] -= one.amount.amount
    net = Decimal(order["netPaymentSet"]["presentmentMoney"]["amount"])
    wanted = sum((one.amount.amount for one in write.tenders), Decimal(0))
    if wanted > net or any(rest < 0 for rest in left.values()):
        words = f"{wanted} {currency} is more than the order or its payment still has ({net} {currency})"
        raise _refused(name, words, "above_payment", "tenders", "Look at the refunds of the order.")


def _left(order: Mapping[str, Any]) -> dict[str, Decimal]:
    """What is left of each payment, in presentment currency."""
    left: dict[str, Decimal] = {}
    for one in order["transactions"]:
        if one["kind"] in _PAYMENTS and one["status"] == "SUCCESS":
            left[_tail(one["id"])] = Decimal(one["amountSet"]["presentmentMoney"]["amount"])
    for one in order["transactions"]:
        parent = _tail((one["parentTransaction"] or {}).get("id") or "")
        if one["kind"] == "REFUND" and one["status"] in GIVEN and parent in left:
            left[parent] -= Decimal(one["amountSet"]["presentmentMoney"]["amount"])
    return left


def _line(line_id: str, pieces: int, location: str | None, *, unshipped: bool) -> dict[str, Any]:
    """Restocked at a location, or not at all. Pieces that never left are cancelled, not returned."""
    given: dict[str, Any] = {"lineItemId": gid("LineItem", line_id), "quantity": pieces}
    if location is None:
        return {**given, "restockType": "NO_RESTOCK"}
    return {**given, "restockType": "CANCEL" if unshipped else "RETURN", "locationId": gid("Location", location)}


def _note(write: RefundWrite) -> str:
    return f"{write.note} {mark_of(write.key)}" if write.note else mark_of(write.key)


def _money(amount: Money) -> dict[str, str]:
    return {"amount": str(amount.amount), "currencyCode": amount.currency}


def _refused(name: str, words: str, code: str, field: str, way_out: str) -> RejectedError:
    return RejectedError(words, code=code, document=name, field=field, way_out=way_out)


def _tail(native: str) -> str:
    return native.rpartition("/")[2]
