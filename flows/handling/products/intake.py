"""Intake of products: messages -> records -> the book, and which products of which shops they concern.

    read -> gate "received" -> save -> finish

One bad record stops alone. What to publish is a message of our own for each shop, in the same transaction that ends
the source's message: a shop that is away delays no other.
"""

from collections.abc import Iterable, Sequence

from canonical.errors import RejectedError
from canonical.landscape import EVERY_SHOP
from canonical.product import SourceProduct
from canonical.quality.product_frames import source_row
from canonical.records import AuditEntry, Batch, Case, CaseClosing, CaseKind, MessageVerdict
from canonical.rules.product_merge import assemble, of_company
from canonical.states import MessageState
from flows.handling.own_messages import CHANNEL
from flows.handling.products.arrivals import MOST_CASES, to_publish
from flows.handling.products.gates import stopped
from flows.handling.products.papers import SourceBatch, SourcePaper
from flows.handling.unexpected import contained
from flows.runtime import Runtime


async def read(rt: Runtime, batch: SourceBatch) -> int:
    """Turn the messages into records. Returns how many could be read."""
    for paper in batch.papers:
        try:
            paper.record = _record(paper)
        except Exception as error:  # noqa: BLE001 - one message's defect is its own
            paper.error = contained(error, f"product {paper.key}")
    return len(batch.open())


def _record(paper: SourcePaper) -> SourceProduct:
    try:
        return SourceProduct.model_validate_json(paper.message.body)
    except ValueError as error:
        raise RejectedError(
            "the message is no product",
            code="product_unreadable",
            document=paper.message.delivery_key,
            way_out="Poll the source again: `crossdock products sync --full` reads it anew.",
        ) from error


async def gate_received(rt: Runtime, batch: SourceBatch) -> int:
    """The records as they came. Returns how many were stopped."""
    papers = batch.open()
    rows = [source_row(paper.record, rt.now()) for paper in papers if paper.record is not None]
    bad = await stopped("received", rows, [paper.key for paper in papers])
    for index, error in bad.items():
        papers[index].error = error
    return len(bad)


async def save(rt: Runtime, batch: SourceBatch) -> int:
    """Write what is newer, and find the products that it concerns in each shop. Returns the changed records."""
    papers = batch.open()
    records = [paper.record for paper in papers if paper.record is not None]
    changed = await rt.goods.book.save_sources(records)
    for paper in papers:
        paper.verdict = "taken" if paper.key in changed else "known"
    await _concern(rt, batch, papers)
    return len(changed)


async def _concern(rt: Runtime, batch: SourceBatch, papers: Sequence[SourcePaper]) -> None:
    """All that were told, changed or not: a worker that died after it saved has told nobody yet."""
    if not papers:
        return
    related = await rt.goods.book.related([paper.key for paper in papers])
    used: set[str] = set()
    for shop in rt.goods.channels:
        company = rt.landscape.shop(shop).company
        mine = [p for p in papers if p.message.scope in (company, EVERY_SHOP)]
        since = {key: paper.message for paper in reversed(mine) for key in _names(paper)}
        groups = assemble(of_company(related, company), rt.landscape.field_owners(shop))
        for key, group in groups.items():
            causes = [since[name] for name in (key, *_skus(group)) if name in since]
            if causes:
                first = min(causes, key=lambda message: message.seq)
                batch.follow_ups.append(to_publish(shop, key, str(max(c.seq for c in causes)), first.received_at))
                used |= {key, *_skus(group)}
    for paper in papers:
        if not used & set(_names(paper)):
            paper.verdict = "waits"


def _names(paper: SourcePaper) -> list[str]:
    return [paper.key, *_skus([paper.record])] if paper.record is not None else [paper.key]


def _skus(records: Iterable[SourceProduct]) -> list[str]:
    return [variant.sku for record in records for variant in record.product.variants if variant.sku]


async def finish(rt: Runtime, batch: SourceBatch) -> None:
    """End the messages in one fenced transaction, with what follows from them.

    Raises `ConflictError` when the lease was lost; another worker has the messages then.
    """
    verdicts, cases, closings, audit = [], [], [], []
    standing = {case.aggregate_key for case in await rt.store.cases(limit=MOST_CASES)}
    for paper in batch.papers:
        if paper.error is not None:
            paper.verdict = "quarantined"
            state = MessageState.QUARANTINED
            verdicts.append(MessageVerdict(seq=paper.message.seq, state=state, reason=paper.error.code))
            cases.append(_case(rt, paper))
            audit.append(_audit(rt, paper))
            continue
        verdicts.append(MessageVerdict(seq=paper.message.seq, state=MessageState.DONE, reason=paper.verdict or None))
        if paper.message.aggregate_key in standing:
            closings.append(
                CaseClosing(aggregate_key=paper.message.aggregate_key, closed_by=CHANNEL, note="read again")
            )
    await rt.store.commit(
        Batch(
            owner=batch.owner,
            messages=tuple(verdicts),
            close_cases=tuple(closings),
            open_cases=tuple(cases),
            audit=tuple(audit),
            deliveries=tuple(batch.follow_ups),
        )
    )


def _case(rt: Runtime, paper: SourcePaper) -> Case:
    error, message = paper.error, paper.message
    assert error is not None
    return Case(
        kind=CaseKind.QUARANTINED,
        scope=message.scope,
        aggregate_key=message.aggregate_key,
        correlation_id=message.correlation_id,
        document=f"product {paper.key} of {message.channel}"[:200],
        reason_code=error.code,
        words=error.words,
        way_out=error.way_out,
        owner="integration",
        opened_at=rt.now(),
    )


def _audit(rt: Runtime, paper: SourcePaper) -> AuditEntry:
    message = paper.message
    return AuditEntry(
        at=rt.now(),
        actor=CHANNEL,
        action="product.quarantined",
        scope=message.scope,
        aggregate_key=message.aggregate_key,
        correlation_id=message.correlation_id,
        detail={"document": paper.key, "source": message.channel, "reason": paper.error.code if paper.error else ""},
    )
