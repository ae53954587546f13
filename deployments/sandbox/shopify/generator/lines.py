"""The lines, delivery, discounts and taxes of an order, as the Admin schema spells them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deployments.sandbox.catalogue import Promotion
from deployments.sandbox.shopify.generator.cart import Cart, CartLine
from deployments.sandbox.shopify.generator.money import Pair, minor, money
from deployments.sandbox.shopify.generator.pricing import Allocations, PricedCart, PricedLine
from deployments.sandbox.shopify.generator.references import Numbers, References
from deployments.sandbox.shopify.generator.taxes import Charged
from deployments.sandbox.shopify.records import Record, gid


@dataclass(frozen=True, slots=True)
class Sides:
    """One cart priced in shop currency and in presentment currency."""

    shop: PricedCart
    presentment: PricedCart

    @property
    def pair(self) -> Pair:
        """The two currencies."""
        return Pair(self.shop.currency, self.presentment.currency)


def discount_applications(cart: Cart) -> list[Record]:
    """The order's discounts, in the order that allocations point at by `index`."""
    return [_application(index, promotion, cart) for index, promotion in enumerate(cart.promotions)]


def _application(index: int, promotion: Promotion, cart: Cart) -> Record:
    each = promotion.target == "product_type"
    named = {"code": promotion.code} if promotion.code else {"title": promotion.title}
    return {
        "__typename": "DiscountCodeApplication" if promotion.code else "AutomaticDiscountApplication",
        "index": index,
        "allocationMethod": "EACH" if each or promotion.target == "shipping" else "ACROSS",
        "targetSelection": "ENTITLED" if each else "ALL",
        "targetType": "SHIPPING_LINE" if promotion.target == "shipping" else "LINE_ITEM",
        "value": _value(promotion, cart.shop.currency),
        **named,
    }


def _value(promotion: Promotion, currency: str) -> Record:
    if promotion.kind == "percentage":
        return {"__typename": "PricingPercentageValue", "percentage": float(promotion.value)}
    return {"__typename": "MoneyV2", **money(minor(promotion.values[currency], currency), currency)}


def tax_lines(shop: Sequence[Charged], presentment: Sequence[Charged], pair: Pair) -> list[Record]:
    """TaxLines; both sides list the same taxes in the same order. A rate is the schema's Float, not money."""
    return [
        {
            "title": tax.title,
            "rate": float(tax.rate),
            "ratePercentage": float(tax.rate * 100),
            "priceSet": pair.bag(amount, other),
            "source": "Shopify",
            "channelLiable": False,
        }
        for (tax, amount), (_, other) in zip(shop, presentment, strict=True)
    ]


def allocations(shop: Allocations, presentment: Allocations, applications: list[Record], pair: Pair) -> list[Record]:
    """DiscountAllocations; a discount that rounds to nothing on one side is still listed with the other."""
    both: dict[int, list[int]] = {}
    for side, entries in enumerate((shop, presentment)):
        for index, amount in entries:
            both.setdefault(index, [0, 0])[side] += amount
    return [
        {"allocatedAmountSet": pair.bag(*amounts), "discountApplication": applications[index]}
        for index, amounts in sorted(both.items())
    ]


