"""Payments: a payment entry under our key, allocated to the invoices it pays, or to the credit memos it pays back.

Lambda ERP allocates a payment when it is submitted and never again. So a payment waits (`HeldError`) until the
invoices it pays are posted, and a refund until its memo is: a payment that stood beside its invoice would stay open.
It has no payment methods: each is an account of the settings.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from canonical.errors import HeldError
from canonical.money import Money
from canonical.settlement import ErpDocument, PaymentPosting
from connectors.lambda_erp.keeping import PAYMENT, Keeper, refused, remark, told
from connectors.lambda_erp.settings import LambdaErpSettings
from connectors.lambda_erp.sold import Sold, SoldOrders


class Payments:
    """Records payments of one company."""

    def __init__(self, keeper: Keeper, orders: SoldOrders, settings: LambdaErpSettings) -> None:
        self._keeper, self._orders, self._settings = keeper, orders, settings

    async def post(self, posting: PaymentPosting) -> ErpDocument:
        """Record it once. Raises `HeldError` until there is something to allocate it to."""
        found, created = await self._keeper.find(PAYMENT, posting.key), False
        if found:
            record = self._keeper.same(posting, posting.key, found)
        else:
            sold = await self._orders.find(posting.sale_key, posting.key)
            record, created = await self._keeper.place(PAYMENT, posting, posting.key, self._values(posting, sold))
        record = await self._keeper.submit(PAYMENT, record, posting.key)
        return told(posting.key, record, created=created, total=posting.amount)

    def _values(self, posting: PaymentPosting, sold: Sold) -> dict[str, Any]:
        if posting.amount.is_zero or posting.amount.currency != sold.currency:
            raise refused(
                posting.key,
                f"{posting.amount} is no payment of an order in {sold.currency}",
                "payment_invalid",
                "Correct the payment, then replay it.",
            )
        received = posting.amount.amount > 0
        account = self._settings.payment_accounts.get(posting.method, self._settings.payment_account)
        amount = str(abs(posting.amount.amount))
        return {
            "payment_type": "Receive" if received else "Pay",
            "party_type": "Customer",
            "party": sold.customer,
            "paid_to" if received else "paid_from": f"{account}{self._settings.suffix}",
            "paid_amount": amount,
            "received_amount": amount,
            "currency": sold.currency,
            "posting_date": posting.paid_at.date().isoformat(),
            "reference_no": posting.reference,
            "reference_date": posting.paid_at.date().isoformat(),
            "remarks": remark(f"{posting.method} for {sold.name}", posting),
            "references": _allocated(posting, sold),
        }


def _allocated(posting: PaymentPosting, sold: Sold) -> list[dict[str, Any]]:
    """The invoices, oldest first, that the money pays. Raises `HeldError` where some of it pays none."""
    left, references = abs(posting.amount), []
    for invoice in sold.invoices:
        if bool(invoice["is_return"]) != (posting.amount.amount < 0):
            continue
        part = min(left, _open(invoice, sold), key=lambda money: money.amount)
        if part.amount > 0:
            left = left - part
            references.append(
                {
                    "reference_doctype": "Sales Invoice",
                    "reference_name": invoice["name"],
                    "allocated_amount": str(part.amount),
                }
            )
    if not left.is_zero:
        kind = "credit memo" if posting.amount.amount < 0 else "invoice"
        raise HeldError(
            f"{left} of it have no open {kind} of order {sold.name}",
            code=f"{kind.split()[0]}_missing",
            document=posting.key,
            way_out=f"Post the {kind} first; then release this.",
        )
    return references


def _open(invoice: Mapping[str, Any], sold: Sold) -> Money:
    return sold.money(abs(Decimal(invoice["outstanding_amount"])))
