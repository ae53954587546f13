"""The remarks of a sales order: the digest of its content, and what Lambda ERP has no field for."""

import re
from decimal import Decimal

from canonical.booking import SalesOrderDocument
from canonical.party import Address

_BORNE = re.compile(r"^Line (\S+) bears (\S+) (\d+(?:\.\d+)?)$", re.MULTILINE)
_DIGEST = re.compile(r"\[content ([0-9a-f]{64})\]")


def remarks_of(document: SalesOrderDocument) -> str:
    """Order, payment terms, tenders and where it goes, in lines a clerk can read."""
    lines = [f"Order {document.name} of {document.shop} [content {document.digest}]"]
    if document.po_number:
        lines.append(f"Purchase order {document.po_number}")
    if document.payment_terms_days is not None:
        lines.append(f"Payment within {document.payment_terms_days} days")
    lines += [
        f"{'Paid' if tender.captured else 'Authorised'} {tender.amount} by {tender.method} ({tender.key})"
        for tender in document.tenders
    ]
    lines += [f"Line {line.key} bears {tax.code} {tax.amount.amount}" for line in document.lines for tax in line.taxes]
    if document.shipping_address is not None:
        lines.append(f"Ship to {_one_line(document.shipping_address)}")
    return "\n".join(lines)


def taxes_in(remarks: str) -> dict[tuple[str, str], Decimal]:
    """What each line bears of each tax, by line and tax code: Lambda ERP keeps taxes by order only.

    >>> taxes_in("Order #1\\nLine 7 bears DE-VAT 3.66")
    {('7', 'DE-VAT'): Decimal('3.66')}
    """
    borne: dict[tuple[str, str], Decimal] = {}
    for line, code, amount in _BORNE.findall(remarks):
        borne[line, code] = borne.get((line, code), Decimal(0)) + Decimal(amount)
    return borne


def digest_in(remarks: str) -> str | None:
    """The digest in the remarks; None when somebody removed it."""
    found = _DIGEST.search(remarks)
    return found.group(1) if found else None


def _one_line(address: Address) -> str:
    place = " ".join(part for part in (address.postal_code, address.city, address.region) if part)
    parts = (address.name, address.company, address.line1, address.line2, place, address.country)
    return ", ".join(part for part in parts if part)
