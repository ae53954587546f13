"""What we hand over: one file a request and revision, named by them, so that handing over again is the same file.

1. The file is written to `ready`, whole.  2. The book says what is being handed over.  3. The file is renamed into
`orders`. A file that the book names and that is not in `ready` any more has been handed over: renaming is one step.
"""

import csv
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from canonical.ids import digest
from canonical.warehouse import FulfillmentRequest
from connectors.file_3pl.book import ORDERS, READY, Book, Sent, name_of
from connectors.file_3pl.layout import Layout
from connectors.file_drop import FileDrop

SHIP, CANCEL = "ship", "cancel"
_FORMULA: Final = ("=", "+", "-", "@")
"""A cell that begins so would be computed by a spreadsheet; a quote before it makes it text."""
_TELEPHONE: Final = re.compile(r"\+[\d ()./-]+")


class OrderFiles:
    """Writes files of orders."""

    def __init__(self, drop: FileDrop, book: Book, layout: Layout) -> None:
        self._drop, self._book, self._layout = drop, book, layout

    async def ship(self, request: FulfillmentRequest) -> Sent:
        """Hand a request over."""
        sent = Sent(
            key=request.key,
            revision=request.revision,
            digest=digest_of(request),
            order_name=request.order_name,
            location=request.location,
            lines={line.line_id: line.quantity for line in request.lines},
            file=f"{name_of(request.key)}.r{request.revision}.csv",
            at=datetime.now(UTC),
        )
        await self._hand_over(sent, order_rows(request))
        return sent

    async def cancel(self, sent: Sent, reason: str) -> Sent:
        """Ask them to cancel."""
        file = f"{name_of(sent.key)}.cancel.csv"
        asked = sent.model_copy(update={"cancel": reason or "cancelled", "file": file, "at": datetime.now(UTC)})
        row = {"key": sent.key, "revision": str(sent.revision), "action": CANCEL, "order": sent.order_name,
               "location": sent.location, "note": reason}  # fmt: skip
        await self._hand_over(asked, [row])
        return asked

    async def resume(self, sent: Sent) -> None:
        """Hand over what an attempt that died has left in `ready`."""
        await self._drop.move(READY, sent.file, ORDERS)

    async def _hand_over(self, sent: Sent, rows: list[dict[str, str]]) -> None:
        await self._drop.write(READY, sent.file, self._table(rows))
        await self._book.keep_sent(sent)
        await self._drop.move(READY, sent.file, ORDERS)

    def _table(self, rows: list[dict[str, str]]) -> bytes:
        text = io.StringIO()
        columns = self._layout.order_columns()
        writer = csv.writer(text, delimiter=self._layout.delimiter, lineterminator="\r\n")
        writer.writerow(columns.values())
        writer.writerows([_cell(row.get(field, "")) for field in columns] for row in rows)
        return text.getvalue().encode(self._layout.encoding, errors="replace")


def digest_of(request: FulfillmentRequest) -> str:
    """What a request asks for; when it was made does not matter."""
    return digest(request.model_dump(mode="json", exclude={"revision", "requested_at"}))


def order_rows(request: FulfillmentRequest) -> list[dict[str, str]]:
    """A row a line; what holds for all of them is on each."""
    to = request.ship_to
    address: Mapping[str, str | None] = {} if to is None else {
        "name": to.name, "company": to.company, "street": to.line1, "street2": to.line2, "city": to.city,
        "postal_code": to.postal_code, "region": to.region, "country": to.country, "phone": to.phone,
    }  # fmt: skip
    shared = {
        "key": request.key, "revision": str(request.revision), "action": SHIP, "order": request.order_name,
        "location": request.location, "email": request.email, "method": request.method, "note": request.note,
        "ship_by": request.ship_by.isoformat() if request.ship_by else None, **address,
    }  # fmt: skip
    return [
        {
            **{name: value for name, value in shared.items() if value},
            "line": line.line_id,
            "item": line.item,
            "quantity": str(line.quantity),
            "unit_value": str(line.unit_value.amount) if line.unit_value else "",
            "currency": str(line.unit_value.currency) if line.unit_value else "",
            "customs_code": line.customs_code or "",
        }
        for line in request.lines
    ]


def _cell(text: str) -> str:
    """One line, and no formula: names and notes come from shoppers."""
    plain = " ".join(text.split())
    harmless = not plain.startswith(_FORMULA) or _TELEPHONE.fullmatch(plain)
    return plain if harmless else f"'{plain}"
