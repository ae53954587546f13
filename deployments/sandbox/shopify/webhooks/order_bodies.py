"""Bodies of orders/*: the whole order as REST writes it."""

import hashlib
from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.webhooks.customer_bodies import address_body, customer_of_order
from deployments.sandbox.shopify.webhooks.fulfillment_bodies import fulfillment_body
from deployments.sandbox.shopify.webhooks.line_bodies import (
    attribute,
    discount_application,
    line_item,
    shipping_line,
    tax_line,
)
from deployments.sandbox.shopify.webhooks.refund_bodies import refund_body
from deployments.sandbox.shopify.webhooks.rest import Source, amount, each, lower, money_set, number, price, tags

Body = dict[str, Any]
# Field of the record -> name in REST, for money written both as shop price and as a pair.
PRICED = {
    "currentSubtotalPriceSet": "current_subtotal_price",
    "currentTotalDiscountsSet": "current_total_discounts",
    "currentTotalPriceSet": "current_total_price",
    "currentTotalTaxSet": "current_total_tax",
    "subtotalPriceSet": "subtotal_price",
    "totalDiscountsSet": "total_discounts",
    "totalPriceSet": "total_price",
    "totalTaxSet": "total_tax",
}
PAIRS_ONLY = {
    "currentShippingPriceSet": "current_shipping_price_set",
    "currentTotalAdditionalFeesSet": "current_total_additional_fees_set",
    "currentTotalDutiesSet": "current_total_duties_set",
    "originalTotalAdditionalFeesSet": "original_total_additional_fees_set",
    "originalTotalDutiesSet": "original_total_duties_set",
    "totalShippingPriceSet": "total_shipping_price_set",
}
PLAIN = {
    "cartToken": "cart_token",
    "checkoutToken": "checkout_token",
    "confirmationNumber": "confirmation_number",
    "currencyCode": "currency",
    "customerLocale": "customer_locale",
    "email": "email",
    "name": "name",
    "note": "note",
    "phone": "phone",
    "poNumber": "po_number",
    "presentmentCurrencyCode": "presentment_currency",
    "sourceIdentifier": "source_identifier",
    "sourceName": "source_name",
}
FLAGS = {
    "confirmed": "confirmed",
    "customerAcceptsMarketing": "buyer_accepts_marketing",
    "dutiesIncluded": "duties_included",
    "estimatedTaxes": "estimated_taxes",
    "taxExempt": "tax_exempt",
    "taxesIncluded": "taxes_included",
    "test": "test",
}
NEVER_FILLED = (
    "app_id",
    "browser_ip",
    "client_details",
    "device_id",
    "landing_site",
    "landing_site_ref",
    "merchant_of_record_app_id",
    "reference",
    "referring_site",
    "source_url",
    "user_id",
)
FULFILLMENT_STATUS = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial", "RESTOCKED": "restocked"}


def order_body(record: Record, source: Source) -> Body:
    """orders/create, updated, paid, cancelled, fulfilled, partially_fulfilled."""
    lines = each(lambda line: line_item(line, source), record.get("lineItems"))
    body: Body = {
        "id": number(record),
        "admin_graphql_api_id": record["id"],
        **_plain(record, source),
        **_money(record),
        "total_weight": sum(line["grams"] * line["quantity"] for line in lines),
        "line_items": lines,
        **_parts(record, source),
    }
    if "company" in (record.get("purchasingEntity") or {}):
        body["company"] = _company(record["purchasingEntity"])
    return body


def deleted_order_body(record: Record, source: Source) -> Body:
    """orders/delete."""
    return {"id": number(record)}


