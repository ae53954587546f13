"""The content of a product as digests: equal content, equal digest, so that nothing unchanged is sent anywhere."""

from collections.abc import Collection
from typing import Any, Final

from canonical.ids import digest
from canonical.product import Product, SourceProduct

_VARIANTS: Final = "variants"


def source_digest(record: SourceProduct) -> str:
    """Of what a source says of a product. When it said so does not count."""
    content = record.product.model_dump(mode="json")
    return digest([record.source, record.company, record.key, content, sorted(record.given)])


def content_digest(product: Product, owned: Collection[str]) -> str:
    """Of the fields of a product that we own, and which these are: what a publication would write.

    >>> product = Product(id="LAMP", title="Lamp", vendor="Acme")
    >>> content_digest(product, {"title"}) == content_digest(product.model_copy(update={"vendor": "Other"}), {"title"})
    True
    """
    return digest(owned_content(product, owned))


def owned_content(product: Product, owned: Collection[str]) -> dict[str, Any]:
    """The fields of a product that we own, as plain values. Variants carry their SKUs always."""
    whole = product.model_dump(mode="json")
    content: dict[str, Any] = {"id": whole["id"], "owned": sorted(owned)}
    content |= {name: whole[name] for name in owned if "." not in name and name != _VARIANTS}
    per_variant = {name.removeprefix("variants.") for name in owned if name.startswith("variants.")}
    content[_VARIANTS] = [{name: row[name] for name in sorted({"sku", *per_variant})} for row in whole[_VARIANTS]]
    return content
