"""What a hostile channel does to an order that was right: changes made to the finished record, each on purpose.

An order that was made wrong says so in its custom attributes (`sandbox` = name of the oddity).
"""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from deployments.sandbox.shopify.records import Record

MARKER = "sandbox"
ABOVE_FLOAT = 2**53 + 1  # the first integer a JavaScript number cannot hold
NAMES = (
    "Zoë 🧵 Ångström",
    "محمد بن سعيد",
    "李小龍",
    "Ze\u0301 d\u2019Almeida\u200b",
    "Nguyễn \U0001d4d0nh",
    "O\u0308zge\u00a0I\u0307nce",
)
CODE_NAMES = ("Robert'); DROP TABLE orders;--", "<script>alert(1)</script>", '=HYPERLINK("x")', "{{7*7}}", "null")


def apply(oddity: str, order: Record, random: Random) -> Record:
    """The order changed and marked. Raises KeyError for an oddity nobody wrote."""
    changed = _ODDITIES[oddity](order, random)
    return {**changed, "customAttributes": [*changed["customAttributes"], {"key": MARKER, "value": oddity}]}


def _blank_sku(order: Record, random: Random) -> Record:
    """A line made by hand in the admin: no product, and a SKU of blanks."""
    first, *rest = order["lineItems"]
    return {**order, "lineItems": [{**first, "sku": "  ", "variant": None, "product": None}, *rest]}


def _wrong_total(order: Record, random: Random) -> Record:
    total = _added(order["totalPriceSet"], 1)
    return {**order, "totalPriceSet": total, "currentTotalPriceSet": total}


def _lost_allocation(order: Record, random: Random) -> Record:
    """The order claims one unit more discount than its lines carry."""
    discounts = _added(order["totalDiscountsSet"], 1)
    return {**order, "totalDiscountsSet": discounts, "currentTotalDiscountsSet": discounts}


def _named(names: tuple[str, ...]) -> Callable[[Record, Random], Record]:
    def change(order: Record, random: Random) -> Record:
        name = random.choice(names)
        addresses = {
            field: {**order[field], "lastName": name, "name": name, "address2": name[::-1]}
            for field in ("billingAddress", "shippingAddress")
            if order[field]
        }
        return {**order, **addresses, "note": name}

    return change


def _long_note(order: Record, random: Random) -> Record:
    return {**order, "note": "Please ring twice.\r\n\t" * 250, "tags": [f"tag {number}" for number in range(250)]}


def _deleted_variant(order: Record, random: Random) -> Record:
    """The variant is gone from the shop; the line keeps what it was sold as."""
    first, *rest = order["lineItems"]
    return {**order, "lineItems": [{**first, "variant": None, "product": None}, *rest]}


def _unchanged(order: Record, random: Random) -> Record:
    """Made when the cart was filled; here it only gets its mark."""
    return order


def _added(bag: dict[str, Any], units: int) -> dict[str, Any]:
    return {side: {**money, "amount": str(Decimal(money["amount"]) + units)} for side, money in bag.items()}


_ODDITIES: dict[str, Callable[[Record, Random], Record]] = {
    "blank_sku": _blank_sku,
    "totals_do_not_add_up": _wrong_total,
    "lost_allocation": _lost_allocation,
    "odd_unicode": _named(NAMES),
    "code_in_text": _named(CODE_NAMES),
    "long_note": _long_note,
    "variant_deleted": _deleted_variant,
    "enormous_quantity": _unchanged,
    "huge_ids": _unchanged,
    "repeated_sku": _unchanged,
}
