"""What follows the product itself: metafields of what was there before, sales channels, price lists, translations.

`productSet` cannot do these without touching what is not ours. Each is a call of its own that adds or replaces only
what it names, so all of them may be repeated.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from canonical.errors import CrossdockError, RejectedError
from canonical.ports.budget import Lane
from canonical.product import ProductChange, ProductRef, Translation
from connectors.shopify.client import ShopifyClient
from connectors.shopify.errors import user_error
from connectors.shopify.fields import MOST as METAFIELDS_A_CALL
from connectors.shopify.product_mapper_input import metafield_input
from connectors.shopify.products_directory import Directory
from connectors.shopify.products_state import ProductState
from connectors.shopify.reading import gid

PRICES_A_CALL: Final = 250
_TRANSLATED: Final = {
    "title": "title",
    "description_html": "body_html",
    "handle": "handle",
    "product_type": "product_type",
    "seo_title": "meta_title",
    "seo_description": "meta_description",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One call: its operation and root, its variables, and the field of ours that it is about."""

    operation: str
    root: str
    variables: Mapping[str, Any]
    field: str


@dataclass(frozen=True, slots=True)
class Written:
    """A product that was written: the change, what was there before (None: it was made), its ids now."""

    change: ProductChange
    state: ProductState | None
    ref: ProductRef


class Followers:
    """The calls that follow, for one shop."""

    def __init__(self, client: ShopifyClient, directory: Directory) -> None:
        self._client, self._directory = client, directory

    async def run(self, written: Written) -> None:
        """Make every call that the owned fields ask for. Raises the error of the first that fails, naming the field."""
        async for step in self.steps(written):
            await self.make(step, written.change)

    async def make(self, step: Step, change: ProductChange) -> None:
        """Make one of the calls. Raises what Shopify says against it."""
        document = change.product.id
        answer = await self._client.call(step.operation, step.variables, lane=Lane.CATALOGUE, document=document)
        if errors := (answer.data.get(step.root) or {}).get("userErrors"):
            raise step_error(errors, answer.headers, step, change)

    async def steps(self, written: Written) -> AsyncIterator[Step]:
        """The calls, in order."""
        for metafields in self._metafields(written):
            yield metafields
        if "publications" in written.change.owned:
            async for step in self._publications(written):
                yield step
        if "variants.prices" in written.change.owned:
            async for step in self._prices(written):
                yield step
        if "translations" in written.change.owned and written.change.product.translations:
            async for step in self._translations(written):
                yield step

    def _metafields(self, written: Written) -> list[Step]:
        """Of products and variants that were there; new ones were made with theirs."""
        change, state = written.change, written.state
        if state is None:
            return []
        rows: list[dict[str, Any]] = []
        if "metafields" in change.owned:
            owner = gid("Product", written.ref.product_id)
            rows += [{"ownerId": owner, **metafield_input(one)} for one in change.product.metafields]
        if "variants.metafields" in change.owned:
            old = {one.id for one in state.variants}
            for variant in change.product.variants:
                variant_id = written.ref.variants.get(variant.sku or "")
                if variant_id in old:
                    owner = gid("ProductVariant", str(variant_id))
                    rows += [{"ownerId": owner, **metafield_input(one)} for one in variant.metafields]
        parts = [rows[start : start + METAFIELDS_A_CALL] for start in range(0, len(rows), METAFIELDS_A_CALL)]
        return [Step("set_metafields", "metafieldsSet", {"metafields": part}, "metafields") for part in parts]

    async def _publications(self, written: Written) -> AsyncIterator[Step]:
        wanted = set(await self._directory.publications(written.change.product.publications))
        shown = set(written.state.publications) if written.state else set()
        product_id = gid("Product", written.ref.product_id)
        for operation, root, ids in (
            ("publish_resource", "publishablePublish", wanted - shown),
            ("unpublish_resource", "publishableUnpublish", shown - wanted),
        ):
            if ids:
                given = [{"publicationId": one} for one in sorted(ids)]
                yield Step(operation, root, {"id": product_id, "input": given}, "publications")

    async def _prices(self, written: Written) -> AsyncIterator[Step]:
        by_list: dict[str, list[dict[str, Any]]] = {}
        for variant in written.change.product.variants:
            for entry in variant.prices:
                list_id, currency = await self._directory.price_list(entry.price_list)
                if entry.price.currency != currency:
                    raise _currency(written, entry.price_list, entry.price.currency, currency)
                variant_id = written.ref.variants.get(variant.sku or "")
                if variant_id is None:
                    continue  # without a SKU nobody can say which variant it is
                row: dict[str, Any] = {"variantId": gid("ProductVariant", variant_id), "price": _money(entry.price)}
                if entry.compare_at_price is not None:
                    row["compareAtPrice"] = _money(entry.compare_at_price)
                by_list.setdefault(list_id, []).append(row)
        for list_id, rows in by_list.items():
            for start in range(0, len(rows), PRICES_A_CALL):
                variables = {"list": list_id, "prices": rows[start : start + PRICES_A_CALL]}
                yield Step("set_fixed_prices", "priceListFixedPricesAdd", variables, "variants.prices")

    async def _translations(self, written: Written) -> AsyncIterator[Step]:
        product_id = gid("Product", written.ref.product_id)
        answer = await self._client.call("translatable_content", {"id": product_id}, lane=Lane.CATALOGUE)
        content = (answer.data.get("translatableResource") or {}).get("translatableContent") or []
        digests = {entry["key"]: entry["digest"] for entry in content}
        rows = [
            {"locale": one.locale, "key": key, "value": one.value, "translatableContentDigest": digests[key]}
            for one in written.change.product.translations
            if (key := _key(written, one)) in digests
        ]
        if rows:
            variables = {"id": product_id, "translations": rows}
            yield Step("register_translations", "translationsRegister", variables, "translations")


def step_error(
    errors: Sequence[Mapping[str, Any]], headers: Mapping[str, str], step: Step, change: ProductChange
) -> CrossdockError:
    """Our error for the `userErrors` of a call that follows a product."""
    error = user_error(errors, headers, change.product.id)
    error.field = step.field
    return error


def _key(written: Written, translation: Translation) -> str:
    if translation.field not in _TRANSLATED:
        raise RejectedError(
            f"Shopify translates no field {translation.field!r} of products",
            code="unknown_reference",
            document=written.change.product.id,
            field="translations",
            way_out=f"One of {', '.join(_TRANSLATED)} can be translated.",
        )
    return _TRANSLATED[translation.field]


def _currency(written: Written, name: str, given: str, wanted: str) -> RejectedError:
    return RejectedError(
        f"the price is in {given}, the price list {name!r} is in {wanted}",
        code="currency_differs",
        document=written.change.product.id,
        field="variants.prices",
        way_out="Correct the currency in the source, or the name of the price list.",
    )


def _money(money: Any) -> dict[str, str]:
    return {"amount": f"{money.amount:f}", "currencyCode": money.currency}
