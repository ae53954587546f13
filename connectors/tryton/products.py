"""Tryton behind the port `ProductSource`: the product templates of one company, with its prices.

The key is the template's code, or the code of its first variant where it has none. What is neither salable nor active
is archived. Services that an order needs, shipping and the like, are no products: the settings name them.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import httpx
from pydantic import ValidationError

from canonical.errors import MisconfiguredError, RejectedError
from canonical.ports.products import ProductReport
from canonical.product import SourceProduct
from connectors.tryton.client import TrytonClient
from connectors.tryton.product_rows import OPTIONAL, TEMPLATE_FIELDS, changed_at, fields_of, source_product
from connectors.tryton.settings import TrytonSettings

MOST_PRODUCTS = 200  # templates of one call, with all their variants
OVERLAP = timedelta(seconds=120)
"""Tryton dates a change by the begin of its transaction, which others see when it ends."""
_PARTS = ("", "list_prices.", "products.", "products.list_prices.", "products.identifiers.")


class TrytonProducts:
    """Implements `canonical.ports.products.ProductSource`."""

    def __init__(self, system: str, company: str, client: TrytonClient, not_products: Sequence[str]) -> None:
        self.system, self._company = system, company
        self._client, self._not_products = client, tuple(not_products)
        self._present: list[str] | None = None
        self._currency: str | None = None

    async def changes(self, cursor: str | None) -> AsyncIterator[ProductReport]:
        """See the port. The cursor is the time of the newest change; two minutes before it are read again."""
        last = _moment(cursor) if cursor else None
        ids = await self._templates([_changed_since(last - OVERLAP)] if last else [])
        for start in range(0, len(ids), MOST_PRODUCTS):
            report, newest = await self._read(ids[start : start + MOST_PRODUCTS])
            last = max(last or newest, newest) if newest else last
            done = start + MOST_PRODUCTS >= len(ids)
            cursor = last.isoformat() if done and last else None
            yield ProductReport(report.products, report.errors, cursor, report.read)
        if not ids:
            yield ProductReport((), (), cursor)

    async def products(self, keys: Sequence[str]) -> ProductReport:
        """See the port."""
        wanted = sorted(set(keys))
        ids = await self._templates(["OR", ("code", "in", wanted), ("products.code", "in", wanted)])
        products: list[SourceProduct] = []
        errors: list[RejectedError] = []
        for start in range(0, len(ids), MOST_PRODUCTS):
            report, _ = await self._read(ids[start : start + MOST_PRODUCTS])
            products += (product for product in report.products if product.key in set(wanted))
            errors += report.errors
        return ProductReport(tuple(products), tuple(errors))

    async def check(self) -> None:
        """See the port."""
        await self._client.company()

    async def aclose(self) -> None:
        """Close the connections; Tryton forgets the session by itself."""
        await self._client.aclose()

    async def _templates(self, domain: list[Any]) -> list[int]:
        ids: list[int] = await self._client.read(
            "model.product.template.search", domain, 0, None, [("id", "ASC")], context={"active_test": False}
        )
        return ids

    async def _read(self, ids: Sequence[int]) -> tuple[ProductReport, datetime | None]:
        """These templates as products, and when the newest of them changed."""
        present, currency = await self._modules(), await self._company_currency()
        templates = await self._rows("product.template", [("id", "in", list(ids))], list(TEMPLATE_FIELDS))
        rows = await self._rows("product.product", [("template", "in", list(ids))], fields_of(present))
        variants: dict[int, list[Mapping[str, Any]]] = {}
        for row in rows:
            variants.setdefault(row["template"], []).append(row)
        products: list[SourceProduct] = []
        errors: list[RejectedError] = []
        for template in templates:
            mine = variants.get(template["id"], [])
            if self._is_service(mine):
                continue
            try:
                found = source_product(
                    template, mine, present, source=self.system, company=self._company, currency=currency
                )
            except ValidationError as error:
                errors.append(_refused(template, error))
                continue
            if found is not None:
                products.append(found)
        newest = [changed_at(template, variants.get(template["id"], [])) for template in templates]
        read = frozenset(_document(template) for template in templates)
        return ProductReport(tuple(products), tuple(errors), read=read), max(newest, default=None)

    def _is_service(self, variants: Sequence[Mapping[str, Any]]) -> bool:
        codes = [row["code"] for row in variants if row["code"]]
        return any(fnmatchcase(code, pattern) for code in codes for pattern in self._not_products)

    async def _rows(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await self._client.read(
            f"model.{model}.search_read", domain, 0, None, [("id", "ASC")], fields, context={"active_test": False}
        )
        return rows

    async def _modules(self) -> list[str]:
        """The fields of variants that this Tryton's modules add."""
        if self._present is None:
            fields = await self._client.read("model.product.product.fields_get", list(OPTIONAL))
            self._present = [name for name in OPTIONAL if name in fields]
        return self._present

    async def _company_currency(self) -> str:
        if self._currency is None:
            company = await self._client.company()
            rows = await self._client.read("model.company.company.read", [company], ["currency.code"])
            self._currency = str(rows[0]["currency."]["code"])
        return self._currency


def open_products(
    system: str, company: str, settings: TrytonSettings, transport: httpx.AsyncBaseTransport | None = None
) -> TrytonProducts:
    """The products of one company; it connects at the first call."""
    return TrytonProducts(system, company, TrytonClient(settings, transport), settings.not_products)


def _changed_since(moment: datetime) -> list[Any]:
    """A change of a template or of anything that belongs to it."""
    return ["OR", ("create_date", ">=", moment), *((f"{part}write_date", ">=", moment) for part in _PARTS)]


def _document(template: Mapping[str, Any]) -> str:
    return f"product template {template['id']}"


def _refused(template: Mapping[str, Any], error: ValidationError) -> RejectedError:
    first = error.errors(include_input=False, include_url=False)[0]
    refusal = RejectedError(
        first["msg"],
        code="product_unusable",
        document=_document(template),
        field=".".join(str(part) for part in first["loc"]) or None,
        way_out="Correct the product in Tryton.",
    )
    refusal.__cause__ = error
    return refusal


def _moment(cursor: str) -> datetime:
    try:
        return datetime.fromisoformat(cursor)
    except ValueError as error:
        raise MisconfiguredError(
            f"the cursor {cursor!r} is no cursor of Tryton's products",
            code="cursor_unreadable",
            way_out="Delete the cursor: everything is read once more.",
        ) from error
