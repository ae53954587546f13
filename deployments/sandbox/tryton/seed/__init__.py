"""Fill an activated Tryton with the retailer of the catalogue: companies, warehouses, goods, people, opening stock."""

from __future__ import annotations

from typing import Any

from deployments.sandbox.catalogue import Catalogue
from deployments.sandbox.tryton.modules import transact
from deployments.sandbox.tryton.seed.access import create_users
from deployments.sandbox.tryton.seed.companies import create_companies
from deployments.sandbox.tryton.seed.goods import create_goods
from deployments.sandbox.tryton.seed.people import create_people
from deployments.sandbox.tryton.seed.places import create_countries, create_warehouses
from deployments.sandbox.tryton.seed.stock import create_opening_stock

ADMIN_PASSWORD = "admin-of-the-sandbox"


def seed(pool: Any, database: str, catalogue: Catalogue) -> None:
    """Create everything in one transaction: a database is seeded as a whole or not at all."""

    def work() -> None:
        countries = create_countries(pool, catalogue)
        companies = create_companies(pool, catalogue, countries)
        warehouses = create_warehouses(pool, catalogue, countries)
        goods = create_goods(pool, catalogue, companies)
        create_people(pool, catalogue, countries)
        create_opening_stock(pool, catalogue, companies, warehouses, goods)
        create_users(pool, catalogue, companies, warehouses)

    transact(database, _administrator(pool, database), work)


def _administrator(pool: Any, database: str) -> int:
    """Create the user `admin`; its id differs between SQLite and PostgreSQL."""
    from trytond.transaction import Transaction

    with Transaction().start(database, 0):
        (user,) = pool.get("res.user").create(
            [{"name": "Administrator", "login": "admin", "password": ADMIN_PASSWORD, "administrator": True}]
        )
        return int(user.id)
