"""From a canonical change to Shopify's `ProductSetInput`: the fields we own, and nothing else.

A list that is sent replaces the one in the shop. So a list we do not own is not sent, and the variants that are sent
always name those in the shop that nobody told us of: they stay as they are.
"""

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from canonical.errors import RejectedError
from canonical.money import Money
from canonical.product import Image, Metafield, Option, ProductChange, Variant
from connectors.shopify.products_state import ProductState, VariantState
from connectors.shopify.reading import gid

MOST_OPTIONS: Final = 3
MOST_VARIANTS: Final = 2048
SOURCE_KEY: Final = {"namespace": "crossdock", "key": "source_key"}
_ALONE: Final = {"Title": "Default Title"}
_SCALARS: Final = {
    "title": "title",
    "handle": "handle",
    "vendor": "vendor",
    "product_type": "productType",
    "description_html": "descriptionHtml",
}

Input = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What a change is about: the product as it is (None: to be made), the shop's currency, ids of collections."""

    state: ProductState | None
    currency: str
    collections: Sequence[str] = ()


def identifier_of(change: ProductChange, state: ProductState | None) -> Input:
    """How Shopify finds the product: by id, and one that is to be made by our own key, which is unique."""
    if state is not None:
        return {"id": gid("Product", state.id)}
    return {"customId": {**SOURCE_KEY, "value": change.product.id}}


def product_input(change: ProductChange, context: Context) -> Input:
    """The input of `productSet`. Raises `RejectedError` naming the field that cannot be sent."""
    product, owned, state = change.product, change.owned, context.state
    given: Input = {
        theirs: value or ""
        for ours, theirs in _SCALARS.items()
        if ours in owned and ((value := getattr(product, ours)) is not None or ours not in ("title", "handle"))
    }
    if state is None:
        given["title"] = product.title
    if "status" in owned:
        given["status"] = product.status.value.upper()
    if "tags" in owned:
        given["tags"] = list(product.tags)
    seo = {"title": product.seo_title or ""} if "seo_title" in owned else {}
    seo |= {"description": product.seo_description or ""} if "seo_description" in owned else {}
    if seo:
        given["seo"] = seo
    if "collections" in owned:
        given["collections"] = list(context.collections)
    if "images" in owned:
        given["files"] = _files(change, state)
    if state is None:
        own = product.metafields if "metafields" in owned else ()
        given["metafields"] = [{**SOURCE_KEY, "type": "id", "value": product.id}, *map(metafield_input, own)]
    return given | _variants(change, context)


def metafield_input(metafield: Metafield) -> Input:
    """A metafield as every input spells it."""
    return {
        "namespace": metafield.namespace,
        "key": metafield.key,
        "type": metafield.type,
        "value": metafield.value,
    }


def pairs(change: ProductChange, state: ProductState | None) -> list[tuple[Variant, VariantState | None]]:
    """Our variants, each with the one it is in the shop: by the id we know, else by SKU, else by option values."""
    free = {one.id: one for one in state.variants} if state else {}
    found: list[VariantState | None] = [None] * len(change.product.variants)

    def take(place: int, one: VariantState | None) -> None:
        if one is not None:
            found[place] = free.pop(one.id)

    for place, variant in enumerate(change.product.variants):
        take(place, free.get(change.variant_ids.get(variant.sku or "", "")))
    for key in (_sku, _choice):
        for place, variant in enumerate(change.product.variants):
            wanted = key(variant)
            if found[place] is None and wanted:
                take(place, next((one for one in free.values() if key(one) == wanted), None))
    return list(zip(change.product.variants, found, strict=True))


def _sku(variant: Variant | VariantState) -> str | None:
    return variant.sku


def _choice(variant: Variant | VariantState) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((variant.options or _ALONE).items()))


def _variants(change: ProductChange, context: Context) -> Input:
    """Variants and options, when anything of them is ours."""
    all_ours = "variants" in change.owned
    if not all_ours and not any(name.startswith("variants.") for name in change.owned):
        return {}
    if context.state is None and not all_ours:
        return {}
    matched = pairs(change, context.state)
    mine = {twin.id for _, twin in matched if twin}
    known = set(change.variant_ids.values()) if all_ours else set()
    strangers = [one for one in context.state.variants if one.id not in mine | known] if context.state else []
    rows = [
        _variant(change, place, variant, twin, context)
        for place, (variant, twin) in enumerate(matched)
        if twin is not None or all_ours
    ]
    rows += [{"id": gid("ProductVariant", one.id), "optionValues": _chosen(one.options)} for one in strangers]
    if len(rows) > MOST_VARIANTS:
        raise _refused(change, f"a product has at most {MOST_VARIANTS} variants", "variants_over_limit", "variants")
    if not all_ours:
        return {"variants": rows}
    return {"productOptions": _options(change, strangers), "variants": rows}


