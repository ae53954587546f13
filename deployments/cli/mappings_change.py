"""`crossdock mappings`: changing. Every change is a change set with its reason; nothing is edited in place."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from canonical.errors import MisconfiguredError, RejectedError
from canonical.mapping.cells import columns_of, faults, row_of
from canonical.mapping.changes import Change, Draft, Edit, EditKind, difference
from canonical.mapping.kinds import ANY, MappingKind, MappingRow, scope_column
from canonical.mapping.seeds import read_file, refuse, write_file
from deployments.cli.context import actor, api_token, console, given_token
from deployments.cli.mapping_access import opened_book
from deployments.cli.mappings import tell

EVERY: Final = tuple(MappingKind)


def put(kind: MappingKind, cells: list[str], /, *, because: str, remove: bool = False, dry_run: bool = False) -> int:
    """Map one value: `crossdock mappings set items shop=north sku=MUG-9 value=MUG --because "new"`.

    Parameters
    ----------
    kind
        What is mapped, such as items.
    cells
        column=text. The shop (or system) is every one when left out; valid_from and valid_to are dates.
    because
        Why, for the history and the audit.
    remove
        Unmap instead: the value is left out then.
    dry_run
        Only say what it would touch.
    """
    edit = Edit(kind=EditKind.REMOVE if remove else EditKind.PUT, row=_row(kind, cells, remove=remove))
    return asyncio.run(_propose([edit], because, dry_run))


def _row(kind: MappingKind, cells: list[str], *, remove: bool) -> MappingRow:
    columns = columns_of(kind)
    given = dict.fromkeys(columns, "") | {scope_column(kind): ANY}
    for cell in cells:
        column, found, text = cell.partition("=")
        if not found or column not in columns:
            raise RejectedError(
                f"{cell!r} is not one of {', '.join(f'{c}=...' for c in columns)}", code="mapping_invalid"
            )
        given[column] = text.strip()
    if remove:
        given["value"] = given["value"] or "unmapped"
    if problems := [fault for fault in faults(kind, given) if not (remove and fault.startswith("value"))]:
        raise RejectedError("; ".join(problems), code="mapping_invalid", document=f"{kind}")
    return row_of(kind, given)


def propose(files: list[Path], /, *, because: str, dry_run: bool = False) -> int:
    """Put the lines of CSV files, named by kind (items.csv); what they do not name stays as it is.

    Parameters
    ----------
    files
        The files.
    because
        Why, for the history and the audit.
    dry_run
        Only say what it would touch.
    """
    rows = [row for found in read_files(files).values() for row in found]
    return asyncio.run(_propose([Edit(row=row) for row in rows], because, dry_run))


def import_files(files: list[Path], /, *, because: str, dry_run: bool = False) -> int:
    """Make CSV files, named by kind, the whole of their kinds: lines that they lack are unmapped.

    Parameters
    ----------
    files
        The files, or folders of them.
    because
        Why, for the history and the audit.
    dry_run
        Only say what it would touch.
    """
    return asyncio.run(_import(read_files(files), because, dry_run))


async def _import(wanted: dict[MappingKind, list[MappingRow]], because: str, dry_run: bool) -> int:
    async with opened_book() as book:
        standing = [row for row in await book.rows() if row.kind in wanted]
    edits = difference(standing, [row for rows in wanted.values() for row in rows])
    return await _propose(edits, because, dry_run)


def read_files(paths: Iterable[Path]) -> dict[MappingKind, list[MappingRow]]:
    """The rows of CSV files by kind. Raises `MisconfiguredError` naming every bad file, line and field."""
    found: dict[MappingKind, list[MappingRow]] = {}
    problems: list[str] = []
    for path in paths:
        for file in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
            if file.stem not in EVERY:
                problems.append(f"{file.name}: no such mapping; there are {', '.join(f'{kind}.csv' for kind in EVERY)}")
                continue
            kind = MappingKind(file.stem)
            found[kind] = read_file(kind, _text(file), file.name, problems)
    refuse(problems)
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MisconfiguredError("the file cannot be read", code="file_unreadable", document=file.name) from error


def export(folder: Path, /, *, kind: MappingKind | None = None, version: int | None = None) -> int:
    """Write the mappings as CSV files, one a kind, into a folder.

    Parameters
    ----------
    folder
        Where to; made when it is not there.
    kind
        Only this kind.
    version
        As of this version; the newest when left out.
    """
    rows = asyncio.run(_rows(version))
    folder.mkdir(parents=True, exist_ok=True)
    for chosen in EVERY if kind is None else (kind,):
        (folder / f"{chosen}.csv").write_text(write_file(chosen, rows), encoding="utf-8")
    console.print(f"{len(rows)} mappings are in {folder}.")
    return 0


async def _rows(version: int | None) -> list[MappingRow]:
    async with opened_book() as book:
        return await book.rows(version)


def rollback(version: int, /, *, because: str, dry_run: bool = False) -> int:
    """Go back to an earlier version. It is a change like any other: checked, approved where needed, a new version.

    Parameters
    ----------
    version
        The version to return to.
    because
        Why, for the history and the audit.
    dry_run
        Only say what it would touch.
    """
    return asyncio.run(_rollback(version, because, dry_run))


async def _rollback(version: int, because: str, dry_run: bool) -> int:
    async with opened_book() as book:
        newest = await book.version()
        if not 1 <= version <= newest:
            raise RejectedError(
                f"the versions are 1 to {newest}", code="version_unknown", document=f"version {version}"
            )
        edits = difference(await book.rows(), await book.rows(version))
    return await _propose(edits, f"back to version {version}: {because}", dry_run)


async def _propose(edits: Iterable[Edit], because: str, dry_run: bool) -> int:
    chosen = tuple(edits)
    if not chosen:
        console.print("Nothing would change.")
        return 0
    draft = Draft(edits=chosen, words=because)
    async with opened_book() as book:
        if dry_run:
            problems, impact = await book.preview(draft)
            console.print(f"{len(chosen)} edits; touches {impact.words()}.", soft_wrap=True)
            for problem in problems:
                console.print(f"  {problem}", soft_wrap=True)
            return int(bool(problems))
        return tell(await book.propose(draft, actor(), given_token()))


def approve(number: int, /, *, note: str | None = None) -> int:
    """Put a waiting change in force, with your API token. You must have the role approver, and not be who proposed.

    Parameters
    ----------
    number
        The change.
    note
        Why, for the audit.
    """
    return tell(asyncio.run(_decide(number, approve=True, note=note)))


def reject(number: int, /, *, note: str | None = None) -> int:
    """Reject a waiting change.

    Parameters
    ----------
    number
        The change.
    note
        Why, for the audit.
    """
    return tell(asyncio.run(_decide(number, approve=False, note=note)))


async def _decide(number: int, *, approve: bool, note: str | None) -> Change:
    async with opened_book() as book:
        return await book.decide(number, api_token(), approve=approve, note=note)
