"""An order edit that is being prepared: what is staged, and the calculated order it makes.

Kept in a CalculatedOrder's `edit`: `quantities` by order line, `added` lines, `discounts` on lines, `removed` discounts
by their index, `shipping` added, `dropped` shipping lines. Everything else of the record is worked out from it.
"""

from dataclasses import dataclass
from decimal import Decimal

from deployments.sandbox.shopify.domains.payments import add_bags, figures, zero_like
from deployments.sandbox.shopify.edit_money import (
    Cost,
    added,
    at_most,
    cost,
    in_both,
    nothing,
    percent_of,
    reallocated,
    resized,
    times,
)
from deployments.sandbox.shopify.outbound import unfulfilled
from deployments.sandbox.shopify.records import Record, gid, gid_tail, reference
from deployments.sandbox.shopify.registry import Call
from deployments.sandbox.shopify.shares import share

EMPTY: Record = {"quantities": {}, "added": [], "discounts": [], "removed": [], "shipping": [], "dropped": []}
APPLICATION = "CalculatedManualDiscountApplication"


@dataclass(frozen=True, slots=True)
class EditedLine:
    """A line of the order under edit. `line` has the staged discounts and is sized for what there will be."""

    line: Record
    before: int
    after: int
    calculated_id: str
    staged_discount: bool = False
    new: bool = False
    unshipped: int = 0

    @property
    def now(self) -> Cost:
        """What it will cost."""
        return cost(self.line, self.after)


def session_of(call: Call, session_id: str) -> Record | None:
    """The edit under way, by the id of its calculated order or of its session; a committed one is none."""
    found = call.find(gid("CalculatedOrder", gid_tail(session_id)))
    return None if found is None or found["committed"] else found


def current(line: Record) -> int:
    """How many pieces of an order line there are, without those taken off."""
    known = line.get("currentQuantity")
    return int(line["quantity"] if known is None else known)


def edited_lines(order: Record, edit: Record) -> list[EditedLine]:
    """The lines of an order as the edit leaves them, the added ones last."""
    rows = [_existing(order, edit, line) for line in order["lineItems"]]
    return [*rows, *(_added(order, edit, line) for line in edit["added"])]


def _existing(order: Record, edit: Record, line: Record) -> EditedLine:
    before = current(line)
    after = int(edit["quantities"].get(line["id"], {}).get("quantity", before))
    sized = resized(line, int(line["quantity"]) + max(0, after - before))
    kept = [
        one
        for one in sized.get("discountAllocations") or ()
        if (one["discountApplication"] or {}).get("index") not in edit["removed"]
    ]
    if len(kept) < len(sized.get("discountAllocations") or ()):
        sized = reallocated(sized, kept)
    calculated_id = gid("CalculatedLineItem", gid_tail(line["id"]))
    sized, staged = _with_staged(order, edit, sized, calculated_id)
    return EditedLine(sized, before, after, calculated_id, staged, unshipped=unfulfilled(line))


def _added(order: Record, edit: Record, line: Record) -> EditedLine:
    calculated_id = gid("CalculatedLineItem", gid_tail(line["id"]))
    sized, staged = _with_staged(order, edit, line, calculated_id)
    return EditedLine(sized, 0, int(line["quantity"]), calculated_id, staged, new=True)


def _with_staged(order: Record, edit: Record, line: Record, calculated_id: str) -> tuple[Record, bool]:
    staged = [one for one in edit["discounts"] if one["line"] == calculated_id]
    for one in staged:
        whole = int(line["quantity"])
        left = cost(line, whole).net
        if one.get("percent") is not None:
            off = percent_of(left, Decimal(one["percent"]))
        else:
            off = at_most(times(in_both(order, Decimal(one["fixed"]), of_shop=False), whole), left)
        allocation = {"allocatedAmountSet": off, "discountApplication": _application(one)}
        line = reallocated(line, [*(line.get("discountAllocations") or ()), allocation])
    return line, bool(staged)


