"""Order nodes as GraphQL answers them."""

from typing import Any

UPDATED = "2026-11-23T10:00:00Z"


def bag(shop: str, presentment: str | None = None, shown: str = "USD") -> dict[str, Any]:
    """A MoneyBag."""
    return {
        "shopMoney": {"amount": shop, "currencyCode": "USD"},
        "presentmentMoney": {"amount": presentment or shop, "currencyCode": shown},
    }


def page(*nodes: Any, after: str | None = None) -> dict[str, Any]:
    """A connection; with `after` there is a next page."""
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}


def fulfillment_order(number: int = 900, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/FulfillmentOrder/{number}",
        "status": "OPEN",
        "assignedLocation": {"name": "DC East", "location": {"id": "gid://shopify/Location/31"}},
        "deliveryMethod": {"methodType": "SHIPPING"},
        "lineItems": page(fulfillment_order_line(number + 1)),
        **changes,
    }


def fulfillment_order_line(number: int) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/FulfillmentOrderLineItem/{number}",
        "totalQuantity": 2,
        "remainingQuantity": 1,
        "lineItem": {"id": "gid://shopify/LineItem/70"},
    }


def beyond(number: int = 5, **changes: Any) -> dict[str, Any]:
    """What `complete_orders` reads of an order."""
    return {
        "id": f"gid://shopify/Order/{number}",
        "updatedAt": UPDATED,
        "edited": False,
        "cancelledAt": None,
        "cancelReason": None,
        "displayFinancialStatus": "PAID",
        "risk": {"recommendation": "ACCEPT"},
        "purchasingEntity": {},
        "transactions": [
            {
                "id": "gid://shopify/OrderTransaction/81",
                "kind": "SALE",
                "status": "SUCCESS",
                "gateway": "shopify_payments",
                "test": False,
                "processedAt": UPDATED,
                "amountSet": bag("25.00"),
                "parentTransaction": None,
            }
        ],
        "fulfillmentOrders": page(fulfillment_order()),
        **changes,
    }


def line(number: int = 70, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": "Parka",
        "sku": "PARKA-M",
        "quantity": 1,
        "currentQuantity": 1,
        "taxable": True,
        "requiresShipping": True,
        "isGiftCard": False,
        "variant": {"id": "gid://shopify/ProductVariant/41"},
        "product": {"id": "gid://shopify/Product/40"},
        "originalUnitPriceSet": bag("20.00"),
        "discountAllocations": [],
        "taxLines": [],
        "duties": [],
        **changes,
    }


SHIPPING_LINE: dict[str, Any] = {
    "id": "gid://shopify/ShippingLine/90",
    "title": "Standard",
    "code": "STANDARD",
    "isRemoved": False,
    "originalPriceSet": bag("5.00"),
    "discountAllocations": [],
    "taxLines": [],
}
CUSTOMER: dict[str, Any] = {
    "id": "gid://shopify/Customer/60",
    "firstName": "Ada",
    "lastName": "Byron",
    "taxExempt": False,
    "defaultEmailAddress": {"emailAddress": "ada@example.com"},
    "defaultPhoneNumber": None,
}
TOTALS: dict[str, Any] = {
    **dict.fromkeys(("totalDiscountsSet", "totalTaxSet", "totalTipReceivedSet"), bag("0.00")),
    "subtotalPriceSet": bag("20.00"),
    "totalShippingPriceSet": bag("5.00"),
    "originalTotalDutiesSet": None,
    "originalTotalAdditionalFeesSet": None,
    "totalCashRoundingAdjustment": {"paymentSet": bag("0.00")},
    "totalPriceSet": bag("25.00"),
}


def whole(number: int = 5, **changes: Any) -> dict[str, Any]:
    """What `read_orders` reads of an order."""
    return {
        **beyond(number),
        **TOTALS,
        **dict.fromkeys(("poNumber", "note", "billingAddress", "paymentTerms")),
        "name": f"#{1000 + number}",
        "createdAt": UPDATED,
        "processedAt": UPDATED,
        "test": False,
        "sourceName": "web",
        "email": "ada@example.com",
        "currencyCode": "USD",
        "presentmentCurrencyCode": "USD",
        "taxesIncluded": False,
        "customer": CUSTOMER,
        "shippingAddress": {
            "name": "Ada Byron",
            "address1": "1 Mill Lane",
            "countryCodeV2": "US",
            "provinceCode": "NY",
        },
        "discountApplications": {"nodes": []},
        "lineItems": page(line()),
        "shippingLines": {"nodes": [SHIPPING_LINE]},
        **changes,
    }
