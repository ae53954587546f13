"""What every run shows in the Prefect UI: counts, a table of documents that is cut at some length, and notes."""

from collections import Counter
from typing import Any, Final

Row = dict[str, Any]
"""One line of a run's table."""
MOST_ROWS: Final = 500


class RunTable:
    """Counts everything; keeps the first `MOST_ROWS` rows, and beyond them those that matter.

    `words` say what is counted where its name does not; `asked` are the approvals that documents of the run wait for.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.words: dict[str, str] = {}
        self.rows: list[Row] = []
        self.left_out = 0
        self.notes: list[str] = []
        self.correlation_ids: list[str] = []
        self.asked: set[int] = set()

    def note(self, text: str) -> None:
        """Something the run wants to be seen, such as a parked lane."""
        if text not in self.notes:
            self.notes.append(text)

    def keep(self, row: Row, *, always: bool) -> None:
        """Add a row; when the table is full only one that has to be seen `always`."""
        if len(self.rows) < MOST_ROWS or always:
            self.rows.append(row)
        else:
            self.left_out += 1