def _application(staged: Record) -> Record:
    """A staged discount as the order will have it."""
    title = staged.get("description") or "Discount"
    return {
        "__typename": "ManualDiscountApplication",
        "staged": staged["id"],
        "allocationMethod": "EACH",
        "targetSelection": "EXPLICIT",
        "targetType": "LINE_ITEM",
        "title": title,
        "description": staged.get("description"),
        "value": staged["value"],
    }


@dataclass(frozen=True, slots=True)
class Totals:
    """What an edit changes: in all, and without what it takes off, which stays in an order's original totals."""

    current: Cost
    kept: Cost
    shipping: Record


def totals_of(order: Record, edit: Record) -> Totals:
    """The change of an order's totals."""
    now, kept = nothing(order), nothing(order)
    by_id = {gid("CalculatedLineItem", gid_tail(line["id"])): line for line in order["lineItems"]}
    for row in edited_lines(order, edit):
        old = by_id.get(row.calculated_id)
        before = cost(old, row.before) if old is not None else nothing(order)
        now = now.plus(row.now).plus(before, -1)
        kept = kept.plus(cost(row.line, max(row.before, row.after))).plus(before, -1)
    return Totals(now, kept, shipping_change(order, edit))


def shipping_change(order: Record, edit: Record) -> Record:
    """What delivery costs more, or less, after the edit."""
    change = added(zero_like(order["totalPriceSet"]), (one["price"] for one in edit["shipping"]))
    for line in order.get("shippingLines") or ():
        if line["id"] in edit["dropped"]:
            change = add_bags(change, charged(line), -1)
    return change


def charged(line: Record) -> Record:
    """What a shipping line of an order costs after discounts."""
    bag: Record = line.get("currentDiscountedPriceSet") or line.get("discountedPriceSet") or line["originalPriceSet"]
    return bag


def calculated(call: Call, order: Record, edit: Record) -> Record:
    """The fields of a CalculatedOrder that follow from what is staged."""
    rows = edited_lines(order, edit)
    totals = totals_of(order, edit)
    owed = order.get("currentTotalPriceSet") or order["totalPriceSet"]
    included = bool(order.get("taxesIncluded"))
    total = add_bags(add_bags(owed, totals.current.total(taxes_included=included)), totals.shipping)
    subtotal = order.get("currentSubtotalPriceSet") or order.get("subtotalPriceSet") or owed
    money = figures({**order, "currentTotalPriceSet": total})
    received = add_bags(money["netPaymentSet"], money["totalCapturableSet"])
    return {
        "lineItems": [_calculated_line(call, row) for row in rows if not row.new],
        "addedLineItems": [_calculated_line(call, row) for row in rows if row.new],
        "shippingLines": _shipping_lines(order, edit),
        "addedDiscountApplications": [_calculated_application(one) for one in edit["discounts"]],
        "stagedChanges": staged_changes(order, edit),
        "subtotalLineItemsQuantity": sum(row.after for row in rows),
        "subtotalPriceSet": add_bags(subtotal, totals.current.net),
        "cartDiscountAmountSet": zero_like(owed),
        "taxLines": [tax for row in rows if row.after for tax in resized(row.line, row.after).get("taxLines") or ()],
        "totalPriceSet": total,
        "totalOutstandingSet": add_bags(total, received, -1),
        "notificationPreviewTitle": f"Order {order['name']} was updated",
    }


