"""Planning: from what is remembered of a product to what its shop is to show, and whether that is new.

    merge by field ownership -> base units -> gate "canonical" -> unchanged? -> which product of the shop is it?

Nothing here writes; a dry run plans in the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from canonical.product import ProductStatus, SourceProduct
from canonical.quality.product_frames import product_row
from canonical.rules.product_merge import assemble, merge, of_company
from canonical.rules.product_units import in_base_units
from flows.handling.products.gates import stopped
from flows.handling.products.matching import match
from flows.handling.products.papers import ProductBatch, ProductPaper
from flows.handling.unexpected import contained
from flows.runtime import Runtime


async def plan(rt: Runtime, batch: ProductBatch, extra: Sequence[SourceProduct] = ()) -> int:
    """Fill the papers of the batch. Returns how many products are to be published.

    `extra` are records that are not in the book (a dry run's): they go before what stands there.
    """
    keys = [paper.key for paper in batch.papers]
    records = await rt.goods.book.related(keys)
    newer = {(r.source, r.company, r.key) for r in extra}
    records = [r for r in records if (r.source, r.company, r.key) not in newer] + list(extra)
    _merge(rt, batch, records)
    published = await rt.goods.book.published(batch.shop, keys)
    for paper in batch.papers:
        paper.published = published.get(paper.key)
    await gate_canonical(rt, batch)
    for paper in batch.open():
        _unchanged(paper)
    await match(rt, batch)
    return len(batch.open())


def _merge(rt: Runtime, batch: ProductBatch, records: Sequence[SourceProduct]) -> None:
    shop = rt.landscape.shop(batch.shop)
    owners = rt.landscape.field_owners(batch.shop)
    groups = assemble(of_company(records, shop.company), owners)
    for paper in batch.papers:
        try:
            merged = merge(groups.get(paper.key, ()), owners, shop.products.active_with)
            if merged is None:
                paper.end("waits", f"{owners['variants']} has not said which variants it has")
                continue
            factor_of = _factors(rt, owners.get("variants.unit", owners["variants"]))
            paper.take(in_base_units(merged.product, factor_of), merged.owned, owners["variants"])
            if merged.missing:
                paper.reasons.append(f"a draft while {', '.join(merged.missing)} is missing")
        except Exception as error:  # noqa: BLE001 - one product's defect is its own
            paper.error = contained(error, f"product {paper.key}")


def _factors(rt: Runtime, system: str) -> Callable[[str, str], Fraction | None]:
    return lambda sku, unit: rt.mappings.unit(system, sku, unit)


async def gate_canonical(rt: Runtime, batch: ProductBatch) -> int:
    """The products as merged. Returns how many were stopped."""
    papers = batch.open()
    if not papers:
        return 0
    policy = rt.landscape.shop(batch.shop).products
    elsewhere = await _elsewhere(rt, batch.shop, papers)
    rows = [product_row(paper.taken, policy.required, elsewhere.get(paper.key, {})) for paper in papers]
    bad = await stopped("canonical", rows, [paper.key for paper in papers])
    for index, error in bad.items():
        papers[index].error = error
    return len(bad)


async def _elsewhere(rt: Runtime, shop: str, papers: Sequence[ProductPaper]) -> dict[str, Mapping[str, set[str]]]:
    """By product: which others name a SKU of it. One that shows the SKU already keeps it."""
    skus = sorted({v.sku for paper in papers for v in paper.taken.variants if v.sku})
    company = rt.landscape.shop(shop).company
    named = await rt.goods.book.keys_with_skus(papers[0].source, company, skus)
    found: dict[str, Mapping[str, set[str]]] = {}
    for paper in papers:
        shown = paper.published.ref.variants if paper.published is not None else {}
        mine = {v.sku for v in paper.taken.variants if v.sku and v.sku not in shown}
        if paper.taken.status is not ProductStatus.ARCHIVED:
            found[paper.key] = {sku: named.get(sku, set()) - {paper.key} for sku in mine}
    return found


def _unchanged(paper: ProductPaper) -> None:
    if paper.published is not None and paper.published.digest == paper.digest:
        paper.end("unchanged", *paper.reasons)
