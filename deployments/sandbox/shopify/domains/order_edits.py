"""Order edits: begun, staged item by item, and thrown away unless `orderEditCommit` keeps them."""

from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.edit_money import in_both, taxed, times
from deployments.sandbox.shopify.edit_sessions import EMPTY, calculated, current, edited_lines, session_of
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import unfulfilled
from deployments.sandbox.shopify.records import Record, gid, gid_tail, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
NO_EDIT = "The calculated order does not exist."
NO_LINE = "The line item does not exist on the order."
LONGEST_TITLE = 255
# What a shop says of an id whose number is 0.
NO_NUMBER = "can't convert Integer[0] to a positive Integer to use as an untrusted id"


def refused(*refusals: Record, **more: Any) -> Record:
    """The payload of a step that was not taken."""
    nothing = dict.fromkeys(("calculatedOrder", "calculatedLineItem", "orderEditSession", *more))
    return {**nothing, "userErrors": list(refusals)}


def staged(call: Call, session: Record, **changes: Any) -> Record:
    """The calculated order after a step, kept."""
    order = call.find(session["originalOrder"]["id"])
    assert order is not None
    edit = {**session["edit"], **changes}
    return call.state.update(call.shop, session["id"], {"edit": edit, **calculated(call, order, edit)}, topics=())


def answered(session: Record, calculated_id: str | None = None, **more: Any) -> Record:
    """The payload of a step that was taken."""
    rows = [*session["lineItems"], *session["addedLineItems"]]
    return {
        "calculatedOrder": reference(session),
        "calculatedLineItem": next((row for row in rows if row["id"] == calculated_id), None),
        "orderEditSession": edit_session(session),
        "userErrors": [],
        **more,
    }


def edit_session(session: Record) -> Record:
    """The session of a calculated order: they share a number."""
    return {"__typename": "OrderEditSession", "id": gid("OrderEditSession", gid_tail(session["id"]))}


@domain.query("orderEditSession")
def order_edit_session(call: Call, arguments: Arguments) -> Record | None:
    """An edit under way."""
    session = session_of(call, arguments["id"])
    return edit_session(session) if session else None


@domain.mutation("orderEditBegin")
def begin(call: Call, arguments: Arguments) -> Record:
    """A calculated order to stage changes on."""
    order = call.find(arguments["id"])
    if order is None:
        return refused(user_error(["id"], "The order does not exist."))
    if order.get("cancelledAt"):
        return refused(user_error(None, "The order cannot be edited."))
    fresh = {"originalOrder": reference(order), "committed": False, "edit": EMPTY}
    session = call.state.add(call.shop, "CalculatedOrder", {**fresh, **calculated(call, order, EMPTY)}, topics=())
    return answered(session)


@domain.mutation("orderEditSetQuantity")
def set_quantity(call: Call, arguments: Arguments) -> Record:
    """More, fewer or none of a line; what has shipped stays."""
    session = session_of(call, arguments["id"])
    if session is None:
        return refused(user_error(["id"], NO_EDIT))
    quantity, edit = int(arguments["quantity"]), session["edit"]
    if quantity < 0:
        return refused(user_error(["quantity"], "must be greater than or equal to 0"))
    order = call.find(session["originalOrder"]["id"]) or {}
    number = gid_tail(arguments["lineItemId"])
    line = next((one for one in order["lineItems"] if gid_tail(one["id"]) == number), None)
    if line is not None:
        shipped = current(line) - unfulfilled(line)
        if quantity < shipped:
            return refused(user_error(["quantity"], f"must be greater than or equal to {shipped}"))
        change = {"quantity": quantity, "restock": bool(arguments.get("restock")), "place": arguments.get("locationId")}
        changes: Record = {"quantities": {**edit["quantities"], line["id"]: change}}
    elif any(gid_tail(one["id"]) == number for one in edit["added"]):
        rows = [_of_quantity(order, one, quantity) if gid_tail(one["id"]) == number else one for one in edit["added"]]
        changes = {"added": [one for one in rows if one["quantity"]]}
    else:
        return refused(user_error(["lineItemId"], NO_LINE))
    return answered(staged(call, session, **changes), arguments["lineItemId"])


def _of_quantity(order: Record, line: Record, quantity: int) -> Record:
    """An added line of another quantity, taxed anew."""
    total = times(line["originalUnitPriceSet"], quantity)
    rates = line.get("taxLines") or ()
    return {**line, "quantity": quantity, "taxLines": taxed(rates, total, included=bool(order.get("taxesIncluded")))}


