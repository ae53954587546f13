"""`orderCreate`: an order from an input, priced from what the input says."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from deployments.sandbox.shopify.domains import metafields
from deployments.sandbox.shopify.domains.addresses import address_of
from deployments.sandbox.shopify.domains.customer_changes import upsert
from deployments.sandbox.shopify.domains.payments import CENT, add_bags, figures, financial_status, new_transaction
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
_PLAIN = ("email", "name", "note", "phone", "poNumber", "processedAt", "sourceIdentifier", "sourceName", "closedAt")


@domain.mutation("orderCreate")
def order_create(call: Call, arguments: Arguments) -> Record:
    """Place an order; its totals are the sums of its parts."""
    given = arguments["order"]
    errors = _faults(call, given)
    if errors:
        return {"order": None, "userErrors": errors}
    draft = OrderDraft(call, given)
    order = call.state.add_order(call.shop, draft.record())
    for row in given.get("metafields") or ():
        namespace = metafields.app_namespace(call, row.get("namespace"))
        metafields.write(call, {**row, "namespace": namespace, "ownerId": order["id"]})
    return {"order": reference(order), "userErrors": []}


def _faults(call: Call, given: Record) -> list[Record]:
    lines = given.get("lineItems") or []
    if not lines:
        return [user_error(["order", "lineItems"], "Line items must have at least one line item", "INVALID")]
    if any(line["quantity"] < 1 for line in lines):
        return [user_error(["order"], "Order Line items is invalid", "INVALID")]
    if given.get("customerId") and given.get("customer"):
        return [user_error(["order"], "Cannot specify both customerId and customer", "REDUNDANT_CUSTOMER_FIELDS")]
    if any(not line.get("title") and not call.find(line.get("variantId")) for line in lines):
        return [
            user_error(["order", "lineItems"], "Line items Name can't be blank", "INVALID"),
            user_error(["order", "lineItems"], "Line items Title can't be blank", "INVALID"),
        ]
    return []


class OrderDraft:
    """One order being made."""

    def __init__(self, call: Call, given: Record) -> None:
        self._call = call
        self._given = given
        self._currency = given.get("currency") or call.currency
        self._presentment = given.get("presentmentCurrency") or self._currency
        self._included = bool(given.get("taxesIncluded"))

    def record(self) -> Record:
        """The order as it is kept."""
        given = self._given
        lines = [self._line(line) for line in given["lineItems"]]
        delivery = [self._delivery(line) for line in given.get("shippingLines") or ()]
        order: Record = {
            **{name: given[name] for name in _PLAIN if given.get(name) is not None},
            "currencyCode": self._currency,
            "presentmentCurrencyCode": self._presentment,
            "taxesIncluded": self._included,
            "test": bool(given.get("test")),
            "tags": given.get("tags") or [],
            "customAttributes": given.get("customAttributes") or [],
            "customer": self._customer(),
            "lineItems": lines,
            "shippingLines": delivery,
            **self._totals(lines, delivery),
        }
        for name in ("billingAddress", "shippingAddress"):
            order[name] = address_of(self._call, given[name]) if given.get(name) else None
        order["transactions"] = [self._transaction(order, one) for one in given.get("transactions") or ()]
        order["paymentGatewayNames"] = list(dict.fromkeys(one["gateway"] for one in order["transactions"]))
        order["displayFinancialStatus"] = given.get("financialStatus") or financial_status(order)
        if given.get("fulfillmentStatus") == "FULFILLED":
            order["displayFulfillmentStatus"] = "FULFILLED"
        return {**order, **figures(order)}

    def _customer(self) -> Record | None:
        given = self._given
        if given.get("customerId"):
            return {"id": given["customerId"]}
        wanted = given.get("customer") or {}
        if wanted.get("toAssociate", {}).get("id"):
            return {"id": wanted["toAssociate"]["id"]}
        person = wanted.get("toUpsert") or wanted.get("toAssociate") or {"email": given.get("email")}
        if not any(person.get(name) for name in ("id", "email", "phone")):
            return None
        return reference(upsert(self._call, person))

    def _bag(self, given: Record | None) -> Record:
        """A MoneyBagInput as a MoneyBag; the presentment side is the shop side unless given."""
        shop = (given or {}).get("shopMoney") or {"amount": "0.00"}
        other = (given or {}).get("presentmentMoney") or shop
        return {
            "shopMoney": {"amount": str(shop["amount"]), "currencyCode": self._currency},
            "presentmentMoney": {"amount": str(other["amount"]), "currencyCode": self._presentment},
        }

    def _sum(self, bags: list[Record]) -> Record:
        total = self._bag(None)
        for bag in bags:
            total = add_bags(total, bag)
        return total

    def _line(self, line: Record) -> Record:
        variant = self._call.find(line.get("variantId")) or {}
        product = self._call.find((variant.get("product") or {}).get("id")) or {}
        price = {"shopMoney": {"amount": variant.get("price", "0.00")}}
        unit = self._bag(line.get("priceSet") or price)
        total = _times(unit, line["quantity"])
        title = line.get("title") or product.get("title", "")
        return {
            "id": gid("LineItem", self._call.space.number()),
            "title": title,
            "name": title,
            "variantTitle": line.get("variantTitle") or _own_title(variant),
            "sku": line.get("sku") or variant.get("sku"),
            "vendor": line.get("vendor") or product.get("vendor"),
            "quantity": line["quantity"],
            "variant": reference(variant) if variant else None,
            "product": reference(product) if product else None,
            "requiresShipping": line.get("requiresShipping", True) is not False,
            "taxable": line.get("taxable", True) is not False,
            "isGiftCard": bool(line.get("giftCard")),
            "customAttributes": [{"key": one["name"], "value": one["value"]} for one in line.get("properties") or ()],
            "originalUnitPriceSet": unit,
            "originalTotalSet": total,
            "discountedTotalSet": total,
            "discountedUnitPriceAfterAllDiscountsSet": unit,
            "discountAllocations": [],
            "taxLines": [self._tax(one, total) for one in line.get("taxLines") or ()],
        }

    def _delivery(self, line: Record) -> Record:
        price = self._bag(line["priceSet"])
        return {
            "id": gid("ShippingLine", self._call.space.number()),
            "title": line["title"],
            "code": line.get("code") or line["title"],
            "source": line.get("source"),
            "originalPriceSet": price,
            "discountedPriceSet": price,
            "currentDiscountedPriceSet": price,
            "isRemoved": False,
            "discountAllocations": [],
            "taxLines": [self._tax(one, price) for one in line.get("taxLines") or ()],
        }

    def _tax(self, tax: Record, base: Record) -> Record:
        rate = Decimal(str(tax["rate"]))
        charged = self._bag(tax["priceSet"]) if tax.get("priceSet") else self._rated(base, rate)
        return {
            "title": tax["title"],
            "rate": float(rate),
            "ratePercentage": float(rate * 100),
            "priceSet": charged,
            "channelLiable": tax.get("channelLiable"),
        }

    def _rated(self, base: Record, rate: Decimal) -> Record:
        share = rate / (1 + rate) if self._included else rate
        return {
            side: {**money, "amount": str((Decimal(money["amount"]) * share).quantize(CENT, ROUND_HALF_UP))}
            for side, money in base.items()
        }

    def _totals(self, lines: list[Record], delivery: list[Record]) -> Record:
        subtotal = self._sum([line["originalTotalSet"] for line in lines])
        shipping = self._sum([line["originalPriceSet"] for line in delivery])
        taxes = [tax for line in (*lines, *delivery) for tax in line["taxLines"]]
        taxes += [self._tax(one, subtotal) for one in self._given.get("taxLines") or ()]
        tax = self._sum([one["priceSet"] for one in taxes])
        discount = self._discount(subtotal)
        total = add_bags(add_bags(subtotal, discount, -1), shipping)
        code = next(iter((self._given.get("discountCode") or {}).values()), None)
        return {
            "subtotalPriceSet": add_bags(subtotal, discount, -1),
            "totalShippingPriceSet": shipping,
            "totalTaxSet": tax,
            "totalDiscountsSet": discount,
            "totalPriceSet": total if self._included else add_bags(total, tax),
            "taxLines": taxes,
            "discountCodes": [code["code"]] if code else [],
            "discountCode": code["code"] if code else None,
        }

    def _discount(self, subtotal: Record) -> Record:
        code = self._given.get("discountCode") or {}
        if code.get("itemFixedDiscountCode"):
            return self._bag(code["itemFixedDiscountCode"].get("amountSet"))
        percentage = (code.get("itemPercentageDiscountCode") or {}).get("percentage")
        return _share(subtotal, Decimal(str(percentage)) / 100) if percentage else self._bag(None)

    def _transaction(self, order: Record, one: Record) -> Record:
        more: dict[str, Any] = {"gateway": one.get("gateway") or "manual", "status": one.get("status") or "SUCCESS"}
        amount = self._bag(one["amountSet"])
        kind = one.get("kind") or "SALE"
        added = new_transaction(self._call.state, self._call.shop, order, kind, amount, **more)
        return {**added, "test": bool(one.get("test")), "processedAt": one.get("processedAt") or added["processedAt"]}


def _own_title(variant: Record) -> str | None:
    title = variant.get("title")
    return None if title == "Default Title" else title


def _times(bag: Record, quantity: int) -> Record:
    return {side: {**money, "amount": str(Decimal(money["amount"]) * quantity)} for side, money in bag.items()}


def _share(bag: Record, part: Decimal) -> Record:
    return {
        side: {**money, "amount": str((Decimal(money["amount"]) * part).quantize(CENT, ROUND_HALF_UP))}
        for side, money in bag.items()
    }
