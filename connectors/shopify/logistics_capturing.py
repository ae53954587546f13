"""Capturing an authorization up to a total, and reading what was paid of an order."""

from decimal import Decimal
from typing import Any

from canonical.errors import RejectedError, RetryableError
from canonical.money import Money
from connectors.shopify.aftersales_writing import change, need_id, read_back, unknown
from connectors.shopify.client import ShopifyClient
from connectors.shopify.reading import gid


async def capture_up_to(client: ShopifyClient, order_id: str, parent_id: str, total: Money) -> str:
    """As `FulfillmentChannel.capture`. `orderCapture` knows no key: what is captured is read first, and again after a
    lost answer."""
    node = await _payments(client, order_id)
    taken, last = _captured(node, parent_id, total)
    if taken >= total.amount and last:
        return last
    given = {
        "id": gid("Order", order_id),
        "parentTransactionId": gid("OrderTransaction", need_id(parent_id, "parent_id", node["name"])),
        "amount": str(total.amount - taken),
        "currency": total.currency,
    }

    async def done() -> str | None:
        now, newest = _captured(await _payments(client, order_id), parent_id, total)
        return newest if now >= total.amount else None

    try:
        payload = await change(client, "capture_payment", "orderCapture", {"input": given}, node["name"])
    except RetryableError as error:
        if not error.maybe_applied:
            raise
        return await read_back(done, error)
    transaction = payload["transaction"]
    if transaction["status"] not in ("SUCCESS", "PENDING", "AWAITING_RESPONSE"):
        words = f"the payment could not be captured: the gateway answered {str(transaction['status']).lower()}"
        way_out = "Ask the shopper to pay again, or take the payment in Shopify."
        raise RejectedError(words, code="capture_failed", document=node["name"], way_out=way_out)
    return str(transaction["id"]).rpartition("/")[2]


def _captured(node: dict[str, Any], parent_id: str, total: Money) -> tuple[Decimal, str | None]:
    """What was captured of an authorization (presentment), and the last capture. Raises `RejectedError`."""
    parent = gid("OrderTransaction", parent_id)
    found = next((one for one in node["transactions"] if one["id"] == parent), None)
    if found is None:
        words = "the order has no such payment"
        raise RejectedError(words, code="tender_unknown", document=node["name"], field="parent_id")
    currency = found["amountSet"]["presentmentMoney"]["currencyCode"]
    if currency != total.currency:
        words = f"this payment is in {currency}, not in {total.currency}"
        raise RejectedError(words, code="currency_mismatch", document=node["name"], field="total")
    captures = [
        one
        for one in node["transactions"]
        if one["kind"] == "CAPTURE" and one["status"] in ("SUCCESS", "PENDING")
        if (one["parentTransaction"] or {}).get("id") == parent
    ]
    taken = sum((Decimal(one["amountSet"]["presentmentMoney"]["amount"]) for one in captures), Decimal(0))
    return taken, str(captures[-1]["id"]).rpartition("/")[2] if captures else None


async def _payments(client: ShopifyClient, order_id: str) -> dict[str, Any]:
    need_id(order_id, "order_id", order_id)
    answer = await client.call("read_payments", {"id": gid("Order", order_id)}, document=order_id)
    node: dict[str, Any] | None = answer.data.get("order")
    if node is None:
        raise unknown("order", order_id)
    return node
