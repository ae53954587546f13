"""Amending a submitted order: Lambda ERP does not, through its API.

It changes drafts only, and lets nothing be closed in part. A cancelled order keeps its reference for good, so that the
order could not be booked anew under its key either. What is so already settles; what differs is held, with the line.
"""

from canonical.errors import HeldError
from canonical.settlement import ErpDocument, SaleAmendment
from connectors.lambda_erp.sold import Sold, SoldOrders


class Amending:
    """Compares orders of one company with what they are to be."""

    def __init__(self, orders: SoldOrders) -> None:
        self._orders = orders

    async def amend(self, amendment: SaleAmendment) -> ErpDocument:
        """The order, when it is so already. Raises `HeldError` naming what would have to change."""
        sold = await self._orders.find(amendment.sale_key, amendment.key)
        if words := _difference(amendment, sold):
            raise HeldError(
                f"Lambda ERP changes no order that is submitted: {words}",
                code="sale_not_amended",
                document=sold.name,
                field="items",
                way_out="Cancel the order there and enter it anew by hand, or take the change back in the shop.",
            )
        return ErpDocument(
            key=amendment.key, external_id=sold.name, number=sold.name, state="submitted", total=sold.total,
            created=False,
        )  # fmt: skip


def _difference(amendment: SaleAmendment, sold: Sold) -> str | None:
    """What differs, in words; None when the order is as it is to be."""
    document = amendment.document
    wanted = {line.key: line.quantity for line in document.lines}
    there = {row.key: int(row.quantity) for row in sold.rows if row.key}
    changed = [
        f"line {key} has {there.get(key, 0)}, and is to have {wanted.get(key, 0)}"
        for key in {**there, **wanted}
        if there.get(key, 0) != wanted.get(key, 0)
    ]
    if changed:
        return "; ".join(changed)
    return None if sold.total == document.total else f"it comes to {sold.total}, and is to come to {document.total}"
