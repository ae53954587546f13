"""The warehouse's own database: one operating company, its places, goods, carriers, stock, and a key for us."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from deployments.sandbox.catalogue import Catalogue, Location, Product
from deployments.sandbox.tryton.build import Recipe
from deployments.sandbox.tryton.modules import transact
from deployments.sandbox.tryton.seed.places import create_countries, create_warehouses

API_KEY = "warehouse-key-of-the-sandbox-0123456789abcdef"
WORKER, PASSWORD = "worker", "worker-of-the-sandbox"
CURRENCY = "USD"
OWNER = "north"
"""Whose goods lie here."""
CHUNK = 20  # templates in one call, as in the ERP's seed
AREAS = {"REF": "Refurbish", "SCR": "Scrap", "MIS": "Missing", "WRO": "Wrong item"}
"""Where inspected goods go that are not put away again, by the last letters of the code. No order is picked there."""
CARRIERS = ("UPS", "FedEx", "DHL Express", "USPS")


def seed_wms(pool: Any, database: str, catalogue: Catalogue) -> None:
    """Create everything in one transaction."""

    def work() -> None:
        from trytond.transaction import Transaction

        countries = create_countries(pool, catalogue, ("delivery",))
        company = _company(pool)
        warehouses = create_warehouses(pool, catalogue, countries)
        _areas(pool, catalogue, warehouses)
        with Transaction().set_context(company=company.id):
            goods = _goods(pool, catalogue)
            _carriers(pool)
            _package_types(pool)
            _opening_stock(pool, catalogue, company, warehouses, goods)
        _users(pool, company)

    transact(database, _administrator(pool, database), work)


def _administrator(pool: Any, database: str) -> int:
    from trytond.transaction import Transaction

    with Transaction().start(database, 0):
        (user,) = pool.get("res.user").create([{"name": "Administrator", "login": "admin", "administrator": True}])
        return int(user.id)


def _company(pool: Any) -> Any:
    rate = {"date": date(2000, 1, 1), "rate": 1}
    (currency,) = pool.get("currency.currency").create(
        [{"name": CURRENCY, "symbol": CURRENCY, "code": CURRENCY, "digits": 2, "rates": [("create", [rate])]}]
    )
    (party,) = pool.get("party.party").create([{"name": "Quayside Logistics", "code": "OPERATOR"}])
    (company,) = pool.get("company.company").create([{"party": party.id, "currency": currency.id, "timezone": "UTC"}])
    return company


def _areas(pool: Any, catalogue: Catalogue, warehouses: dict[str, Any]) -> None:
    """Tryton lets returned goods go to storage or to a waste location of the warehouse, nowhere else."""
    pool.get("stock.location").create(
        [
            {
                "name": f"{place.name} {name}",
                "code": f"{place.code}-{ending}",
                "type": "lost_found",
                "waste_warehouses": [("add", [warehouses[place.code].id])],
            }
            for place in catalogue.locations
            for ending, name in AREAS.items()
        ]
    )


def _goods(pool: Any, catalogue: Catalogue) -> dict[str, Any]:
    """Everything that can be shipped, by the item code that the ERP uses too."""
    unit = pool.get("ir.model.data").get_id("product", "uom_unit")
    gram = pool.get("ir.model.data").get_id("product", "uom_gram")
    shipped = [product for product in catalogue.products if product.requires_shipping and not product.gift_card]
    values = [_template(product, unit, gram) for product in shipped]
    templates = [t for chunk in _chunks(values) for t in pool.get("product.template").create(chunk)]
    return {variant.code: variant for template in templates for variant in template.products}


def _template(product: Product, unit: int, gram: int) -> dict[str, Any]:
    return {
        "name": product.title,
        "type": "goods",
        "default_uom": unit,
        "list_price": Decimal(1),
        "weight": float(product.variants[0].grams),
        "weight_uom": gram,
        "products": [("create", [{"suffix_code": variant.sku} for variant in product.variants])],
    }


def _chunks(values: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _carriers(pool: Any) -> None:
    """A carrier needs a service to be paid for."""
    unit = pool.get("ir.model.data").get_id("product", "uom_unit")
    (service,) = pool.get("product.template").create(
        [
            {
                "name": "Carriage",
                "type": "service",
                "default_uom": unit,
                "list_price": Decimal(0),
                "products": [("create", [{"suffix_code": "CARRIAGE"}])],
            }
        ]
    )
    parties = pool.get("party.party").create(
        [{"name": name, "code": f"CARRIER-{row}"} for row, name in enumerate(CARRIERS, 1)]
    )
    pool.get("carrier").create([{"party": party.id, "carrier_product": service.products[0].id} for party in parties])


def _package_types(pool: Any) -> None:
    pool.get("stock.package.type").create([{"name": "Box"}])


def _opening_stock(
    pool: Any, catalogue: Catalogue, company: Any, warehouses: dict[str, Any], goods: dict[str, Any]
) -> None:
    """The goods of the owner in the distribution centres, as its ERP has them."""
    places: dict[str, Location] = {place.code: place for place in catalogue.locations}
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in catalogue.stock_lines:
        if line.shop == OWNER and line.sku in goods and places[line.location].kind == "dc":
            counted[line.location][line.sku] += line.quantity
    model = pool.get("stock.inventory")
    inventories = model.create(
        [
            {
                "company": company.id,
                "location": warehouses[location].storage_location.id,
                "lines": [
                    ("create", [{"product": goods[sku].id, "quantity": float(held)} for sku, held in lines.items()])
                ],
            }
            for location, lines in counted.items()
        ]
    )
    model.confirm(inventories)


def _users(pool: Any, company: Any) -> None:
    """A worker who logs in, and the user behind our key."""
    groups = [group.id for group in pool.get("res.group").search([])]
    own = {"groups": [("add", groups)], "companies": [("add", [company.id])], "company": company.id}
    users = pool.get("res.user").create(
        [
            {"name": "Worker", "login": WORKER, "password": PASSWORD, **own},
            {"name": "Crossdock", "login": "crossdock", **own},
        ]
    )
    pool.get("res.user.application").create(
        [{"user": users[1].id, "application": "rest", "key": API_KEY, "state": "validated"}]
    )


_TRYTON = Path(__file__).parent.parent / "tryton"
WMS = Recipe(
    "wms",
    ("stock_lot", "stock_package_shipping"),
    seed_wms,
    (Path(__file__), _TRYTON / "modules.py", _TRYTON / "seed" / "places.py"),
)
