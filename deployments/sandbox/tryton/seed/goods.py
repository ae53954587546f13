"""The goods of the catalogue, and the services an order needs besides: shipping, tip, duty, rounding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from deployments.sandbox.catalogue import Catalogue, Product
from deployments.sandbox.tryton.seed.companies import CompanyBooks

SERVICES = {
    "SHIPPING": ("Shipping", "shipping"),
    "TIP": ("Tip", "tip"),
    "DUTY": ("Import duties", "duty"),
    "ROUNDING": ("Rounding difference", "rounding"),
}
"""Code -> name and the purpose of the account it posts to."""

CHUNK = 20  # templates in one call; beyond some 90 variants SQLite answers "parser stack overflow"
COST_SHARE = Decimal("0.4")  # of the list price: a plausible cost, so that margins look like margins


def create_goods(pool: Any, catalogue: Catalogue, companies: dict[str, CompanyBooks]) -> dict[str, Any]:
    """Create every product that the back office knows; return the variants by SKU."""
    from trytond.transaction import Transaction

    first, *others = catalogue.shops
    known = [product for product in catalogue.products if product.in_erp]
    categories = _categories(pool, companies)
    unit = pool.get("ir.model.data").get_id("product", "uom_unit")
    gram = pool.get("ir.model.data").get_id("product", "uom_gram")
    with Transaction().set_context(company=companies[first.code].company.id):
        templates = _create_in_chunks(
            pool, [_goods(product, first.currency, categories["revenue"], unit, gram) for product in known]
        )
        _create_in_chunks(
            pool, [_service(code, name, categories[purpose], unit) for code, (name, purpose) in SERVICES.items()]
        )
    for shop in others:
        with Transaction().set_context(company=companies[shop.code].company.id):
            _price_in(pool, templates, known, shop.currency)
    return {variant.code: variant for template in templates for variant in template.products}


def _categories(pool: Any, companies: dict[str, CompanyBooks]) -> dict[str, Any]:
    """An accounting category per purpose; its accounts differ by company."""
    from trytond.transaction import Transaction

    model = pool.get("product.category")
    purposes = ["revenue", *(purpose for _, purpose in SERVICES.values())]
    names = ["Goods", *(name for name, _ in SERVICES.values())]
    categories = dict(zip(purposes, model.create([{"name": n, "accounting": True} for n in names]), strict=True))
    for books in companies.values():
        with Transaction().set_context(company=books.company.id):
            for purpose, category in categories.items():
                model.write(
                    [model(category.id)],
                    {"account_revenue": books.accounts[purpose].id, "account_expense": books.accounts["expense"].id},
                )
    return categories


def _create_in_chunks(pool: Any, values: Sequence[dict[str, Any]]) -> list[Any]:
    return [template for chunk in _chunks(values) for template in pool.get("product.template").create(list(chunk))]


def _chunks(values: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _goods(product: Product, currency: str, category: Any, unit: int, gram: int) -> dict[str, Any]:
    """A product template whose variants carry the SKU as their code."""
    shipped = product.requires_shipping and not product.gift_card
    return {
        "name": product.title,
        "type": "goods" if shipped else "service",
        "gift_card": product.gift_card,
        "default_uom": unit,
        "salable": True,
        "sale_uom": unit,
        "list_price": product.variants[0].prices[currency],
        "account_category": category.id,
        **({"weight": float(product.variants[0].grams), "weight_uom": gram} if shipped else {}),
        "products": [
            (
                "create",
                [
                    {
                        "suffix_code": variant.sku,
                        "description": variant.title,
                        "cost_price": (variant.prices[currency] * COST_SHARE).quantize(Decimal("0.01")),
                        "identifiers": [("create", [{"type": "ean", "code": variant.gtin}])] if variant.gtin else [],
                    }
                    for variant in product.variants
                ],
            )
        ],
    }


def _service(code: str, name: str, category: Any, unit: int) -> dict[str, Any]:
    return {
        "name": name,
        "type": "service",
        "default_uom": unit,
        "salable": True,
        "sale_uom": unit,
        "list_price": Decimal(0),
        "account_category": category.id,
        "products": [("create", [{"suffix_code": code}])],
    }


def _price_in(pool: Any, templates: list[Any], products: list[Product], currency: str) -> None:
    """Set the list prices of the company in context: prices belong to a company, products to all of them."""
    model = pool.get("product.template")
    changes: list[Any] = []
    for template, product in zip(templates, products, strict=True):
        changes += [[model(template.id)], {"list_price": product.variants[0].prices[currency]}]
    model.write(*changes)