def _calculated_line(call: Call, row: EditedLine) -> Record:
    line, total = row.line, row.now.net
    editable = row.after - (0 if row.new else max(0, row.before - row.unshipped))
    names = ("title", "variantTitle", "sku", "variant", "originalUnitPriceSet")
    return {
        "id": row.calculated_id,
        **{name: line.get(name) for name in names},
        "quantity": row.after,
        "editableQuantity": max(0, editable),
        "editableQuantityBeforeChanges": min(row.before, row.unshipped),
        "editableSubtotalSet": share(total, max(0, editable), row.after),
        "uneditableSubtotalSet": share(total, row.after - max(0, editable), row.after),
        "discountedUnitPriceSet": share(total, 1, row.after),
        "hasStagedLineItemDiscount": row.staged_discount,
        "restockable": bool(line.get("variant")),
        "restocking": False,
        "customAttributes": line.get("customAttributes") or [],
        "discountAllocations": [],
        "calculatedDiscountAllocations": [
            {
                "allocatedAmountSet": share(one["allocatedAmountSet"], row.after, int(line["quantity"])),
                "discountApplication": application_of(one["discountApplication"]),
            }
            for one in line.get("discountAllocations") or ()
        ],
        "stagedChanges": [],
    }


def application_of(application: Record) -> Record:
    """A discount of the order, or a staged one, as a calculated order names it."""
    level = "ORDER" if application.get("allocationMethod") == "ACROSS" else "LINE"
    names = ("allocationMethod", "targetSelection", "targetType", "value")
    return {
        "__typename": APPLICATION,
        "id": application.get("staged") or gid(APPLICATION, f"order-{application.get('index')}"),
        "appliedTo": level,
        "description": application.get("title") or application.get("code"),
        **{name: application.get(name) for name in names},
    }


def _calculated_application(staged: Record) -> Record:
    return application_of(_application(staged))


def _shipping_lines(order: Record, edit: Record) -> list[Record]:
    kept = [
        {
            "id": gid("CalculatedShippingLine", gid_tail(line["id"])),
            "title": line["title"],
            "price": charged(line),
            "stagedStatus": "REMOVED" if line["id"] in edit["dropped"] else "NONE",
        }
        for line in order.get("shippingLines") or ()
        if not line.get("isRemoved")
    ]
    return [*kept, *({**one, "stagedStatus": "ADDED"} for one in edit["shipping"])]


def staged_changes(order: Record, edit: Record) -> list[Record]:
    """What will be done, one entry a change."""
    rows: list[Record] = []
    for line in order["lineItems"]:
        change = edit["quantities"].get(line["id"])
        delta = 0 if change is None else int(change["quantity"]) - current(line)
        if delta > 0:
            rows.append({"__typename": "OrderStagedChangeIncrementItem", "delta": delta, "lineItem": reference(line)})
        elif delta < 0:
            less = {"delta": -delta, "lineItem": reference(line), "restock": bool(change["restock"])}
            rows.append({"__typename": "OrderStagedChangeDecrementItem", **less})
    for line in edit["added"]:
        if line.get("variant"):
            row = {"quantity": line["quantity"], "variant": line["variant"]}
            rows.append({"__typename": "OrderStagedChangeAddVariant", **row})
        else:
            unit = line["originalUnitPriceSet"]["presentmentMoney"]
            row = {"quantity": line["quantity"], "title": line["title"], "originalUnitPrice": unit}
            rows.append({"__typename": "OrderStagedChangeAddCustomItem", **row})
    rows += [discount_change(one) for one in edit["discounts"]]
    for one in edit["shipping"]:
        row = {"title": one["title"], "price": one["price"]["presentmentMoney"]}
        rows.append({"__typename": "OrderStagedChangeAddShippingLine", **row})
    dropped = ({"shippingLine": {"id": one}} for one in edit["dropped"])
    rows += [{"__typename": "OrderStagedChangeRemoveShippingLine", **one} for one in dropped]
    for index in edit["removed"]:
        known = order.get("discountApplications") or ()
        application = next((one for one in known if one["index"] == index), None)
        rows.append({"__typename": "OrderStagedChangeRemoveDiscount", "discountApplication": application})
    return rows


def discount_change(staged: Record) -> Record:
    """A staged discount as a change."""
    return {
        "__typename": "OrderStagedChangeAddLineItemDiscount",
        "id": staged["id"],
        "description": staged.get("description") or "",
        "value": staged["value"],
    }
