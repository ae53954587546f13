"""A sales order as it stands in Lambda ERP."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from canonical.booking import BookedDocument, DocumentStatus
from canonical.money import Money
from connectors.lambda_erp.remarks import digest_in

ROUNDING = "Rounding difference to the order's total"
_STATUS = {0: DocumentStatus.DRAFT, 1: DocumentStatus.PROCESSING, 2: DocumentStatus.CANCELLED}


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """What was read of an order. A draft promises nothing to anybody: it is what an interrupted booking left."""

    key: str
    name: str
    docstatus: int
    status: str
    total: Money
    digest: str | None
    rounding: Money | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "StandingOrder":
        """From a whole order. Its figures are floating point there; ours are cents."""
        currency = row["currency"]
        roundings = [tax["tax_amount"] for tax in row["taxes"] if tax["description"] == ROUNDING]
        return cls(
            key=row["external_reference"],
            name=row["name"],
            docstatus=row["docstatus"],
            status=row["status"],
            total=_cents(row["grand_total"], currency),
            digest=digest_in(row["remarks"] or ""),
            rounding=_cents(roundings[-1], currency) if roundings else None,
        )

    @property
    def is_draft(self) -> bool:
        """Not submitted yet."""
        return self.docstatus == 0

    def told(self, *, created: bool = False) -> BookedDocument:
        """As a booked document."""
        return BookedDocument(
            key=self.key,
            id=self.name,
            number=self.name,
            status=DocumentStatus.DONE if self.status == "Completed" else _STATUS[self.docstatus],
            total=self.total,
            digest=self.digest,
            rounding=self.rounding,
            created=created,
        )


def _cents(amount: Decimal | int, currency: str) -> Money:
    return Money(amount=Decimal(amount), currency=currency).rounded()
