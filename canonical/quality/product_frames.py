"""Turns products into the rows that the gates of product sync judge. Faults are counted, and named in words."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from canonical.product import Product, ProductStatus, SourceProduct, Variant

_MOST_NAMED: Final = 3
PER_VARIANT: Final = "variants."


def source_row(record: SourceProduct, now: datetime) -> dict[str, Any]:
    """One row a received record."""
    product = record.product
    skus = _doubled(variant.sku for variant in product.variants if variant.sku)
    wrong = [_sku(v) for v in product.variants if any(p is not None and p.amount < 0 for p in _amounts(v))]
    return {
        "record": f"{record.key} of {record.source}",
        "key": record.key,
        **_faults("doubled", skus),
        **_faults("negative", wrong),
        "seconds_ahead": int((record.updated_at - now).total_seconds()),
    }


def product_row(product: Product, required: Iterable[str], elsewhere: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """One row a merged product. `elsewhere`: which other products name a SKU of it."""
    missing = [name for name in sorted(required) if _missing(product, name)]
    skus = [f"a variant of {_choice(v)} has none" for v in product.variants if not (v.sku or "").strip()]
    skus += [f"{sku} twice" for sku in _doubled(v.sku for v in product.variants if v.sku)]
    skus += [f"{sku} also in {', '.join(sorted(keys))}" for sku, keys in sorted(elsewhere.items()) if keys]
    return {
        "product": product.id,
        "title_letters": len(product.title),
        "variants": len(product.variants),
        "options": len(product.options),
        **_faults("missing", missing),
        **_faults("sku_faults", skus),
        **_faults("option_faults", option_faults(product)),
    }


def option_faults(product: Product) -> list[str]:
    """What is inconsistent between options and variants, in words.

    >>> from canonical.product import Option
    >>> small = Variant(id="1", sku="T-S", options={"Size": "S"})
    >>> tee = Product(id="T", title="Tee", options=(Option(name="Size", values=("S", "M")),), variants=(small, small))
    >>> option_faults(tee)
    ['T-S and T-S are both S']
    """
    names = [option.name for option in product.options]
    faults = [f"option {name} twice" for name in _doubled(names)]
    if not names:
        return [*faults, "several variants and no option tells them apart"] if len(product.variants) > 1 else faults
    values = {option.name: set(option.values) for option in product.options}
    seen: dict[tuple[str, ...], Variant] = {}
    for variant in product.variants:
        lacking = [name for name in names if not variant.options.get(name)]
        unknown = [f"{v}" for name, v in sorted(variant.options.items()) if v not in values.get(name, ())]
        if lacking:
            faults.append(f"{_sku(variant)} has no {', '.join(lacking)}")
        elif unknown:
            faults.append(f"{_sku(variant)} is {', '.join(unknown)}, which is no value of its option")
        else:
            choice = tuple(variant.options[name] for name in names)
            if choice in seen:
                faults.append(f"{_sku(seen[choice])} and {_sku(variant)} are both {' / '.join(choice)}")
            seen.setdefault(choice, variant)
    return faults


def publication_row(product: Product, owned: Collection[str], currency: str, dead: Mapping[str, str]) -> dict[str, Any]:
    """One row a product about to be published. `dead`: pictures that cannot be fetched, and why."""
    prices: list[str] = []
    sold = product.status is not ProductStatus.ARCHIVED
    if "variants.price" in owned and sold:
        prices = [words for variant in product.variants if (words := _price_fault(variant, currency))]
    below = [
        _sku(v)
        for v in product.variants
        if v.price and v.compare_at_price and v.compare_at_price.currency == v.price.currency
        and v.compare_at_price.amount < v.price.amount
    ]  # fmt: skip
    pictures = [f"{url}: {dead[url]}" for url in picture_urls(product, owned) if url in dead] if sold else []
    return {
        "product": product.id,
        **_faults("price_faults", prices),
        **_faults("compare_below", below),
        **_faults("pictures", pictures),
    }


def picture_urls(product: Product, owned: Collection[str]) -> list[str]:
    """The addresses of the pictures that a publication would write."""
    images = [image.url for image in product.images] if "images" in owned else []
    images += [v.image.url for v in product.variants if v.image] if "variants.image" in owned else []
    return list(dict.fromkeys(images))


def _price_fault(variant: Variant, currency: str) -> str | None:
    if variant.price is None:
        return f"{_sku(variant)} has none"
    if variant.price.amount <= 0:
        return f"{_sku(variant)} costs {variant.price}"
    if variant.price.currency != currency:
        return f"{_sku(variant)} costs {variant.price}, the shop sells in {currency}"
    return None


def _amounts(variant: Variant) -> Sequence[Any]:
    return (variant.price, variant.compare_at_price, *(one.price for one in variant.prices))


def _missing(product: Product, name: str) -> bool:
    if name.startswith(PER_VARIANT):
        return any(_empty(getattr(v, name.removeprefix(PER_VARIANT))) for v in product.variants)
    return _empty(getattr(product, name))


def _empty(value: Any) -> bool:
    return value is None or value in ("", (), {})


def _doubled(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _sku(variant: Variant) -> str:
    return variant.sku or variant.id


def _choice(variant: Variant) -> str:
    return " / ".join(variant.options.values()) or variant.id


def _faults(column: str, words: Sequence[str]) -> dict[str, Any]:
    more = f" and {len(words) - _MOST_NAMED} more" if len(words) > _MOST_NAMED else ""
    return {column: len(words), f"{column}_words": "; ".join(words[:_MOST_NAMED]) + more if words else None}