def _options(change: ProductChange, strangers: Sequence[VariantState]) -> list[Input]:
    """The options with every value that a variant has, ours first. Variants that are not ours must fit in."""
    product = change.product
    chosen = dict.fromkeys(name for variant in product.variants for name in variant.options)
    names = [option.name for option in product.options] or list(chosen)
    if len(names) > MOST_OPTIONS:
        raise _refused(change, f"a product has at most {MOST_OPTIONS} options", "options_over_limit", "options")
    for place, variant in enumerate(product.variants):
        if set(variant.options) != set(names):
            words = f"the variant has not one value for each of the options {', '.join(names) or '(none)'}"
            raise _refused(change, words, "options_inconsistent", _of_variant(variant, place, "options"))
    if any(set(one.options) != set(names) for one in strangers):
        words = "the product has variants in the shop that the source does not know, and they have other options"
        raise _refused(change, words, "unknown_variants", "options")
    if not names:
        return [{"name": name, "values": [{"name": value}]} for name, value in _ALONE.items()]
    given = {option.name: option for option in product.options}
    carried = [*(v.options for v in product.variants), *(one.options for one in strangers)]
    return [{"name": name, "values": _values(name, given.get(name), carried)} for name in names]


def _values(name: str, option: Option | None, carried: Iterable[Mapping[str, str]]) -> list[Input]:
    used = dict.fromkeys(choice[name] for choice in carried)
    ordered = [value for value in (option.values if option else ()) if value in used]
    return [{"name": value} for value in dict.fromkeys([*ordered, *used])]


def _variant(change: ProductChange, place: int, variant: Variant, twin: VariantState | None, context: Context) -> Input:
    owned, all_ours = change.owned, "variants" in change.owned
    options = variant.options if all_ours or twin is None else twin.options
    row: Input = {"optionValues": _chosen(options)}
    if twin is not None:
        row["id"] = gid("ProductVariant", twin.id)
    if all_ours:
        row["sku"] = variant.sku or ""
    if "variants.barcode" in owned:
        row["barcode"] = variant.barcode or ""
    if "variants.price" in owned and variant.price is not None:
        row["price"] = _amount(change, variant.price, context.currency, _of_variant(variant, place, "price"))
    if "variants.compare_at_price" in owned:
        before = variant.compare_at_price
        field = _of_variant(variant, place, "compare_at_price")
        row["compareAtPrice"] = _amount(change, before, context.currency, field) if before else None
    if item := _item(variant, owned):
        row["inventoryItem"] = item
    if "variants.image" in owned and variant.image is not None and "images" in owned:
        row["file"] = _file(change, variant.image, present_files(context.state))
    if twin is None and "variants.metafields" in owned and variant.metafields:
        row["metafields"] = [metafield_input(one) for one in variant.metafields]
    return row


def _item(variant: Variant, owned: frozenset[str]) -> Input:
    item: Input = {}
    if "variants.tracked" in owned:
        item["tracked"] = variant.tracked
    if "variants.weight" in owned and variant.weight is not None:
        item["measurement"] = {"weight": {"value": float(variant.weight.grams), "unit": "GRAMS"}}
    if "variants.customs_code" in owned:
        item["harmonizedSystemCode"] = variant.customs_code
    if "variants.origin_country" in owned:
        item["countryCodeOfOrigin"] = variant.origin_country
    return item


def _chosen(options: Mapping[str, str]) -> list[Input]:
    return [{"optionName": name, "name": value} for name, value in (options or _ALONE).items()]


def _amount(change: ProductChange, money: Money, currency: str, field: str) -> str:
    if money.currency != currency:
        words = f"the price is in {money.currency}, the shop's currency is {currency}"
        raise _refused(change, words, "currency_differs", field)
    return f"{money.amount:f}"


def _files(change: ProductChange, state: ProductState | None) -> list[Input]:
    """The pictures in their order. One the shop has already, known by its name, is named by its id."""
    present = present_files(state)
    images = [*change.product.images]
    if "variants.image" in change.owned:
        images += [one.image for one in change.product.variants if one.image is not None]
    return [_file(change, image, present) for image in {image.url: image for image in images}.values()]


def present_files(state: ProductState | None) -> dict[str, str]:
    """Media ids by the name of their file, without its ending."""
    return {name.partition(".")[0]: media_id for media_id, name in state.media.items() if name} if state else {}


def _file(change: ProductChange, image: Image, present: Mapping[str, str]) -> Input:
    stem = file_stem(image)
    alt = {"alt": image.alt or ""}
    if stem in present:
        return {"id": present[stem], **alt}
    address = urlsplit(image.url)
    if address.scheme not in ("http", "https"):
        words = "Shopify fetches pictures by http(s) only"
        raise _refused(change, words, "image_unreachable", "images")
    kind, ending = mimetypes.guess_type(address.path)[0] or "", address.path.rpartition(".")[2].lower()
    named = {"filename": f"{stem}.{ending}"} if kind.startswith("image/") else {}
    return {"originalSource": image.url, "contentType": "IMAGE", **named, **alt}


def file_stem(image: Image) -> str:
    """The name we give a picture: a function of its content where that is known, else of its address."""
    return f"crossdock-{sha256((image.digest or image.url).encode()).hexdigest()[:24]}"


def _of_variant(variant: Variant, place: int, field: str) -> str:
    return f"variants[{variant.sku or place}].{field}"


def _refused(change: ProductChange, words: str, code: str, field: str) -> RejectedError:
    way_out = "Correct it in the source of the product, or give the field to another owner in the landscape."
    return RejectedError(words, code=code, document=change.product.id, field=field, way_out=way_out)
