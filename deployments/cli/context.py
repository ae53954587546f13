"""What commands share: the opened store, tables on the terminal."""

import getpass
import os
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from canonical.errors import MisconfiguredError

if TYPE_CHECKING:
    from canonical.ports import StateStore

console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


@asynccontextmanager
async def opened_store() -> "AsyncIterator[StateStore]":
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


TOKEN = "CROSSDOCK_TOKEN"  # noqa: S105 - the name of a variable


def given_token() -> str | None:
    """The caller's API token where the environment has one. Never from the command line: others could read it there."""
    return (os.environ.get(TOKEN) or "").strip() or None


def api_token() -> str:
    """The same, asked for at a terminal. Raises `MisconfiguredError` when there is none and nobody to ask."""
    token = given_token() or (getpass.getpass("API token: ").strip() if sys.stdin.isatty() else "")
    if not token:
        raise MisconfiguredError(
            "an API token is needed to decide",
            code="token_missing",
            field=TOKEN,
            way_out=f"Set {TOKEN}, or answer the prompt; make one with `crossdock tokens add`.",
        )
    return token


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
