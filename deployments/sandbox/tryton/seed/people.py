"""The customers that the back office already knows: people, and companies with their branches and payment terms."""

from __future__ import annotations

from typing import Any

from deployments.sandbox.catalogue import Catalogue, Company, Customer
from deployments.sandbox.tryton.seed.places import Countries


def create_people(pool: Any, catalogue: Catalogue, countries: Countries) -> None:
    """Create a party for each customer and company of the catalogue, and the payment terms they buy under."""
    terms = _payment_terms(pool, sorted({company.payment_terms_days for company in catalogue.companies}))
    people = [_person(customer, countries) for customer in catalogue.customers]
    companies = [_company(company, countries, terms[company.payment_terms_days]) for company in catalogue.companies]
    pool.get("party.party").create(people + companies)


def _payment_terms(pool: Any, days: list[int]) -> dict[int, Any]:
    """`Net N days`, which Tryton brings for the usual N; the others are created."""
    model = pool.get("account.invoice.payment_term")
    names = {count: f"Net {count} days" for count in days}
    terms = {term.name: term for term in model.search([("name", "in", list(names.values()))])}
    lacking = [count for count, name in names.items() if name not in terms]
    created = model.create(
        [
            {
                "name": names[count],
                "lines": [("create", [{"type": "remainder", "relativedeltas": [("create", [{"days": count}])]}])],
            }
            for count in lacking
        ]
    )
    terms |= {term.name: term for term in created}
    return {count: terms[name] for count, name in names.items()}


def _person(customer: Customer, countries: Countries) -> dict[str, Any]:
    contacts = [{"type": "email", "value": customer.email}]
    if customer.phone:
        contacts.append({"type": "phone", "value": customer.phone})
    return {
        "name": f"{customer.first_name} {customer.last_name}",
        "code": customer.code,
        "addresses": [("create", [countries.address(customer.address)])],
        "contact_mechanisms": [("create", contacts)],
    }


def _company(company: Company, countries: Countries, term: Any) -> dict[str, Any]:
    branches = [countries.address(branch.address, branch.name) for branch in company.locations]
    return {
        "name": company.name,
        "code": company.code,
        "addresses": [("create", branches)],
        "identifiers": [("create", [{"code": company.tax_number}])] if company.tax_number else [],
        "customer_payment_term": term.id,
    }
