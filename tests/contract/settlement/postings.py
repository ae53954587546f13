"""What follows an order, for the suite: postings of every kind, right to the cent, and how each is posted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from canonical.booking import SalesOrderDocument
from canonical.fulfillment import Parcel, ParcelLine, Shipment
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports import Settlement
from canonical.settlement import (
    CreditLine,
    CreditPosting,
    ErpDocument,
    InvoicePosting,
    MovementPosting,
    PaymentPosting,
    ReturnAuthorisation,
    ReturnReceipt,
    ShipmentPosting,
)
from tests.contract.erp.documents import number, usd

NOW = datetime.now(UTC)
Batch = Awaitable[list[Outcome[ErpDocument]]]


def goods(order: SalesOrderDocument) -> str:
    """The line id of the two tees."""
    return order.lines[0].key


def shipment(order: SalesOrderDocument, quantity: int = 2, place: str = "DC-EAST", **changes: Any) -> ShipmentPosting:
    lines = changes.pop("lines", {goods(order): quantity})
    parcel = Parcel(
        id=number(),
        carrier="UPS",
        tracking_number="1Z999AA10123456784",
        lines=tuple(ParcelLine(line_id=line, quantity=count) for line, count in lines.items()),
    )
    left = Shipment(id=number(), order_id=order.source_id, location=place, shipped_at=NOW, parcels=(parcel,))
    given = {"key": f"north:shipment.post:{number()}", "sale_key": order.key, "shipment": left}
    return ShipmentPosting(**(given | changes))


def invoice(order: SalesOrderDocument, **changes: Any) -> InvoicePosting:
    given = {"key": f"north:invoice.post:{number()}", "sale_key": order.key, "invoice_date": NOW.date()}
    return InvoicePosting(**(given | changes))


def payment(order: SalesOrderDocument, amount: str | None = None, **changes: Any) -> PaymentPosting:
    """All of the order by its first tender, or an amount of a transaction of its own."""
    given = {
        "key": f"north:payment.post:{number()}",
        "sale_key": order.key,
        "method": "shopify_payments",
        "amount": usd(amount) if amount else order.total,
        "reference": number() if amount else order.tenders[0].key,
        "paid_at": NOW,
    }
    return PaymentPosting(**(given | changes))


def authorisation(order: SalesOrderDocument, quantity: int = 2, **changes: Any) -> ReturnAuthorisation:
    given = {
        "key": f"north:return.authorise:{number()}",
        "sale_key": order.key,
        "return_id": number(),
        "location": "DC-EAST",
        "lines": {goods(order): quantity},
    }
    return ReturnAuthorisation(**(given | changes))


def receipt(order: SalesOrderDocument, of: ReturnAuthorisation, quantity: int = 1, **changes: Any) -> ReturnReceipt:
    given = {
        "key": f"north:return.receive:{number()}",
        "authorisation_key": of.key,
        "location": "DC-WEST",
        "lines": {goods(order): quantity},
        "received_at": NOW,
    }
    return ReturnReceipt(**(given | changes))


def credit_line(purpose: str = "item", net: str = "24.00", tax: str = "0.96", **changes: Any) -> CreditLine:
    return CreditLine(**({"purpose": purpose, "net": usd(net), "tax": usd(tax)} | changes))


def credit(order: SalesOrderDocument, *lines: CreditLine, **changes: Any) -> CreditPosting:
    """One of the two tees, or the lines given; the total is theirs."""
    given_lines = lines or (credit_line(line_id=goods(order), quantity=1),)
    whole = sum((line.net.amount + line.tax.amount for line in given_lines), usd("0").amount)
    given = {
        "key": f"north:credit.post:{number()}",
        "sale_key": order.key,
        "lines": given_lines,
        "total": usd(whole),
        "reason": "too small",
    }
    return CreditPosting(**(given | changes))


def movement(quantity: str = "3", **changes: Any) -> MovementPosting:
    given = {
        "key": f"north:movement.post:{number()}",
        "item": "MUG-WHT",
        "quantity": quantity,
        "location": "DC-EAST",
        "reason": "count",
        "account": "5.2.1",
        "occurred_at": NOW,
    }
    return MovementPosting(**(given | changes))


async def posted(batch: Batch) -> list[ErpDocument]:
    """The documents of a batch in which every posting has to settle."""
    outcomes = await batch
    assert [outcome.error for outcome in outcomes if isinstance(outcome, Failed)] == []
    return [outcome.value for outcome in outcomes if isinstance(outcome, Settled)]


async def error_of(batch: Batch) -> Exception:
    """The error of the only posting of a batch."""
    (outcome,) = await batch
    assert isinstance(outcome, Failed), outcome
    return outcome.error


def poster(port: Settlement, posting: Any) -> Callable[[Sequence[Any]], Batch]:
    """Which call of the port posts it."""
    calls: Mapping[type, Callable[[Sequence[Any]], Batch]] = {
        ShipmentPosting: port.post_shipments,
        InvoicePosting: port.post_invoices,
        PaymentPosting: port.post_payments,
        ReturnAuthorisation: port.authorise_returns,
        ReturnReceipt: port.receive_returns,
        CreditPosting: port.post_credits,
        MovementPosting: port.post_movements,
    }
    return calls[type(posting)]


KINDS = ("shipment", "invoice", "payment", "authorisation", "receipt", "credit", "movement")


async def prepared(kind: str, port: Settlement, order: SalesOrderDocument) -> Any:
    """A posting of the kind, with what comes before it posted."""
    if kind in ("payment", "credit"):
        await posted(port.post_invoices([invoice(order)]))
        return payment(order) if kind == "payment" else credit(order)
    if kind == "receipt":
        announced = authorisation(order)
        await posted(port.authorise_returns([announced]))
        return receipt(order, announced)
    makers: Mapping[str, Callable[[], Any]] = {
        "shipment": lambda: shipment(order, 1),
        "invoice": lambda: invoice(order),
        "authorisation": lambda: authorisation(order),
        "movement": movement,
    }
    return makers[kind]()


def other_content(posting: Any) -> Any:
    """The same key, something else in it."""
    changed: Mapping[type, Callable[[], dict[str, Any]]] = {
        ShipmentPosting: lambda: {"shipment": posting.shipment.model_copy(update={"location": "DC-WEST"})},
        InvoicePosting: lambda: {"invoice_date": NOW.date() - timedelta(days=1)},
        PaymentPosting: lambda: {"amount": usd("1.00")},
        ReturnAuthorisation: lambda: {"location": "DC-WEST"},
        ReturnReceipt: lambda: {"location": "DC-EAST"},
        CreditPosting: lambda: {"reason": "another"},
        MovementPosting: lambda: {"quantity": posting.quantity + 1},
    }
    return posting.model_copy(update=changed[type(posting)]())
