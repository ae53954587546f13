"""`crossdock mappings`: how our systems name the same thing. Look, change, take back; what is used but not mapped.

A change is checked and its impact told; taxes, account items, payment methods and price lists wait for another person.
"""

import asyncio
from typing import Final

from canonical.errors import RejectedError
from canonical.mapping.cells import cells_of
from canonical.mapping.changes import Change
from canonical.mapping.coverage import Missing
from canonical.mapping.kinds import ANY, MappingKind, MappingRow
from deployments.cli.context import age, console, opened_store, show
from deployments.cli.mapping_access import mappings_of, opened_book
from flows.handling.releases import missing

SHOWN: Final = 40


def show_rows(
    kind: MappingKind,
    *,
    shop: str | None = None,
    text: str | None = None,
    version: int | None = None,
    limit: int = 200,
) -> int:
    """List the mappings of a kind.

    Parameters
    ----------
    kind
        items, kits, units, taxes, shipping_methods, carriers, locations, stock_locations, payment_methods,
        account_items, accounts, reasons, statuses, price_lists.
    shop
        Rows of this shop (or system), and those for all.
    text
        Rows in which this text occurs, case ignored.
    version
        As of this version; the newest when left out.
    limit
        At most so many rows.
    """
    rows = [row for row in asyncio.run(_rows(kind, version)) if _wanted(row, shop, text)]
    cells = [cells_of(row) for row in sorted(rows, key=lambda row: (row.place, row.value))]
    columns = [column for column in (cells[0] if cells else ()) if any(cell[column] for cell in cells)]
    show(f"{kind}", columns, [[cell[column] for column in columns] for cell in cells[:limit]])
    if len(cells) > limit:
        console.print(f"{len(cells) - limit} more; narrow with --text or raise --limit.")
    return 0


def _wanted(row: MappingRow, shop: str | None, text: str | None) -> bool:
    if shop is not None and row.shop not in (shop, ANY):
        return False
    return text is None or any(text.casefold() in part.casefold() for part in (*row.key, row.value))


async def _rows(kind: MappingKind, version: int | None) -> list[MappingRow]:
    async with opened_book() as book:
        return await book.rows(version, kind)


def show_change(number: int) -> int:
    """Show a change set: what it edits, what was found, what it touches, who decided.

    Parameters
    ----------
    number
        The change, as `crossdock mappings history` lists it.
    """
    change = asyncio.run(_change(number))
    tell(change)
    for edit in change.draft.edits[:SHOWN]:
        console.print(f"  {edit.kind:<6} {edit.row.words()}{_dates(edit.row)}", soft_wrap=True)
    if len(change.draft.edits) > SHOWN:
        console.print(f"  and {len(change.draft.edits) - SHOWN} more")
    return 0


def _dates(row: MappingRow) -> str:
    starts = f", from {row.valid_from:%Y-%m-%d %H:%M}" if row.valid_from else ""
    return starts + (f", until {row.valid_to:%Y-%m-%d %H:%M}" if row.valid_to else "")


async def _change(number: int) -> Change:
    async with opened_book() as book:
        change = await book.change(number)
    if change is None:
        raise RejectedError("there is no such change", code="change_unknown", document=f"change {number}")
    return change


def tell(change: Change) -> int:
    """Say where a change stands; 1 when it was refused."""
    state = f"version {change.version}" if change.version else change.state.value
    console.print(f"Change {change.id} ({change.draft.words}) by {change.proposed_by}: {state}.", soft_wrap=True)
    for problem in change.problems:
        console.print(f"  {problem}", soft_wrap=True)
    console.print(f"Touches {change.impact.words()}.", soft_wrap=True)
    if change.decided_by:
        console.print(f"Decided by {change.decided_by}{f': {change.note}' if change.note else ''}.")
    elif change.state == "waiting":
        console.print(f"Another person approves it: `crossdock mappings approve {change.id}`.")
    return int(change.state == "refused")


def history(*, limit: int = 30) -> int:
    """List versions and change sets, the newest first.

    Parameters
    ----------
    limit
        At most so many of each.
    """
    return asyncio.run(_history(limit))


async def _history(limit: int) -> int:
    async with opened_book() as book:
        versions, changes = await book.versions(limit), await book.changes(limit=limit)
    show(
        "Versions",
        ("version", "change", "by", "age", "why"),
        [(v.number, v.change_id, v.by, age(v.at), v.words) for v in versions],
    )
    columns = ("change", "state", "version", "edits", "by", "age", "decided by", "why")
    show("Changes", columns, [_line(change) for change in changes])
    return 0


def _line(c: Change) -> tuple[object, ...]:
    by, why = c.proposed_by, c.draft.words
    return (c.id, c.state, c.version, len(c.draft.edits), by, age(c.proposed_at), c.decided_by, why)


def coverage(*, fail: bool = False) -> int:
    """List what is used but not mapped: how many documents wait for it, and which the longest.

    Parameters
    ----------
    fail
        End with 1 when anything is missing.
    """
    found = asyncio.run(_coverage())
    show(
        "Used but not mapped",
        ("kind", "shop", "value", "documents", "oldest", "waits"),
        [(m.kinds, m.shop, m.value, m.count, m.oldest, age(m.since)) for m in found],
    )
    return int(fail and bool(found))


async def _coverage() -> list[Missing]:
    async with opened_store() as store:
        mappings = await mappings_of(store)
        return await missing(store, mappings)
