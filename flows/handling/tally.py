"""What a run did, for its table in the Prefect UI and its one log line."""

from flows.handling.documents import Chunk, IntakeBatch
from flows.handling.run_table import RunTable


class Tally(RunTable):
    """Counts every verdict; keeps the first `MOST_ROWS` rows, held and quarantined ones always."""

    def intake(self, batch: IntakeBatch) -> None:
        """Add a recorded intake batch."""
        for document in batch.documents:
            self._add(document.scope, document.label, document.verdict or "open", document.reasons)
            self.correlation_ids.append(document.correlation_id)

    def chunk(self, chunk: Chunk) -> None:
        """Add a chunk that was posted or stopped."""
        for posting in chunk.postings:
            if posting.verdict == "nothing to do":
                continue
            reasons = [f"{posting.error.code}: {posting.error.words}"] if posting.error is not None else []
            if posting.booked is not None:
                reasons = [f"ERP {posting.booked.number or posting.booked.id}, {posting.booked.total}"]
            self._add(posting.message.scope, posting.label, posting.verdict or "waiting", reasons)

    def _add(self, scope: str, label: str, verdict: str, reasons: list[str]) -> None:
        self.counts[verdict] += 1
        row = {"shop": scope, "order": label, "verdict": verdict, "reasons": "; ".join(reasons)}
        self.keep(row, always=verdict in ("held", "quarantined"))
