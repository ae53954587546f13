"""The landscape: which shops, ERP companies and systems there are, and which system owns which domain for which shop.

It is written once, in TOML, and read at start. `read_landscape` reports everything that is wrong in one go, each
sentence naming the entry, so that a file is repaired in one pass.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from canonical.errors import MisconfiguredError
from canonical.model import Code, Model
from canonical.money import Currency
from canonical.product_fields import EVERY_SHOP as EVERY_SHOP
from canonical.product_fields import FieldOwnership, field_owners, field_problems, product_fields
from canonical.rules.guards import GuardLimits
from canonical.stock_owners import StockOwnership, owner_of_stock, stock_problems
from canonical.warehouse_places import EVERYWHERE, WarehousePlaces, ships_from, warehouse_problems


class Role(StrEnum):
    """What a system is to us."""

    CHANNEL = "channel"
    ERP = "erp"
    WMS = "wms"
    OMS = "oms"
    PIM = "pim"
    ROUTING = "routing"


class Domain(StrEnum):
    """What a system can be the system of record for."""

    PRODUCT_MASTER = "product_master"
    INVENTORY = "inventory"
    ORDERS = "orders"
    SHIPMENTS = "shipments"
    RETURNS = "returns"
    CUSTOMERS = "customers"
    PAYMENTS = "payments"


class System(Model):
    """A system we talk to. `kind` names the connector; the address comes from the environment, never from this file."""

    name: Code
    kind: Code
    role: Role
    base_url_env: Code | None = None


class Company(Model):
    """A company in an ERP: it books in one currency, from one warehouse unless the order names a location.

    `reference` is what the ERP calls the company where that differs from `name`.
    """

    name: Code
    system: Code
    currency: Currency
    warehouse: Code
    reference: str | None = None


class OrderPolicy(Model):
    """How orders of a shop are treated. The defaults book what is paid or authorised and nothing that is a test.

    `wait_for_risk_minutes` holds an order that has no fraud advice yet, at most so long after it was placed (0: never).
    """

    book_test_orders: bool = False
    book_authorized: bool = True
    book_guests: bool = True
    wait_for_risk_minutes: int = Field(default=0, ge=0, le=1440)
    write_back: bool = True


class ProductPolicy(Model):
    """What a product of a shop must have, as fields of `product_fields`.

    Without one of `required` it is not published at all; without one of `active_with` it stays a draft.
    """

    required: tuple[Code, ...] = ("title",)
    active_with: tuple[Code, ...] = ()


class Shop(Model):
    """A shop of a channel, and the company that books its orders."""

    name: Code
    domain: Code
    channel: Code
    currency: Currency
    company: Code
    orders: OrderPolicy = OrderPolicy()
    guards: GuardLimits = GuardLimits()
    products: ProductPolicy = ProductPolicy()


class Ownership(Model):
    """The owner of a domain, for one shop or for every shop (`*`). The entry of a shop goes before that for all."""

    domain: Domain
    owner: Code
    shop: Code = EVERY_SHOP


class Landscape(Model):
    """All of it, checked. Made by `read_landscape`."""

    systems: tuple[System, ...]
    companies: tuple[Company, ...]
    shops: tuple[Shop, ...]
    ownership: tuple[Ownership, ...]
    fields: tuple[FieldOwnership, ...] = ()
    stock: tuple[StockOwnership, ...] = ()
    warehouses: tuple[WarehousePlaces, ...] = ()

    def shop(self, name: str) -> Shop:
        """The shop by name. Raises `MisconfiguredError` when there is none."""
        return _find(self.shops, name, "shop")

    def shop_at(self, domain: str) -> Shop | None:
        """The shop by its domain (`north.myshopify.com`), case ignored; None when it is not one of ours."""
        return next((shop for shop in self.shops if shop.domain.lower() == domain.lower()), None)

    def company(self, name: str) -> Company:
        """The company by name. Raises `MisconfiguredError` when there is none."""
        return _find(self.companies, name, "company")

    def system(self, name: str) -> System:
        """The system by name. Raises `MisconfiguredError` when there is none."""
        return _find(self.systems, name, "system")

    def company_of(self, shop: str) -> Company:
        """The company that books the shop's orders."""
        return self.company(self.shop(shop).company)

    def shops_of(self, company: str) -> tuple[Shop, ...]:
        """The shops that book into the company."""
        return tuple(shop for shop in self.shops if shop.company == company)

    def owner(self, domain: Domain, shop: str) -> System:
        """The system of record of a domain for a shop. Raises `MisconfiguredError` when nobody owns it."""
        for scope in (shop, EVERY_SHOP):
            for entry in self.ownership:
                if (entry.domain, entry.shop) == (domain, scope):
                    return self.system(entry.owner)
        raise MisconfiguredError(f"nobody owns {domain} for shop {shop}", code="landscape_invalid")

    def field_owners(self, shop: str) -> dict[str, str]:
        """The system that owns each field of the shop's products: every field of `product_fields`, none left out.

        Raises `MisconfiguredError` when nobody owns the product master.
        """
        return field_owners(self.fields, self.owner(Domain.PRODUCT_MASTER, shop).name, shop)

    def stock_owner(self, company: str, location: str) -> StockOwnership:
        """Who owns available-to-sell at a canonical location, and which system tells it.

        Nobody named: we compute it from what the company's ERP tells. Raises `MisconfiguredError` for no such company.
        """
        return owner_of_stock(self.stock, company, location, self.company(company).system)

    def warehouse_at(self, company: str, location: str) -> System | None:
        """The system that ships from a canonical location; None where the landscape names none."""
        name = ships_from(self.warehouses, company, location)
        return self.system(name) if name else None

    def warehouses_of(self, company: str) -> tuple[System, ...]:
        """The systems that ship for a company, each once."""
        names = {entry.system for entry in self.warehouses if entry.company in (company, EVERYWHERE)}
        return tuple(self.system(name) for name in sorted(names))

    def problems(self) -> list[str]:
        """Everything that contradicts itself, one sentence each; empty when the landscape is sound."""
        roles = {s.name: s.role for s in self.systems}
        return [
            *_repeated("system", (s.name for s in self.systems)),
            *_repeated("company", (c.name for c in self.companies)),
            *_repeated("shop", (s.name for s in self.shops)),
            *_repeated("shop domain", (s.domain.lower() for s in self.shops)),
            *self._company_problems(),
            *self._shop_problems(),
            *self._ownership_problems(),
            *field_problems(self.fields, roles, [s.name for s in self.shops]),
            *stock_problems(self.stock, {s.name: s.role for s in self.systems}, [c.name for c in self.companies]),
            *warehouse_problems(
                self.warehouses, {s.name: s.role for s in self.systems}, [c.name for c in self.companies]
            ),
        ]

    def _company_problems(self) -> Iterable[str]:
        roles = {s.name: s.role for s in self.systems}
        for company in self.companies:
            if company.system not in roles:
                yield f"company {company.name}: system {company.system} is not declared"
            elif roles[company.system] is not Role.ERP:
                yield f"company {company.name}: system {company.system} is no ERP but a {roles[company.system]}"

    def _shop_problems(self) -> Iterable[str]:
        roles = {s.name: s.role for s in self.systems}
        companies = {c.name: c for c in self.companies}
        for shop in self.shops:
            if roles.get(shop.channel) is not Role.CHANNEL:
                yield f"shop {shop.name}: channel {shop.channel} is not a declared system with role channel"
            if (company := companies.get(shop.company)) is None:
                yield f"shop {shop.name}: company {shop.company} is not declared"
            elif company.currency != shop.currency:
                yield (
                    f"shop {shop.name}: sells in {shop.currency} but company {company.name} books in {company.currency}"
                )
            for name in (*shop.products.required, *shop.products.active_with):
                if name not in product_fields():
                    yield f"shop {shop.name}: products have no field {name}"

    def _ownership_problems(self) -> Iterable[str]:
        systems, shops = {s.name for s in self.systems}, {s.name for s in self.shops}
        for entry in self.ownership:
            place = f"ownership of {entry.domain} ({'every shop' if entry.shop == EVERY_SHOP else entry.shop})"
            if entry.owner not in systems:
                yield f"{place}: owner {entry.owner} is not a declared system"
            if entry.shop not in shops | {EVERY_SHOP}:
                yield f"{place}: shop {entry.shop} is not declared"
        counts = Counter((entry.domain, entry.shop) for entry in self.ownership)
        for (domain, shop), count in counts.items():
            if count > 1:
                owners = [e.owner for e in self.ownership if (e.domain, e.shop) == (domain, shop)]
                yield f"ownership of {domain} ({shop}): {count} entries ({', '.join(owners)}); there is one owner"
        for shop in sorted(shops):
            for domain in Domain:
                if not {(domain, shop), (domain, EVERY_SHOP)} & set(counts):
                    yield f"shop {shop}: nobody owns {domain}"


