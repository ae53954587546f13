"""Bodies of customers/*, and the customer and the addresses inside an order."""

from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.webhooks.rest import Source, lower, number

Body = dict[str, Any]


def customer_body(record: Record, source: Source) -> Body:
    """customers/create, customers/update and the like."""
    addresses = [
        customer_address(address, record) for address in record.get("addressesV2") or record.get("addresses") or ()
    ]
    return {**customer_of_order(record, source), "note": record.get("note"), "addresses": addresses}


def deleted_customer_body(record: Record, source: Source) -> Body:
    """customers/delete."""
    tax_exemptions = [lower(one) for one in record.get("taxExemptions") or ()]
    return {"id": number(record), "tax_exemptions": tax_exemptions, "admin_graphql_api_id": record["id"]}


def customer_of_order(record: Record, source: Source) -> Body:
    """The customer as an order carries it."""
    default = record.get("defaultAddress")
    return {
        "id": number(record),
        "created_at": source.time(record.get("createdAt")),
        "updated_at": source.time(record.get("updatedAt")),
        "first_name": record.get("firstName"),
        "last_name": record.get("lastName"),
        "state": lower(record.get("state") or "DISABLED"),
        "note": record.get("note"),
        "verified_email": bool(record.get("verifiedEmail", True)),
        "multipass_identifier": record.get("multipassIdentifier"),
        "tax_exempt": bool(record.get("taxExempt")),
        "email": (record.get("defaultEmailAddress") or {}).get("emailAddress") or record.get("email"),
        "phone": (record.get("defaultPhoneNumber") or {}).get("phoneNumber") or record.get("phone"),
        "currency": source.shop.get("currencyCode"),
        "tax_exemptions": [lower(one) for one in record.get("taxExemptions") or ()],
        "admin_graphql_api_id": record["id"],
        "default_address": customer_address(default, record) if default else None,
    }


def customer_address(address: Record, customer: Record) -> Body:
    """An address in a customer's address book."""
    default = (customer.get("defaultAddress") or {}).get("id")
    names = (
        "first_name",
        "last_name",
        "company",
        "address1",
        "address2",
        "city",
        "province",
        "country",
        "zip",
        "phone",
    )
    written = address_body(address)
    return {
        "id": number(address),
        "customer_id": number(customer),
        **{name: written[name] for name in (*names, "name", "province_code", "country_code")},
        "country_name": written["country"],
        "default": address.get("id") == default,
    }


def address_body(address: Record) -> Body:
    """A billing or shipping address."""
    return {
        "first_name": address.get("firstName"),
        "address1": address.get("address1"),
        "phone": address.get("phone"),
        "city": address.get("city"),
        "zip": address.get("zip"),
        "province": address.get("province"),
        "country": address.get("country"),
        "last_name": address.get("lastName"),
        "address2": address.get("address2"),
        "company": address.get("company"),
        "latitude": address.get("latitude"),
        "longitude": address.get("longitude"),
        "name": address.get("name") or _full_name(address),
        "country_code": address.get("countryCodeV2") or address.get("countryCode"),
        "province_code": address.get("provinceCode"),
    }


def _full_name(address: Record) -> str | None:
    return " ".join(part for part in (address.get("firstName"), address.get("lastName")) if part) or None
