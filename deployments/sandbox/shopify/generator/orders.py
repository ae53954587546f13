"""The order record: a priced cart, its buyer, its payments, its risk and its fulfillment orders put together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from deployments.sandbox.catalogue import Catalogue, Shop
from deployments.sandbox.shopify.generator.cart import Cart
from deployments.sandbox.shopify.generator.lines import (
    LineWriter,
    Sides,
    discount_applications,
    shipping_lines,
    tax_lines,
)
from deployments.sandbox.shopify.generator.payments import Both, Ledger, Till, pay
from deployments.sandbox.shopify.generator.people import buyer
from deployments.sandbox.shopify.generator.pricing import price_cart
from deployments.sandbox.shopify.generator.references import Numbers, References
from deployments.sandbox.shopify.generator.risk import assess
from deployments.sandbox.shopify.generator.routing import Router
from deployments.sandbox.shopify.generator.scenarios import Scenario
from deployments.sandbox.shopify.records import Record, gid, gid_tail, iso

SOURCES = {"person": "web", "company": "web", "walk_in": "pos"}


@dataclass(frozen=True, slots=True)
class OrderWriter:
    """Writes orders of one shop. Pure: what it makes depends on its arguments and the random source alone."""

    catalogue: Catalogue
    shop: Shop
    references: References
    numbers: Numbers

    def write(self, random: Random, scenario: Scenario, cart: Cart, at: datetime, *, name: str | None = None) -> Record:
        """An Order record placed at a moment; its name is left to the store when none is given."""
        sides = self._price(cart)
        total = (sides.shop.total, sides.presentment.total)
        till = Till(sides.pair, self.numbers, iso(at), scenario.test)
        ledger = pay(random, scenario, till, total)
        applications = discount_applications(cart)
        order = {
            **self._identity(at, name),
            **self._circumstances(scenario, cart, sides),
            **buyer(cart, self.references, self.numbers),
            "discountApplications": applications,
            "discountCodes": [promotion.code for promotion in cart.promotions if promotion.code],
            "discountCode": next((promotion.code for promotion in cart.promotions if promotion.code), None),
            "lineItems": LineWriter(cart, sides, applications, self.references, self.numbers).line_items(),
            "shippingLines": shipping_lines(cart, sides, applications, self.numbers),
            **totals(sides),
            **payment_fields(ledger, sides, total),
            "paymentTerms": self._terms(cart, at),
            **assess(scenario.risk),
        }
        router = Router(self.catalogue, self.references)
        requests = router.fulfillment_orders(random, cart, order, self.numbers)
        status = "UNFULFILLED" if requests else "FULFILLMENT_NOT_REQUIRED"
        return {**order, "fulfillmentOrders": requests, "displayFulfillmentStatus": status}

    def _price(self, cart: Cart) -> Sides:
        home = price_cart(self.catalogue, cart, self.shop.currency)
        return Sides(home, home if cart.currency == home.currency else price_cart(self.catalogue, cart, cart.currency))

    def _identity(self, at: datetime, name: str | None) -> Record:
        order_id = gid("Order", self.numbers())
        named = {"name": name, "number": int(name.lstrip("#"))} if name else {}
        moments = dict.fromkeys(("createdAt", "processedAt", "updatedAt"), iso(at))
        return {"id": order_id, "legacyResourceId": gid_tail(order_id), **named, **moments}

    def _circumstances(self, scenario: Scenario, cart: Cart, sides: Sides) -> Record:
        return {
            "currencyCode": sides.pair.shop,
            "presentmentCurrencyCode": sides.pair.presentment,
            "taxesIncluded": self.shop.taxes_included,
            "taxExempt": cart.tax_exempt,
            "dutiesIncluded": False,
            "estimatedTaxes": False,
            "test": scenario.test,
            "confirmed": True,
            "edited": False,
            "closed": False,
            "requiresShipping": cart.needs_shipping,
            "sourceName": SOURCES[scenario.buyer],
            "poNumber": f"PO-{self.numbers() % 100_000:05d}" if cart.company else None,
            "retailLocation": {"id": self.references.locations[cart.store.name]} if cart.store else None,
            "note": None,
            "tags": ["b2b"] if cart.company else [],
            "customAttributes": [],
            "refunds": [],
            "returnStatus": "NO_RETURN",
        }

    def _terms(self, cart: Cart, at: datetime) -> Record | None:
        if cart.company is None:
            return None
        days = cart.company.payment_terms_days
        schedule = {
            "id": gid("PaymentSchedule", self.numbers()),
            "issuedAt": iso(at),
            "dueAt": iso(at + timedelta(days=days)),
            "completedAt": None,
            "due": False,
        }
        return {
            "id": gid("PaymentTerms", self.numbers()),
            "paymentTermsType": "NET",
            "paymentTermsName": f"Net {days}",
            "translatedName": f"Net {days}",
            "dueInDays": days,
            "due": False,
            "overdue": False,
            "paymentSchedules": [schedule],
        }


def totals(sides: Sides) -> Record:
    """The order's totals, original and current: they are equal until something is edited or returned.

    `totalShippingPriceSet` is before shipping discounts, which are part of `totalDiscountsSet`;
    `currentShippingPriceSet` is after them.
    """
    shop, presentment, pair = sides.shop, sides.presentment, sides.pair
    subtotal = pair.bag(shop.subtotal, presentment.subtotal)
    discounts = pair.bag(shop.discounts, presentment.discounts)
    tax, total = pair.bag(shop.tax, presentment.tax), pair.bag(shop.total, presentment.total)
    duties = pair.bag(shop.duties, presentment.duties) if shop.duties or presentment.duties else None
    by_tax = tax_lines(shop.tax_lines, presentment.tax_lines, pair)
    delivery = [side.shipping.price - side.shipping.discount for side in (shop, presentment)]
    pieces = sum(line.quantity for line in shop.lines)
    return {
        **dict.fromkeys(("subtotalPriceSet", "currentSubtotalPriceSet"), subtotal),
        **dict.fromkeys(("totalDiscountsSet", "currentTotalDiscountsSet"), discounts),
        **dict.fromkeys(("totalTaxSet", "currentTotalTaxSet"), tax),
        **dict.fromkeys(("totalPriceSet", "currentTotalPriceSet", "originalTotalPriceSet"), total),
        **dict.fromkeys(("originalTotalDutiesSet", "currentTotalDutiesSet"), duties),
        **dict.fromkeys(("taxLines", "currentTaxLines"), by_tax),
        **dict.fromkeys(("subtotalLineItemsQuantity", "currentSubtotalLineItemsQuantity"), pieces),
        "totalShippingPriceSet": pair.bag(shop.shipping.price, presentment.shipping.price),
        "currentShippingPriceSet": pair.bag(*delivery),
        "totalTipReceivedSet": pair.bag(shop.tip, presentment.tip),
        "totalCashRoundingAdjustment": {"paymentSet": pair.zero, "refundSet": pair.zero},
        **dict.fromkeys(("totalRefundedSet", "totalRefundedShippingSet", "refundDiscrepancySet"), pair.zero),
    }


def payment_fields(ledger: Ledger, sides: Sides, total: Both) -> Record:
    """What has been paid, is held, and is still open."""
    pair, received = sides.pair, ledger.received
    paid = ledger.status == "PAID"
    return {
        "displayFinancialStatus": ledger.status,
        "fullyPaid": paid,
        "unpaid": not any(received) and not paid,
        "capturable": any(ledger.authorized),
        "canMarkAsPaid": ledger.status in ("PENDING", "PARTIALLY_PAID"),
        "transactions": ledger.transactions,
        "paymentGatewayNames": ledger.gateways,
        **dict.fromkeys(("totalReceivedSet", "netPaymentSet"), pair.bag(*received)),
        "totalOutstandingSet": pair.bag(total[0] - received[0], total[1] - received[1]),
        "totalCapturableSet": pair.bag(*ledger.authorized),
    }