@dataclass(frozen=True, slots=True)
class LineWriter:
    """Writes the line items of one order."""

    cart: Cart
    sides: Sides
    applications: list[Record]
    references: References
    numbers: Numbers

    def line_items(self) -> list[Record]:
        """All lines; a tip is the last one, a line that is no product, as on the real order."""
        trios = zip(self.cart.lines, self.sides.shop.lines, self.sides.presentment.lines, strict=True)
        lines = [self._line(*trio) for trio in trios]
        tip = (self.sides.shop.tip, self.sides.presentment.tip)
        return [*lines, self._tip(*tip)] if any(tip) else lines

    def _line(self, line: CartLine, shop: PricedLine, presentment: PricedLine) -> Record:
        ids = self.references.variants[line.variant.sku]
        product, pair = line.product, self.sides.pair
        return {
            "id": gid("LineItem", self.numbers()),
            "title": product.title,
            "name": f"{product.title} - {line.variant.title}" if line.variant.options else product.title,
            "variantTitle": line.variant.title if line.variant.options else None,
            "sku": line.variant.sku,
            "vendor": product.vendor,
            "product": {"id": ids.product},
            "variant": {"id": ids.variant},
            "taxable": not product.gift_card,
            "requiresShipping": product.requires_shipping,
            "isGiftCard": product.gift_card,
            "weight": {"unit": "GRAMS", "value": float(line.variant.grams)},
            **quantities(line.quantity, ships=product.requires_shipping),
            **self._prices(shop, presentment),
            "discountAllocations": allocations(shop.allocations, presentment.allocations, self.applications, pair),
            "taxLines": tax_lines(shop.taxes, presentment.taxes, pair),
            "duties": self._duties(line, shop.duty, presentment.duty),
            "customAttributes": [],
        }

    def _prices(self, shop: PricedLine, presentment: PricedLine) -> Record:
        bag, quantity = self.sides.pair.bag, shop.quantity
        line_level = [self._line_level(side.allocations) for side in (shop, presentment)]
        original = (shop.original, presentment.original)
        after_line = [price - discount for price, discount in zip(original, line_level, strict=True)]
        after_all = [side.original - side.discount for side in (shop, presentment)]
        untaxed = [
            price - side.tax if self.cart.shop.taxes_included else price
            for price, side in zip(after_all, (shop, presentment), strict=True)
        ]
        return {
            "originalUnitPriceSet": bag(shop.unit, presentment.unit),
            "originalTotalSet": bag(*original),
            "totalDiscountSet": bag(*line_level),
            "discountedTotalSet": bag(*after_line),
            "discountedUnitPriceSet": bag(*(price // quantity for price in after_line)),
            "discountedUnitPriceAfterAllDiscountsSet": bag(*(price // quantity for price in after_all)),
            "priceAfterAllDiscountsBeforeTaxesSet": bag(*untaxed),
            "unfulfilledOriginalTotalSet": bag(*original),
            "unfulfilledDiscountedTotalSet": bag(*after_line),
        }

    def _line_level(self, entries: Allocations) -> int:
        """What a line's own discounts take off; discounts of the whole order are not among them (schema text)."""
        return sum(amount for index, amount in entries if self.cart.promotions[index].target == "product_type")

    def _duties(self, line: CartLine, shop: int, presentment: int) -> list[Record]:
        if not shop and not presentment:
            return []
        duty: Record = {
            "id": gid("Duty", self.numbers()),
            "harmonizedSystemCode": line.product.hs_code,
            "countryCodeOfOrigin": line.product.origin,
            "price": self.sides.pair.bag(shop, presentment),
            "taxLines": [],
        }
        return [duty]

    def _tip(self, shop: int, presentment: int) -> Record:
        bag = self.sides.pair.bag(shop, presentment)
        zero = self.sides.pair.zero
        prices = ("originalUnitPriceSet", "originalTotalSet", "discountedTotalSet", "discountedUnitPriceSet")
        more = ("discountedUnitPriceAfterAllDiscountsSet", "priceAfterAllDiscountsBeforeTaxesSet")
        return {
            "id": gid("LineItem", self.numbers()),
            "title": "Tip",
            "name": "Tip",
            **dict.fromkeys(("variantTitle", "sku", "vendor", "product", "variant", "weight")),
            **dict.fromkeys(("taxable", "requiresShipping", "isGiftCard"), False),
            **quantities(1, ships=False),
            "nonFulfillableQuantity": 1,
            **dict.fromkeys((*prices, *more), bag),
            **dict.fromkeys(("totalDiscountSet", "unfulfilledOriginalTotalSet", "unfulfilledDiscountedTotalSet"), zero),
            **{name: [] for name in ("discountAllocations", "taxLines", "duties", "customAttributes")},
        }


def quantities(quantity: int, *, ships: bool) -> dict[str, Any]:
    """The quantity fields of a line nothing has happened to yet."""
    return {
        "quantity": quantity,
        "currentQuantity": quantity,
        "refundableQuantity": quantity,
        "unfulfilledQuantity": quantity if ships else 0,
        "nonFulfillableQuantity": 0,
        "fulfillableQuantity": quantity if ships else 0,
        "fulfillmentStatus": "unfulfilled",
        "restockable": ships,
        "merchantEditable": True,
    }


def shipping_lines(cart: Cart, sides: Sides, applications: list[Record], numbers: Numbers) -> list[Record]:
    """The delivery charge, if the order has one."""
    method = cart.shipping
    if method is None:
        return []
    shop, presentment, pair = sides.shop.shipping, sides.presentment.shipping, sides.pair
    discounted = pair.bag(shop.price - shop.discount, presentment.price - presentment.discount)
    line = {
        "id": gid("ShippingLine", numbers()),
        "title": method.title,
        "code": method.code,
        "source": "shopify",
        "carrierIdentifier": method.carrier,
        "custom": False,
        "isRemoved": False,
        "originalPriceSet": pair.bag(shop.price, presentment.price),
        "discountedPriceSet": discounted,
        "currentDiscountedPriceSet": discounted,
        "discountAllocations": allocations(shop.allocations, presentment.allocations, applications, pair),
        "taxLines": tax_lines(shop.taxes, presentment.taxes, pair),
    }
    return [line]
