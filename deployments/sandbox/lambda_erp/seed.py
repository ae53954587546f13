"""Fill an empty Lambda ERP with the retailer of the catalogue, through the functions its own routes call."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from deployments.sandbox.catalogue import Catalogue, Product, Shop, load_catalogue
from deployments.sandbox.lambda_erp.application import ADMIN_EMAIL, load

API_KEY = "sk_erp_sandbox-connector"
"""The bearer key of the connector. A real one is minted in Lambda ERP's settings, and shown once."""

SERVICES = {
    "SHIPPING": "Shipping",
    "TIP": "Tip",
    "DUTY": "Import duties",
    "ROUNDING": "Rounding difference",
}
COST_SHARE = 0.4  # of the price; Lambda ERP keeps its figures as floating point numbers, this is its own business


def seed(database: Path) -> None:
    """Create companies with their books, taxes, warehouses, items, customers, opening stock, and the connector's key.

    Raises FileExistsError when the file is there: a database is never overwritten.
    """
    if database.exists():
        raise FileExistsError(f"{database.name} exists already; remove it or choose another name")
    database.parent.mkdir(parents=True, exist_ok=True)
    load(database)
    from lambda_erp.database import setup

    books = setup(str(database))
    catalogue = load_catalogue()
    for shop in catalogue.shops:
        _create_company(shop)
        _create_taxes(catalogue, shop)
        _create_clearing(shop)
        _create_warehouses(catalogue, shop)
    _create_items(catalogue)
    _create_customers(catalogue)
    _create_opening_stock(catalogue)
    _admit_connector(books)


def company_of(shop: Shop) -> str:
    """The company that books a shop, such as `NORTH`; its first four letters end the name of all it owns."""
    return shop.code.upper()


def owned(shop: Shop, code: str) -> str:
    """The name of an account or warehouse of the shop's company: `DC-EU - NORT`.

    Names are unique across companies in Lambda ERP, and it ends the accounts of its own chart that way.
    """
    return f"{code} - {company_of(shop)[:4]}"


def _create(kind: str, **values: Any) -> None:
    """Create a master record the way `POST /api/masters/<kind>` does."""
    from api.routers.masters import create_master_record  # type: ignore[import-untyped]

    create_master_record(kind, values)


def _create_company(shop: Shop) -> None:
    """A company with Lambda ERP's international chart of accounts."""
    from lambda_erp.accounting.setup.engine import apply_company_setup

    _create("company", name=company_of(shop), company_name=shop.legal_name, default_currency=shop.currency)
    result = apply_company_setup(company_of(shop), currency=shop.currency, confirm_existing=True)
    if not result.get("ok"):
        raise ValueError(f"Lambda ERP refused the books of {company_of(shop)}: {result}")


def _create_taxes(catalogue: Catalogue, shop: Shop) -> None:
    """A liability account per tax the back office knows; Lambda ERP has no tax codes, a tax is its account."""
    for tax in catalogue.taxes:
        if tax.in_erp:
            _create(
                "account",
                name=owned(shop, tax.code),
                account_name=f"{tax.code} {tax.title}",
                parent_account=owned(shop, "Current Liabilities"),
                company=company_of(shop),
                root_type="Liability",
                report_type="Balance Sheet",
                account_type="Tax",
                account_currency=shop.currency,
            )


def _create_clearing(shop: Shop) -> None:
    """The account that redeemed gift cards come to: payments go to accounts of type Bank or Cash, and to no others."""
    _create(
        "account",
        name=owned(shop, "Gift Card Clearing"),
        account_name="Gift Card Clearing",
        parent_account=owned(shop, "Current Assets"),
        company=company_of(shop),
        root_type="Asset",
        report_type="Balance Sheet",
        account_type="Bank",
        account_currency=shop.currency,
    )


def _create_warehouses(catalogue: Catalogue, shop: Shop) -> None:
    """A warehouse belongs to one company, so a location that two shops use becomes two warehouses."""
    for place in catalogue.locations_of(shop.code):
        _create("warehouse", name=owned(shop, place.code), warehouse_name=place.name, company=company_of(shop))


def _create_items(catalogue: Catalogue) -> None:
    first = catalogue.shops[0].currency
    for product in catalogue.products:
        if product.in_erp:
            for variant in product.variants:
                _create(
                    "item",
                    name=variant.sku,
                    item_name=f"{product.title} {variant.title}",
                    item_group="Gift Cards" if product.gift_card else product.type,
                    is_stock_item=int(_stocked(product)),
                    standard_rate=float(variant.prices[first]),
                )
    for code, name in SERVICES.items():
        _create("item", name=code, item_name=name, item_group="Services", is_stock_item=0)


def _stocked(product: Product) -> bool:
    return product.tracked and product.requires_shipping and not product.gift_card


def _create_customers(catalogue: Catalogue) -> None:
    for customer in catalogue.customers:
        _create(
            "customer",
            name=customer.code,
            customer_name=f"{customer.first_name} {customer.last_name}",
            email=customer.email,
            phone=customer.phone,
            address=customer.address.address1,
            city=customer.address.city,
            zip_code=customer.address.zip,
            country=customer.address.country_code,
            default_currency=catalogue.shop(customer.shop).currency,
        )
    for company in catalogue.companies:
        _create(
            "customer",
            name=company.code,
            customer_name=company.name,
            customer_group="Companies",
            tax_id=company.tax_number,
            default_currency=catalogue.shop(company.shop).currency,
        )


def _create_opening_stock(catalogue: Catalogue) -> None:
    """One submitted stock entry per company and location."""
    from api.services import create_document, submit_document  # type: ignore[import-untyped]

    counted: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in catalogue.stock_lines:
        product, variant = catalogue.variants[line.sku]
        if product.in_erp:
            price = float(variant.prices[catalogue.shop(line.shop).currency])
            counted[line.shop, line.location].append(
                {"item_code": line.sku, "qty": line.quantity, "basic_rate": price * COST_SHARE}
            )
    for (code, location), items in counted.items():
        shop = catalogue.shop(code)
        entry = create_document(
            "stock-entry",
            {
                "stock_entry_type": "Opening Stock",
                "company": company_of(shop),
                "to_warehouse": owned(shop, location),
                "items": items,
            },
        )
        submit_document("stock-entry", entry["name"])


def _admit_connector(books: Any) -> None:
    """Create the administrator, switch the REST API on, and give the connector a key that may write documents."""
    from api.auth import ensure_seed_admin, hash_api_key  # type: ignore[import-untyped]
    from lambda_erp.utils import now

    ensure_seed_admin()
    (admin,) = books.sql('SELECT name FROM "User" WHERE email = ?', [ADMIN_EMAIL])
    books.sql('INSERT INTO "Settings" (key, value) VALUES (?, ?)', ["rest_api_enabled", "1"])
    books.sql(
        'INSERT INTO "Api Key" (id, name, owner, key_hash, key_prefix, role, session_owner, created_at, revoked,'
        " app_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        [
            "connector",
            "Connector",
            admin["name"],
            hash_api_key(API_KEY),
            API_KEY[:11],
            "manager",
            "api:connector",
            now(),
            "other",
        ],
    )
    books.conn.commit()
