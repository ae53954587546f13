"""Mailing addresses: from the input a client sends to the fields a shop answers."""

from typing import Any

from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
COUNTRIES = {
    "AT": "Austria",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "FR": "France",
    "GB": "United Kingdom",
    "NL": "Netherlands",
    "US": "United States",
}
PROVINCES = {
    ("CA", "ON"): "Ontario",
    ("CA", "QC"): "Quebec",
    ("US", "CA"): "California",
    ("US", "NJ"): "New Jersey",
    ("US", "NV"): "Nevada",
    ("US", "NY"): "New York",
    ("US", "TX"): "Texas",
}
_PLAIN = ("address1", "address2", "city", "company", "firstName", "lastName", "phone", "zip")


def address_of(call: Call, given: Arguments) -> Record:
    """A stored MailingAddress; names of country and province follow from their codes."""
    country = given.get("countryCode") or _code(COUNTRIES, given.get("country"))
    province = given.get("provinceCode") or given.get("province")
    return {
        "id": gid("MailingAddress", call.space.number()),
        **{name: given.get(name) for name in _PLAIN},
        "country": COUNTRIES.get(country or "", given.get("country")),
        "countryCode": country,
        "countryCodeV2": country,
        "province": PROVINCES.get((country or "", province or ""), given.get("province") or province),
        "provinceCode": given.get("provinceCode"),
    }


def _code(names: dict[str, str], name: str | None) -> str | None:
    return next((code for code, known in names.items() if known == name or code == name), None)


@domain.computed("MailingAddress", "name")
def name(_call: Call, record: Record, _arguments: Arguments) -> str | None:
    """First and last name."""
    return record.get("name") or _joined(record, "firstName", "lastName")


@domain.computed("MailingAddress", "formattedArea")
def formatted_area(_call: Call, record: Record, _arguments: Arguments) -> str | None:
    """City, province and country in one line."""
    city, province = record.get("city"), record.get("provinceCode")
    place = " ".join(part for part in (city, province) if part)
    return ", ".join(part for part in (place, record.get("country")) if part) or None


@domain.computed("MailingAddress", "formatted")
@domain.computed("LocationAddress", "formatted")
def formatted(_call: Call, record: Record, arguments: Arguments) -> list[str]:
    """The address as lines."""
    lines: list[Any] = [_joined(record, "firstName", "lastName")] if arguments.get("withName") else []
    lines += [record.get("company")] if arguments.get("withCompany", True) else []
    lines += [record.get("address1"), record.get("address2")]
    lines += [_joined(record, "city", "provinceCode", "zip"), record.get("country")]
    return [line for line in lines if line]


def _joined(record: Record, *names: str) -> str | None:
    return " ".join(str(record[name]) for name in names if record.get(name)) or None
