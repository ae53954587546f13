"""Refusals of shipping, edits, cancellations and payments against the user errors seen at real shops."""

from __future__ import annotations

import re
from typing import Any

import pytest

from deployments.sandbox.shopify.records import gid
from tests.sandbox.shopify.asking import Shop, money, paid
from tests.sandbox.shopify.shipping import CREATE, HOLD, MERGE, MOVE, SPLIT, Counter
from tests.sandbox.shopify.test_observed_refusals import OBSERVED, UNSAID, Told

ROOTS = re.compile(
    "fulfillment(Cancel|Create|CreateV2|EventCreate|Order[A-Z].*|OrdersSet.*|Service.*|TrackingInfo.*)"
    "|order(Cancel|Capture|CreateManualPayment|Edit.*|MarkAsPaid)|transactionVoid"
)
GONE = gid("FulfillmentOrder", 404)
NUMBERS = re.compile(r"\d{3,}")


def told(root: str, error: dict[str, Any]) -> Told:
    """A user error without what differs from shop to shop: places of rows, ids, currencies, names, amounts."""
    path = tuple("#" if step.isdigit() else step for step in error["field"]) if error["field"] else None
    message = re.sub(r"\b(CAD|USD)\b", "CUR", NUMBERS.sub("N", error["message"]))
    message = re.sub(r"is too long \(maximum is N", "is too long (maximum is 255", message)
    message = re.sub(r"^.+ was not added because", "X was not added because", message)
    message = re.sub(r"authorized [\d.]+ for", "authorized X for", message)
    return root, path, message, error.get("code", UNSAID)


def observed() -> set[Told]:
    return {told(one["root"], one) for one in OBSERVED if ROOTS.fullmatch(one["root"])}


