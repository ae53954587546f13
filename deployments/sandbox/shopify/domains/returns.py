"""Returns: reading, closing, opening again, cancelling, and taking lines out."""

from typing import Any

from deployments.sandbox.shopify.domains.payments import add_bags
from deployments.sandbox.shopify.domains.refund_suggestions import outcome, shipping, suggested_transactions
from deployments.sandbox.shopify.domains.refunding import (
    net_payment,
    nothing,
    owed_back,
    smaller,
    total,
    without,
    worth,
)
from deployments.sandbox.shopify.domains.return_processing import exchange_value, parts_of_return
from deployments.sandbox.shopify.domains.returning import (
    fulfillments_of,
    order_line,
    reason_definitions,
    returnable,
    returns_of,
    reverse_orders,
    show,
    undisposed,
)
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.listing import by, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, gid_tail, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search
from deployments.sandbox.shopify.shares import share

domain = Domain()
NOT_FOUND = "Return not found."
WRONG_STATE = "Return status is invalid."
NOT_CANCELABLE = "Return is not cancelable."
SEARCH = Search({"status": by("status"), "name": by("name"), "id": by("id"), "created_at": by("createdAt")})
REASON_SEARCH = Search({"handle": by("handle"), "name": by("name"), "id": by("id"), "deleted": by("deleted")})
REASON_SORT = {"ID": sorted_by("id"), "NAME": sorted_by("name"), "HANDLE": sorted_by("handle")}


@domain.query("return")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A return by id."""
    return call.find(arguments["id"])


@domain.query("returnReasonDefinitions")
def reasons(call: Call, arguments: Arguments) -> Listing:
    """Why goods come back, to choose from."""
    rows = reason_definitions()
    for name in ("ids", "handles"):
        if (wanted := arguments.get(name)) is not None:
            rows = [row for row in rows if row[name[:-1]] in wanted]
    return listing(call, "returnReasonDefinitions", rows, REASON_SEARCH, REASON_SORT, arguments)


@domain.query("returnableFulfillments")
def returnable_fulfillments(call: Call, arguments: Arguments) -> list[Record]:
    """What of an order can still be returned, by fulfillment."""
    order = call.find(arguments["orderId"])
    if order is None:
        return []
    rows = (_returnable(call, order, fulfillment) for fulfillment in fulfillments_of(call.state, call.shop, order))
    return [row for row in rows if row["returnableFulfillmentLineItems"]]


@domain.query("returnableFulfillment")
def returnable_fulfillment(call: Call, arguments: Arguments) -> Record | None:
    """What can be returned of one fulfillment: it has the fulfillment's number."""
    return returnable_by_id(call, arguments["id"])


def returnable_by_id(call: Call, record_id: str) -> Record | None:
    """A ReturnableFulfillment by its id."""
    fulfillment = call.find(f"gid://shopify/Fulfillment/{gid_tail(record_id)}")
    order = call.find(fulfillment["order"]["id"]) if fulfillment else None
    return _returnable(call, order, fulfillment) if order is not None and fulfillment is not None else None


def _returnable(call: Call, order: Record, fulfillment: Record) -> Record:
    left = returnable(call.state, call.shop, order)
    rows = [
        {"fulfillmentLineItem": reference(line), "quantity": left[line["id"]]}
        for line in fulfillment["fulfillmentLineItems"]
        if left.get(line["id"])
    ]
    return {
        "id": f"gid://shopify/ReturnableFulfillment/{gid_tail(fulfillment['id'])}",
        "fulfillment": reference(fulfillment),
        "returnableFulfillmentLineItems": rows,
    }


