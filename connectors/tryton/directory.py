"""Master data by code, asked for in batches and remembered: shops, items, taxes, warehouses, countries, journals.

A code that Tryton lacks is asked for again the next time, so that adding it there is enough; what was found is asked
for again after ten minutes, so that a changed rate is too.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from canonical.booking import SalesOrderDocument
from canonical.errors import MisconfiguredError
from canonical.party import Address
from connectors.tryton.client import TrytonClient
from connectors.tryton.schemas import Item, References, Tax, WebShop

T = TypeVar("T")


REMEMBERED_SECONDS = 600.0


class _Memory(Generic[T]):
    """What was found, for a while."""

    def __init__(self) -> None:
        self._known: dict[str, T] = {}
        self._since = time.monotonic()

    def known(self) -> dict[str, T]:
        """What is still remembered: all of it, or nothing when it has become old."""
        if time.monotonic() - self._since > REMEMBERED_SECONDS:
            self._known, self._since = {}, time.monotonic()
        return self._known


class _Table(Generic[T]):
    """Records of one model by one of their fields."""

    def __init__(
        self,
        client: TrytonClient,
        model: str,
        key: str,
        fields: Sequence[str],
        record: Callable[[Mapping[str, Any]], T],
        *domain: Any,
    ) -> None:
        self._client, self._model, self._key, self._fields = client, model, key, list(fields)
        self._record, self._domain = record, list(domain)
        self._memory: _Memory[T] = _Memory()

    async def find(self, codes: Iterable[str]) -> dict[str, T]:
        """The records of these codes, as far as they exist; the oldest where a code is not unique."""
        wanted, known = sorted(set(codes)), self._memory.known()
        missing = [code for code in wanted if code not in known]
        if missing:
            domain = [(self._key, "in", missing), *self._domain]
            rows = await self._client.read(
                f"model.{self._model}.search_read", domain, 0, None, [("id", "ASC")], [self._key, *self._fields]
            )
            for row in rows:
                known.setdefault(row[self._key], self._record(row))
        return {code: known[code] for code in wanted if code in known}


class Directory:
    """The company's master data. `web_shops` names the web shop of each shop."""

    def __init__(self, client: TrytonClient, web_shops: Mapping[str, str]) -> None:
        self._web_shops = dict(web_shops)
        self._shops = _Table(client, "web.shop", "name", ["company", "currency", "currency.code"], _web_shop)
        self._items = _Table(client, "product.product", "code", ["sale_uom", "gift_card"], _item)
        self._taxes = _Table(client, "account.tax", "name", ["rate"], _tax, ("type", "=", "percentage"))
        self._warehouses = _Table(client, "stock.location", "code", [], _id, ("type", "=", "warehouse"))
        self._countries = _Table(client, "country.country", "code", [], _id)
        self._regions = _Table(client, "country.subdivision", "code", [], _id)
        self._journals = _Table(client, "account.payment.journal", "name", [], _id)
        self._terms = _PaymentTerms(client)

    async def shops(self) -> dict[str, WebShop]:
        """The web shop of every shop that books here. Raises `MisconfiguredError` naming those that Tryton lacks."""
        found = await self._shops.find(self._web_shops.values())
        if lacking := sorted(set(self._web_shops.values()) - set(found)):
            raise MisconfiguredError(
                f"Tryton has no web shop {', '.join(lacking)} that the connector's user may see",
                code="erp_web_shop_unknown",
                way_out="Create the web shop in Tryton under the name of the shop's domain.",
            )
        return {shop: found[name] for shop, name in self._web_shops.items()}

    async def references(self, documents: Sequence[SalesOrderDocument], *items: str) -> References:
        """What these documents point to; `items` are looked up besides."""
        lines = [line for document in documents for line in document.lines]
        addresses = [a for d in documents for a in (d.invoice_address, d.shipping_address) if a is not None]
        return References(
            shops=await self.shops(),
            items=await self._items.find({*items, *(line.item for line in lines)}),
            taxes=await self._taxes.find(tax.code for line in lines for tax in line.taxes),
            warehouses=await self._warehouses.find(document.warehouse for document in documents),
            terms=await self._terms.find(terms_code(d) for d in documents if d.payment_terms_days is not None),
            journals=await self._journals.find(tender.method for d in documents for tender in d.tenders),
            countries=await self._countries.find(a.country for a in addresses if a.country),
            regions=await self._regions.find(region_code(a) for a in addresses if a.region),
        )

    async def items(self, codes: Iterable[str]) -> dict[str, Item]:
        """The products of these codes, as far as they exist."""
        return await self._items.find(codes)

    async def journals(self, names: Iterable[str]) -> dict[str, int]:
        """The payment journals of these names, as far as they exist."""
        return await self._journals.find(names)

    async def places(self, addresses: Iterable[Address]) -> References:
        """The countries and regions of these addresses."""
        known = list(addresses)
        return References(
            countries=await self._countries.find(a.country for a in known if a.country),
            regions=await self._regions.find(region_code(a) for a in known if a.region),
        )


class _PaymentTerms:
    """Payment terms by the days they give: the oldest whose only line is the whole amount after so many days."""

    def __init__(self, client: TrytonClient) -> None:
        self._client = client
        self._memory: _Memory[int] = _Memory()

    async def find(self, days: Iterable[str]) -> dict[str, int]:
        wanted, known = sorted(set(days)), self._memory.known()
        if not set(wanted) <= set(known):
            rows = await self._client.read(
                "model.account.invoice.payment_term.search_read",
                [],
                0,
                None,
                [("id", "ASC")],
                ["lines.type", "lines.relativedeltas.days", "lines.relativedeltas.months", "lines.relativedeltas.weeks",
                 "lines.relativedeltas.day"],
            )  # fmt: skip
            for row in rows:
                if (term := _plain_days(row)) is not None:
                    known.setdefault(term, row["id"])
        return {code: known[code] for code in wanted if code in known}


def region_code(address: Address) -> str:
    """ISO 3166-2, as Tryton writes it: US-CA."""
    return f"{address.country}-{address.region}"


def terms_code(document: SalesOrderDocument) -> str:
    """The payment terms of a document, by their days."""
    return str(document.payment_terms_days)


def _plain_days(row: Mapping[str, Any]) -> str | None:
    """The days of a payment term of one line and one delay; None for terms that say more than that."""
    lines = row["lines."]
    deltas = lines[0]["relativedeltas."] if len(lines) == 1 and lines[0]["type"] == "remainder" else []
    if len(deltas) != 1 or any(deltas[0].get(unit) for unit in ("months", "weeks", "day")):
        return None
    return str(deltas[0]["days"] or 0)


def _web_shop(row: Mapping[str, Any]) -> WebShop:
    return WebShop(row["id"], row["company"], row["currency"], row["currency."]["code"])


def _item(row: Mapping[str, Any]) -> Item:
    return Item(row["id"], row["sale_uom"], bool(row["gift_card"]))


def _tax(row: Mapping[str, Any]) -> Tax:
    return Tax(row["id"], row["rate"])


def _id(row: Mapping[str, Any]) -> int:
    return int(row["id"])
