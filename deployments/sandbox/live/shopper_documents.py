"""What a shopper, or the staff for one, asks of a shop."""

from __future__ import annotations

from typing import Final

CREATE: Final = """mutation Place($order: OrderCreateOrderInput!) {
  orderCreate(order: $order) { order { id name } userErrors { field message } } }"""
CANCEL: Final = """mutation Cancel($id: ID!, $reason: OrderCancelReason!, $refund: Boolean!) {
  orderCancel(orderId: $id, reason: $reason, restock: true,
      refundMethod: {originalPaymentMethodsRefund: $refund}) { job { id } orderCancelUserErrors { field message } } }"""
BEGIN: Final = """mutation Begin($id: ID!) {
  orderEditBegin(id: $id) { calculatedOrder { id } userErrors { field message } } }"""
QUANTITY: Final = """mutation Quantity($id: ID!, $line: ID!, $n: Int!) {
  orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $n, restock: true) {
    calculatedLineItem { id } userErrors { field message } } }"""
ADD: Final = """mutation Add($id: ID!, $variant: ID!, $n: Int!) {
  orderEditAddVariant(id: $id, variantId: $variant, quantity: $n) {
    calculatedLineItem { id } userErrors { field message } } }"""
COMMIT: Final = """mutation Commit($id: ID!) {
  orderEditCommit(id: $id, notifyCustomer: false) { order { id } userErrors { field message } } }"""
LINES: Final = """query Lines($id: ID!) { order(id: $id) {
  id name cancelledAt displayFinancialStatus displayFulfillmentStatus
  lineItems(first: 50) { nodes { id sku currentQuantity fulfillableQuantity refundableQuantity } }
  fulfillmentOrders(first: 8) { nodes { id status assignedLocation { name }
    lineItems(first: 20) { nodes { id remainingQuantity lineItem { id sku } } } } }
  fulfillments(first: 8) { id status
    fulfillmentLineItems(first: 20) { nodes { id quantity lineItem { id sku } } } } } }"""
REQUEST: Final = """mutation Ask($input: ReturnRequestInput!) {
  returnRequest(input: $input) { return { id name } userErrors { field message code } } }"""
RETURN: Final = """mutation Open($input: ReturnInput!) {
  returnCreate(returnInput: $input) { return { id name } userErrors { field message code } } }"""
REFUND: Final = """mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) { refund { id } userErrors { field message } } }"""
SUGGEST: Final = """query Suggest($id: ID!, $lines: [RefundLineItemInput!], $delivery: Boolean) {
  order(id: $id) { presentmentCurrencyCode suggestedRefund(refundLineItems: $lines, refundShipping: $delivery) {
    suggestedTransactions { gateway parentTransaction { id } amountSet { presentmentMoney { amount } } } } } }"""
SHIP: Final = """mutation Ship($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } } }"""
EVENT: Final = """mutation Event($event: FulfillmentEventInput!) {
  fulfillmentEventCreate(fulfillmentEvent: $event) { fulfillmentEvent { id } userErrors { field message } } }"""
