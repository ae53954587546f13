"""Discounts and delivery charges of an order edit."""

from decimal import Decimal

from deployments.sandbox.shopify.domains.order_edits import NO_EDIT, NO_LINE, answered, presentment, refused, staged
from deployments.sandbox.shopify.edit_money import in_both
from deployments.sandbox.shopify.edit_sessions import APPLICATION, discount_change, session_of
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid, gid_tail
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
NO_DISCOUNT = "The discount application does not exist on the order."


def _value(given: Record) -> Record:
    """What a discount takes off: percent, or an amount a piece."""
    if given.get("percentValue") is not None:
        percent = {"__typename": "PricingPercentageValue", "percentage": float(given["percentValue"])}
        return {"percent": str(given["percentValue"]), "value": percent}
    money = given["fixedValue"]
    fixed = {"__typename": "MoneyV2", "amount": str(money["amount"]), "currencyCode": money["currencyCode"]}
    return {"fixed": str(money["amount"]), "value": fixed}


def _discount_refusal(order: Record, given: Record) -> Record | None:
    percent, fixed = given.get("percentValue"), given.get("fixedValue")
    if (percent is None) == (fixed is None):
        return user_error(["discount"], "Exactly one of fixedValue and percentValue must be given.", "INVALID")
    if percent is not None and not 0 < float(percent) <= 100:
        return user_error(["discount", "percentValue"], "must be greater than 0 and at most 100", "INVALID")
    if fixed is not None and Decimal(fixed["amount"]) <= 0:
        return user_error(["discount", "fixedValue"], "must be greater than 0", "INVALID")
    if fixed is not None and fixed["currencyCode"] != presentment(order):
        return user_error(["discount", "fixedValue"], f"Currency must be {presentment(order)}.", "INVALID")
    return None


@domain.mutation("orderEditAddLineItemDiscount")
def add_discount(call: Call, arguments: Arguments) -> Record:
    """Take something off a line."""
    session, extra = session_of(call, arguments["id"]), {"addedDiscountStagedChange": None}
    if session is None:
        return refused(user_error(["id"], NO_EDIT), **extra)
    rows = [*session["lineItems"], *session["addedLineItems"]]
    if all(gid_tail(row["id"]) != gid_tail(arguments["lineItemId"]) for row in rows):
        return refused(user_error(["id"], NO_LINE), **extra)
    order = call.find(session["originalOrder"]["id"]) or {}
    refusal = _discount_refusal(order, arguments["discount"])
    if refusal is not None:
        return refused(refusal, **extra)
    added = {
        "id": gid(APPLICATION, call.space.number()),
        "line": arguments["lineItemId"],
        "description": arguments["discount"].get("description"),
        **_value(arguments["discount"]),
    }
    kept = staged(call, session, discounts=[*session["edit"]["discounts"], added])
    return answered(kept, arguments["lineItemId"], addedDiscountStagedChange=discount_change(added))


@domain.mutation("orderEditRemoveDiscount")
def remove_discount(call: Call, arguments: Arguments) -> Record:
    """Take a discount back, one of the order's or one just added."""
    session, wanted = session_of(call, arguments["id"]), arguments["discountApplicationId"]
    if session is None:
        return refused(user_error(["id"], NO_EDIT, "INVALID"))
    edit = session["edit"]
    left = [one for one in edit["discounts"] if one["id"] != wanted]
    if len(left) < len(edit["discounts"]):
        return answered(staged(call, session, discounts=left))
    order = call.find(session["originalOrder"]["id"]) or {}
    known = [one["index"] for one in order.get("discountApplications") or ()]
    index = gid_tail(wanted).removeprefix("order-")
    if not index.isdigit() or int(index) not in known or int(index) in edit["removed"]:
        return refused(user_error(["discountApplicationId"], NO_DISCOUNT, "INVALID"))
    return answered(staged(call, session, removed=[*edit["removed"], int(index)]))


@domain.mutation("orderEditRemoveLineItemDiscount")
def remove_line_discount(call: Call, arguments: Arguments) -> Record:
    """Take back a discount that was just added to a line."""
    session, wanted = session_of(call, arguments["id"]), arguments["discountApplicationId"]
    if session is None:
        return refused(user_error(["id"], NO_EDIT))
    gone = next((one for one in session["edit"]["discounts"] if one["id"] == wanted), None)
    if gone is None:
        return refused(user_error(["discountApplicationId"], NO_DISCOUNT))
    left = [one for one in session["edit"]["discounts"] if one is not gone]
    return answered(staged(call, session, discounts=left), gone["line"])


