"""What commands share: the opened store, tables on the terminal."""

import getpass
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from canonical.ports import StateStore

console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


@asynccontextmanager
async def opened_store() -> AsyncIterator[StateStore]:
    """The state store that CROSSDOCK_STORE_URL names."""
    from connectors import registry

    store = await registry.state_store()
    try:
        yield store
    finally:
        await store.aclose()


def actor() -> str:
    """Who runs the command, for the audit."""
    return f"cli:{getpass.getuser()}"


def now() -> datetime:
    return datetime.now(UTC)


def age(moment: datetime | None) -> str:
    """How long ago, in the largest sensible unit."""
    if moment is None:
        return ""
    seconds = (now() - moment).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Print a table; returns the number of rows."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    count = 0
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
        count += 1
    if count:
        console.print(table)
    else:
        console.print(f"{title}: none")
    return count
