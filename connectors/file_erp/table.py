"""An order as the rows of a file, and the rows of an answer as values."""

import csv
import io
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from pydantic import ValidationError

from canonical.booking import BookingLine, SalesOrderDocument
from canonical.errors import RejectedError
from canonical.model import Code, Exact, Model
from canonical.money import Currency
from canonical.party import Address

BOOK, CANCEL = "book", "cancel"
_BETWEEN, _WITHIN = "|", ":"
_COLUMNS: Final = (
    "action", "key", "digest", "name", "ordered_at", "currency", "total", "warehouse", "method", "po_number",
    "terms_days", "customer", "customer_name", "email", "phone", "account", "bill_to", "ship_to", "tenders", "line",
    "kind", "item", "description", "quantity", "list_net", "discount", "net", "taxes", "reason",
)  # fmt: skip


class AnswerStatus(StrEnum):
    """What became of an order."""

    BOOKED = "booked"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"


class Answer(Model):
    """A row of an answer. `digest` says which content it is about."""

    key: Code
    status: AnswerStatus
    digest: str = ""
    id: str = ""
    number: str = ""
    total: Exact | None = None
    currency: Currency | None = None
    reason: str = ""


def order_file(document: SalesOrderDocument) -> bytes:
    """A row a line; what holds for all of them is on each."""
    party = document.party
    shared = {
        "action": BOOK, "key": document.key, "digest": document.digest, "name": document.name,
        "ordered_at": document.ordered_at.isoformat(), "currency": str(document.currency),
        "total": str(document.total.amount), "warehouse": document.warehouse, "method": document.shipping_method,
        "po_number": document.po_number, "terms_days": document.payment_terms_days, "customer": party.external_id,
        "customer_name": party.name, "email": party.email, "phone": party.phone, "account": party.account,
        "bill_to": _address(document.invoice_address), "ship_to": _address(document.shipping_address),
        "tenders": _BETWEEN.join(_WITHIN.join((t.method, str(t.amount.amount))) for t in document.tenders),
    }  # fmt: skip
    return _table([{**shared, **_line(line)} for line in document.lines])


def cancel_file(key: str, digest: str, reason: str) -> bytes:
    """One row that asks to cancel."""
    return _table([{"action": CANCEL, "key": key, "digest": digest, "reason": reason}])


def answers_in(content: bytes, file: str) -> Iterator[Answer | RejectedError]:
    """The answers of a file; a row that cannot be read is its error."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), restval="")
        for row in reader:
            values = {name: cell.strip() for name, cell in row.items() if name in Answer.model_fields and cell}
            try:
                yield Answer.model_validate({**values, "status": _status(values.get("status", ""))})
            except (ValidationError, ValueError) as error:
                yield _bad(file, f"line {reader.line_num}", str(_first(error)))
    except (UnicodeError, csv.Error) as error:
        yield _bad(file, "the file", type(error).__name__)


def _status(text: str) -> AnswerStatus:
    try:
        return AnswerStatus(text)
    except ValueError:
        raise ValueError(f"status is none of {', '.join(AnswerStatus)}") from None


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)


def _bad(file: str, place: str, words: str) -> RejectedError:
    return RejectedError(f"{place}: {words}", code="bad_answer", document=file, way_out="Have it written again.")


def _line(line: BookingLine) -> dict[str, object]:
    return {
        "line": line.key, "kind": line.kind.value, "item": line.item, "description": line.description,
        "quantity": line.quantity, "list_net": line.list_net.amount, "discount": line.discount.amount,
        "net": line.net.amount,
        "taxes": _BETWEEN.join(_WITHIN.join((t.code, str(t.rate), str(t.amount.amount))) for t in line.taxes),
    }  # fmt: skip


def _address(address: Address | None) -> str:
    if address is None:
        return ""
    parts = (address.name, address.company, address.line1, address.line2, address.postal_code, address.city,
             address.region, address.country)  # fmt: skip
    return ", ".join(part for part in parts if part)


def _table(rows: list[dict[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())
