"""One product out of what several sources say of it: each field from its owner, and from nobody else.

    which variants there are   the owner of `variants`; without its word there is no product yet
    a field                    its owner's value, when the owner gives one; else it is not ours to write
    status                     archived when the owner of `variants` says so; draft while something required is
                               missing; else as the owner of `status` says, or active. While that owner is silent,
                               or is the channel, a new product begins as a draft, and the status is not ours

A field whose owner is a channel is never in `owned`, so nothing writes it. Pure; the order of records does not matter.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from canonical.product import Product, ProductStatus, SourceProduct, Variant

PER_VARIANT: Final = "variants."


@dataclass(frozen=True, slots=True)
class MergedProduct:
    """A product, the fields of it that we own (named as in `SourceProduct.given`), and what keeps it a draft."""

    key: str
    product: Product
    owned: frozenset[str]
    missing: tuple[str, ...] = ()


def merge(
    records: Sequence[SourceProduct], owners: Mapping[str, str], required: Collection[str] = ()
) -> MergedProduct | None:
    """The product of these records; None while the owner of its variants has said nothing.

    `records` are of one product and for one company (`of_company`). `owners` names the system that owns each field
    (`Landscape.field_owners`), `required` the fields without which it stays a draft. Of two records of one source the
    newer counts.
    """
    by_source = _newest(records)
    structure = by_source.get(owners["variants"])
    if structure is None or "variants" not in structure.given:
        return None
    ours = {field: record for field, owner in owners.items() if (record := _giving(by_source, owner, field))}
    fields = {name: getattr(record.product, name) for name, record in ours.items() if _of_product(name)}
    variants = tuple(_variant(variant, ours) for variant in structure.product.variants)
    title = fields.pop("title", structure.product.title)
    product = Product(id=structure.key, title=title, **{**fields, "variants": variants})
    missing = tuple(name for name in sorted(required) if _missing(product, name))
    owned = frozenset(ours)
    known = owners["status"] in by_source
    status = _status(structure, product, missing) if known else ProductStatus.DRAFT
    product, owned = product.model_copy(update={"status": status}), owned | ({"status"} if known else set())
    return MergedProduct(structure.key, product, owned, missing)


def of_company(records: Iterable[SourceProduct], company: str) -> list[SourceProduct]:
    """The records that are for a company: its own, and those that are for all."""
    return [record for record in records if record.company in (company, None)]


def assemble(records: Iterable[SourceProduct], owners: Mapping[str, str]) -> dict[str, list[SourceProduct]]:
    """Records by the product they belong to: the key of the record that owns its variants.

    A record of another source belongs there by its key, or because one of its SKUs is there: an ERP without product
    templates knows only items. What belongs nowhere is left out; it has no variants yet.
    """
    known = list(records)
    structure = owners["variants"]
    groups = {record.key: [record] for record in known if record.source == structure}
    by_sku = {
        variant.sku: record.key
        for record in known
        if record.source == structure
        for variant in record.product.variants
        if variant.sku
    }
    for record in known:
        if record.source != structure:
            keys = {record.key} & groups.keys() or {
                by_sku[variant.sku] for variant in record.product.variants if variant.sku in by_sku
            }
            for key in keys:
                groups[key].append(record)
    return {key: _joined(group) for key, group in groups.items()}


def _joined(group: Sequence[SourceProduct]) -> list[SourceProduct]:
    """One record a source: items of one source are the variants of one record. The newest decides the rest."""
    by_source: dict[str, list[SourceProduct]] = {}
    for record in group:
        by_source.setdefault(record.source, []).append(record)
    return [_one(records) for records in by_source.values()]


def _one(records: list[SourceProduct]) -> SourceProduct:
    if len(records) == 1 or len({record.key for record in records}) == 1:
        return max(records, key=_age)
    last = max(records, key=_age)
    variants = {v.sku: v for record in sorted(records, key=_age) for v in record.product.variants}
    product = last.product.model_copy(update={"variants": tuple(variants.values())})
    given = frozenset[str]().union(*(record.given for record in records))
    return last.model_copy(update={"product": product, "given": given})


def _age(record: SourceProduct) -> tuple[Any, str]:
    return (record.updated_at, record.key)


def _newest(records: Iterable[SourceProduct]) -> dict[str, SourceProduct]:
    newest: dict[str, SourceProduct] = {}
    for record in sorted(records, key=_age):
        newest[record.source] = record
    return newest


def _giving(by_source: Mapping[str, SourceProduct], owner: str, field: str) -> SourceProduct | None:
    """The record of the owner, when it gives the field."""
    record = by_source.get(owner)
    return record if record is not None and field in record.given else None


def _of_product(name: str) -> bool:
    return not name.startswith(PER_VARIANT) and name != "variants"


def _variant(variant: Variant, ours: Mapping[str, SourceProduct]) -> Variant:
    """A variant with each field from its owner's variant of the same SKU; what the owner lacks is empty."""
    fields: dict[str, Any] = {}
    for name, record in ours.items():
        if name.startswith(PER_VARIANT):
            twin = next((one for one in record.product.variants if one.sku == variant.sku), None)
            if twin is not None:
                fields[name.removeprefix(PER_VARIANT)] = getattr(twin, name.removeprefix(PER_VARIANT))
    return Variant(id=variant.id, sku=variant.sku, **fields)


def _missing(product: Product, name: str) -> bool:
    """Whether a required field is empty; of a field of variants, with any of them."""
    if name.startswith(PER_VARIANT):
        return any(_empty(getattr(v, name.removeprefix(PER_VARIANT))) for v in product.variants) or not product.variants
    return _empty(getattr(product, name))


def _empty(value: Any) -> bool:
    return value is None or value in ("", (), {})


def _status(structure: SourceProduct, product: Product, missing: tuple[str, ...]) -> ProductStatus:
    if "status" in structure.given and structure.product.status is ProductStatus.ARCHIVED:
        return ProductStatus.ARCHIVED
    return ProductStatus.DRAFT if missing else product.status
