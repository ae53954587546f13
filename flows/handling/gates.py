"""Quality gates of order ingestion: one Great Expectations run per batch and stage, in a thread."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from canonical.errors import RejectedError
from canonical.quality import order_gate
from canonical.quality.frames import document_rows, message_rows, order_rows
from flows.handling.documents import Chunk, IntakeBatch
from flows.runtime import Runtime

Row = Mapping[str, Any]


async def gate_received(rt: Runtime, batch: IntakeBatch) -> int:
    """The messages as they came, before anyone reads them. Returns how many were quarantined."""
    documents = [d for d in batch.documents if d.error is None]
    rows = message_rows([d.messages[-1] for d in documents], _currencies(rt), rt.now())
    bad = await _quarantined("received", rows)
    for index, words in bad.items():
        documents[index].error = _rejected("received", documents[index].label, words)
    return len(bad)


async def gate_canonical(rt: Runtime, batch: IntakeBatch) -> int:
    """The orders as translated and completed. Returns how many were quarantined."""
    documents = [d for d in batch.open() if d.order is not None]
    rows = order_rows([d.order for d in documents if d.order is not None], _currencies(rt), rt.now())
    bad = await _quarantined("canonical", rows)
    for index, words in bad.items():
        documents[index].error = _rejected("canonical", documents[index].label, words)
    return len(bad)


async def gate_postings(rt: Runtime, chunk: Chunk) -> int:
    """The ERP documents about to be sent; one that fails is not sent. Returns how many."""
    postings = [p for p in chunk.open() if p.document is not None]
    currencies = {c.name: c.currency for c in rt.landscape.companies}
    rows = document_rows([p.document for p in postings if p.document is not None], currencies)
    bad = await _quarantined("before_posting", rows)
    for index, words in bad.items():
        postings[index].error = _rejected("before_posting", postings[index].label, words)
        postings[index].document = None
    return len(bad)


def _currencies(rt: Runtime) -> dict[str, str]:
    return {shop.name: shop.currency for shop in rt.landscape.shops}


async def _quarantined(stage: str, rows: Sequence[Row]) -> dict[int, list[str]]:
    """Row index -> failed expectations in words. A gate blocks for 50 to 250 ms, so it runs in a thread."""
    if not rows:
        return {}
    result = await asyncio.to_thread(lambda: order_gate(stage).check(rows))
    return {index: [str(failure) for failure in failures] for index, failures in result.quarantined.items()}


def _rejected(stage: str, label: str, words: Sequence[str]) -> RejectedError:
    return RejectedError(
        "; ".join(words),
        code=f"gate_{stage}",
        document=f"order {label}",
        way_out="Repair the data at its source, then replay the document.",
    )
