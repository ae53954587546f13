"""Files of theirs: claimed by a rename, read, told, and archived once the cursor confirms that what they say was kept.

A file that was claimed and not confirmed (we died in between) is read again by the next poll: its events have the same
ids. So a file is never half processed, and none is read by two.
"""

import csv
import io
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from canonical.errors import RejectedError
from canonical.ports.warehouse import WarehouseReport
from canonical.warehouse import WarehouseEvent
from connectors.file_3pl.book import Book, Sent
from connectors.file_3pl.cells import Row, fault, rows_of
from connectors.file_3pl.documents import documents, event_of
from connectors.file_3pl.layout import Incoming, Layout
from connectors.file_drop import FileDrop

INCOMING, CLAIMED, ARCHIVE, SET_ASIDE = (
    "incoming", "crossdock/claimed", "crossdock/archive", "crossdock/set-aside",
)  # fmt: skip
_DIGITS: Final = 17  # microseconds since 1970, until the year 5138


class IncomingFiles:
    """Reads what they send."""

    def __init__(self, system: str, drop: FileDrop, book: Book, layout: Layout, most: int) -> None:
        self._system, self._drop, self._book, self._layout, self._most = system, drop, book, layout, most

    async def changes(self, cursor: str | None) -> WarehouseReport:
        """The events of the files that the cursor does not confirm. The cursor is the number of the last claim."""
        confirmed = _number(cursor)
        waiting = []
        for name in await self._drop.names(CLAIMED):
            if _claim_of(name) <= confirmed:
                await self._drop.move(CLAIMED, name, ARCHIVE)
            else:
                waiting.append(name)
        waiting += await self._claim(max([confirmed, *map(_claim_of, waiting)]), self._most - len(waiting))
        events: list[WarehouseEvent] = []
        errors: list[RejectedError] = []
        for name in waiting:
            told, wrong = await self._read(name)
            events += told
            errors += wrong
        await self._book.keep_told(events)
        newest = max([confirmed, *map(_claim_of, waiting)])
        return WarehouseReport(events=tuple(events), errors=tuple(errors), cursor=str(newest) if newest else cursor)

    async def _claim(self, after: int, most: int) -> list[str]:
        """Take the files that wait, in the order of their names. Another worker may be faster: then it has the file."""
        number = max(time.time_ns() // 1000, after + 1)
        claimed = []
        names = [name for name in await self._drop.names(INCOMING) if self._kind(name) is not None]
        for name in names[: max(0, most)]:
            own = f"{number:0{_DIGITS}d}-{name}"
            if await self._drop.move(INCOMING, name, CLAIMED, own):
                claimed.append(own)
        return claimed

    async def _read(self, name: str) -> tuple[list[WarehouseEvent], list[RejectedError]]:
        content, file = await self._drop.read(CLAIMED, name), name[_DIGITS + 1 :]
        kind = self._kind(file)
        if content is None or kind is None:
            return [], []
        try:
            rows = list(rows_of(content, kind, self._layout))
        except (ValueError, LookupError) as error:
            await self._drop.write(SET_ASIDE, name, content)
            words = str(error) if not isinstance(error, UnicodeError) else f"is not {self._layout.encoding}"
            return [], [fault(file, 1, "file", words)]
        return await self._told(name, file, kind, rows)

    async def _told(
        self, name: str, file: str, kind: Incoming, rows: Sequence[Row]
    ) -> tuple[list[WarehouseEvent], list[RejectedError]]:
        orders = await self._orders({row.values.get("key", "") for row in rows} - {""})
        events: list[WarehouseEvent] = []
        bad: list[Row] = []
        for of_one in documents(rows, kind).values():
            event = event_of(of_one, kind, self._system, orders)
            if event is None:
                bad += of_one
            else:
                events.append(event)
        if bad:
            await self._drop.write(SET_ASIDE, name, self._set_aside(bad, kind, rows))
        errors = [
            fault(file, row.line, self._layout.column(kind, field), words)
            for row in bad
            for field, words in row.faults.items()
        ]
        return events, errors

    def _set_aside(self, bad: Sequence[Row], kind: Incoming, rows: Sequence[Row]) -> bytes:
        """The bad documents as a file that can be corrected and sent in again; the last column says what is wrong."""
        text = io.StringIO()
        fields = sorted({field for row in rows for field in row.values})
        writer = csv.writer(text, delimiter=self._layout.delimiter, lineterminator="\r\n")
        writer.writerow([*(self._layout.column(kind, field) for field in fields), "what is wrong"])
        for row in bad:
            wrong = "; ".join(f"{field} {words}" for field, words in row.faults.items())
            words = f"line {row.line}: {wrong or 'another row of its document'}"
            writer.writerow([*(row.values.get(field, "") for field in fields), words])
        return text.getvalue().encode(self._layout.encoding)

    async def _orders(self, keys: set[str]) -> dict[str, Sent]:
        found = {key: await self._book.sent(key) for key in sorted(keys)}
        return {key: sent for key, sent in found.items() if sent is not None}

    def _kind(self, name: str) -> Incoming | None:
        return next((kind for kind in Incoming if fnmatchcase(name, self._layout.table(kind).pattern)), None)


def _claim_of(name: str) -> int:
    """The number of the claim in a claimed file's name; a file somebody else put there is read at once, and again."""
    digits = name[:_DIGITS]
    return int(digits) if digits.isdigit() else 0


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdigit():
        raise RejectedError("the cursor is no number", code="bad_cursor", way_out="Delete the cursor.")
    return int(cursor)
