"""What a run did, for its table in the Prefect UI and its one log line."""

from collections import Counter

from flows.handling.documents import Chunk, IntakeBatch, Row

MOST_ROWS = 500


class Tally:
    """Counts every verdict; keeps the first `MOST_ROWS` rows, held and quarantined ones always."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.rows: list[Row] = []
        self.left_out = 0
        self.notes: list[str] = []
        self.correlation_ids: list[str] = []

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

    def note(self, text: str) -> None:
        """Something the run wants to be seen, such as a parked lane."""
        if text not in self.notes:
            self.notes.append(text)

    def _add(self, scope: str, label: str, verdict: str, reasons: list[str]) -> None:
        self.counts[verdict] += 1
        if len(self.rows) < MOST_ROWS or verdict in ("held", "quarantined"):
            self.rows.append({"shop": scope, "order": label, "verdict": verdict, "reasons": "; ".join(reasons)})
        else:
            self.left_out += 1
