"""Order edits: what they cost, what is shipped after them, and that nothing happens before they are committed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.buckets import PLANS, Buckets
from deployments.sandbox.shopify.generator.factory import OrderFactory
from deployments.sandbox.shopify.generator.references import seeded
from tests.sandbox.shopify.asking import Shop, money, paid
from tests.sandbox.shopify.shipping import CREATE, Counter

BEGIN = "mutation B($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { id } userErrors { field message } } }"
VIEW = """calculatedOrder {
  totalPriceSet { shopMoney { amount } } totalOutstandingSet { shopMoney { amount } } subtotalLineItemsQuantity
  addedLineItems(first: 3) { nodes { id quantity } } stagedChanges(first: 9) { nodes { __typename } } }
  userErrors { field message }"""
QUANTITY = f"""mutation Q($id: ID!, $line: ID!, $n: Int!, $restock: Boolean) {{
  orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $n, restock: $restock) {{ {VIEW} }} }}"""
VARIANT = f"""mutation V($id: ID!, $variant: ID!, $n: Int!) {{
  orderEditAddVariant(id: $id, variantId: $variant, quantity: $n) {{ calculatedLineItem {{ id }} {VIEW} }} }}"""
CUSTOM = f"""mutation C($id: ID!) {{
  orderEditAddCustomItem(id: $id, title: "Engraving", quantity: 2, price: {{amount: "5.00", currencyCode: USD}}) {{
    calculatedLineItem {{ id }} {VIEW} }} }}"""
DISCOUNT = f"""mutation D($id: ID!, $line: ID!, $discount: OrderEditAppliedDiscountInput!) {{
  orderEditAddLineItemDiscount(id: $id, lineItemId: $line, discount: $discount) {{
    addedDiscountStagedChange {{ id }} {VIEW} }} }}"""
UNDISCOUNT = f"""mutation U($id: ID!, $discount: ID!) {{
  orderEditRemoveDiscount(id: $id, discountApplicationId: $discount) {{ {VIEW} }} }}"""
SHIPPING = f"""mutation S($id: ID!) {{
  orderEditAddShippingLine(id: $id, shippingLine: {{title: "Express", price: {{amount: "7.50", currencyCode: USD}}}}) {{
    {VIEW} }} }}"""
COMMIT = """mutation K($id: ID!) { orderEditCommit(id: $id, staffNote: "by phone") {
  order { id } successMessages userErrors { field message } } }"""
TAX = {"title": "State tax", "rate": 0.1, "priceSet": money("6.00")}
CURRENT = ("currentSubtotalPriceSet", "currentTotalTaxSet", "currentTotalPriceSet")


class Edit(Counter):
    """An order of three pieces at 20.00 with 10 % tax on top, 66.00 in all and paid, being edited."""

    def __init__(self, shop: Shop) -> None:
        self.sku = shop.stocked_sku()
        line = {"variantId": shop.variant(self.sku)["id"], "quantity": 3, "priceSet": money("20.00"), "taxLines": [TAX]}
        super().__init__(shop, lineItems=[line], **paid("66.00"))
        self.edit = self.ask(BEGIN, id=self.order_id)["calculatedOrder"]["id"]
        self.line = self.order["lineItems"][0]["id"].replace("LineItem", "CalculatedLineItem")

    def do(self, document: str, **variables: Any) -> Any:
        """One step."""
        return self.ask(document, id=self.edit, **variables)

    def commit(self) -> None:
        """Keep what was staged."""
        self.do(COMMIT)


def amount(answer: Any, name: str = "totalPriceSet") -> Decimal:
    return Decimal(answer["calculatedOrder"][name]["shopMoney"]["amount"])


def other_variant(shop: Shop, sku: str) -> Any:
    rows = shop.state.all(shop.domain, "ProductVariant")
    return next(row for row in rows if row["sku"] not in (sku, None, "") and row["price"] > "1")


def test_fewer_pieces_lower_what_is_current_and_owe_money_back(shop: Shop) -> None:
    edit = Edit(shop)
    before = edit.stock()

    staged = edit.do(QUANTITY, line=edit.line, n=1, restock=True)
    assert (amount(staged), amount(staged, "totalOutstandingSet")) == (Decimal("22.00"), Decimal("-44.00"))
    edit.commit()

    assert edit.figures(*CURRENT, "totalPriceSet") == [20, 2, 22, 66]
    assert edit.figures("totalOutstandingSet") == [Decimal("-44.00")]
    assert edit.order["displayFinancialStatus"] == "PAID"
    [line] = edit.order["lineItems"]
    assert [line[name] for name in ("quantity", "currentQuantity", "fulfillableQuantity", "refundableQuantity")] == [
        3,
        1,
        1,
        1,
    ]
    assert edit.lines_of(edit.request) == [(1, 1)]
    assert edit.stock() == (before[0] + 2, before[1] - 2, before[2])


def test_what_is_taken_off_is_a_refund_without_a_transaction(shop: Shop) -> None:
    edit = Edit(shop)
    edit.do(QUANTITY, line=edit.line, n=0, restock=False)
    before = edit.stock()
    edit.commit()

    [refund] = edit.order["refunds"]
    [row] = refund["refundLineItems"]
    assert (row["quantity"], row["restockType"], refund["transactions"]) == (3, "NO_RESTOCK", [])
    assert (row["subtotalSet"]["shopMoney"]["amount"], row["totalTaxSet"]["shopMoney"]["amount"]) == ("60.00", "6.00")
    assert edit.request["status"] == "CLOSED"
    assert edit.stock() == (before[0], before[1] - 3, before[2] - 3), "what is not restocked is written off"
    assert edit.topics().count("refunds/create") == 1


def test_a_new_product_is_taxed_like_the_others_shipped_apart_and_still_to_be_paid(shop: Shop) -> None:
    edit = Edit(shop)
    variant = other_variant(shop, edit.sku)
    price = Decimal(variant["price"])

    staged = edit.do(VARIANT, variant=variant["id"], n=2)
    tax = (price * 2 / 10).quantize(Decimal("0.01"))
    assert amount(staged, "totalOutstandingSet") == price * 2 + tax
    edit.commit()

    assert edit.figures("totalPriceSet", "currentTotalPriceSet") == [66 + price * 2 + tax] * 2
    assert edit.order["displayFinancialStatus"] == "PARTIALLY_PAID"
    new = edit.requests[-1]
    assert [line["lineItem"]["id"] for line in new["lineItems"]] == [edit.order["lineItems"][1]["id"]]
    assert "fulfillment_orders/order_routing_complete" in edit.topics()
    edited = next(change for change in shop.changes if "orders/edited" in change.topics)
    assert [one["delta"] for one in edited.record["lastEdit"]["additions"]] == [2]


def test_a_product_that_is_there_is_added_once_more_only_when_asked(shop: Shop) -> None:
    edit = Edit(shop)
    again = shop.ask(VARIANT, id=edit.edit, variant=shop.variant(edit.sku)["id"], n=1)
    title = edit.order["lineItems"][0]["title"]

    assert again["userErrors"] == [
        {"field": ["id"], "message": f"{title} was not added because it's already on the order."}
    ]


def test_more_of_a_line_goes_to_the_fulfillment_order_that_has_it(shop: Shop) -> None:
    edit = Edit(shop)
    edit.do(QUANTITY, line=edit.line, n=4)
    edit.commit()

    assert edit.lines_of(edit.request) == [(4, 4)]
    assert len(edit.requests) == 1
    assert edit.figures(*CURRENT, "totalPriceSet") == [80, 8, 88, 88]


def test_a_discount_is_taken_off_the_tax_too_and_can_be_taken_back(shop: Shop) -> None:
    edit = Edit(shop)
    staged = edit.do(DISCOUNT, line=edit.line, discount={"percentValue": 25, "description": "Late"})
    assert amount(staged) == Decimal("49.50")
    back = edit.do(UNDISCOUNT, discount=staged["addedDiscountStagedChange"]["id"])
    assert (amount(back), back["calculatedOrder"]["stagedChanges"]["nodes"]) == (Decimal("66.00"), [])
    edit.do(DISCOUNT, line=edit.line, discount={"fixedValue": {"amount": "5.00", "currencyCode": "USD"}})
    edit.commit()

    half = Decimal("49.5")
    assert edit.figures(*CURRENT, "totalPriceSet", "currentTotalDiscountsSet") == [45, Decimal("4.5"), half, half, 15]
    [line] = edit.order["lineItems"]
    [allocation] = line["discountAllocations"]
    assert allocation["discountApplication"]["index"] == 0
    assert edit.order["discountApplications"][0]["value"] == {
        "__typename": "MoneyV2",
        "amount": "5.00",
        "currencyCode": "USD",
    }


def test_custom_items_and_delivery_are_charged(shop: Shop) -> None:
    edit = Edit(shop)
    edit.do(CUSTOM)
    staged = edit.do(SHIPPING)
    assert [one["__typename"] for one in staged["calculatedOrder"]["stagedChanges"]["nodes"]] == [
        "OrderStagedChangeAddCustomItem",
        "OrderStagedChangeAddShippingLine",
    ]
    edit.commit()

    assert edit.figures("currentTotalPriceSet", "currentShippingPriceSet") == [Decimal("83.5"), Decimal("7.5")]
    assert [line["title"] for line in edit.order["shippingLines"]] == ["Express"]


def test_what_has_shipped_cannot_be_taken_off(shop: Shop) -> None:
    edit = Edit(shop)
    edit.ship(edit.request, 2)

    assert shop.ask(QUANTITY, id=edit.edit, line=edit.line, n=1)["userErrors"] == [
        {"field": ["quantity"], "message": "must be greater than or equal to 2"}
    ]
    edit.do(QUANTITY, line=edit.line, n=2)
    edit.commit()
    assert edit.order["displayFulfillmentStatus"] == "FULFILLED"


def test_nothing_happens_before_the_commit_and_an_edit_is_committed_once(shop: Shop) -> None:
    edit = Edit(shop)
    before = edit.order
    edit.do(QUANTITY, line=edit.line, n=1)
    assert edit.order == before

    edit.commit()
    assert shop.ask(COMMIT, id=edit.edit)["userErrors"] == [
        {"field": ["id"], "message": "The calculated order does not exist."}
    ]
    assert edit.topics().count("orders/edited") == 1


def test_an_edited_order_ships_what_is_left(shop: Shop) -> None:
    edit = Edit(shop)
    edit.do(QUANTITY, line=edit.line, n=2, restock=True)
    edit.commit()
    line = edit.request["lineItems"][0]["id"]
    wanted = {"fulfillmentOrderId": edit.request["id"], "fulfillmentOrderLineItems": [{"id": line, "quantity": 3}]}

    refused = shop.ask(CREATE, fulfillment={"lineItemsByFulfillmentOrder": [wanted]})
    assert refused["userErrors"][0]["message"] == "Invalid fulfillment order line item quantity requested."
    assert edit.ship()["totalQuantity"] == 2
    assert edit.order["displayFulfillmentStatus"] == "FULFILLED"


def emptied(shop: Shop, order: Any, *, leave: int) -> None:
    """All pieces of every line that has not shipped taken off, but so many."""
    shop.stand_in.buckets = Buckets(PLANS["plus"])
    edit = shop.ask(BEGIN, id=order["id"])["calculatedOrder"]["id"]
    for line in order["lineItems"]:
        if line["unfulfilledQuantity"] == line["quantity"] > leave:
            number = line["id"].replace("LineItem", "CalculatedLineItem")
            assert shop.ask(QUANTITY, id=edit, line=number, n=leave, restock=True)["userErrors"] == []
    shop.ask(COMMIT, id=edit)


@pytest.mark.parametrize("shop_domain", ["north.myshopify.com", "south.myshopify.com"])
def test_piece_by_piece_to_nothing_leaves_no_cent_behind(shop_domain: str) -> None:
    """Discounts, taxes on top or included, two currencies: what stays is delivery, and lines that cannot go."""
    shop, catalogue = Shop(shop=shop_domain), load_catalogue()
    references = seeded(shop.state, shop_domain, catalogue)
    factory = OrderFactory(
        catalogue, shop_domain, references, shop.state.space(shop_domain).number, profile="bookable", seed=4
    )
    for index in range(25):
        order = shop.state.add_order(shop_domain, factory.make(index, shop.state.clock()).record)
        emptied(shop, order, leave=1)
        emptied(shop, order, leave=0)
        now = shop.record(order["id"])
        for side in ("shopMoney", "presentmentMoney"):
            assert Decimal(now["currentTotalPriceSet"][side]["amount"]) == left_to_pay(now, side), now["name"]


def left_to_pay(order: Any, side: str) -> Decimal:
    """Delivery and the lines that are still there, with their taxes."""

    def total(rows: Any, name: str) -> Decimal:
        return sum((Decimal(row[name][side]["amount"]) for row in rows or ()), Decimal(0))

    kept = [line for line in order["lineItems"] if line["currentQuantity"]]
    taxes = [tax for line in (*kept, *order["shippingLines"]) for tax in line["taxLines"]]
    off = [one for line in kept for one in line["discountAllocations"]]
    paid_for = total(kept, "originalTotalSet") - total(off, "allocatedAmountSet")
    tax = Decimal(0) if order["taxesIncluded"] else total(taxes, "priceSet")
    return Decimal(order["currentShippingPriceSet"][side]["amount"]) + paid_for + tax