@domain.mutation("orderEditAddVariant")
def add_variant(call: Call, arguments: Arguments) -> Record:
    """A product the order does not have yet, or once more."""
    session, quantity = session_of(call, arguments["id"]), int(arguments["quantity"])
    if session is None:
        return refused(user_error(["id"], NO_EDIT))
    if gid_tail(arguments["variantId"]) == "0":
        return refused(user_error(["variantId"], NO_NUMBER))
    variant = call.find(arguments["variantId"])
    if variant is None:
        return refused(user_error(["variantId"], "The variant does not exist in the shop."))
    if quantity < 1:
        least = "greater than 0" if quantity == 0 else "greater than or equal to 0"
        return refused(user_error(["quantity"], f"must be {least}"))
    order = call.find(session["originalOrder"]["id"]) or {}
    product = call.find((variant.get("product") or {}).get("id")) or {}
    rows = (row.line for row in edited_lines(order, session["edit"]) if row.after)
    there = any((line.get("variant") or {}).get("id") == variant["id"] for line in rows)
    if there and not arguments.get("allowDuplicates"):
        message = f"{product.get('title', '')} was not added because it's already on the order."
        return refused(user_error(["id"], message))
    item = call.find(variant["inventoryItem"]["id"]) or {}
    own_title = None if variant.get("title") == "Default Title" else variant.get("title")
    line = {
        "title": product.get("title", ""),
        "name": f"{product.get('title', '')} - {own_title}" if own_title else product.get("title", ""),
        "variantTitle": own_title,
        "sku": variant.get("sku"),
        "vendor": product.get("vendor"),
        "variant": reference(variant),
        "product": reference(product) if product else None,
        "requiresShipping": item.get("requiresShipping", True),
        "taxable": variant.get("taxable", True),
        "originalUnitPriceSet": in_both(order, Decimal(variant.get("price") or "0"), of_shop=True),
    }
    return _with_line(call, session, order, line, quantity, arguments.get("locationId"))


@domain.mutation("orderEditAddCustomItem")
def add_custom_item(call: Call, arguments: Arguments) -> Record:
    """Something that is no product."""
    session = session_of(call, arguments["id"])
    if session is None:
        return refused(user_error(["id"], NO_EDIT))
    order = call.find(session["originalOrder"]["id"]) or {}
    refusals = _custom_refusals(order, arguments)
    if refusals:
        return refused(*refusals)
    line = {
        "title": arguments["title"],
        "name": arguments["title"],
        "requiresShipping": bool(arguments.get("requiresShipping")),
        "taxable": bool(arguments.get("taxable")),
        "originalUnitPriceSet": in_both(order, Decimal(arguments["price"]["amount"]), of_shop=False),
    }
    return _with_line(call, session, order, line, int(arguments["quantity"]), arguments.get("locationId"))


def _custom_refusals(order: Record, arguments: Arguments) -> list[Record]:
    title, price, refusals = arguments["title"], arguments["price"], []
    if not title.strip():
        refusals.append(user_error(["title"], "can't be blank"))
    if len(title) > LONGEST_TITLE:
        refusals.append(user_error(["title"], f"is too long (maximum is {LONGEST_TITLE} characters)"))
    if int(arguments["quantity"]) < 1:
        refusals.append(user_error(["quantity"], "must be greater than 0"))
    if Decimal(price["amount"]) < 0:
        refusals.append(user_error(["price", "amount"], "must be greater than or equal to 0"))
    currency = presentment(order)
    if price["currencyCode"] != currency:
        refusals.append(user_error(["price", "amount"], f"Currency must be {currency}."))
    return refusals


def presentment(order: Record) -> str:
    """The shopper's currency."""
    return str(order["totalPriceSet"]["presentmentMoney"]["currencyCode"])


def _with_line(call: Call, session: Record, order: Record, line: Record, quantity: int, place: str | None) -> Record:
    added = {
        "id": gid("LineItem", call.space.number()),
        "quantity": quantity,
        "isGiftCard": False,
        "customAttributes": [],
        "discountAllocations": [],
        "place": place,
        **line,
    }
    rates: list[Record] = next(
        (one["taxLines"] for one in order["lineItems"] if one.get("taxable") and one.get("taxLines")), []
    )
    total, included = times(line["originalUnitPriceSet"], quantity), bool(order.get("taxesIncluded"))
    added["taxLines"] = taxed(rates, total, included=included) if line["taxable"] else []
    kept = staged(call, session, added=[*session["edit"]["added"], added])
    return answered(kept, gid("CalculatedLineItem", gid_tail(added["id"])))
