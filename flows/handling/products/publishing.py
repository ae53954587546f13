"""Publishing: products become products of the shop, once each, whatever dies in between.

    gate "before publishing" -> guards -> intent -> sent -> the channel -> remembered -> settled

The effect's key names the publication: shop, product, its number and the digest of the content. What a dead worker left
at `sent` is sent again under the same key: the port finds what it made before it makes anything (by id, or by our key).
"""

from collections.abc import Sequence
from typing import Final

from canonical.errors import (
    ConflictError,
    CrossdockError,
    MisconfiguredError,
    RetryableError,
)
from canonical.ids import effect_key
from canonical.outcomes import AwaitingAck, Failed, Outcome, Settled
from canonical.ports.products import PublishedProduct
from canonical.product import ProductRef
from canonical.quality.product_frames import picture_urls, publication_row
from canonical.records import EffectIntent, EffectUpdate
from canonical.states import EffectState
from flows.handling.products.arrivals import product_key
from flows.handling.products.gates import stopped
from flows.handling.products.guard import guard
from flows.handling.products.papers import ProductBatch, ProductPaper
from flows.runtime import Runtime

OPERATION: Final = "product.publish"


async def gate_publication(rt: Runtime, batch: ProductBatch) -> int:
    """Prices and pictures, just before they are sent. Returns how many were stopped."""
    papers = batch.open()
    if not papers:
        return 0
    urls = list(dict.fromkeys(url for paper in papers for url in picture_urls(paper.taken, paper.owned)))
    dead = await rt.goods.pictures.unreachable(urls) if rt.goods.pictures is not None and urls else {}
    currency = rt.landscape.shop(batch.shop).currency
    rows = [publication_row(paper.taken, paper.owned, currency, dead) for paper in papers]
    bad = await stopped("before_publishing", rows, [paper.key for paper in papers])
    for index, error in bad.items():
        papers[index].error = error
    return len(bad)


async def publish(rt: Runtime, batch: ProductBatch) -> int:
    """Gate, guard and write the open papers. Returns how many the shop has as they should be.

    What stops the whole shop is kept in `batch.stopped`, so that what was written is settled first.
    """
    await gate_publication(rt, batch)
    await guard(rt, batch)
    papers = batch.open()
    if not papers:
        return 0
    effects = await rt.store.intend([_intent(rt, batch.shop, paper) for paper in papers])
    for paper, effect in zip(papers, effects, strict=True):
        paper.effect = effect
    await rt.store.mark([step for paper in papers for step in _sent(paper)])
    outcomes = await _write(rt, batch, papers)
    for paper, outcome in zip(papers, outcomes, strict=True):
        _take(paper, outcome)
    await _remember(rt, [paper for paper in papers if paper.ref is not None])
    return sum(paper.verdict == "published" for paper in papers)


def _intent(rt: Runtime, shop: str, paper: ProductPaper) -> EffectIntent:
    aggregate = product_key(shop, paper.key)
    return EffectIntent(
        key=publication_key(paper),
        system=rt.landscape.shop(shop).channel,
        operation=OPERATION,
        scope=shop,
        aggregate_key=aggregate,
        correlation_id=paper.messages[0].correlation_id,
        request_digest=paper.digest,
    )


def publication_key(paper: ProductPaper, version: int | None = None) -> str:
    """The idempotency key of the publication that is due, or of that number."""
    number = str(paper.version if version is None else version)
    return effect_key(paper.shop, OPERATION, paper.key, number, paper.digest[:32])


def _sent(paper: ProductPaper) -> list[EffectUpdate]:
    """The ledger steps before a request leaves. One that is settled is only repeated: the book had lost it."""
    key, state = publication_key(paper), paper.effect.state if paper.effect is not None else EffectState.INTENDED
    if state is EffectState.SETTLED:
        return []
    again = [EffectUpdate(key=key, state=EffectState.INTENDED)] if state is EffectState.FAILED else []
    return [*again, EffectUpdate(key=key, state=EffectState.SENT)]


async def _write(rt: Runtime, batch: ProductBatch, papers: Sequence[ProductPaper]) -> list[Outcome[ProductRef]]:
    """One by one, or in bulk from so many on. An error of the whole call is each product's, and stops the shop."""
    channel = rt.goods.channels[batch.shop]
    changes = [paper.change(publication_key(paper)) for paper in papers]
    try:
        many = len(changes) >= channel.bulk_from
        outcomes = await (channel.publish_many(changes) if many else channel.publish(changes))
    except (RetryableError, MisconfiguredError) as error:
        outcomes = [Failed(error) for _ in changes]
    batch.stopped = next((o.error for o in outcomes if isinstance(o, Failed) and _stops(o.error)), None)
    return outcomes


def _stops(error: CrossdockError) -> bool:
    """Whether the shop as a whole cannot be written to now."""
    return isinstance(error, MisconfiguredError) or (isinstance(error, RetryableError) and error.document is None)


def _take(paper: ProductPaper, outcome: Outcome[ProductRef]) -> None:
    if isinstance(outcome, Settled):
        paper.ref = outcome.value
        paper.verdict = "published"
    elif isinstance(outcome, AwaitingAck):
        words = f"the shop answers later ({outcome.reference})"
        paper.error = RetryableError(words, code="answer_open", document=f"product {paper.key}", maybe_applied=True)
    else:
        paper.error = outcome.error


async def _remember(rt: Runtime, papers: Sequence[ProductPaper]) -> None:
    """Before the effects settle: a worker that dies in between finds the products unchanged, and settles them."""
    rows = [_published(rt, paper) for paper in papers]
    try:
        await rt.goods.book.save_published(rows)
    except ConflictError:
        await _remember_singly(rt, papers, rows)


async def _remember_singly(rt: Runtime, papers: Sequence[ProductPaper], rows: Sequence[PublishedProduct]) -> None:
    for paper, row in zip(papers, rows, strict=True):
        try:
            await rt.goods.book.save_published([row])
        except ConflictError as error:
            paper.verdict, paper.ref, paper.error = "", None, error


def _published(rt: Runtime, paper: ProductPaper) -> PublishedProduct:
    assert paper.ref is not None
    return PublishedProduct(
        shop=paper.shop,
        key=paper.key,
        digest=paper.digest,
        ref=paper.ref,
        prices=paper.prices,
        status=paper.taken.status.value,
        version=paper.version,
        published_at=rt.now(),
    )
