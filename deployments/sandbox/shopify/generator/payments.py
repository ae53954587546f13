"""How an order was paid: its transactions, and what is received, outstanding and capturable after them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from deployments.sandbox.shopify.generator.money import Pair
from deployments.sandbox.shopify.generator.references import Numbers
from deployments.sandbox.shopify.generator.scenarios import Payment, Scenario
from deployments.sandbox.shopify.records import Record, gid

Both = tuple[int, int]  # an amount in shop currency and in presentment currency, minor units
GATEWAY_TITLES = {
    "shopify_payments": "Shopify payments",
    "paypal": "PayPal",
    "manual": "Bank deposit",
    "cash": "Cash",
    "gift_card": "Gift card",
    "bogus": "(for testing) Bogus gateway",
}
GIFT_CARD_PERCENT = (20, 35, 50, 80)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The payment side of an order. `received` is money taken, `authorized` money held."""

    status: str
    transactions: list[Record] = field(default_factory=list)
    received: Both = (0, 0)
    authorized: Both = (0, 0)

    @property
    def gateways(self) -> list[str]:
        """The gateways used, each once."""
        return list(dict.fromkeys(entry["gateway"] for entry in self.transactions))


@dataclass(frozen=True, slots=True)
class Till:
    """Makes the transactions of one order."""

    pair: Pair
    numbers: Numbers
    at: str
    test: bool

    def transaction(self, kind: str, gateway: str, amount: Both, **more: Any) -> Record:
        """One OrderTransaction that went through, unless `more` says otherwise."""
        number = self.numbers()
        gateway = "bogus" if self.test and gateway == "shopify_payments" else gateway
        held = kind == "AUTHORIZATION"
        return {
            "id": gid("OrderTransaction", number),
            "kind": kind,
            "status": "SUCCESS",
            "gateway": gateway,
            "formattedGateway": GATEWAY_TITLES[gateway],
            "amountSet": self.pair.bag(*amount),
            "totalUnsettledSet": self.pair.bag(*amount) if held else self.pair.zero,
            "createdAt": self.at,
            "processedAt": self.at,
            "parentTransaction": None,
            "paymentId": f"p{number}",
            "accountNumber": "•••• •••• •••• 4242" if gateway == "shopify_payments" else None,
            "manualPaymentGateway": gateway == "manual",
            "manuallyCapturable": held,
            "multiCapturable": False,
            "errorCode": None,
            "fees": [],
            "receiptJson": "{}",
            "test": self.test,
            **more,
        }


def pay(random: Random, scenario: Scenario, till: Till, total: Both) -> Ledger:
    """The transactions of a scenario's way to pay. Nothing to pay needs none, and counts as paid."""
    if not total[0] and not total[1]:
        return Ledger("PAID")
    return _WAYS[scenario.payment](random, till, total)


def _in_one(gateway: str) -> Callable[[Random, Till, Both], Ledger]:
    def way(random: Random, till: Till, total: Both) -> Ledger:
        return Ledger("PAID", [till.transaction("SALE", gateway, total)], received=total)

    return way


def _captured(random: Random, till: Till, total: Both) -> Ledger:
    held = till.transaction("AUTHORIZATION", "shopify_payments", total, totalUnsettledSet=till.pair.zero)
    taken = till.transaction("CAPTURE", "shopify_payments", total, parentTransaction={"id": held["id"]})
    return Ledger("PAID", [{**held, "manuallyCapturable": False}, taken], received=total)


def _authorized(random: Random, till: Till, total: Both) -> Ledger:
    return Ledger("AUTHORIZED", [till.transaction("AUTHORIZATION", "shopify_payments", total)], authorized=total)


def _pending(random: Random, till: Till, total: Both) -> Ledger:
    return Ledger("PENDING", [till.transaction("SALE", "manual", total, status="PENDING")])


def _partially_paid(random: Random, till: Till, total: Both) -> Ledger:
    deposit = _part(total, 30)
    return Ledger("PARTIALLY_PAID", [till.transaction("SALE", "manual", deposit)], received=deposit)


def _gift_card(random: Random, till: Till, total: Both) -> Ledger:
    """A gift card pays a part, a card the rest."""
    redeemed = _part(total, random.choice(GIFT_CARD_PERCENT))
    rest = (total[0] - redeemed[0], total[1] - redeemed[1])
    sales = [till.transaction("SALE", "gift_card", redeemed), till.transaction("SALE", "shopify_payments", rest)]
    return Ledger("PAID", sales, received=total)


def _on_terms(random: Random, till: Till, total: Both) -> Ledger:
    """A business customer pays later: no money has moved."""
    return Ledger("PENDING")


def _part(total: Both, percent: int) -> Both:
    return (total[0] * percent // 100, total[1] * percent // 100)


_WAYS: dict[Payment, Callable[[Random, Till, Both], Ledger]] = {
    "paid": _in_one("shopify_payments"),
    "wallet": _in_one("paypal"),
    "cash": _in_one("cash"),
    "gift_card_only": _in_one("gift_card"),
    "captured": _captured,
    "authorized": _authorized,
    "pending": _pending,
    "partially_paid": _partially_paid,
    "gift_card": _gift_card,
    "terms": _on_terms,
}
