"""Orders: reading, searching, counting, and the fields that follow from others."""

from datetime import timedelta
from typing import Any

from deployments.sandbox.shopify.domains.payments import plain
from deployments.sandbox.shopify.listing import by, count, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, iso
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search

domain = Domain()
# Without read_all_orders an app sees the orders of this many days.
VISIBLE_DAYS = 60


def _status(record: Record, wanted: str) -> bool:
    status = "cancelled" if record.get("cancelledAt") else "closed" if record.get("closedAt") else "open"
    return wanted.lower() in ("any", "*", status)


SEARCH = Search(
    {
        "id": by("id"),
        "name": by("name"),
        "created_at": by("createdAt"),
        "updated_at": by("updatedAt"),
        "processed_at": by("processedAt"),
        "financial_status": by("displayFinancialStatus"),
        "fulfillment_status": by("displayFulfillmentStatus"),
        "return_status": by("returnStatus"),
        "tag": by("tags"),
        "test": by("test"),
        "customer_id": by("customer", "id"),
        "email": by("email"),
        "sku": by("lineItems", "sku"),
        "source_name": by("sourceName"),
        "source_identifier": by("sourceIdentifier"),
        "po_number": by("poNumber"),
        "gateway": by("paymentGatewayNames"),
        "discount_code": by("discountCodes"),
        "confirmation_number": by("confirmationNumber"),
        "risk_level": by("risk", "assessments", "riskLevel"),
    },
    special={"status": _status, "tag_not": lambda record, tag: tag not in record.get("tags", ())},
    words=(by("name"), by("email"), by("lineItems", "sku"), by("shippingAddress", "name")),
)
SORT = {
    "CREATED_AT": sorted_by("createdAt"),
    "ID": sorted_by("id"),
    "ORDER_NUMBER": sorted_by("number"),
    "PROCESSED_AT": sorted_by("processedAt"),
    "UPDATED_AT": sorted_by("updatedAt"),
    "FINANCIAL_STATUS": sorted_by("displayFinancialStatus"),
    "FULFILLMENT_STATUS": sorted_by("displayFulfillmentStatus"),
    "PO_NUMBER": sorted_by("poNumber"),
}
# An order nobody edited: its current figures are the original ones.
for _name, _other in {
    "currentSubtotalPriceSet": "subtotalPriceSet",
    "currentTotalPriceSet": "totalPriceSet",
    "currentTotalTaxSet": "totalTaxSet",
    "currentTotalDiscountsSet": "totalDiscountsSet",
    "currentShippingPriceSet": "totalShippingPriceSet",
    "currentTotalDutiesSet": "originalTotalDutiesSet",
    "currentTotalAdditionalFeesSet": "originalTotalAdditionalFeesSet",
    "currentTaxLines": "taxLines",
    "originalTotalPriceSet": "totalPriceSet",
    "presentmentCurrencyCode": "currencyCode",
    "processedAt": "createdAt",
    "displayAddress": "shippingAddress",
}.items():
    domain.fallbacks["Order", _name] = _other
for _name in ("currentQuantity", "refundableQuantity", "unfulfilledQuantity", "fulfillableQuantity"):
    domain.fallbacks["LineItem", _name] = "quantity"
domain.fallbacks["LineItem", "name"] = "title"
domain.fallbacks["LineItem", "discountedUnitPriceSet"] = "originalUnitPriceSet"


def visible(call: Call) -> list[Record]:
    """The orders the app may see."""
    orders = call.all("Order")
    if "read_all_orders" in call.scopes:
        return orders
    oldest = iso(call.now - timedelta(days=VISIBLE_DAYS))
    return [order for order in orders if order["createdAt"] >= oldest]


@domain.query("orders")
def orders(call: Call, arguments: Arguments) -> Listing:
    """Orders, searched and sorted; PROCESSED_AT unless another key is asked for."""
    return listing(call, "orders", visible(call), SEARCH, SORT, {**arguments, "sortKey": _key(arguments)})


def _key(arguments: Arguments) -> str:
    key = arguments.get("sortKey") or "PROCESSED_AT"
    return key if key in SORT else "PROCESSED_AT"


@domain.query("ordersCount")
def orders_count(call: Call, arguments: Arguments) -> Record:
    """How many orders a search finds."""
    return count(call, "ordersCount", visible(call), SEARCH, arguments)