_M = TypeVar("_M", bound=Model)
_SECTIONS: dict[str, type[Model]] = {
    "systems": System,
    "companies": Company,
    "shops": Shop,
    "ownership": Ownership,
    "fields": FieldOwnership,
    "stock": StockOwnership,
    "warehouses": WarehousePlaces,
}
_SINGULAR = {
    "systems": "system",
    "companies": "company",
    "shops": "shop",
    "ownership": "ownership",
    "fields": "fields",
    "stock": "stock",
    "warehouses": "warehouse",
}
_OPTIONAL = frozenset({"fields", "stock", "warehouses"})


def read_landscape(text: str, source: str = "landscape.toml") -> Landscape:
    """The landscape in a TOML text. Pure: who reads the file gives its text.

    Raises `MisconfiguredError` whose words list every problem, one a line.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise MisconfiguredError(f"not TOML: {cause}", code="landscape_invalid", document=source) from cause
    found: dict[str, list[Model]] = {}
    problems = [f"unknown section {name}" for name in data if name not in _SECTIONS]
    for name, kind in _SECTIONS.items():
        entries, faults = _entries(_SINGULAR[name], kind, data.get(name, []))
        found[name] = entries
        problems += faults or ([] if entries or name in _OPTIONAL else [f"section {name} is missing or empty"])
    landscape = Landscape.model_construct(**{name: tuple(entries) for name, entries in found.items()})  # type: ignore[arg-type]
    problems += landscape.problems()
    if problems:
        raise MisconfiguredError(
            "\n".join(problems), code="landscape_invalid", document=source, way_out="Correct the file and start again"
        )
    return landscape


def _entries(section: str, kind: type[_M], rows: Any) -> tuple[list[_M], list[str]]:
    """The entries that can be read, and a sentence for each field of those that cannot."""
    if not isinstance(rows, list):
        return [], [f"{section}: write it as [[...]] entries"]
    entries: list[_M] = []
    faults: list[str] = []
    for place, row in enumerate(rows, 1):
        label = row.get("name") or row.get("domain") or row.get("system") if isinstance(row, dict) else None
        try:
            entries.append(kind.model_validate_json(json.dumps(row, default=str)))
        except ValidationError as error:
            faults += [f"{section} {label or place}: {_field(e)}: {e['msg']}" for e in error.errors()]
    return entries, faults


def _field(error: Any) -> str:
    return ".".join(str(part) for part in error["loc"]) or "entry"


def _repeated(what: str, names: Iterable[str]) -> list[str]:
    return [f"{what} {name} is declared {count} times" for name, count in Counter(names).items() if count > 1]


_Named = TypeVar("_Named", Shop, Company, System)


def _find(entries: tuple[_Named, ...], name: str, what: str) -> _Named:
    for entry in entries:
        if entry.name == name:
            return entry
    raise MisconfiguredError(
        f"the landscape has no {what} {name}; it has {', '.join(e.name for e in entries) or 'none'}",
        code="landscape_unknown",
    )
