"""An order for chosen goods, priced and taxed as the catalogue says, for a customer of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from deployments.sandbox.catalogue import Catalogue, Customer, Shop, TaxCategory, load_catalogue
from deployments.sandbox.live.jobs import Goods

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Basket:
    """What is bought. `customer` is a code of the catalogue; `authorized`: the money is held, not taken.

    `gift_card`: so much is paid with one, and the rest by the gateway.
    """

    goods: Goods
    customer: str = "C005"
    shipping: str = "STANDARD"
    authorized: bool = False
    gateway: str = "shopify_payments"
    gift_card: Decimal = Decimal(0)


def order_input(domain: str, basket: Basket, variants: Mapping[str, str]) -> dict[str, Any]:
    """The input of `orderCreate`. `variants`: ids by SKU. Raises `LookupError` for a SKU or customer nobody knows."""
    catalogue = load_catalogue()
    shop = catalogue.shop(domain)
    buyer = next((one for one in catalogue.customers_of(shop.code) if one.code == basket.customer), None)
    if buyer is None:
        buyer = catalogue.customers_of(shop.code)[0]
    till = _Till(catalogue, shop, buyer)
    lines = [till.line(sku, pieces, variants[sku]) for sku, pieces in basket.goods.items()]
    delivery = till.delivery(basket.shipping)
    kind = "AUTHORIZATION" if basket.authorized else "SALE"
    rest = till.money(till.total - basket.gift_card)
    paid = [{"kind": kind, "status": "SUCCESS", "gateway": basket.gateway, "amountSet": rest}]
    if basket.gift_card:
        card = till.money(basket.gift_card)
        paid.insert(0, {"kind": "SALE", "status": "SUCCESS", "gateway": "gift_card", "amountSet": card})
    return {
        "email": buyer.email,
        "currency": shop.currency,
        "taxesIncluded": shop.taxes_included,
        "customer": {"toUpsert": {"email": buyer.email, "firstName": buyer.first_name, "lastName": buyer.last_name}},
        "shippingAddress": _address(buyer),
        "billingAddress": _address(buyer),
        "lineItems": lines,
        "shippingLines": [delivery],
        "transactions": paid,
    }


class _Till:
    """Adds up what is to be paid."""

    def __init__(self, catalogue: Catalogue, shop: Shop, buyer: Customer) -> None:
        self._catalogue, self._shop, self._buyer = catalogue, shop, buyer
        self.total = Decimal(0)

    def line(self, sku: str, pieces: int, variant: str) -> dict[str, Any]:
        product, known = self._catalogue.variants[sku]
        price = known.prices[self._shop.currency]
        taxes = self._charge(price * pieces, product.tax_category)
        return {
            "variantId": variant,
            "quantity": pieces,
            "priceSet": self.money(price),
            "requiresShipping": product.requires_shipping,  # the input's own default is false
            "taxable": bool(taxes),
            "taxLines": taxes,
        }

    def delivery(self, code: str) -> dict[str, Any]:
        method = next(one for one in self._catalogue.shipping_methods if one.code == code)
        price = method.prices[self._shop.currency]
        taxes = self._charge(price, "shipping")
        return {"title": method.title, "code": code, "priceSet": self.money(price), "taxLines": taxes}

    def money(self, amount: Decimal) -> dict[str, Any]:
        return {"shopMoney": {"amount": str(amount), "currencyCode": self._shop.currency}}

    def _charge(self, amount: Decimal, category: TaxCategory) -> list[dict[str, Any]]:
        self.total += amount
        taxes = []
        for tax in self._catalogue.taxes_for(self._buyer.address.jurisdiction, category):
            share = tax.rate / (1 + tax.rate) if self._shop.taxes_included else tax.rate
            charged = (amount * share).quantize(CENT, ROUND_HALF_UP)
            self.total += Decimal(0) if self._shop.taxes_included else charged
            taxes.append({"title": tax.title, "rate": str(tax.rate), "priceSet": self.money(charged)})
        return taxes


def _address(buyer: Customer) -> dict[str, Any]:
    place = buyer.address
    return {
        "firstName": buyer.first_name,
        "lastName": buyer.last_name,
        "address1": place.address1,
        "city": place.city,
        "zip": place.zip,
        "countryCode": place.country_code,
        "provinceCode": place.province_code,
        "phone": buyer.phone,
    }
