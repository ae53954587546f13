"""`orderEditCommit`: what was staged becomes the order, its fulfillment orders and its stock.

As recorded: a line that is taken off stays with `currentQuantity` 0, what is taken off leaves the original totals as
they were and is a refund without a transaction; what is added raises both and is to be shipped by a fulfillment order
of its own. What is owed, or is to be given back, is `totalOutstandingSet`.
"""

from collections.abc import Iterable
from typing import Any

from deployments.sandbox.shopify.domains.order_edits import NO_EDIT
from deployments.sandbox.shopify.domains.order_records import request_line, routed
from deployments.sandbox.shopify.domains.payments import add_bags, figures, financial_status, zero_like
from deployments.sandbox.shopify.edit_money import cost, resized, times
from deployments.sandbox.shopify.edit_sessions import (
    EditedLine,
    Totals,
    current,
    edited_lines,
    session_of,
    staged_changes,
    totals_of,
)
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import (
    SETTLED,
    assigned,
    give_up,
    joined,
    open_request,
    place_of,
    pledge,
    refresh,
    requests_of,
    tell,
)
from deployments.sandbox.shopify.records import Record, gid, gid_tail, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()


@domain.mutation("orderEditCommit")
def commit(call: Call, arguments: Arguments) -> Record:
    """Keep what was staged."""
    session = session_of(call, arguments["id"])
    refusal = None if session else user_error(["id"], NO_EDIT)
    order = call.find(session["originalOrder"]["id"]) if session else None
    if session is not None and order is not None and not staged_changes(order, session["edit"]):
        refusal = user_error(["id"], "There must be at least one change to be made.")
    if session is None or order is None or refusal is not None:
        return {"order": None, "successMessages": [], "userErrors": [refusal]}
    Committing(call, order, session, arguments).run()
    call.state.update(call.shop, session["id"], {"committed": True}, topics=())
    return {"order": reference(order), "successMessages": ["Order updated"], "userErrors": []}


