"""The ids a shop gave to what the catalogue names: an order points at variants, customers and locations by gid."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from deployments.sandbox.catalogue import Catalogue
from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.state import State

Numbers = Callable[[], int]


@dataclass(frozen=True, slots=True)
class VariantIds:
    """The three gids of something sold."""

    variant: str
    product: str
    inventory_item: str


@dataclass(frozen=True, slots=True)
class CompanyIds:
    """The gids of a business customer: its own, its contact's, its branches' by code; `stored`: it has records."""

    company: str
    contact: str
    branches: dict[str, str]
    stored: bool = False


@dataclass(frozen=True, slots=True)
class References:
    """Gids of one shop: variants by SKU, customers by e-mail, locations by name, companies by code."""

    variants: dict[str, VariantIds]
    customers: dict[str, str]
    locations: dict[str, str]
    companies: dict[str, CompanyIds]


def invented(catalogue: Catalogue, shop: str, numbers: Numbers) -> References:
    """References to records that are nowhere: for pure use and for tests."""
    products = {product.handle: gid("Product", numbers()) for product in catalogue.products}
    variants = {
        sku: VariantIds(gid("ProductVariant", numbers()), products[product.handle], gid("InventoryItem", numbers()))
        for sku, (product, _) in catalogue.variants.items()
    }
    return References(
        variants=variants,
        customers={person.email: gid("Customer", numbers()) for person in catalogue.customers_of(shop)},
        locations={place.name: gid("Location", numbers()) for place in catalogue.locations_of(shop)},
        companies=_new_companies(catalogue, shop, numbers),
    )


def seeded(state: State, domain: str, catalogue: Catalogue) -> References:
    """References to what a seeder put into a shop.

    Companies get ids here when the shop has none stored. Raises LookupError naming what the seeder left out.
    """
    shop = catalogue.shop(domain)
    references = References(
        variants={
            record["sku"]: _variant_ids(record) for record in state.all(domain, "ProductVariant") if record.get("sku")
        },
        customers={address: record["id"] for record in state.all(domain, "Customer") if (address := _email(record))},
        locations={record["name"]: record["id"] for record in state.all(domain, "Location")},
        companies=_stored_companies(state, domain) or _new_companies(catalogue, shop.code, state.space(domain).number),
    )
    _require("variants", catalogue.variants, references.variants)
    _require("customers", (person.email for person in catalogue.customers_of(shop.code)), references.customers)
    _require("locations", (place.name for place in catalogue.locations_of(shop.code)), references.locations)
    return references


def _variant_ids(record: Record) -> VariantIds:
    return VariantIds(record["id"], record["product"]["id"], record["inventoryItem"]["id"])


def _email(record: Record) -> str | None:
    address = (record.get("defaultEmailAddress") or {}).get("emailAddress") or record.get("email")
    return str(address) if address else None


def _stored_companies(state: State, domain: str) -> dict[str, CompanyIds]:
    branches: dict[str, dict[str, str]] = {}
    for record in state.all(domain, "CompanyLocation"):
        branches.setdefault(record["company"]["id"], {})[str(record.get("externalId"))] = record["id"]
    contacts = {record["company"]["id"]: record["id"] for record in state.all(domain, "CompanyContact")}
    return {
        str(record.get("externalId")): CompanyIds(
            record["id"], contacts[record["id"]], branches.get(record["id"], {}), stored=True
        )
        for record in state.all(domain, "Company")
    }


def _new_companies(catalogue: Catalogue, shop: str, numbers: Numbers) -> dict[str, CompanyIds]:
    return {
        company.code: CompanyIds(
            gid("Company", numbers()),
            gid("CompanyContact", numbers()),
            {branch.code: gid("CompanyLocation", numbers()) for branch in company.locations},
        )
        for company in catalogue.companies_of(shop)
    }


def _require(what: str, named: Iterable[str], known: Iterable[str]) -> None:
    missing = sorted(set(named) - set(known))
    if missing:
        raise LookupError(f"the shop lacks {what} of the catalogue: {', '.join(missing[:5])}; seed it first")