@domain.mutation("orderEditUpdateDiscount")
def update_discount(call: Call, arguments: Arguments) -> Record:
    """Let a discount that was just added take off another amount."""
    session, wanted = session_of(call, arguments["id"]), arguments["discountApplicationId"]
    if session is None:
        return refused(user_error(["id"], NO_EDIT, "INVALID"))
    order = call.find(session["originalOrder"]["id"]) or {}
    refusal = _discount_refusal(order, arguments["discount"])
    if refusal is None and all(one["id"] != wanted for one in session["edit"]["discounts"]):
        refusal = user_error(["discountApplicationId"], NO_DISCOUNT, "INVALID")
    if refusal is not None:
        return refused(refusal)
    given = {"description": arguments["discount"].get("description"), **_value(arguments["discount"])}
    rows = [
        {"id": one["id"], "line": one["line"], **given} if one["id"] == wanted else one
        for one in session["edit"]["discounts"]
    ]
    return answered(staged(call, session, discounts=rows))


@domain.mutation("orderEditAddShippingLine")
def add_shipping_line(call: Call, arguments: Arguments) -> Record:
    """Charge for delivery, or for another one."""
    session, given = session_of(call, arguments["id"]), arguments["shippingLine"]
    extra = {"calculatedShippingLine": None}
    if session is None:
        return refused(user_error(["id"], NO_EDIT, "INVALID"), **extra)
    order = call.find(session["originalOrder"]["id"]) or {}
    refusal = _price_refusal(order, given["price"])
    if refusal is not None:
        return refused(refusal, **extra)
    added = {
        "id": gid("CalculatedShippingLine", call.space.number()),
        "title": given["title"],
        "price": in_both(order, Decimal(given["price"]["amount"]), of_shop=False),
    }
    kept = staged(call, session, shipping=[*session["edit"]["shipping"], added])
    return answered(kept, calculatedShippingLine={**added, "stagedStatus": "ADDED"})


def _price_refusal(order: Record, price: Record) -> Record | None:
    path, currency = ["shippingLine", "price"], presentment(order)
    if price["currencyCode"] != currency:
        return user_error(path, f"The price must be in {currency}.", "INVALID")
    if Decimal(price["amount"]) < 0:
        return user_error(path, "must be greater than or equal to 0", "INVALID")
    return None


@domain.mutation("orderEditUpdateShippingLine")
def update_shipping_line(call: Call, arguments: Arguments) -> Record:
    """Change a delivery charge that was just added."""
    session, given, wanted = session_of(call, arguments["id"]), arguments["shippingLine"], arguments["shippingLineId"]
    if session is None:
        return refused(user_error(["id"], NO_EDIT, "INVALID"))
    order = call.find(session["originalOrder"]["id"]) or {}
    if all(one["id"] != wanted for one in session["edit"]["shipping"]):
        message = "The shipping line can't be updated because it doesn't exist or wasn't added during this edit."
        return refused(user_error(["shippingLineId"], message, "INVALID"))
    refusal = _price_refusal(order, given["price"]) if given.get("price") else None
    if refusal is not None:
        return refused(refusal)
    changes = {"title": given["title"]} if given.get("title") else {}
    if given.get("price"):
        changes["price"] = in_both(order, Decimal(given["price"]["amount"]), of_shop=False)
    rows = [{**one, **changes} if one["id"] == wanted else one for one in session["edit"]["shipping"]]
    return answered(staged(call, session, shipping=rows))


@domain.mutation("orderEditRemoveShippingLine")
def remove_shipping_line(call: Call, arguments: Arguments) -> Record:
    """Charge no longer for a delivery."""
    session, number = session_of(call, arguments["id"]), gid_tail(arguments["shippingLineId"])
    if session is None:
        return refused(user_error(["id"], NO_EDIT, "INVALID"))
    edit = session["edit"]
    left = [one for one in edit["shipping"] if gid_tail(one["id"]) != number]
    if len(left) < len(edit["shipping"]):
        return answered(staged(call, session, shipping=left))
    order = call.find(session["originalOrder"]["id"]) or {}
    there = [one["id"] for one in order.get("shippingLines") or () if not one.get("isRemoved")]
    line_id = next((one for one in there if gid_tail(one) == number and one not in edit["dropped"]), None)
    if line_id is None:
        message = "The shipping line can't be removed because it doesn't exist or has already been removed."
        return refused(user_error(["shippingLineId"], message, "INVALID"))
    return answered(staged(call, session, dropped=[*edit["dropped"], line_id]))