def edited_order_body(record: Record, source: Source) -> Body:
    """orders/edited: only which lines changed and by how much. The stored edit is the order's `lastEdit`."""
    edit = record.get("lastEdit") or {}
    changes = {
        name: [{"id": number(change["id"]), "delta": change["delta"]} for change in edit.get(name) or ()]
        for name in ("additions", "removals")
    }
    committed = source.time(edit.get("committedAt") or record.get("updatedAt"))
    body: Body = {
        "id": number(edit) or number(record),
        "app_id": None,
        "created_at": source.time(edit.get("createdAt")) or committed,
        "committed_at": committed,
        "notify_customer": bool(edit.get("notifyCustomer")),
        "order_id": number(record),
        "staff_note": edit.get("staffNote") or "",
        "user_id": None,
        "line_items": changes,
        "discounts": {
            "line_item": {
                "additions": [{"index": index} for index in edit.get("discountAdditions") or ()],
                "removals": [{"index": index} for index in edit.get("discountRemovals") or ()],
            }
        },
        "shipping_lines": {
            "additions": [{"id": number(one)} for one in edit.get("shippingAdditions") or ()],
            "removals": [{"id": number(one)} for one in edit.get("shippingRemovals") or ()],
        },
    }
    return {"order_edit": body}


def risk_body(record: Record, source: Source) -> Body:
    """orders/risk_assessment_changed: the newest assessment."""
    assessments = (record.get("risk") or {}).get("assessments") or [{}]
    return {
        "provider_id": None,
        "provider_title": None,
        "risk_level": lower(assessments[-1].get("riskLevel") or "NONE"),
        "created_at": source.time(record.get("updatedAt")),
        "order_id": number(record),
        "admin_graphql_api_order_id": record["id"],
    }


def _plain(record: Record, source: Source) -> Body:
    order_number = record.get("number") or 0
    return {
        **dict.fromkeys(NEVER_FILLED),
        **{name: record.get(field) for field, name in PLAIN.items()},
        **{name: bool(record.get(field)) for field, name in FLAGS.items()},
        "cancel_reason": lower(record.get("cancelReason")),
        "cancelled_at": source.time(record.get("cancelledAt")),
        "closed_at": source.time(record.get("closedAt")),
        "contact_email": record.get("email"),
        "created_at": source.time(record.get("createdAt")),
        "financial_status": lower(record.get("displayFinancialStatus")),
        "fulfillment_status": FULFILLMENT_STATUS.get(record.get("displayFulfillmentStatus") or ""),
        "location_id": number(record.get("retailLocation")),
        "merchant_business_entity_id": "MTAwMQ",
        "number": max(order_number - 1000, 1),
        "order_number": order_number,
        "order_status_url": _status_page(record, source),
        "processed_at": source.time(record.get("processedAt")),
        "tags": tags(record.get("tags")),
        "token": _token(record),
        "updated_at": source.time(record.get("updatedAt")),
    }


def _money(record: Record) -> Body:
    rounding = record.get("totalCashRoundingAdjustment") or {}
    zero = _zero(record)
    body: Body = {}
    for field, name in PRICED.items():
        bag = record.get(field) or zero
        body |= {name: price(bag), f"{name}_set": money_set(bag)}
    return {
        **body,
        **{name: money_set(record.get(field)) for field, name in PAIRS_ONLY.items()},
        **_line_items_price(record, zero),
        "total_cash_rounding_payment_adjustment_set": money_set(rounding.get("paymentSet") or zero),
        "total_cash_rounding_refund_adjustment_set": money_set(rounding.get("refundSet") or zero),
        "total_outstanding": price(record.get("totalOutstandingSet") or zero),
        "total_tip_received": price(record.get("totalTipReceivedSet") or zero),
    }


def _line_items_price(record: Record, zero: Record) -> Body:
    """The lines before any discount; a tip is a line, but not counted."""
    bags = [line["originalTotalSet"] for line in record.get("lineItems") or () if not _is_tip(line)]
    total = {
        side: {**zero[side], "amount": str(sum((Decimal(bag[side]["amount"]) for bag in bags), Decimal(0)))}
        for side in ("shopMoney", "presentmentMoney")
    }
    return {"total_line_items_price": price(total), "total_line_items_price_set": money_set(total)}


def _is_tip(line: Record) -> bool:
    return line["title"] == "Tip" and not line.get("product") and not line.get("sku")


