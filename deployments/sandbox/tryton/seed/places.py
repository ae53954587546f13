"""Countries with their subdivisions, postal addresses, and one warehouse for each location of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deployments.sandbox.catalogue import Address, Catalogue

COUNTRY_NAMES = {"US": "United States", "CA": "Canada", "DE": "Germany", "FR": "France"}
USAGES = ("invoice", "delivery")


class Countries:
    """Countries and subdivisions by ISO code, as the records an address points to."""

    def __init__(
        self, countries: dict[str, Any], subdivisions: dict[str, Any], usages: tuple[str, ...] = USAGES
    ) -> None:
        self._countries = countries
        self._subdivisions = subdivisions
        self._usages = usages

    def address(self, address: Address, name: str = "") -> dict[str, Any]:
        """The values of a `party.address`, for every use that this database knows."""
        subdivision = self._subdivisions.get(f"{address.country_code}-{address.province_code}")
        return {
            "party_name": name,
            "street": address.address1,
            "postal_code": address.zip,
            "city": address.city,
            "country": self._countries[address.country_code].id,
            "subdivision": subdivision.id if subdivision else None,
            **dict.fromkeys(self._usages, True),
        }


def create_countries(pool: Any, catalogue: Catalogue, usages: tuple[str, ...] = USAGES) -> Countries:
    """Create the countries and provinces that occur in the catalogue."""
    addresses = list(_addresses(catalogue))
    codes = sorted({address.country_code for address in addresses})
    created = pool.get("country.country").create(
        [{"code": code, "name": COUNTRY_NAMES.get(code, code)} for code in codes]
    )
    countries = dict(zip(codes, created, strict=True))
    provinces = sorted(
        {(a.country_code, a.province_code, a.province or a.province_code) for a in addresses if a.province_code}
    )
    subdivisions = pool.get("country.subdivision").create(
        [
            {"country": countries[country].id, "code": f"{country}-{code}", "name": name, "type": "state"}
            for country, code, name in provinces
        ]
    )
    return Countries(countries, {subdivision.code: subdivision for subdivision in subdivisions}, usages)


def create_warehouses(pool: Any, catalogue: Catalogue, countries: Countries) -> dict[str, Any]:
    """Create a warehouse per location of the catalogue, with input, storage and output; return them by code."""
    location = pool.get("stock.location")
    (lost_found,) = location.search([("type", "=", "lost_found")], limit=1)
    areas = location.create(
        [
            {"name": f"{place.name} {area}", "code": f"{place.code}-{area[:3].upper()}", "type": "storage"}
            for place in catalogue.locations
            for area in ("Input", "Storage", "Output")
        ]
    )
    addresses = _warehouse_addresses(pool, catalogue, countries)
    warehouses = location.create(
        [
            {
                "name": place.name,
                "code": place.code,
                "type": "warehouse",
                "address": addresses[place.code],
                "input_location": areas[3 * row].id,
                "storage_location": areas[3 * row + 1].id,
                "output_location": areas[3 * row + 2].id,
                "lost_found_location": lost_found.id,  # without it an inventory cannot be confirmed
            }
            for row, place in enumerate(catalogue.locations)
        ]
    )
    return {warehouse.code: warehouse for warehouse in warehouses}


def _warehouse_addresses(pool: Any, catalogue: Catalogue, countries: Countries) -> dict[str, int]:
    """Addresses belong to a party in Tryton; the locations share one."""
    (party,) = pool.get("party.party").create(
        [
            {
                "name": "Quayside locations",
                "code": "LOCATIONS",
                "addresses": [
                    ("create", [countries.address(place.address, place.name) for place in catalogue.locations])
                ],
            }
        ]
    )
    return {place.code: address.id for place, address in zip(catalogue.locations, party.addresses, strict=True)}


def _addresses(catalogue: Catalogue) -> Iterator[Address]:
    yield from (place.address for place in catalogue.locations)
    yield from (customer.address for customer in catalogue.customers)
    yield from (branch.address for company in catalogue.companies for branch in company.locations)
