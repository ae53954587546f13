"""What an order's transactions add up to, and the financial status that follows."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.state import State

domain = Domain()
SIDES = ("shopMoney", "presentmentMoney")
CENT = Decimal("0.01")


def add_bags(total: Record, bag: Record, sign: int = 1) -> Record:
    """One MoneyBag plus or minus another, side by side; the currencies are the first one's."""
    return {
        side: {
            "amount": str(Decimal(total[side]["amount"]) + sign * Decimal(bag[side]["amount"])),
            "currencyCode": total[side]["currencyCode"],
        }
        for side in SIDES
    }


def zero_like(bag: Record) -> Record:
    """Nothing, in the currencies of a MoneyBag."""
    return {side: {"amount": "0.00", "currencyCode": bag[side]["currencyCode"]} for side in SIDES}


def converted(bag: Record, amount: Decimal) -> Record:
    """A presentment amount as a MoneyBag, at the rate another bag of the same order shows."""
    shop, presentment = bag["shopMoney"], bag["presentmentMoney"]
    whole = Decimal(presentment["amount"])
    rate = Decimal(shop["amount"]) / whole if whole else Decimal(1)
    exact = shop["currencyCode"] == presentment["currencyCode"]
    shop_amount = amount if exact else (amount * rate).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return {
        "shopMoney": {"amount": str(shop_amount), "currencyCode": shop["currencyCode"]},
        "presentmentMoney": {"amount": str(amount), "currencyCode": presentment["currencyCode"]},
    }


def summed(order: Record, *kinds: str) -> Record:
    """All successful transactions of these kinds."""
    total = zero_like(order["totalPriceSet"])
    for one in order.get("transactions", ()):
        if one["kind"] in kinds and one["status"] == "SUCCESS":
            total = add_bags(total, one["amountSet"])
    return total


def uncaptured(order: Record, authorization: Record) -> Record:
    """What is left to capture of one authorization."""
    left: Record = authorization["amountSet"]
    for one in order.get("transactions", ()):
        parent = (one.get("parentTransaction") or {}).get("id")
        if parent == authorization["id"] and one["status"] == "SUCCESS" and one["kind"] in ("CAPTURE", "VOID"):
            left = add_bags(left, one["amountSet"], -1) if one["kind"] == "CAPTURE" else zero_like(left)
    return left


def figures(order: Record) -> Record:
    """The money fields of an order that follow from its transactions."""
    received = summed(order, "SALE", "CAPTURE")
    refunded = summed(order, "REFUND")
    net = add_bags(received, refunded, -1)
    capturable = zero_like(order["totalPriceSet"])
    for one in order.get("transactions", ()):
        if one["kind"] == "AUTHORIZATION" and one["status"] == "SUCCESS":
            capturable = add_bags(capturable, uncaptured(order, one))
    owed = order.get("currentTotalPriceSet") or order["totalPriceSet"]
    outstanding = add_bags(add_bags(owed, net, -1), capturable, -1)
    if order.get("cancelledAt"):
        outstanding = zero_like(outstanding)
    return {
        "totalReceivedSet": received,
        "totalRefundedSet": refunded,
        "netPaymentSet": net,
        "totalCapturableSet": capturable,
        "totalOutstandingSet": outstanding,
    }


def financial_status(order: Record) -> str | None:
    """PAID, AUTHORIZED and so on, from the transactions; None when no money was ever spoken of."""
    money = figures(order)
    received, refunded = _shop(money["totalReceivedSet"]), _shop(money["totalRefundedSet"])
    owed = _shop(order.get("currentTotalPriceSet") or order["totalPriceSet"])
    if not order.get("transactions") and owed:
        return None
    if refunded:
        return "REFUNDED" if refunded >= received else "PARTIALLY_REFUNDED"
    voided = any(one["kind"] == "VOID" and one["status"] == "SUCCESS" for one in order["transactions"])
    if voided and not received:
        return "VOIDED"
    if received >= owed:
        return "PAID"
    if received:
        return "PARTIALLY_PAID"
    if _shop(money["totalCapturableSet"]):
        return "AUTHORIZED"
    return "PENDING"


def new_transaction(state: State, shop: str, order: Record, kind: str, amount: Record, **more: Any) -> Record:
    """A successful transaction of an order, to be added to its list."""
    now = state.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    gateway = more.get("gateway") or "manual"
    return {
        "id": gid("OrderTransaction", state.space(shop).number()),
        "kind": kind,
        "status": "SUCCESS",
        "gateway": gateway,
        "formattedGateway": gateway.replace("_", " ").capitalize(),
        "amountSet": amount,
        "createdAt": now,
        "processedAt": now,
        "parentTransaction": None,
        "manualPaymentGateway": gateway == "manual",
        "test": bool(order.get("test")),
        **more,
    }


def with_transaction(order: Record, *added: Record) -> Record:
    """The changes to an order that new transactions bring."""
    changed = {**order, "transactions": [*order.get("transactions", ()), *added]}
    gateways = list(dict.fromkeys([*order.get("paymentGatewayNames", ()), *(one["gateway"] for one in added)]))
    status = financial_status(changed)
    return {
        "transactions": changed["transactions"],
        "paymentGatewayNames": gateways,
        "displayFinancialStatus": status,
        **figures(changed),
    }


@domain.computed("MoneyV2", "amount")
def money_amount(_call: Call, record: Record, _arguments: Arguments) -> str:
    """An amount as a shop prints it: no trailing zeros, at least one decimal."""
    return decimal_text(record["amount"])


def decimal_text(amount: str) -> str:
    """A Decimal scalar as Ruby prints it.

    >>> decimal_text("12.50"), decimal_text("0.00"), decimal_text("1200")
    ('12.5', '0.0', '1200.0')
    """
    whole, _, decimals = f"{Decimal(amount):f}".partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"


def plain(bag: Record | None) -> str | None:
    """The shop side of a MoneyBag as a Money scalar."""
    return None if bag is None else str(Decimal(bag["shopMoney"]["amount"]).quantize(CENT))


def _shop(bag: Record) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"])


@domain.computed("OrderTransaction", "order")
def transaction_order(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The order a transaction belongs to."""
    return call.state.owner(call.shop, record["id"])


@domain.computed("OrderTransaction", "parentTransaction")
def parent_transaction(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The authorization a capture or void speaks of."""
    parent = record.get("parentTransaction")
    return call.find(parent["id"]) if parent else None


@domain.computed("OrderTransaction", "amount")
def transaction_amount(_call: Call, record: Record, _arguments: Arguments) -> str | None:
    """The amount in shop currency."""
    return plain(record["amountSet"])
