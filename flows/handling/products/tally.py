"""What a run of product sync did, for its table in the Prefect UI and its one log line."""

from collections.abc import Sequence
from typing import Final

from flows.handling.products.papers import ProductBatch, SourceBatch
from flows.handling.run_table import RunTable

_ALWAYS: Final = ("held", "withheld", "quarantined")


class ProductTally(RunTable):
    """Counts every verdict; keeps the first `MOST_ROWS` rows, those that were stopped always."""

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

    def _row(self, shop: str, key: str, verdict: str, reasons: Sequence[str]) -> None:
        row = {"shop": shop, "product": key, "verdict": verdict, "reasons": "; ".join(reasons)}
        self.keep(row, always=verdict in _ALWAYS)
