"""A dry run: what a publication would change in the shop, field by field. Nothing is written, not even by us.

Compared is what the shop shows now with what it would be told. Pictures are known by the names of their files, because
a shop keeps them under addresses of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from canonical.product import Product, SourceProduct, Variant
from flows.handling.products.arrivals import read_by_key
from flows.handling.products.papers import ProductBatch, ProductPaper
from flows.handling.products.planning import plan
from flows.runtime import Runtime

AT_ONCE: Final = 500
OUR_PICTURES: Final = "crossdock-"
_NOT_SHOWN: Final = frozenset(
    {"translations", "variants.prices", "variants.image", "variants.metafields", "variants.unit"}
)
"""What a shop's answer does not hold."""
_SETS: Final = frozenset({"tags", "collections", "publications"})
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a product in a shop: what it shows and what it would show."""

    shop: str
    product: str
    field: str
    shown: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a publication would do with one product: its verdict and why, and the fields that differ."""

    shop: str
    product: str
    verdict: str
    reasons: tuple[str, ...]
    changes: tuple[FieldChange, ...] = ()


async def trial(rt: Runtime, shops: Sequence[str], keys: Sequence[str] | None = None) -> list[Trial]:
    """Every product, or these, as their sources tell them now, next to what each shop shows."""
    records = await _told(rt, keys)
    wanted = sorted(set(keys)) if keys else sorted({r.key for r in records} | set(await rt.goods.book.all_keys()))
    found: list[Trial] = []
    for shop in shops:
        for start in range(0, len(wanted), AT_ONCE):
            batch = ProductBatch("trial", shop, keys=wanted[start : start + AT_ONCE])
            await plan(rt, batch, records)
            found += await _compared(rt, batch)
    return found


async def _told(rt: Runtime, keys: Sequence[str] | None) -> list[SourceProduct]:
    records: list[SourceProduct] = []
    if keys:
        async for _, _, report in read_by_key(rt, keys):
            records += report.products
        return records
    for _, source in rt.goods.all_sources():
        async for report in source.changes(None):
            records += report.products
    return records


async def _compared(rt: Runtime, batch: ProductBatch) -> list[Trial]:
    for paper in batch.papers:
        if paper.published is not None and paper.product_id is None:
            paper.product_id = paper.published.ref.product_id
    ids = [paper.product_id for paper in batch.papers if paper.product_id is not None and paper.product is not None]
    shown = await rt.goods.channels[batch.shop].read_products(ids) if ids else {}
    products = {key: found.product for key, found in shown.items()}
    return [_trial(paper, products) for paper in batch.papers if paper.verdict != "waits"]


def _trial(paper: ProductPaper, shown: Mapping[str, Product]) -> Trial:
    if paper.error is not None:
        return Trial(paper.shop, paper.key, "would be stopped", (str(paper.error),))
    if paper.verdict == "not for sale" or paper.product is None:
        return Trial(paper.shop, paper.key, paper.verdict, tuple(paper.reasons))
    standing = shown.get(paper.product_id or "")
    changes = tuple(differences(paper.shop, paper.taken, paper.owned, standing))
    if standing is None:
        return Trial(paper.shop, paper.key, "would be made", tuple(paper.reasons), changes)
    if paper.verdict == "unchanged":
        words = ("nothing new from the sources; the shop was changed by somebody else",) if changes else ()
        return Trial(paper.shop, paper.key, "unchanged", words, changes)
    return Trial(paper.shop, paper.key, "would be changed" if changes else "would be linked", (), changes)


def differences(shop: str, wanted: Product, owned: frozenset[str], shown: Product | None) -> list[FieldChange]:
    """The owned fields that differ; variants are told apart by SKU."""
    found = []
    for name in sorted(owned - _NOT_SHOWN):
        if "." not in name and name != "variants":
            before = _value(name, getattr(shown, name)) if shown is not None else ""
            after = _value(name, getattr(wanted, name))
            if name == "metafields" and shown is not None:
                before = _value(name, _same_metafields(wanted, shown))
            if before != after and not (name == "images" and _renamed(wanted, shown)):
                found.append(FieldChange(shop, wanted.id, name, before, after))
    return found + _of_variants(shop, wanted, owned, shown)


def _renamed(wanted: Product, shown: Product | None) -> bool:
    """Whether the shop has as many pictures under names that we gave them: which is which, it does not tell."""
    if shown is None or len(shown.images) != len(wanted.images):
        return False
    return all(urlsplit(image.url).path.rpartition("/")[2].startswith(OUR_PICTURES) for image in shown.images)


def _of_variants(shop: str, wanted: Product, owned: frozenset[str], shown: Product | None) -> list[FieldChange]:
    standing = {v.sku: v for v in shown.variants if v.sku} if shown is not None else {}
    found = []
    fields = sorted(name.removeprefix("variants.") for name in owned - _NOT_SHOWN if name.startswith("variants."))
    for variant in wanted.variants:
        twin = standing.get(variant.sku or "")
        if twin is None:
            text = _line(variant)
            found.append(FieldChange(shop, wanted.id, f"variants[{variant.sku}]", "", text))
            continue
        for name in fields:
            before, after = _value(name, getattr(twin, name)), _value(name, getattr(variant, name))
            if before != after:
                found.append(FieldChange(shop, wanted.id, f"variants[{variant.sku}].{name}", before, after))
    return found


def _same_metafields(wanted: Product, shown: Product) -> tuple[Any, ...]:
    """Of the shop's metafields those that we name: the others are not ours."""
    names = {(one.namespace, one.key) for one in wanted.metafields}
    return tuple(one for one in shown.metafields if (one.namespace, one.key) in names)


def _line(variant: Variant) -> str:
    price = str(variant.price) if variant.price is not None else "no price"
    return " ".join([*variant.options.values(), price])


def _value(name: str, value: Any) -> str:
    """As people read it, the same for the same content."""
    if value is None:
        return ""
    if name == "images":
        text = ", ".join(urlsplit(image.url).path.rpartition("/")[2] for image in value)
    elif name == "options" and isinstance(value, tuple):
        text = "; ".join(f"{option.name}: {', '.join(option.values)}" for option in value)
    elif name == "metafields":
        text = "; ".join(
            f"{one.namespace}.{one.key}={one.value}" for one in sorted(value, key=lambda m: (m.namespace, m.key))
        )
    elif name == "weight":
        text = f"{value.grams.normalize():f} g"
    elif isinstance(value, dict):
        text = ", ".join(f"{key}: {one}" for key, one in sorted(value.items()))
    elif isinstance(value, tuple | frozenset):
        text = ", ".join(sorted(value) if name in _SETS else map(str, value))
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
