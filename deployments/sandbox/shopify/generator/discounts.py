"""Promotions applied the way Shopify does: products first, then the order, then delivery; spread to the cent.

A gift card is never discounted: it is money, not goods.
"""

from collections.abc import Callable, Sequence

from deployments.sandbox.catalogue import Promotion
from deployments.sandbox.shopify.generator.cart import CartLine
from deployments.sandbox.shopify.generator.money import MILLION, millionths, share, spread

Amount = Callable[[Promotion], int]


def in_order(promotions: Sequence[Promotion]) -> list[tuple[int, Promotion]]:
    """Promotions with their index on the order, in the order they are applied."""
    stage = {"product_type": 0, "order": 1, "shipping": 2}
    return sorted(enumerate(promotions), key=lambda pair: stage[pair[1].target])


def allocate(
    promotions: Sequence[Promotion], lines: Sequence[CartLine], prices: Sequence[int], fixed: Amount
) -> list[list[tuple[int, int]]]:
    """Discounts on lines: for each line its (promotion index, amount) pairs, in minor units.

    `prices` are the lines' totals before discount; `fixed` gives a promotion's fixed value in the same currency.
    """
    left = [0 if line.product.gift_card else price for line, price in zip(lines, prices, strict=True)]
    allocations: list[list[tuple[int, int]]] = [[] for _ in lines]
    for index, promotion in in_order(promotions):
        if promotion.target == "shipping":
            continue
        each = _each_line if promotion.target == "product_type" else _across
        for place, amount in enumerate(each(promotion, lines, left, fixed)):
            if amount:
                allocations[place].append((index, amount))
                left[place] -= amount
    return allocations


def on_shipping(promotions: Sequence[Promotion], price: int, fixed: Amount) -> list[tuple[int, int]]:
    """Discounts on the delivery: (promotion index, amount) pairs in minor units."""
    allocations = []
    for index, promotion in in_order(promotions):
        if promotion.target == "shipping" and price:
            amount = min(price, _percent(promotion, price) if promotion.kind == "percentage" else fixed(promotion))
            allocations.append((index, amount))
            price -= amount
    return allocations


def _each_line(promotion: Promotion, lines: Sequence[CartLine], left: Sequence[int], fixed: Amount) -> list[int]:
    """A discount on one kind of product: each entitled line by itself; a fixed value counts once a piece."""
    amounts = []
    for line, rest in zip(lines, left, strict=True):
        if line.product.type != promotion.product_type:
            amounts.append(0)
        elif promotion.kind == "percentage":
            amounts.append(_percent(promotion, rest))
        else:
            amounts.append(min(rest, fixed(promotion) * line.quantity))
    return amounts


def _across(promotion: Promotion, lines: Sequence[CartLine], left: Sequence[int], fixed: Amount) -> list[int]:
    """A discount on the whole order: one amount, spread over what the lines still cost."""
    whole = sum(left)
    amount = _percent(promotion, whole) if promotion.kind == "percentage" else min(whole, fixed(promotion))
    return spread(amount, left)


def _percent(promotion: Promotion, amount: int) -> int:
    return share(amount, millionths(promotion.value), 100 * MILLION)