def _zero(record: Record) -> Record:
    home = record.get("currencyCode") or "USD"
    shown = record.get("presentmentCurrencyCode") or home
    return {
        "shopMoney": {"amount": "0", "currencyCode": home},
        "presentmentMoney": {"amount": "0", "currencyCode": shown},
    }


def _parts(record: Record, source: Source) -> Body:
    """What the order is made of, the lines apart."""
    customer = source.find(record.get("customer"))
    applications = record.get("discountApplications")
    return {
        "billing_address": _address(record.get("billingAddress")),
        "shipping_address": _address(record.get("shippingAddress")),
        "customer": customer_of_order(customer, source) if customer else None,
        "discount_applications": each(discount_application, applications),
        "discount_codes": _discount_codes(record),
        "fulfillments": [fulfillment_body(_found(one, source), source) for one in record.get("fulfillments") or ()],
        "line_item_groups": [],
        "note_attributes": each(attribute, record.get("customAttributes")),
        "payment_gateway_names": list(record.get("paymentGatewayNames") or ()),
        "payment_terms": _payment_terms(record, source),
        "refunds": [refund_body(_found(one, source), source) for one in record.get("refunds") or ()],
        "returns": [],
        "shipping_lines": each(shipping_line, record.get("shippingLines")),
        "tax_lines": each(tax_line, record.get("taxLines")),
    }


def _found(reference: Record, source: Source) -> Record:
    return source.find(reference) or reference


def _address(address: Record | None) -> Body | None:
    return address_body(address) if address else None


def _company(entity: Record) -> Body:
    return {"id": number(entity["company"]), "location_id": number(entity["location"])}


def _discount_codes(record: Record) -> list[Body]:
    """Each code with all that it took off, in shop currency."""
    carriers = [*(record.get("lineItems") or ()), *(record.get("shippingLines") or ())]
    off: dict[int, Decimal] = {}
    for entry in (entry for carrier in carriers for entry in carrier.get("discountAllocations") or ()):
        index = entry["discountApplication"]["index"]
        off[index] = off.get(index, Decimal(0)) + Decimal(entry["allocatedAmountSet"]["shopMoney"]["amount"])
    currency = record.get("currencyCode") or "USD"
    return [
        {
            "code": application["code"],
            "amount": amount(str(off.get(application["index"], Decimal(0))), currency),
            "type": _code_type(application),
        }
        for application in record.get("discountApplications") or ()
        if application.get("code")
    ]


def _code_type(application: Record) -> str:
    if application["targetType"] == "SHIPPING_LINE":
        return "shipping"
    return "percentage" if "percentage" in application["value"] else "fixed_amount"


def _payment_terms(record: Record, source: Source) -> Body | None:
    terms = record.get("paymentTerms")
    if not terms:
        return None
    return {
        "id": number(terms),
        "created_at": source.time(record.get("createdAt")),
        "due_in_days": terms.get("dueInDays"),
        "payment_schedules": [
            {
                "id": number(schedule),
                "amount": price(record["totalPriceSet"]),
                "currency": record.get("currencyCode"),
                "issued_at": source.time(schedule.get("issuedAt")),
                "due_at": source.time(schedule.get("dueAt")),
                "completed_at": source.time(schedule.get("completedAt")),
            }
            for schedule in terms.get("paymentSchedules") or ()
        ],
        "payment_terms_name": terms.get("paymentTermsName"),
        "payment_terms_type": lower(terms.get("paymentTermsType")),
        "updated_at": source.time(record.get("updatedAt")),
    }


def _token(record: Record) -> str:
    """The order's token: the same for the same order on every delivery."""
    return hashlib.md5(record["id"].encode(), usedforsecurity=False).hexdigest()


def _status_page(record: Record, source: Source) -> str:
    shop = source.shop
    return (
        f"https://{shop.get('myshopifyDomain')}/{number(shop)}/orders/{_token(record)}/authenticate?key={_token(shop)}"
    )
