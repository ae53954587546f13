"""Order bodies for the mapper tests: the published sample, and the parts that make an order special."""

from typing import Any

from tests.unit.connectors.shopify.samples import sample


def money(shop: str, presentment: str | None = None, currency: str = "USD", shown: str | None = None) -> dict[str, Any]:
    """A money set in REST spelling."""
    return {
        "shop_money": {"amount": shop, "currency_code": currency},
        "presentment_money": {"amount": presentment or shop, "currency_code": shown or currency},
    }


def webhook(**changes: Any) -> dict[str, Any]:
    """The sample order with some fields replaced."""
    return {**sample("orders/create"), **changes}


def line(**changes: Any) -> dict[str, Any]:
    """The first line of the sample with some fields replaced."""
    first: dict[str, Any] = sample("orders/create")["line_items"][0]
    return {**first, **changes}


TIP = line(
    id=16365225869621,
    title="Tip",
    sku=None,
    product_id=None,
    product_exists=False,
    requires_shipping=False,
    taxable=False,
    price_set=money("3.59"),
    tip={"payment_method": None, "payment_gateway": None},
)
"""A tip as real shops send it: `tip` is there, with nothing in it."""
