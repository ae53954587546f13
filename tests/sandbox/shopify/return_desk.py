"""Asking the stand-in to take goods back: the documents of returns and refunds, and what an order looks like then."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from deployments.sandbox.shopify.records import Record
from tests.sandbox.shopify.asking import Shop
from tests.sandbox.shopify.shipping import Counter

RETURN = """mutation Return($input: ReturnInput!) {
  returnCreate(returnInput: $input) { return { id } userErrors { field message code } } }"""
REQUEST = """mutation Request($input: ReturnRequestInput!) {
  returnRequest(input: $input) { return { id } userErrors { field message code } } }"""
APPROVE = """mutation Approve($id: ID!) {
  returnApproveRequest(input: {id: $id}) { return { id } userErrors { field message code } } }"""
DECLINE = """mutation Decline($id: ID!, $note: String) {
  returnDeclineRequest(input: {id: $id, declineReason: FINAL_SALE, declineNote: $note}) {
    return { id } userErrors { field message code } } }"""
PROCESS = """mutation Process($input: ReturnProcessInput!) {
  returnProcess(input: $input) { return { id status } userErrors { field message code } } }"""
DISPOSE = """mutation Dispose($rows: [ReverseFulfillmentOrderDisposeInput!]!) {
  reverseFulfillmentOrderDispose(dispositionInputs: $rows) {
    reverseFulfillmentOrderLineItems { id } userErrors { field message code } } }"""
PARCEL = """mutation Parcel($id: ID!, $lines: [ReverseDeliveryLineItemInput!]!, $number: String) {
  reverseDeliveryCreateWithShipping(reverseFulfillmentOrderId: $id, reverseDeliveryLineItems: $lines,
      trackingInput: {number: $number}) { reverseDelivery { id } userErrors { field message code } } }"""
REFUND = """mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id } order { displayFinancialStatus } userErrors { field message } } }"""
REMOVE = """mutation Remove($id: ID!, $lines: [ReturnLineItemRemoveFromReturnInput!]) {
  removeFromReturn(returnId: $id, returnLineItems: $lines) { return { id } userErrors { field message code } } }"""
SUGGEST = """query Suggest($id: ID!, $lines: [RefundLineItemInput!], $delivery: Boolean, $all: Boolean) {
  order(id: $id) { suggestedRefund(refundLineItems: $lines, refundShipping: $delivery, suggestFullRefund: $all) {
    amountSet { shopMoney { amount } } maximumRefundable totalTaxes
    suggestedTransactions { gateway parentTransaction { id }
      amountSet { presentmentMoney { amount } } } } } }"""
_KEYS = count(1)


def turn(root: str) -> str:
    """A mutation of a return by its id."""
    return f"mutation T($id: ID!) {{ {root}(id: $id) {{ return {{ id }} userErrors {{ field message code }} }} }}"


class Desk(Counter):
    """One order at the desk where goods come back: placed, paid and shipped unless told otherwise."""

    def __init__(self, shop: Shop, *skus_and_quantities: tuple[str, int], ship: bool = True, **fields: Any) -> None:
        super().__init__(shop, *(skus_and_quantities or ((shop.stocked_sku(), 3),)), **fields)
        if ship:
            self.ship()
        shop.changes.clear()

    @property
    def shipped(self) -> list[Record]:
        """The fulfillment lines, in the order they were shipped."""
        rows = [self.shop.record(one["id"]) for one in self.order["fulfillments"]]
        return [line for row in rows for line in row["fulfillmentLineItems"]]

    def row(self, pieces: int = 1, *, line: int = 0, **more: Any) -> dict[str, Any]:
        """A line of a return to be."""
        shipped = self.shipped[line]["id"]
        return {"fulfillmentLineItemId": shipped, "quantity": pieces, "returnReason": "UNWANTED", **more}

    def take_back(self, pieces: int = 1, **fields: Any) -> Record:
        """A return of pieces of the first line, open at once."""
        rows = fields.pop("returnLineItems", None) or [self.row(pieces)]
        given = {"orderId": self.order_id, "returnLineItems": rows, **fields}
        return self.shop.record(self.ask(RETURN, input=given)["return"]["id"])

    def asked(self, pieces: int = 1) -> Record:
        """A return the shopper asked for."""
        given = {"orderId": self.order_id, "returnLineItems": [self.row(pieces)]}
        return self.shop.record(self.ask(REQUEST, input=given)["return"]["id"])

    def process(self, one: Record, *pieces: int, pay: str | None = None, **fields: Any) -> Record:
        """Process so many pieces of each line, and pay back an amount when one is named."""
        rows = [{"id": line["id"], "quantity": n} for line, n in zip(one["returnLineItems"], pieces, strict=False) if n]
        given: dict[str, Any] = {"returnId": one["id"], "returnLineItems": rows, **fields}
        if pay is not None:
            back = {"parentId": self.order["transactions"][0]["id"], "transactionAmount": self._money(pay)}
            given["financialTransfer"] = {"issueRefund": {"orderTransactions": [back]}}
        self.ask(PROCESS, input=given)
        return self.shop.record(one["id"])

    def _money(self, amount: str) -> dict[str, str]:
        return {"amount": amount, "currencyCode": self.order["presentmentCurrencyCode"]}

    def back(self, one: Record) -> Record:
        """The reverse fulfillment order of a return."""
        return self.shop.record(self.shop.record(one["id"])["reverseFulfillmentOrders"][0]["id"])

    def disposition(self, one: Record, kind: str, pieces: int = 1, place: str | None = None) -> dict[str, Any]:
        """What becomes of pieces of the first line."""
        line = self.back(one)["lineItems"][0]["id"]
        row = {"reverseFulfillmentOrderLineItemId": line, "quantity": pieces, "dispositionType": kind}
        return {**row, "locationId": place} if place else row

    def refund_input(self, amount: str | None = None, **fields: Any) -> dict[str, Any]:
        """A refund to be, paid back to the first payment when an amount is named."""
        given: dict[str, Any] = {"orderId": self.order_id, **fields}
        if amount is not None:
            parent = self.order["transactions"][0]
            back = {"parentId": parent["id"], "amount": amount, "gateway": parent["gateway"], "kind": "REFUND"}
            given["transactions"] = [{**back, "orderId": self.order_id}]
        return given

    def refund(self, amount: str | None = None, *, key: str | None = None, **fields: Any) -> Record:
        """A refund that must not be refused."""
        given = self.refund_input(amount, **fields)
        answer = self.ask(REFUND, input=given, key=key or f"refund-{next(_KEYS)}")
        return self.shop.record(answer["refund"]["id"])

    def refused(self, amount: str | None = None, **fields: Any) -> tuple[Any, str]:
        """Field and words of the one error a refund must get."""
        answer = self.shop.ask(REFUND, input=self.refund_input(amount, **fields), key=f"refused-{next(_KEYS)}")
        assert answer["refund"] is None
        assert len(answer["userErrors"]) == 1
        return answer["userErrors"][0]["field"], answer["userErrors"][0]["message"]

    def line(self, pieces: int, restock: str = "NO_RESTOCK", *, line: int = 0, **more: Any) -> dict[str, Any]:
        """A line of a refund to be."""
        sold = self.order["lineItems"][line]["id"]
        return {"lineItemId": sold, "quantity": pieces, "restockType": restock, **more}


def shop_amount(bag: Record) -> Decimal:
    """The shop side of a MoneyBag."""
    return Decimal(bag["shopMoney"]["amount"])
