"""What a stock run did, for its table in the Prefect UI and its one log line."""

from canonical.inventory import FigureState
from flows.handling.run_table import RunTable
from flows.handling.stock.papers import EchoBatch, PublishBatch, StockBatch


class StockTally(RunTable):
    """Counts every ending; keeps the first `MOST_ROWS` rows, what was stopped always."""

    def intake(self, batch: StockBatch) -> None:
        """Add a recorded batch of reports."""
        self.counts["positions"] += sum(len(r.report.levels) for r in batch.reports)
        self.counts["not newer"] += batch.ignored
        self.counts["planned"] += batch.planned
        for refused in batch.refused:
            self._add(refused.scope, refused.document, "stopped", f"{refused.error.code}: {refused.error.words}")
        for report in batch.reports:
            for native, count in report.unmapped.items():
                self._add(batch.company, f"stock of {native}", "held", f"{count} positions: location not mapped")

    def echoes(self, batch: EchoBatch) -> None:
        """Add what a shop said."""
        self.counts["echoes"] += batch.recognised
        self.counts["doubted"] += batch.doubted

    def published(self, batch: PublishBatch) -> None:
        """Add a publication."""
        self.counts["calls"] += batch.calls
        self.counts["reads"] += batch.reads
        for result in batch.results:
            shown = "" if result.quantity is None else f"shows {result.quantity}"
            self._add(batch.shop, f"{result.sku} at {result.place.location_id}", result.state, result.reason or shown)
            if result.state is FigureState.WITHHELD and result.approval_id is not None:
                self.asked.add(result.approval_id)

    def _add(self, scope: str, label: str, verdict: str, words: str) -> None:
        self.counts[str(verdict)] += 1
        row = {"scope": scope, "figure": label, "verdict": str(verdict), "words": words}
        self.keep(row, always=verdict not in (FigureState.PUBLISHED, FigureState.DUE))