class Refused:
    """Calls that must be refused, and every user error they were refused with."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.sku = shop, shop.stocked_sku()
        self.errors: set[Told] = set()

    def ask(self, document: str, /, **variables: Any) -> None:
        """Send a document of one root and note what it is refused with."""
        answer = self.shop.answer(document, **variables)
        assert "errors" not in answer, answer["errors"]
        for root, payload in answer["data"].items():
            for name in ("userErrors", "orderCancelUserErrors"):
                self.errors |= {told(root, error) for error in payload.get(name, ())}

    def one(self, root: str, request: str, more: str = "", *, code: bool = False) -> None:
        """A mutation of one fulfillment order."""
        wanted = "field message code" if code else "field message"
        self.ask(f"mutation M($id: ID!) {{ {root}(id: $id{more}) {{ userErrors {{ {wanted} }} }} }}", id=request)

    def counter(self, pieces: int = 2, **fields: Any) -> Counter:
        return Counter(self.shop, (self.sku, pieces), **fields)

    def all(self) -> set[Told]:
        steps = (self.shipments, self.progress, self.moves, self.splits, self.holds, self.services)
        for step in (*steps, self.edits, self.edit_charges, self.money, self.cancels):
            step()
        return self.errors

    def shipments(self) -> None:
        here, other = self.counter(), self.counter()
        line = here.request["lineItems"][0]["id"]

        def ship(*rows: tuple[str, list[dict[str, Any]]]) -> None:
            given = [{"fulfillmentOrderId": one, "fulfillmentOrderLineItems": lines} for one, lines in rows]
            self.ask(CREATE, fulfillment={"lineItemsByFulfillmentOrder": given})

        request = here.request["id"]
        ship((GONE, []))
        ship((request, []), (other.request["id"], []))
        for wanted in ({"id": line, "quantity": 0}, {"id": line, "quantity": 9}, {"id": gid("A", 1), "quantity": 1}):
            if wanted["id"] != line:
                wanted["id"] = gid("FulfillmentOrderLineItem", 404)
            ship((request, [wanted]))
        here.ask(MOVE, id=request, place=here.other_place(), lines=[{"id": line, "quantity": 1}])
        ship(*((one["id"], []) for one in here.requests))
        here.ship()
        ship((request, []))
        old = CREATE.replace("fulfillmentCreate", "fulfillmentCreateV2").replace(
            "FulfillmentInput", "FulfillmentV2Input"
        )
        for request, lines in ((GONE, []), (other.request["id"], [{"id": line, "quantity": 0}])):
            row = {"fulfillmentOrderId": request, "fulfillmentOrderLineItems": lines}
            self.ask(old, fulfillment={"lineItemsByFulfillmentOrder": [row]})
        self.ask(
            """mutation M($id: ID!) {
              fulfillmentCancel(id: $id) { userErrors { field message } }
              fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: {}) { userErrors { field message } }
              fulfillmentEventCreate(fulfillmentEvent: {fulfillmentId: $id, status: DELIVERED}) {
                userErrors { field message } } }""",
            id=gid("Fulfillment", 404),
        )

    def progress(self) -> None:
        shipped, held, begun, free = (self.counter() for _ in range(4))
        shipped.ship()
        held.ask(HOLD, id=held.request["id"], hold={"reason": "OTHER"})
        begun.ask(
            "mutation M($id: ID!) { fulfillmentOrderReportProgress(id: $id) { userErrors { message } } }",
            id=begun.request["id"],
        )
        for counter in (shipped, held, free):
            self.one("fulfillmentOrderOpen", counter.request["id"])
        self.one("fulfillmentOrderReportProgress", held.request["id"])
        self.one("fulfillmentOrderReschedule", free.request["id"], ', fulfillAt: "2026-12-01T00:00:00Z"')
        self.one("fulfillmentOrderClose", free.request["id"])
        self.one("fulfillmentOrderCancel", begun.request["id"])
        self.one("fulfillmentOrderCancel", shipped.request["id"])
        self.ask(MOVE, id=begun.request["id"], place=begun.other_place())
        self.ask(
            """mutation M($id: ID!) {
              fulfillmentOrdersSetFulfillmentDeadline(
                fulfillmentOrderIds: [$id], fulfillmentDeadline: "2026-12-01T00:00:00Z") {
                userErrors { field message code } }
              fulfillmentOrderLineItemsPreparedForPickup(
                input: {lineItemsByFulfillmentOrder: [{fulfillmentOrderId: $id}]}) {
                userErrors { field message code } } }""",
            id=GONE,
        )

    def moves(self) -> None:
        counter = self.counter()
        self.ask(MOVE, id=counter.request["id"], place=gid("Location", 404))
        at_service = {"requestStatus": "SUBMITTED"}
        self.shop.state.update(self.shop.domain, counter.request["id"], at_service, topics=())
        self.ask(MOVE, id=counter.request["id"], place=counter.other_place())
        counter = self.counter()
        counter.ship()
        self.ask(MOVE, id=counter.request["id"], place=counter.other_place())

    def splits(self) -> None:
        counter = self.counter()
        request, line = counter.request["id"], counter.request["lineItems"][0]["id"]
        for one, rows in (
            (request, []),
            (request, [{"id": line, "quantity": 0}]),
            (request, [{"id": line, "quantity": 9}]),
            (GONE, [{"id": line, "quantity": 1}]),
        ):
            self.ask(SPLIT, splits=[{"fulfillmentOrderId": one, "fulfillmentOrderLineItems": rows}])
            self.ask(MERGE, inputs=[{"mergeIntents": [{"fulfillmentOrderId": one, "fulfillmentOrderLineItems": rows}]}])
        unknown = [{"id": gid("FulfillmentOrderLineItem", 404), "quantity": 1}]
        intent = {"fulfillmentOrderId": request, "fulfillmentOrderLineItems": unknown}
        self.ask(MERGE, inputs=[{"mergeIntents": [intent]}])
        counter.ship()
        self.ask(MERGE, inputs=[{"mergeIntents": [{"fulfillmentOrderId": request}] * 2}])

    def holds(self) -> None:
        counter = self.counter()
        request, line = counter.request["id"], counter.request["lineItems"][0]["id"]
        for number in range(10):
            counter.ask(HOLD, id=request, hold={"reason": "OTHER", "handle": f"h{number}"})
        rows = [{"id": line, "quantity": 1}]
        for wanted in (
            {"handle": "h1"},
            {"handle": "h11"},
            {"handle": "new", "fulfillmentOrderLineItems": rows},
            {"handle": "new", "fulfillmentOrderLineItems": rows * 2},
            {"handle": "new", "fulfillmentOrderLineItems": [{"id": line, "quantity": 0}]},
        ):
            self.ask(HOLD, id=request, hold={"reason": "OTHER", **wanted})

    def services(self) -> None:
        create = """mutation C($name: String!, $url: URL) {
          fulfillmentServiceCreate(name: $name, callbackUrl: $url) {
            fulfillmentService { id } userErrors { field message } } }"""
        update = create.replace("Create(", "Update(id: $id, ").replace(
            "mutation C($name: String!", "mutation U($id: ID!, $name: String"
        )
        for name in ("Depot", "Second"):
            service = self.shop.ask(create, name=name)["fulfillmentService"]["id"]
        bad = "https://depot.invalid/hook"
        for name, url in (("Depot", None), ("", None), ("manual", None), ("Third", bad)):
            self.ask(create, name=name, url=url)
        for name, url in (
            ("Depot", None),
            (" Depot", None),
            ("manual", None),
            (None, bad),
            (None, "ftp://depot.example"),
        ):
            self.ask(update, id=service, name=name, url=url)
        self.ask(update, id=gid("FulfillmentService", 404), name="x")
        delete = """mutation D($id: ID!, $to: ID, $action: FulfillmentServiceDeleteInventoryAction) {
          fulfillmentServiceDelete(id: $id, destinationLocationId: $to, inventoryAction: $action) {
            userErrors { field message } } }"""
        place = self.shop.state.all(self.shop.domain, "Location")[0]["id"]
        for one, to, action in (
            (service, place, "KEEP"),
            (service, gid("Location", 404), "TRANSFER"),
            (gid("FulfillmentService", 404), None, "KEEP"),
        ):
            self.ask(delete, id=one, to=to, action=action)

    def edits(self) -> None:
        begin = (
            "mutation B($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { id } userErrors { field message } } }"
        )
        order, cancelled = self.counter(), self.counter()
        self.shop.state.update_order(self.shop.domain, cancelled.order_id, {"cancelledAt": "2026-10-05T00:00:00Z"})
        for one in (cancelled.order_id, gid("Order", 0)):
            self.ask(begin, id=one)
        edit = order.ask(begin, id=order.order_id)["calculatedOrder"]["id"]
        line = order.order["lineItems"][0]["id"].replace("LineItem", "CalculatedLineItem")
        quantity = """mutation Q($id: ID!, $line: ID!, $n: Int!) {
          orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $n) { userErrors { field message } } }"""
        nowhere, no_line = gid("CalculatedOrder", 404), gid("CalculatedLineItem", 404)
        for session, wanted, pieces in ((edit, line, -1), (edit, no_line, 1), (nowhere, line, 1)):
            self.ask(quantity, id=session, line=wanted, n=pieces)
        variant = """mutation V($id: ID!, $variant: ID!, $n: Int!) {
          orderEditAddVariant(id: $id, variantId: $variant, quantity: $n) { userErrors { field message } } }"""
        known = self.shop.variant(self.sku)["id"]
        for session, wanted, pieces in (
            (nowhere, known, 1),
            (edit, gid("ProductVariant", 0), 1),
            (edit, gid("ProductVariant", 404), 1),
            (edit, known, 1),
            (edit, known, 0),
            (edit, known, -1),
        ):
            self.ask(variant, id=session, variant=wanted, n=pieces)
        commit = "mutation K($id: ID!) { orderEditCommit(id: $id) { userErrors { field message } } }"
        for session in (edit, nowhere):
            self.ask(commit, id=session)

    def edit_charges(self) -> None:
        begin = "mutation B($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { id } userErrors { message } } }"
        order = self.counter()
        edit, nowhere = order.ask(begin, id=order.order_id)["calculatedOrder"]["id"], gid("CalculatedOrder", 404)
        custom = """mutation C($id: ID!, $title: String!, $n: Int!, $price: MoneyInput!) {
          orderEditAddCustomItem(id: $id, title: $title, quantity: $n, price: $price) {
            userErrors { field message } } }"""
        for title, pieces, amount, currency in (
            ("", 0, "-1.00", "USD"),
            ("x" * 256, 1, "1.00", "CAD"),
        ):
            price = {"amount": amount, "currencyCode": currency}
            self.ask(custom, id=edit, title=title, n=pieces, price=price)
        discount = """mutation D($id: ID!, $line: ID!) {
          orderEditAddLineItemDiscount(id: $id, lineItemId: $line, discount: {percentValue: 5}) {
            userErrors { field message } } }"""
        self.ask(discount, id=edit, line=gid("CalculatedLineItem", 404))
        coded = "userErrors { field message code }"
        steps = f"""mutation S($id: ID!, $line: ID!, $off: ID!, $currency: CurrencyCode!) {{
          orderEditAddShippingLine(
            id: $id, shippingLine: {{title: "A", price: {{amount: 1, currencyCode: $currency}}}}) {{ {coded} }}
          orderEditUpdateShippingLine(id: $id, shippingLineId: $line, shippingLine: {{title: "B"}}) {{ {coded} }}
          orderEditRemoveShippingLine(id: $id, shippingLineId: $line) {{ {coded} }}
          orderEditRemoveDiscount(id: $id, discountApplicationId: $off) {{ {coded} }} }}"""
        gone = {"line": gid("CalculatedShippingLine", 404), "off": gid("CalculatedManualDiscountApplication", 404)}
        for session in (edit, nowhere):
            self.ask(steps, id=session, currency="CAD", **gone)

    def money(self) -> None:
        order = self.shop.place_order(**paid("12.50", "AUTHORIZATION"))
        parent = order["transactions"][0]["id"]
        capture = """mutation M($input: OrderCaptureInput!) {
          orderCapture(input: $input) { userErrors { field message } } }"""
        for given in (
            {"currency": "CAD"},
            {"finalCapture": True},
            {"amount": "0.00"},
            {"amount": "99.00"},
            {"parentTransactionId": gid("OrderTransaction", 404)},
            {"id": gid("Order", 404)},
        ):
            wanted = {"id": order["id"], "parentTransactionId": parent, "amount": "5.00", **given}
            self.ask(capture, input=wanted)
        sale = self.shop.place_order(**paid("10.00"))
        failed = {"kind": "AUTHORIZATION", "status": "FAILURE", "amountSet": money("1.00")}
        unpaid = self.shop.place_order(transactions=[failed])
        for one in (sale, unpaid):
            wanted = {"id": one["id"], "parentTransactionId": one["transactions"][0]["id"], "amount": "1.00"}
            self.ask(capture, input=wanted)
        void = (
            "mutation V($id: ID!) { transactionVoid(parentTransactionId: $id) { userErrors { field message code } } }"
        )
        self.shop.ask(capture, input={"id": order["id"], "parentTransactionId": parent, "amount": "5.00"})
        for one in (parent, sale["transactions"][0]["id"], gid("OrderTransaction", 404)):
            self.ask(void, id=one)
        pay = """mutation P($id: ID!) {
          orderMarkAsPaid(input: {id: $id}) { userErrors { field message } }
          orderCreateManualPayment(id: $id) { userErrors { field message } } }"""
        for one in (sale["id"], gid("Order", 404)):
            self.ask(pay, id=one)

    def cancels(self) -> None:
        shipped, returned, twice, done = (self.counter(**paid("1.00")) for _ in range(4))
        shipped.ship()
        self.shop.state.update_order(self.shop.domain, returned.order_id, {"returnStatus": "IN_PROGRESS"})
        self.shop.state.update_order(self.shop.domain, done.order_id, {"cancelledAt": "2026-10-05T00:00:00Z"})
        cancel = """mutation C($id: ID!, $note: String, $refund: Boolean, $method: OrderCancelRefundMethodInput) {
          orderCancel(
            orderId: $id, reason: OTHER, restock: true, staffNote: $note, refund: $refund, refundMethod: $method) {
            orderCancelUserErrors { field message code } userErrors { field message } } }"""
        for one in (shipped, returned, done):
            self.ask(cancel, id=one.order_id)
        self.ask(cancel, id=twice.order_id, note="x" * 256)
        self.ask(cancel, id=twice.order_id, refund=True, method={"originalPaymentMethodsRefund": True})
        for _ in range(2):
            self.ask(cancel, id=twice.order_id)


@pytest.fixture(scope="module")
def said() -> set[Told]:
    return Refused(Shop()).all()


def test_every_refusal_seen_at_a_real_shop_is_given_with_its_field_and_words(said: set[Told]) -> None:
    assert len(observed()) >= 95
    without_code = {(*one[:3], UNSAID) for one in said}
    assert sorted(observed() - said - without_code, key=str) == []
