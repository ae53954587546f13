"""What Shopify says against a product, with our own names of product and field."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from canonical.errors import ConflictError, CrossdockError, RejectedError
from canonical.product import ProductChange
from connectors.shopify.errors import user_error

_FIELDS: Final = {
    "productType": "product_type",
    "descriptionHtml": "description_html",
    "productOptions": "options",
    "files": "images",
    "compareAtPrice": "compare_at_price",
    "harmonizedSystemCode": "customs_code",
    "countryCodeOfOrigin": "origin_country",
    "measurement": "weight",
}
_GONE: Final = frozenset({"PRODUCT_DOES_NOT_EXIST", "NOT_FOUND"})


def product_error(
    errors: Sequence[Mapping[str, Any]], headers: Mapping[str, str], change: ProductChange, skus: Sequence[str | None]
) -> CrossdockError:
    """Our error for the `userErrors` of a product. `skus` are those of the variants that were sent, in their order."""
    code, document = str(errors[0].get("code")), change.product.id
    error = user_error(errors, headers, document)
    error.field = _field([str(part) for part in errors[0].get("field") or ()], skus)
    if code in _GONE:
        words = "the product does not exist in the shop any more"
        return ConflictError(
            words, code="product_gone", document=document, way_out="Match it again: it may have to be made anew."
        )
    if code == "PRODUCT_VARIANT_DOES_NOT_EXIST":
        words = "a variant does not exist in the shop any more"
        return ConflictError(words, code="variant_gone", document=document, field=error.field)
    if isinstance(error, RejectedError):
        error.way_out = "Correct the product in its source; the next run writes it."
    return error


def _field(path: Sequence[str], skus: Sequence[str | None]) -> str | None:
    """["input", "variants", "2", "price"] is variants[PARKA-M].price."""
    parts = [part for part in path if part not in ("input", "inventoryItem", "weight", "value")]
    if len(parts) > 1 and parts[0] == "variants" and parts[1].isdecimal():
        place = int(parts[1])
        sku = skus[place] if place < len(skus) else None
        rest = [_FIELDS.get(part, part) for part in parts[2:3]]
        return ".".join([f"variants[{sku or place}]", *rest])
    return ".".join(_FIELDS.get(part, part) for part in parts) or None
