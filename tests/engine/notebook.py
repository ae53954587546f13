"""What the sample flows wrote down, in order."""

import json
from pathlib import Path
from typing import Any

from tests.engine.engine import wait_until


class Notebook:
    """A file of JSON lines, read by the test while the flows write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def entries(self, what: str | None = None) -> list[dict[str, Any]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        read = [json.loads(line) for line in lines]
        return [entry for entry in read if what in (None, entry["what"])]

    def wait(self, what: str, count: int = 1, within: float = 30.0) -> list[dict[str, Any]]:
        """Until it says this so many times."""
        wait_until(lambda: len(self.entries(what)) >= count, within=within, what=f"{count} notes {what!r}")
        return self.entries(what)
