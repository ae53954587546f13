"""Addresses and buyers of an order, as the Admin schema spells them."""

from deployments.sandbox.catalogue import Address
from deployments.sandbox.shopify.generator.cart import Cart
from deployments.sandbox.shopify.generator.references import Numbers, References
from deployments.sandbox.shopify.records import Record, gid

COUNTRIES = {"US": "United States", "CA": "Canada", "DE": "Germany", "FR": "France"}
LOCALES = {"DE": "de", "FR": "fr"}


def mailing_address(cart: Cart, address: Address, numbers: Numbers) -> Record:
    """A MailingAddress of the order's buyer."""
    customer = cart.customer
    first, last = (customer.first_name, customer.last_name) if customer else (None, None)
    return {
        "id": gid("MailingAddress", numbers()),
        "firstName": first,
        "lastName": last,
        "name": f"{first} {last}" if customer else None,
        "company": cart.company.name if cart.company else None,
        "address1": address.address1,
        "address2": None,
        "city": address.city,
        "zip": address.zip,
        "province": address.province,
        "provinceCode": address.province_code,
        "country": COUNTRIES[address.country_code],
        "countryCodeV2": address.country_code,
        "phone": customer.phone if customer else None,
        "latitude": None,
        "longitude": None,
        "coordinatesValidated": False,
    }


def buyer(cart: Cart, references: References, numbers: Numbers) -> Record:
    """The order fields that say who bought and where it goes; all null for a walk-in."""
    customer = cart.customer
    billing = cart.branch.address if cart.branch else customer.address if customer else None
    reference = {"id": references.customers[customer.email]} if customer else None
    return {
        "customer": reference,
        "email": customer.email if customer else None,
        "phone": None,
        "customerLocale": LOCALES.get(customer.address.country_code, "en") if customer else None,
        "customerAcceptsMarketing": False,
        "billingAddress": mailing_address(cart, billing, numbers) if billing else None,
        "shippingAddress": mailing_address(cart, cart.destination, numbers) if cart.destination else None,
        "billingAddressMatchesShippingAddress": cart.destination is not None,
        "purchasingEntity": _company(cart, references) if cart.company else reference,
    }


def _company(cart: Cart, references: References) -> Record:
    """A PurchasingCompany; company, branch and contact are written out where the shop has no records of them."""
    company, branch, contact = cart.company, cart.branch, cart.customer
    if company is None or branch is None or contact is None:
        raise ValueError("a company buys through one of its branches and a contact")
    ids = references.companies[company.code]
    bought_by: Record = {"company": {"id": ids.company}, "location": {"id": ids.branches[branch.code]}}
    bought_by["contact"] = {"id": ids.contact}
    if not ids.stored:
        bought_by["company"] |= {"name": company.name, "externalId": company.code}
        bought_by["location"] |= {"name": branch.name, "externalId": branch.code}
        bought_by["contact"] |= {"customer": {"id": references.customers[contact.email]}, "isMainContact": True}
    return {"__typename": "PurchasingCompany", **bought_by}
