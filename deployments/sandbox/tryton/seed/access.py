"""Web shops and the users the connector logs in as: one per company, so that Tryton itself keeps companies apart."""

from __future__ import annotations

from typing import Any

from deployments.sandbox.catalogue import Catalogue
from deployments.sandbox.tryton.seed.companies import CompanyBooks

PASSWORD = "connector-of-the-sandbox"


def create_users(
    pool: Any, catalogue: Catalogue, companies: dict[str, CompanyBooks], warehouses: dict[str, Any]
) -> None:
    """Create a web shop named by the shop's domain, and the user `connector-<shop>` confined to its company."""
    groups = [group.id for group in pool.get("res.group").search([])]
    for shop in catalogue.shops:
        company = companies[shop.code].company
        stocked = [warehouses[place.code].id for place in catalogue.locations_of(shop.code)]
        pool.get("web.shop").create(
            [
                {
                    "name": shop.domain,
                    "company": company.id,
                    "currency": company.currency.id,
                    "warehouses": [("add", stocked)],
                }
            ]
        )
        pool.get("res.user").create(
            [
                {
                    "name": f"Connector {shop.name}",
                    "login": f"connector-{shop.code}",
                    "password": PASSWORD,
                    "groups": [("add", groups)],
                    "companies": [("add", [company.id])],
                    "company": company.id,
                }
            ]
        )
