"""What a run of product sync did, for its table in the Prefect UI and its one log line."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from flows.handling.products.papers import ProductBatch, Row, SourceBatch

MOST_ROWS: Final = 500
_ALWAYS: Final = ("held", "withheld", "quarantined")


class ProductTally:
    """Counts every verdict; keeps the first `MOST_ROWS` rows, those that were stopped always."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.rows: list[Row] = []
        self.left_out = 0
        self.notes: list[str] = []
        self.asked: set[int] = set()
        """Approvals that products of this run wait for."""
        self.correlation_ids: list[str] = []

    def sources(self, batch: SourceBatch) -> None:
        """Add a recorded batch of source records."""
        for paper in batch.papers:
            self.counts[f"source {paper.verdict or 'open'}"] += 1
            if paper.error is not None:
                self._row(paper.message.scope, paper.key, paper.verdict, [f"{paper.error.code}: {paper.error.words}"])

    def products(self, batch: ProductBatch) -> None:
        """Add a recorded batch of products."""
        for paper in batch.papers:
            verdict = paper.verdict or "open"
            self.counts[verdict] += 1
            self.correlation_ids += [message.correlation_id for message in paper.messages[:1]]
            if verdict == "withheld" and paper.approval_id is not None:
                self.asked.add(paper.approval_id)
            reasons = paper.reasons
            if paper.ref is not None:
                reasons = [f"product {paper.ref.product_id}, {len(paper.ref.variants)} variants", *reasons]
            self._row(batch.shop, paper.key, verdict, reasons)

    def note(self, text: str) -> None:
        """Something the run wants to be seen, such as a parked lane."""
        if text not in self.notes:
            self.notes.append(text)

    def _row(self, shop: str, key: str, verdict: str, reasons: Sequence[str]) -> None:
        if len(self.rows) < MOST_ROWS or verdict in _ALWAYS:
            self.rows.append({"shop": shop, "product": key, "verdict": verdict, "reasons": "; ".join(reasons)})
        else:
            self.left_out += 1
