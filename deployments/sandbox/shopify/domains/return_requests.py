"""Returns as they begin: created by the merchant, or requested by the shopper and approved or declined."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from deployments.sandbox.shopify.domains.refunding import charged, in_both, portion
from deployments.sandbox.shopify.domains.returning import definition_of, order_line, reason_of, returnable, show
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.shares import share

domain = Domain()
LONGEST_NOTE = 500
NOT_FOUND = "Return not found."
WRONG_QUANTITY = "Return line item has an invalid quantity."
NO_LINE = "Fulfillment Line Item was not found."
NO_REASON = "Return line items Either return reason or return reason definition must be provided"
NOTE_NEEDED = 'Return line items return reason note The note is required when the return reason is "Other"'
NOT_APPROVABLE = "Return is not approvable. Only returns with status REQUESTED can be approved."
NOT_DECLINABLE = "Return is not declinable. Only non-refunded returns with status REQUESTED can be declined."
Refusal = Callable[[Record, list[str]], Record | None]


@domain.mutation("returnCreate")
def create(call: Call, arguments: Arguments) -> Record:
    """A return the merchant agreed to: open at once."""
    given = arguments["returnInput"]
    errors = _refusals(call, given, "returnInput", _reason_of_created)
    if errors:
        return {"return": None, "userErrors": errors}
    kept = _keep(call, given, "OPEN")
    return {"return": reference(kept), "userErrors": []}


@domain.mutation("returnRequest")
def request(call: Call, arguments: Arguments) -> Record:
    """A return the shopper asks for: it waits for an answer."""
    given = arguments["input"]
    errors = _refusals(call, given, "input", _reason_of_requested)
    if errors:
        return {"return": None, "userErrors": errors}
    kept = _keep(call, given, "REQUESTED")
    return {"return": reference(kept), "userErrors": []}


def _reason_of_created(row: Record, where: list[str]) -> Record | None:
    reason = row.get("returnReason") or reason_of(row.get("returnReasonDefinitionId"))
    if reason is None:
        return user_error(where, NO_REASON, "NOT_FOUND")
    other = definition_of("OTHER") in (row.get("returnReasonDefinitionId"), definition_of(row.get("returnReason")))
    if other and not (row.get("returnReasonNote") or "").strip():
        return user_error([*where, "returnReasonNote"], NOTE_NEEDED, "BLANK")
    return None


def _reason_of_requested(row: Record, where: list[str]) -> Record | None:
    if row.get("returnReason") or reason_of(row.get("returnReasonDefinitionId")):
        return None
    return user_error([*where, "returnReason"], "Return reason can't be blank", "BLANK")


def _refusals(call: Call, given: Record, root: str, reason: Refusal) -> list[Record]:
    order = call.find(given["orderId"])
    if order is None:
        return [user_error([root, "orderId"], "Order not found.", "NOT_FOUND")]
    rows = given["returnLineItems"]
    if not rows and not given.get("exchangeLineItems"):
        return [user_error([root, "returnLineItems"], "Return line items can't be blank", "BLANK")]
    left = returnable(call.state, call.shop, order)
    errors = []
    for at, row in enumerate(rows):
        where = [root, "returnLineItems", str(at)]
        shipped = row["fulfillmentLineItemId"]
        if shipped not in left:
            errors.append(user_error([*where, "fulfillmentLineItemId"], NO_LINE, "NOT_FOUND"))
        elif not 0 < row["quantity"] <= left[shipped]:
            errors.append(user_error([*where, "quantity"], WRONG_QUANTITY, "INVALID"))
        elif (refused := reason(row, where)) is not None:
            errors.append(refused)
        else:
            left[shipped] -= row["quantity"]
    return errors + _exchange_refusals(call, given.get("exchangeLineItems") or (), root)


def _exchange_refusals(call: Call, rows: Sequence[Record], root: str) -> list[Record]:
    errors = []
    for at, row in enumerate(rows):
        where = [root, "exchangeLineItems", str(at)]
        if call.find(row.get("variantId")) is None:
            errors.append(user_error([*where, "variantId"], "Variant not found.", "NOT_FOUND"))
        elif row["quantity"] < 1:
            errors.append(user_error([*where, "quantity"], "Quantity must be greater than 0", "GREATER_THAN"))
    return errors


def _keep(call: Call, given: Record, status: str) -> Record:
    order = call.find(given["orderId"])
    assert order is not None
    number = len(order.get("returns") or ()) + 1
    fee = given.get("returnShippingFee")
    opened = status == "OPEN"
    record = {
        "name": f"{order['name']}-R{number}",
        "status": status,
        "order": reference(order),
        "createdAt": given.get("requestedAt") or call.now_text,
        "requestApprovedAt": call.now_text if opened else None,
        "closedAt": None,
        "decline": None,
        "returnLineItems": [_line(call, row) for row in given["returnLineItems"]],
        "exchangeLineItems": [_exchange(call, row) for row in given.get("exchangeLineItems") or ()],
        "returnShippingFees": [_fee(call, order, fee)] if fee else [],
        "reverseFulfillmentOrders": [],
        "feesCharged": False,
    }
    kept = call.state.add(call.shop, "Return", record, topics=() if opened else ("returns/request",))
    if opened:
        kept = _open(call, kept)
    returns = [*(order.get("returns") or ()), reference(kept)]
    show(call.state, call.shop, order["id"], {"returns": returns})
    return kept


def _open(call: Call, one: Record) -> Record:
    """Ask for the goods: a reverse fulfillment order for all lines."""
    number = call.space.number
    lines = [
        {
            "id": gid("ReverseFulfillmentOrderLineItem", number()),
            "totalQuantity": line["quantity"],
            "fulfillmentLineItem": line["fulfillmentLineItem"],
            "dispositions": [],
            "returnLine": reference(line),
        }
        for line in one["returnLineItems"]
    ]
    asked = [_reverse_order(call, one, lines)] if lines else []
    changes = {
        "status": "OPEN",
        "requestApprovedAt": call.now_text,
        "reverseFulfillmentOrders": [reference(row) for row in asked],
    }
    return call.state.update(call.shop, one["id"], changes, topics=("returns/approve",))


def _reverse_order(call: Call, one: Record, lines: list[Record]) -> Record:
    record = {
        "status": "OPEN",
        "order": one["order"],
        "return": reference(one),
        "lineItems": lines,
        "reverseDeliveries": [],
    }
    return call.state.add(call.shop, "ReverseFulfillmentOrder", record, topics=())


def _line(call: Call, row: Record) -> Record:
    reason = row.get("returnReason") or reason_of(row.get("returnReasonDefinitionId"))
    line: Record = {
        "id": gid("ReturnLineItem", call.space.number()),
        "fulfillmentLineItem": {"id": row["fulfillmentLineItemId"]},
        "quantity": row["quantity"],
        "processedQuantity": 0,
        "refundedQuantity": 0,
        "returnReason": reason,
        "reasonDefinition": row.get("returnReasonDefinitionId") or definition_of(reason),
        "returnReasonNote": row.get("returnReasonNote") or "",
        "customerNote": row.get("customerNote"),
    }
    percentage = (row.get("restockingFee") or {}).get("percentage")
    return {**line, "restockingFee": _restocking_fee(call, line, percentage) if percentage else None}


def _restocking_fee(call: Call, line: Record, percentage: float) -> Record:
    sold = order_line(call.state, call.shop, line)
    value = share(charged(sold), line["quantity"], int(sold["quantity"]))
    amount = portion(value, Decimal(str(percentage)), Decimal(100))
    return {"id": gid("Fee", call.space.number()), "percentage": percentage, "amountSet": amount}


def _fee(call: Call, order: Record, fee: Record) -> Record:
    amount = in_both(order, Decimal(str(fee["amount"]["amount"])))
    return {"id": gid("Fee", call.space.number()), "amountSet": amount}


def _exchange(call: Call, row: Record) -> Record:
    variant = call.find(row["variantId"]) or {}
    product = call.find((variant.get("product") or {}).get("id")) or {}
    return {
        "id": gid("ExchangeLineItem", call.space.number()),
        "quantity": row["quantity"],
        "processedQuantity": 0,
        "variantId": variant["id"],
        "variantSku": variant.get("sku"),
        "variantTitle": variant.get("title"),
        "productId": product.get("id"),
        "title": product.get("title"),
        "appliedDiscount": row.get("appliedDiscount"),
        "lineItems": [],
    }


@domain.mutation("returnApproveRequest")
def approve(call: Call, arguments: Arguments) -> Record:
    """Agree to a requested return."""
    one = call.find(arguments["input"]["id"])
    if one is None:
        return {"return": None, "userErrors": [user_error(["input", "id"], NOT_FOUND, "NOT_FOUND")]}
    if one["status"] != "REQUESTED":
        return {"return": None, "userErrors": [user_error(["input", "id"], NOT_APPROVABLE, "INVALID_STATE")]}
    _open(call, one)
    show(call.state, call.shop, one["order"]["id"])
    return {"return": reference(one), "userErrors": []}


@domain.mutation("returnDeclineRequest")
def decline(call: Call, arguments: Arguments) -> Record:
    """Refuse a requested return, with a reason."""
    given = arguments["input"]
    one = call.find(given["id"])
    if one is None:
        return {"return": None, "userErrors": [user_error(["input", "id"], NOT_FOUND, "NOT_FOUND")]}
    note = given.get("declineNote")
    if len(note or "") > LONGEST_NOTE:
        message = f"Decline note is too long (maximum is {LONGEST_NOTE} characters)"
        return {"return": None, "userErrors": [user_error(["input", "declineNote"], message, "TOO_LONG")]}
    if one["status"] != "REQUESTED":
        declined = one["status"] == "DECLINED"
        message = "The return is already declined." if declined else NOT_DECLINABLE
        return {"return": None, "userErrors": [user_error(["input", "id"], message, "INVALID_STATE")]}
    changes = {"status": "DECLINED", "decline": {"reason": given["declineReason"], "note": note}}
    call.state.update(call.shop, one["id"], changes, topics=("returns/decline",))
    show(call.state, call.shop, one["order"]["id"])
    return {"return": reference(one), "userErrors": []}
