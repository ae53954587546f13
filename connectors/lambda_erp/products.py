"""Lambda ERP behind the port `ProductSource`: each item is a product of one variant, for it has no templates.

The key is the item's code. What belongs together is for the PIM to say (`canonical.rules.product_merge.assemble`).
The standard rate is the price where its currency is that of the company; it has no barcode, weight or customs code.
Limit: an item that is deleted leaves no trace; one that is disabled is archived.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from canonical.errors import MisconfiguredError, RejectedError
from canonical.money import Money
from canonical.ports.products import ProductReport
from canonical.product import Product, ProductStatus, SourceProduct, Variant
from connectors.exact import exact
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.settings import LambdaErpSettings

ITEMS = "masters/item"
MOST_PRODUCTS = 500  # of one report
OVERLAP = timedelta(seconds=60)
_GIVEN = frozenset({"title", "status", "product_type", "variants", "variants.unit", "variants.tracked"})


class LambdaProducts:
    """Implements `canonical.ports.products.ProductSource`."""

    def __init__(self, system: str, company: str, settings: LambdaErpSettings, client: LambdaErpClient) -> None:
        self.system, self._company = system, company
        self._settings, self._client = settings, client
        self._currency: str | None = None

    async def changes(self, cursor: str | None) -> AsyncIterator[ProductReport]:
        """See the port. The cursor is the time of the newest change; a minute before it is read again."""
        last = _moment(cursor) if cursor else None
        rows: list[dict[str, Any]] = []
        newest = last
        async for row in self._since(last - OVERLAP if last else None):
            newest = max(newest or _changed(row), _changed(row))
            rows.append(row)
        for start in range(0, len(rows), MOST_PRODUCTS):
            report = await self._report(rows[start : start + MOST_PRODUCTS])
            done = start + MOST_PRODUCTS >= len(rows)
            told = newest.isoformat() if done and newest else None
            yield ProductReport(report.products, report.errors, told, report.read)
        if not rows:
            yield ProductReport((), (), cursor)

    async def products(self, keys: Sequence[str]) -> ProductReport:
        """See the port."""
        found = [await self._client.record(f"{ITEMS}/{quote(key, safe='')}") for key in dict.fromkeys(keys)]
        return await self._report([row for row in found if row is not None])

    async def check(self) -> None:
        """See the port."""
        await self._company_currency()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _since(self, since: datetime | None) -> AsyncIterator[dict[str, Any]]:
        """The items changed since, the newest first."""
        offset = 0
        while True:
            query = {"order_by": "modified", "order": "desc", "limit": "1000", "offset": str(offset)}
            rows = await self._client.rows(ITEMS, include_disabled="true", **query)
            for row in rows:
                if since is not None and _changed(row) < since:
                    return
                yield row
            if len(rows) < 1000:
                return
            offset += 1000

    async def _report(self, rows: Sequence[dict[str, Any]]) -> ProductReport:
        currency = await self._company_currency()
        products: list[SourceProduct] = []
        errors: list[RejectedError] = []
        for row in rows:
            if any(fnmatchcase(row["name"], pattern) for pattern in self._settings.not_products):
                continue
            try:
                products.append(source_product(row, self.system, self._company, currency))
            except ValidationError as error:
                errors.append(_refused(row, error))
        return ProductReport(tuple(products), tuple(errors), read=frozenset(_document(row) for row in rows))

    async def _company_currency(self) -> str | None:
        """The company's currency, when standard rates are in it."""
        if self._currency is None:
            company = await self._client.record(f"masters/company/{self._settings.company}")
            if company is None:
                raise MisconfiguredError(
                    f"Lambda ERP has no company {self._settings.company}",
                    code="erp_company_unknown",
                    way_out="Correct the company's name in the settings.",
                )
            self._currency = str(company["default_currency"])
        return self._currency if self._currency == self._settings.price_currency else None


def source_product(row: dict[str, Any], source: str, company: str, currency: str | None) -> SourceProduct:
    """An item as a product. `currency` of the standard rate; None where it says nothing of this company's price."""
    variant = Variant(
        id=row["name"],
        sku=row["name"],
        price=Money(amount=exact(row["standard_rate"]), currency=currency).rounded() if currency else None,
        unit=row["stock_uom"] or "Nos",
        tracked=bool(row["is_stock_item"]),
    )
    return SourceProduct(
        source=source,
        company=company,
        key=row["name"],
        product=Product(
            id=row["name"],
            title=row["item_name"],
            product_type=row["item_group"],
            status=ProductStatus.ARCHIVED if row["disabled"] else ProductStatus.ACTIVE,
            variants=(variant,),
        ),
        given=_GIVEN | {"variants.price"} if currency else _GIVEN,
        updated_at=_changed(row),
    )


def open_products(
    system: str, company: str, settings: LambdaErpSettings, transport: httpx.AsyncBaseTransport | None = None
) -> LambdaProducts:
    """The items of the ERP with the prices of one company; it connects at the first call."""
    return LambdaProducts(system, company, settings, LambdaErpClient(settings, transport))


def _changed(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["modified"]).astimezone(UTC)


def _document(row: dict[str, Any]) -> str:
    return f"item {row['name']}"


def _refused(row: dict[str, Any], error: ValidationError) -> RejectedError:
    first = error.errors(include_input=False, include_url=False)[0]
    refusal = RejectedError(
        first["msg"],
        code="product_unusable",
        document=_document(row),
        field=".".join(str(part) for part in first["loc"]) or None,
        way_out="Correct the item in Lambda ERP.",
    )
    refusal.__cause__ = error
    return refusal


def _moment(cursor: str) -> datetime:
    try:
        return datetime.fromisoformat(cursor)
    except ValueError as error:
        raise MisconfiguredError(
            f"the cursor {cursor!r} is no cursor of Lambda ERP's items",
            code="cursor_unreadable",
            way_out="Delete the cursor: everything is read once more.",
        ) from error
