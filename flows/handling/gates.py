"""Quality gates of order ingestion: one Great Expectations run per batch and stage, in a thread."""

from collections.abc import Sequence

from canonical.errors import RejectedError
from canonical.quality import STAGES, Failure, order_gate
from canonical.quality.frames import document_rows, message_rows, order_rows
from flows.handling.documents import Chunk, IntakeBatch
from flows.handling.gating import Row, quarantined
from flows.runtime import Runtime


def build_gates() -> None:
    """Build every gate now: a worker does so at its start, so that the first order does not wait 4 s for it."""
    for stage in STAGES:
        order_gate(stage)


async def gate_received(rt: Runtime, batch: IntakeBatch) -> int:
    """The messages as they came, before anyone reads them; a bad one is set aside alone. Returns how many."""
    arrived = [(document, message) for document in batch.documents for message in document.messages]
    rows = message_rows([message for _, message in arrived], _currencies(rt), rt.now())
    bad = await _quarantined("received", rows)
    for index, failures in bad.items():
        document, message = arrived[index]
        document.unreadable.append((message, _rejected(document.label, failures)))
    return len(bad)


async def gate_canonical(rt: Runtime, batch: IntakeBatch) -> int:
    """The orders as translated and completed. Returns how many were quarantined."""
    documents = [d for d in batch.open() if d.order is not None]
    rows = order_rows([d.order for d in documents if d.order is not None], _currencies(rt), rt.now())
    bad = await _quarantined("canonical", rows)
    for index, failures in bad.items():
        documents[index].error = _rejected(documents[index].label, failures)
    return len(bad)


async def gate_postings(rt: Runtime, chunk: Chunk) -> int:
    """The ERP documents about to be sent; one that fails is not sent. Returns how many."""
    postings = [p for p in chunk.open() if p.document is not None]
    currencies = {c.name: c.currency for c in rt.landscape.companies}
    rows = document_rows([p.document for p in postings if p.document is not None], currencies)
    bad = await _quarantined("before_posting", rows)
    for index, failures in bad.items():
        postings[index].error = _rejected(postings[index].label, failures)
        postings[index].document = None
    return len(bad)


def _currencies(rt: Runtime) -> dict[str, str]:
    return {shop.name: shop.currency for shop in rt.landscape.shops}


async def _quarantined(stage: str, rows: Sequence[Row]) -> dict[int, tuple[Failure, ...]]:
    return await quarantined(lambda: order_gate(stage), rows, code=f"gate_{stage}_stopped")


def _rejected(label: str, failures: Sequence[Failure]) -> RejectedError:
    return RejectedError(
        "; ".join(failure.words for failure in failures),
        code=failures[0].code,
        document=f"order {label}",
        way_out="Repair the data at its source, then replay the document.",
    )
