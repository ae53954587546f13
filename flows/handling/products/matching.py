"""Which product of the shop is it? By the id we know, then by SKU, then by barcode; never by a guess.

Several candidates, or one that is another product's already: it is held, with the candidates by name. A product that
went out of sale before it was ever shown is not made.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from canonical.errors import HeldError
from canonical.ports.products import Matches
from canonical.product import ProductStatus
from canonical.records import CaseKind
from flows.handling.products.arrivals import MOST_CASES, product_key
from flows.handling.products.papers import ProductBatch, ProductPaper
from flows.runtime import Runtime

GONE = "product_gone"
AMBIGUOUS, CLAIMED = "product_ambiguous", "product_claimed"
Places = tuple[tuple[str, str], ...]


async def match(rt: Runtime, batch: ProductBatch) -> None:
    """Give every open paper the product it is in the shop, or none when it is to be made."""
    gone = await _gone(rt, batch)
    unlinked = []
    for paper in batch.open():
        if paper.published is not None and paper.key not in gone:
            ref = paper.published.ref
            paper.product_id, paper.variant_ids = ref.product_id, dict(ref.variants)
        else:
            unlinked.append(paper)
    if not unlinked:
        return
    found = await _find(rt, batch.shop, unlinked)
    owners = await rt.goods.book.by_channel_ids(batch.shop, sorted(_ids(found)))
    for paper in unlinked:
        try:
            _link(paper, found, owners)
        except HeldError as error:
            paper.error = error
    _apart(unlinked)


async def _gone(rt: Runtime, batch: ProductBatch) -> set[str]:
    """Products that are gone from the shop and that a person asks to make anew by name."""
    asked = {product_key(batch.shop, paper.key): paper.key for paper in batch.open() if paper.by_name}
    if not asked:
        return set()
    cases = await rt.store.cases(kind=CaseKind.HELD, scope=batch.shop, limit=MOST_CASES)
    return {asked[c.aggregate_key] for c in cases if c.reason_code == GONE and c.aggregate_key in asked}


async def _find(rt: Runtime, shop: str, papers: Sequence[ProductPaper]) -> Matches:
    """Few are searched for; for many the whole catalogue is read once, which is cheaper."""
    channel = rt.goods.channels[shop]
    if len(papers) >= channel.bulk_from:
        index = await rt.goods.index(shop, rt.now())
        return Matches(index.by_sku, index.by_barcode)
    variants = [variant for paper in papers for variant in paper.taken.variants]
    skus = [v.sku for v in variants if v.sku]
    return await channel.match(skus, [v.barcode for v in variants if v.barcode])


def _ids(found: Matches) -> set[str]:
    return {place[0] for places in (found.by_sku, found.by_barcode) for one in places.values() for place in one}


def _link(paper: ProductPaper, found: Matches, owners: Mapping[str, str]) -> None:
    """Raises `HeldError` when it is not clear which product it is."""
    mine = paper.published.ref.product_id if paper.published is not None else None
    for name, wanted, places in (
        ("SKU", [v.sku for v in paper.taken.variants], found.by_sku),
        ("barcode", [v.barcode for v in paper.taken.variants], found.by_barcode),
    ):
        hits = {value: places[value] for value in wanted if value and value in places}
        free = {
            value: tuple(p for p in one if owners.get(p[0]) in (None, paper.key) and p[0] != mine)
            for value, one in hits.items()
        }
        candidates = sorted({place[0] for one in free.values() for place in one})
        if len(candidates) > 1:
            raise _held(paper, AMBIGUOUS, f"{_named(candidates)} of the shop have a {name} of it")
        if len(candidates) == 1:
            _take(paper, candidates[0], free, name)
            return
        taken = sorted(
            {owners[p[0]] for one in hits.values() for p in one if owners.get(p[0]) not in (None, paper.key)}
        )
        if taken and name == "SKU":
            raise _held(paper, CLAIMED, f"a {name} of it is in the shop's product of {', '.join(taken)}")
    if paper.taken.status is ProductStatus.ARCHIVED:
        paper.end("not for sale", "it went out of sale and the shop never had it")


def _take(paper: ProductPaper, product_id: str, hits: Mapping[str, Places], name: str) -> None:
    doubled = [value for value, places in hits.items() if len({v for p, v in places if p == product_id}) > 1]
    if doubled:
        raise _held(paper, AMBIGUOUS, f"product {product_id} of the shop has the {name} {doubled[0]} twice")
    paper.product_id = product_id
    by_value = {value: places[0][1] for value, places in hits.items() if places}
    for variant in paper.taken.variants:
        value = variant.sku if name == "SKU" else variant.barcode
        if variant.sku and value in by_value:
            paper.variant_ids[variant.sku] = by_value[value]


def _apart(papers: Sequence[ProductPaper]) -> None:
    """Two of ours that would become the same one of the shop are both held."""
    linked = [paper for paper in papers if paper.error is None and paper.product_id is not None]
    counts = Counter(paper.product_id for paper in linked)
    for paper in linked:
        if counts[paper.product_id] > 1:
            others = [p.key for p in linked if p.product_id == paper.product_id and p is not paper]
            words = f"{', '.join(others)} would become the same product {paper.product_id} of the shop"
            paper.error = _held(paper, CLAIMED, words)


def _named(product_ids: Sequence[str]) -> str:
    return f"products {', '.join(product_ids[:5])}" + (" and more" if len(product_ids) > 5 else "")


def _held(paper: ProductPaper, code: str, words: str) -> HeldError:
    return HeldError(
        f"nobody can tell which product of the shop it is: {words}",
        code=code,
        document=f"product {paper.key}",
        way_out="Correct the SKU or barcode in the shop or in the source, then `crossdock products sync --key` "
        f"{paper.key}.",
    )