class Committing:
    """One edit being made real."""

    def __init__(self, call: Call, order: Record, session: Record, arguments: Arguments) -> None:
        self._call, self._order, self._session = call, order, session
        self._edit: Record = session["edit"]
        self._arguments = arguments
        self._rows = edited_lines(order, self._edit)
        self._numbers = self._application_numbers()

    def run(self) -> None:
        """Write the order, then what is to be shipped of it."""
        call, order = self._call, self._order
        totals = totals_of(order, self._edit)
        lines = [self._line(row) for row in self._rows]
        changes: Record = {
            "lineItems": lines,
            "shippingLines": self._shipping_lines(),
            "discountApplications": self._applications(),
            **self._totals(totals, lines),
            "edited": True,
            "lastEdit": self._last_edit(),
        }
        refunds = self._refunds()
        if refunds:
            changes["refunds"] = [*order.get("refunds", ()), *refunds]
        merged = {**order, **changes}
        changes |= figures(merged)
        changes["displayFinancialStatus"] = financial_status(merged) or order.get("displayFinancialStatus")
        changes["closedAt"] = None
        call.state.update_order(call.shop, order["id"], changes, topics=("orders/edited", "orders/updated"))
        self._ship()
        refresh(call.state, call.shop, order["id"])

    # lines and money

    def _line(self, row: EditedLine) -> Record:
        line, delta = row.line, row.after - row.before
        if not delta and not row.staged_discount and not self._edit["removed"]:
            return line
        total = times(line["originalUnitPriceSet"], int(line["quantity"]))
        off = cost(line, int(line["quantity"])).off
        removed = max(0, -delta)
        return {
            **{name: value for name, value in line.items() if name != "place"},
            "discountAllocations": [self._numbered(one) for one in line.get("discountAllocations") or ()],
            "currentQuantity": row.after,
            "refundableQuantity": max(0, int(line.get("refundableQuantity") or row.before) + delta)
            if not row.new
            else row.after,
            "unfulfilledQuantity": max(0, row.unshipped + delta),
            "nonFulfillableQuantity": int(line.get("nonFulfillableQuantity") or 0) + removed,
            "originalTotalSet": total,
            "discountedTotalSet": add_bags(total, off, -1),
            "totalDiscountSet": off,
        }

    def _application_numbers(self) -> dict[str, int]:
        """The places of the staged discounts in the order's list."""
        first = len(self._order.get("discountApplications") or ())
        return {one["id"]: first + n for n, one in enumerate(self._edit["discounts"])}

    def _numbered(self, allocation: Record) -> Record:
        application = allocation["discountApplication"]
        if "staged" not in application:
            return allocation
        return {**allocation, "discountApplication": self._kept(application)}

    def _kept(self, application: Record) -> Record:
        rest = {name: value for name, value in application.items() if name != "staged"}
        return {"index": self._numbers[application["staged"]], **rest}

    def _applications(self) -> list[Record]:
        """The order's discounts; those taken back stay in the list, as the places of the others count."""
        staged = {
            one["discountApplication"]["staged"]: one["discountApplication"]
            for row in self._rows
            for one in row.line.get("discountAllocations") or ()
            if "staged" in one["discountApplication"]
        }
        known = list(self._order.get("discountApplications") or ())
        return [*known, *(self._kept(staged[one["id"]]) for one in self._edit["discounts"] if one["id"] in staged)]

    def _shipping_lines(self) -> list[Record]:
        zero = zero_like(self._order["totalPriceSet"])
        kept = [
            {**line, "isRemoved": True, "currentDiscountedPriceSet": zero}
            if line["id"] in self._edit["dropped"]
            else line
            for line in self._order.get("shippingLines") or ()
        ]
        prices = ("originalPriceSet", "discountedPriceSet", "currentDiscountedPriceSet")
        fresh = [
            {
                "id": gid("ShippingLine", gid_tail(one["id"])),
                "title": one["title"],
                "code": "custom",
                "source": "shopify",
                **dict.fromkeys(prices, one["price"]),
                "isRemoved": False,
                "discountAllocations": [],
                "taxLines": [],
            }
            for one in self._edit["shipping"]
        ]
        return [*kept, *fresh]

    def _totals(self, totals: Totals, lines: Iterable[Record]) -> Record:
        order, included = self._order, bool(self._order.get("taxesIncluded"))
        zero = zero_like(order["totalPriceSet"])
        more_shipping = zero
        for one in self._edit["shipping"]:
            more_shipping = add_bags(more_shipping, one["price"])
        whole, now = totals.kept, totals.current
        deltas = {
            "subtotalPriceSet": (whole.net, now.net),
            "totalTaxSet": (whole.tax, now.tax),
            "totalDiscountsSet": (whole.off, now.off),
            "totalShippingPriceSet": (more_shipping, totals.shipping),
            "totalPriceSet": (
                add_bags(whole.total(taxes_included=included), more_shipping),
                add_bags(now.total(taxes_included=included), totals.shipping),
            ),
        }
        changes: Record = {"originalTotalPriceSet": order.get("originalTotalPriceSet") or order["totalPriceSet"]}
        for name, (in_all, today) in deltas.items():
            current_name = "currentShippingPriceSet" if "Shipping" in name else f"current{name[0].upper()}{name[1:]}"
            before = order.get(name) or zero
            changes[name] = add_bags(before, in_all)
            changes[current_name] = add_bags(order.get(current_name) or before, today)
        if order.get("currentTotalDutiesSet"):
            changes["currentTotalDutiesSet"] = add_bags(order["currentTotalDutiesSet"], now.duty)
        pieces = sum(current(line) for line in lines)
        return {**changes, "currentSubtotalLineItemsQuantity": pieces, "currentTaxLines": self._tax_lines()}

    def _tax_lines(self) -> list[Record]:
        """The order's taxes as they are now, one row a tax."""
        rows: dict[tuple[str, float], Record] = {}
        delivery = [
            tax
            for line in self._order.get("shippingLines") or ()
            if line["id"] not in self._edit["dropped"] and not line.get("isRemoved")
            for tax in line.get("taxLines") or ()
        ]
        taxes = [tax for row in self._rows if row.after for tax in resized(row.line, row.after).get("taxLines") or ()]
        for tax in (*taxes, *delivery):
            key = (tax["title"], tax["rate"])
            known = rows.get(key)
            rows[key] = {**tax, "priceSet": add_bags(known["priceSet"], tax["priceSet"])} if known else tax
        return list(rows.values())

    def _last_edit(self) -> Record:
        added = [
            {"id": row.line["id"], "delta": row.after - row.before} for row in self._rows if row.after > row.before
        ]
        gone = [{"id": row.line["id"], "delta": row.before - row.after} for row in self._rows if row.after < row.before]
        shipping = [gid("ShippingLine", gid_tail(one["id"])) for one in self._edit["shipping"]]
        return {
            "id": gid("OrderEdit", gid_tail(self._session["id"])),
            "createdAt": self._session["createdAt"],
            "committedAt": self._call.now_text,
            "notifyCustomer": bool(self._arguments.get("notifyCustomer")),
            "staffNote": self._arguments.get("staffNote") or "",
            "additions": added,
            "removals": gone,
            "shippingAdditions": shipping,
            "shippingRemovals": list(self._edit["dropped"]),
            "discountAdditions": sorted(self._numbers.values()),
            "discountRemovals": list(self._edit["removed"]),
        }

    def _refunds(self) -> list[Record]:
        """What is taken off, as a refund without a transaction."""
        rows = [self._refund_line(row) for row in self._rows if row.after < row.before]
        if not rows:
            return []
        now = self._call.now_text
        number, zero = self._call.space.number, zero_like(self._order["totalPriceSet"])
        moments = dict.fromkeys(("createdAt", "updatedAt", "processedAt"), now)
        money = {"totalRefundedSet": zero, "transactions": [], "orderAdjustments": []}
        refund = {"id": gid("Refund", number()), **moments, "note": self._arguments.get("staffNote"), **money}
        return [{**refund, "refundLineItems": rows, "order": reference(self._order)}]

    def _refund_line(self, row: EditedLine) -> Record:
        change = self._edit["quantities"][row.line["id"]]
        less = cost(row.line, row.before).plus(cost(row.line, row.after), -1)
        restock = bool(change["restock"])
        return {
            "id": gid("RefundLineItem", self._call.space.number()),
            "lineItem": {"id": row.line["id"]},
            "quantity": row.before - row.after,
            "restockType": "CANCEL" if restock else "NO_RESTOCK",
            "restocked": restock,
            "priceSet": row.line["originalUnitPriceSet"],
            "subtotalSet": less.net,
            "totalTaxSet": less.tax,
        }

    # what is to be shipped

    def _ship(self) -> None:
        fresh: dict[str, list[Record]] = {}
        for row in self._rows:
            delta = row.after - row.before
            if delta < 0:
                self._ship_less(row, -delta)
            elif delta > 0 and (row.line.get("requiresShipping", True) or not row.new):
                self._ship_more(row, delta, fresh)
        for place, lines in fresh.items():
            self._open(place, lines)

    def _ship_less(self, row: EditedLine, pieces: int) -> None:
        """Take pieces out of the fulfillment orders that have not shipped them, the newest first."""
        call, change = self._call, self._edit["quantities"][row.line["id"]]
        for request in reversed(requests_of(call.state, call.shop, self._order)):
            if not pieces or request["status"] in SETTLED:
                continue
            lines, dropped = [], []
            for line in request["lineItems"]:
                gone = min(pieces, int(line["remainingQuantity"])) if line["lineItem"]["id"] == row.line["id"] else 0
                pieces -= gone
                left = int(line["totalQuantity"]) - gone
                if gone:
                    dropped.append({**line, "remainingQuantity": gone})
                if left:
                    counts = {"totalQuantity": left, "remainingQuantity": int(line["remainingQuantity"]) - gone}
                    lines.append({**line, **counts})
            if dropped:
                done = (
                    {}
                    if any(line["remainingQuantity"] for line in lines)
                    else {"status": "CLOSED", "fulfillmentHolds": []}
                )
                call.state.update(call.shop, request["id"], {"lineItems": lines, **done}, topics=())
                give_up(call.state, call.shop, place_of(request), dropped, restock=bool(change["restock"]))

    def _ship_more(self, row: EditedLine, pieces: int, fresh: dict[str, list[Record]]) -> None:
        """More of a line goes to the open fulfillment order that has it; a new line to a new one."""
        call = self._call
        wanted = {**request_line(call.state, call.shop, row.line), "totalQuantity": pieces, "remainingQuantity": pieces}
        for request in () if row.new else requests_of(call.state, call.shop, self._order):
            has = any(line["lineItem"]["id"] == row.line["id"] for line in request["lineItems"])
            if has and request["status"] == "OPEN" and request["requestStatus"] == "UNSUBMITTED":
                lines = joined(call.state, call.shop, request["lineItems"], [wanted])
                call.state.update(call.shop, request["id"], {"lineItems": lines}, topics=())
                pledge(call.state, call.shop, place_of(request), [wanted])
                return
        place = row.line.get("place") or routed(call.state, call.shop, wanted)
        if place is not None:
            fresh.setdefault(place, []).append(wanted)

    def _open(self, place: str, lines: list[Record]) -> None:
        call, location = self._call, self._call.find(place)
        if location is None:
            return
        like = next(iter(requests_of(call.state, call.shop, self._order)), None) or self._like()
        numbered = [{**line, "id": gid("FulfillmentOrderLineItem", call.space.number())} for line in lines]
        kept = open_request(call.state, call.shop, like, numbered, assignedLocation=assigned(location))
        pledge(call.state, call.shop, place, numbered)
        tell(call.state, call.shop, "order_routing_complete", kept)

    def _like(self) -> dict[str, Any]:
        """What a fulfillment order of this order has in common with the others, when there is none yet."""
        order, number = self._order, self._call.space.number
        return {
            "fulfillAt": self._call.now_text,
            "deliveryMethod": {"id": gid("DeliveryMethod", number()), "methodType": "SHIPPING"},
            "destination": None,
            "orderProcessedAt": order["processedAt"],
            "order": reference(order),
            "orderId": order["id"],
            "orderName": order["name"],
            "assignedLocation": {},
        }