@domain.query("order")
def order(call: Call, arguments: Arguments) -> Record | None:
    """An order by id; null when there is none."""
    return call.find(arguments["id"])


@domain.query("orderByIdentifier")
def order_by_identifier(call: Call, arguments: Arguments) -> Record | None:
    """An order by id or by a metafield that identifies it."""
    identifier = arguments["identifier"]
    if "id" in identifier:
        return call.find(identifier["id"])
    wanted = identifier["customId"]
    for row in call.all("Metafield"):
        same = (row["namespace"], row["key"], row["value"]) == (wanted.get("namespace"), wanted["key"], wanted["value"])
        if same and row["ownerType"] == "ORDER":
            return call.find(row["owner"]["id"])
    return None


@domain.computed("Order", "closed")
def closed(_call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether the order is archived."""
    return record.get("closedAt") is not None


@domain.computed("Order", "number")
def order_number(_call: Call, record: Record, _arguments: Arguments) -> int:
    """The digits of the name."""
    return int(record.get("number") or "".join(filter(str.isdigit, record.get("name", ""))) or 0)


@domain.computed("Order", "tags")
@domain.computed("Customer", "tags")
@domain.computed("Product", "tags")
def tags(_call: Call, record: Record, _arguments: Arguments) -> list[str]:
    """Tags, in the order a shop gives them."""
    return sorted(record.get("tags", ()), key=str.lower)


@domain.computed("Order", "fullyPaid")
def fully_paid(_call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether nothing is owed."""
    return record.get("displayFinancialStatus") in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")


@domain.computed("Order", "unpaid")
def unpaid(_call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether nothing has been paid."""
    return record.get("displayFinancialStatus") in (None, "PENDING", "AUTHORIZED", "EXPIRED", "VOIDED")


@domain.computed("Order", "capturable")
def capturable(_call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether an authorization is left to capture."""
    return float(plain(record.get("totalCapturableSet")) or 0) > 0


@domain.computed("Order", "merchantEditable")
def merchant_editable(_call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether an edit may begin."""
    return not record.get("cancelledAt")


@domain.computed("Order", "canMarkAsPaid")
def can_mark_as_paid(_call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether orderMarkAsPaid would be accepted."""
    return is_markable(record)


def is_markable(record: Record) -> bool:
    """An order that is not cancelled and still owes money, authorized or not."""
    status = record.get("displayFinancialStatus")
    return not record.get("cancelledAt") and status in (None, "PENDING", "AUTHORIZED", "PARTIALLY_PAID", "EXPIRED")


@domain.computed("Order", "transactions")
def transactions(_call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """Transactions, the first so many when asked."""
    rows = record.get("transactions", [])
    if arguments.get("capturable"):
        rows = [row for row in rows if row["kind"] == "AUTHORIZATION" and row["status"] == "SUCCESS"]
    return list(rows[: arguments.get("first") or len(rows)])


def _cut(name: str) -> Any:
    def field(call: Call, record: Record, arguments: Arguments) -> list[Record]:
        rows = record.get(name, [])
        return list(rows[: arguments.get("first") or len(rows)])

    return field


for _list in ("fulfillments", "refunds"):
    domain.computed("Order", _list)(_cut(_list))


@domain.computed("Order", "shippingLine")
def shipping_line(_call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The first delivery charge."""
    return next(iter(record.get("shippingLines", ())), None)


@domain.computed("Order", "subtotalLineItemsQuantity", "currentSubtotalLineItemsQuantity")
def pieces(_call: Call, record: Record, _arguments: Arguments) -> int:
    """How many pieces were ordered."""
    return sum(int(line.get("currentQuantity", line["quantity"])) for line in record.get("lineItems", ()))


def _money_scalar(bag: str) -> Any:
    def field(_call: Call, record: Record, _arguments: Arguments) -> str | None:
        return plain(record.get(bag))

    return field


for _scalar in ("totalCapturable", "totalPrice", "subtotalPrice", "totalTax", "totalReceived", "totalRefunded"):
    domain.computed("Order", _scalar)(_money_scalar(f"{_scalar}Set"))
domain.computed("Order", "netPayment")(_money_scalar("netPaymentSet"))
domain.computed("Order", "totalShippingPrice")(_money_scalar("totalShippingPriceSet"))
domain.computed("Order", "totalDiscounts")(_money_scalar("totalDiscountsSet"))
