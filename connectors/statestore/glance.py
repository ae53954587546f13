"""A quick look into the store without opening it: SQLite by Python's own driver, for commands that start at once."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from canonical.records import TraceLine
from connectors.statestore.trace import Row, trace

DEFAULT_URL: Final = "sqlite:///.crossdock/crossdock.sqlite"
"""As `settings.StoreSettings.url`; a test compares them."""
_SQLITE: Final = "sqlite:///"


def quick_trace(text: str) -> list[TraceLine] | None:
    """The timeline; None where the store has to be opened for it: another database, none yet, or another schema."""
    url = os.environ.get("CROSSDOCK_STORE_URL", DEFAULT_URL)
    path = Path(url.removeprefix(_SQLITE))
    if not url.startswith(_SQLITE) or "?" in url or "%" in url or not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=10.0)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only=ON")
            connection.execute("BEGIN")  # one snapshot

            def run(statement: str, values: Mapping[str, Any]) -> list[Row]:
                return [dict(row) for row in connection.execute(statement, dict(values))]

            return trace(run, text)
    except sqlite3.Error:
        return None