@domain.computed("Order", "returns")
def of_order(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """The returns of an order, searched."""
    matches, _ = SEARCH.compile(arguments.get("query"))
    return [row for row in returns_of(call.state, call.shop, record) if matches(row)]


@domain.computed("Return", "totalQuantity")
def total_quantity(_call: Call, record: Record, _arguments: Arguments) -> int:
    """How many pieces are coming back."""
    return sum(line["quantity"] for line in record["returnLineItems"])


@domain.computed("Return", "refunds")
def refunds(call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    """The refunds made for it."""
    order = call.find(record["order"]["id"]) or {}
    return [row for row in order.get("refunds") or () if (row.get("return") or {}).get("id") == record["id"]]


@domain.computed("Return", "transactions")
def transactions(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """The payments back made for it."""
    rows = (call.find(ref["id"]) for refund in refunds(call, record, arguments) for ref in refund["transactions"])
    return [row for row in rows if row is not None]


def _lines_of(name: str) -> Any:
    def field(_call: Call, record: Record, arguments: Arguments) -> list[Record]:
        rows = record.get(name) or []
        wanted = arguments.get("processingStatus")
        if wanted == "PROCESSED":
            return [row for row in rows if row["processedQuantity"]]
        if wanted == "PROCESSABLE":
            return [row for row in rows if record["status"] == "OPEN" and row["quantity"] > row["processedQuantity"]]
        return list(rows)

    return field


for _name in ("returnLineItems", "exchangeLineItems"):
    domain.computed("Return", _name)(_lines_of(_name))


def _is_open(call: Call, line: Record) -> bool:
    return (call.state.owner(call.shop, line["id"]) or {}).get("status") == "OPEN"


def _unprocessed(call: Call, record: Record, _arguments: Arguments) -> int:
    return int(record["quantity"]) - int(record["processedQuantity"])


def _processable(call: Call, record: Record, arguments: Arguments) -> int:
    return _unprocessed(call, record, arguments) if _is_open(call, record) else 0


for _type in ("ReturnLineItem", "ExchangeLineItem"):
    domain.computed(_type, "unprocessedQuantity")(_unprocessed)
    domain.computed(_type, "processableQuantity")(_processable)


@domain.computed("ReturnLineItem", "refundableQuantity")
def refundable_quantity(_call: Call, record: Record, _arguments: Arguments) -> int:
    """How many pieces no refund was made for."""
    return int(record["quantity"]) - int(record["refundedQuantity"])


@domain.computed("ReturnLineItem", "returnReasonDefinition")
def reason_definition(_call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The reason, as chosen from the list."""
    return next((row for row in reason_definitions() if row["id"] == record.get("reasonDefinition")), None)


@domain.computed("ReturnLineItem", "totalWeight")
def total_weight(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """What the pieces weigh."""
    weight = order_line(call.state, call.shop, record).get("weight")
    return {**weight, "value": weight["value"] * record["quantity"]} if weight else None


@domain.computed("ReturnLineItem", "withCodeDiscountedTotalPriceSet")
def discounted_price(call: Call, record: Record, _arguments: Arguments) -> Record:
    """What the pieces cost after the line's own discounts."""
    sold = order_line(call.state, call.shop, record)
    return share(sold.get("discountedTotalSet") or sold["originalTotalSet"], record["quantity"], int(sold["quantity"]))


@domain.computed("ExchangeLineItem", "lineItem")
def exchange_line(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The order line that replaces what came back."""
    return next((call.find(ref["id"]) for ref in record["lineItems"]), None)


# changing


@domain.mutation("returnClose")
def close(call: Call, arguments: Arguments) -> Record:
    """Nothing more is expected of an open return; one that is closed stays so."""
    return _turn(call, arguments["id"], "OPEN", "CLOSED", "returns/close")


@domain.mutation("returnReopen")
def reopen(call: Call, arguments: Arguments) -> Record:
    """Go on with a closed return; one that is open stays so."""
    return _turn(call, arguments["id"], "CLOSED", "OPEN", "returns/reopen")


def _turn(call: Call, return_id: str, before: str, after: str, topic: str) -> Record:
    row = call.find(return_id)
    if row is None:
        return {"return": None, "userErrors": [user_error(["id"], NOT_FOUND, "NOT_FOUND")]}
    if row["status"] not in (before, after):
        return {"return": None, "userErrors": [user_error(["id"], WRONG_STATE, "INVALID_STATE")]}
    if row["status"] == before:
        changes = {"status": after, "closedAt": call.now_text if after == "CLOSED" else None}
        call.state.update(call.shop, row["id"], changes, topics=(topic,))
        show(call.state, call.shop, row["order"]["id"])
    return {"return": reference(row), "userErrors": []}


@domain.mutation("returnCancel")
def cancel(call: Call, arguments: Arguments) -> Record:
    """Give up a return nothing was done for; one that is cancelled stays so."""
    row = call.find(arguments["id"])
    if row is None:
        return {"return": None, "userErrors": [user_error(["id"], NOT_FOUND, "NOT_FOUND")]}
    if row["status"] != "CANCELED":
        begun = any(line["processedQuantity"] for line in (*row["returnLineItems"], *row["exchangeLineItems"]))
        decided = any(
            line["dispositions"] for one in reverse_orders(call.state, call.shop, row) for line in one["lineItems"]
        )
        if row["status"] not in ("REQUESTED", "OPEN") or begun or decided or refunds(call, row, {}):
            return {"return": None, "userErrors": [user_error(["id"], NOT_CANCELABLE, "INVALID_STATE")]}
        for asked in reverse_orders(call.state, call.shop, row):
            call.state.update(call.shop, asked["id"], {"status": "CANCELED"}, topics=())
        call.state.update(call.shop, row["id"], {"status": "CANCELED"}, topics=("returns/cancel",))
        show(call.state, call.shop, row["order"]["id"])
    return {"return": reference(row), "userErrors": []}


@domain.mutation("removeFromReturn")
def remove(call: Call, arguments: Arguments) -> Record:
    """Take pieces out that will not come back; with the last piece the return is closed."""
    row = call.find(arguments["returnId"])
    wanted = [(one["returnLineItemId"], one["quantity"]) for one in arguments.get("returnLineItems") or ()]
    exchanged = [(one["exchangeLineItemId"], one["quantity"]) for one in arguments.get("exchangeLineItems") or ()]
    refused = _remove_refusal(row, wanted, exchanged)
    if refused is not None or row is None:
        return {"return": None, "userErrors": [refused]}
    gone = dict(wanted)
    changes: Record = {
        "returnLineItems": _fewer(row["returnLineItems"], gone),
        "exchangeLineItems": _fewer(row["exchangeLineItems"], dict(exchanged)),
    }
    for asked in reverse_orders(call.state, call.shop, row):
        _expect_fewer(call, asked, gone)
    if not changes["returnLineItems"] and not changes["exchangeLineItems"]:
        changes |= {"status": "CLOSED", "closedAt": call.now_text}
    kept = call.state.update(call.shop, row["id"], changes, topics=())
    call.state.announce(call.shop, {**kept, "removed": gone}, ("returns/update",))
    show(call.state, call.shop, row["order"]["id"])
    return {"return": reference(row), "userErrors": []}


@domain.mutation("returnLineItemRemoveFromReturn")
def remove_lines(call: Call, arguments: Arguments) -> Any:
    """The same under its old name."""
    return remove(call, arguments)


def _remove_refusal(
    row: Record | None, wanted: list[tuple[str, int]], exchanged: list[tuple[str, int]]
) -> Record | None:
    if row is None:
        return user_error(["returnId"], NOT_FOUND, "NOT_FOUND")
    if row["status"] not in ("REQUESTED", "OPEN"):
        return user_error(["returnId"], WRONG_STATE, "INVALID_STATE")
    for root, name, pairs in (
        ("returnLineItems", "returnLineItemId", wanted),
        ("exchangeLineItems", "exchangeLineItemId", exchanged),
    ):
        left = {line["id"]: line["quantity"] - line["processedQuantity"] for line in row[root]}
        for at, (line_id, quantity) in enumerate(pairs):
            if line_id not in left:
                return user_error([root, str(at), name], "Return line item was not found.", "NOT_FOUND")
            if quantity < 1:
                return user_error(None, "Quantity must be greater than 0", "GREATER_THAN")
            if quantity > left[line_id]:
                return user_error([root, str(at), "quantity"], "Return line item has an invalid quantity.", "INVALID")
            left[line_id] -= quantity
    return None


def _fewer(rows: list[Record], gone: dict[str, int]) -> list[Record]:
    changed = ({**row, "quantity": row["quantity"] - gone.get(row["id"], 0)} for row in rows)
    return [row for row in changed if row["quantity"]]


def _expect_fewer(call: Call, asked: Record, gone: dict[str, int]) -> None:
    rows = [
        {**line, "totalQuantity": line["totalQuantity"] - gone.get(line["returnLine"]["id"], 0)}
        for line in asked["lineItems"]
    ]
    kept = [line for line in rows if line["totalQuantity"]]
    open_still = any(undisposed(line) for line in kept)
    changes = {"lineItems": kept, "status": asked["status"] if open_still else "CLOSED"}
    call.state.update(call.shop, asked["id"], changes, topics=())


# previews


@domain.computed("Return", "suggestedFinancialOutcome")
def suggested_outcome(call: Call, record: Record, arguments: Arguments) -> Record | None:
    """What processing some lines would pay back, or charge."""
    order = call.find(record["order"]["id"])
    if order is None:
        return None
    parts = parts_of_return(call, order, record, arguments)
    value = worth(order, parts)
    exchanged = exchange_value(call, order, record, arguments.get("exchangeLineItems") or ())
    _, transfer = outcome(order, parts, exchanged)
    return {
        "discountedSubtotal": value.subtotal,
        "financialTransfer": transfer,
        "maximumRefundable": net_payment(order),
        "refundDuties": [{"amountSet": amount, "originalDuty": duty} for duty, amount in parts.duties],
        "shipping": shipping(order, parts.deliveries),
        "totalAdditionalFees": nothing(order),
        "totalCartDiscountAmount": nothing(order),
        "totalDuties": value.duties,
        "totalTax": value.tax,
    }


@domain.computed("Return", "suggestedRefund")
def suggested_refund(call: Call, record: Record, arguments: Arguments) -> Record | None:
    """The same in its old form."""
    order = call.find(record["order"]["id"])
    if order is None:
        return None
    rows = [{"id": row["returnLineItemId"], "quantity": row["quantity"]} for row in arguments["returnRefundLineItems"]]
    parts = parts_of_return(call, order, record, {**arguments, "returnLineItems": rows})
    value = worth(order, parts)
    after = {**order, **without(order, parts)}
    kept = total(nothing(order), parts.fees)
    back = smaller(smaller(add_bags(value.amount, kept, -1), net_payment(order)), owed_back(after))
    return {
        "amount": back,
        "discountedSubtotal": value.subtotal,
        "maximumRefundable": net_payment(order),
        "refundDuties": [{"amountSet": amount, "originalDuty": duty} for duty, amount in parts.duties],
        "shipping": shipping(order, parts.deliveries),
        "subtotal": value.subtotal,
        "suggestedTransactions": suggested_transactions(order, back),
        "totalCartDiscountAmount": nothing(order),
        "totalDuties": value.duties,
        "totalTax": value.tax,
    }
