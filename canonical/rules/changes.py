"""What changed between the order that was booked and what the channel says later."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum

from canonical.ids import digest
from canonical.model import Code, Model, Text
from canonical.order import Order, OrderLine
from canonical.party import Address
from canonical.rules import totals


class ChangeKind(StrEnum):
    CANCELLED = "cancelled"
    LINE_ADDED = "line_added"
    LINE_REMOVED = "line_removed"
    QUANTITY = "quantity"
    ITEM = "item"
    PRICE = "price"
    DISCOUNT = "discount"
    TAX = "tax"
    SHIPPING = "shipping"
    SHIPPING_ADDRESS = "shipping_address"
    BILLING_ADDRESS = "billing_address"
    BUYER = "buyer"
    TOTAL = "total"


class Reaction(StrEnum):
    """What a change asks for once the order is booked."""

    NOTHING = "nothing"
    HOLD = "hold"
    CANCEL = "cancel"


class BookedChange(Model):
    """One thing that no longer is as booked. Words never hold names or addresses."""

    kind: ChangeKind
    field: Code
    words: Text


def booked_changes(booked: Order, later: Order) -> tuple[BookedChange, ...]:
    """Everything that would be booked differently now. Tags, notes, payments, fulfillments and where it ships from
    change nothing booked.

    >>> from canonical.rules import example
    >>> before = example.order(lines=(example.line(quantity=3),))
    >>> after = example.order(lines=(example.line(quantity=3, current_quantity=1),))
    >>> [change.words for change in booked_changes(before, after)]
    ['TEE-1: 3 booked, now 1']
    >>> booked_changes(before, before)
    ()
    """
    return tuple(change for look in _LOOKS for change in look(booked, later))


def reaction_to(changes: tuple[BookedChange, ...]) -> Reaction:
    """Cancel in the ERP what was cancelled at the channel; hold everything else for a person.

    >>> from canonical.rules import example
    >>> reaction_to(booked_changes(example.order(), example.order(cancelled_at=example.NOW))).value
    'cancel'
    >>> reaction_to(())
    <Reaction.NOTHING: 'nothing'>
    """
    if any(change.kind is ChangeKind.CANCELLED for change in changes):
        return Reaction.CANCEL
    return Reaction.HOLD if changes else Reaction.NOTHING


def _cancelled(booked: Order, later: Order) -> Iterator[BookedChange]:
    if later.cancelled_at and not booked.cancelled_at:
        reason = f" ({later.cancel_reason})" if later.cancel_reason else ""
        yield BookedChange(kind=ChangeKind.CANCELLED, field="cancelled_at", words=f"the order was cancelled{reason}")


def _lines(booked: Order, later: Order) -> Iterator[BookedChange]:
    before, after = ({line.id: line for line in order.lines} for order in (booked, later))
    for key, line in after.items():
        if key not in before and line.current_quantity:
            words = f"{_name(line)}: {line.current_quantity} added"
            yield BookedChange(kind=ChangeKind.LINE_ADDED, field="lines", words=words)
    for key, line in before.items():
        if key in after:
            yield from _line(line, after[key])
        elif line.current_quantity:
            yield BookedChange(kind=ChangeKind.LINE_REMOVED, field="lines", words=f"{_name(line)}: removed")


def _line(before: OrderLine, after: OrderLine) -> Iterator[BookedChange]:
    name = _name(before)
    if before.current_quantity != after.current_quantity:
        words = f"{name}: {before.current_quantity} booked, now {after.current_quantity}"
        yield BookedChange(kind=ChangeKind.QUANTITY, field="quantity", words=words)
    if before.sku != after.sku:
        yield BookedChange(kind=ChangeKind.ITEM, field="sku", words=f"{name}: now {_name(after)}")
    amounts: tuple[tuple[ChangeKind, str, Callable[[OrderLine], Decimal]], ...] = (
        (ChangeKind.PRICE, "price", lambda line: line.unit_price.shop.amount),
        (ChangeKind.DISCOUNT, "discount", lambda line: totals.discount_of(line.allocations)),
        (ChangeKind.TAX, "tax", lambda line: totals.tax_of(line.taxes)),
    )
    for kind, field, amount in amounts:
        if amount(before) != amount(after):
            words = f"{name}: {field} {amount(before)} booked, now {amount(after)}"
            yield BookedChange(kind=kind, field=field, words=words)


def _shipping(booked: Order, later: Order) -> Iterator[BookedChange]:
    def charged(order: Order) -> list[tuple[str | None, str, Decimal]]:
        return [
            (line.code, line.title, line.price.shop.amount - totals.discount_of(line.allocations))
            for line in totals.charges(order)
        ]

    if charged(booked) != charged(later):
        words = f"shipping: {_methods(booked)} booked, now {_methods(later)}"
        yield BookedChange(kind=ChangeKind.SHIPPING, field="shipping", words=words)


def _addresses(booked: Order, later: Order) -> Iterator[BookedChange]:
    for kind, before, after in (
        (ChangeKind.SHIPPING_ADDRESS, booked.shipping_address, later.shipping_address),
        (ChangeKind.BILLING_ADDRESS, booked.billing, later.billing),
    ):
        # An address that has gone was redacted or is not in this payload; that moves no parcel.
        if after and _postal(before) != _postal(after):
            label = kind.value.replace("_", " ")
            yield BookedChange(kind=kind, field=kind.value, words=f"the {label} changed")


def postal_mark(address: Address | None) -> str:
    """A fingerprint of where a parcel goes; empty without an address.

    >>> from canonical.party import Address
    >>> postal_mark(Address(city="Lund", phone="1")) == postal_mark(Address(city="LUND "))
    True
    """
    return digest(_postal(address))[:12] if address is not None else ""


def _buyer(booked: Order, later: Order) -> Iterator[BookedChange]:
    if later.company and (booked.company is None or booked.company.id != later.company.id):
        yield BookedChange(kind=ChangeKind.BUYER, field="company", words="the order now belongs to another company")
    elif later.customer and (booked.customer is None or booked.customer.id != later.customer.id):
        yield BookedChange(kind=ChangeKind.BUYER, field="customer", words="the order now belongs to another customer")


def _total(booked: Order, later: Order) -> Iterator[BookedChange]:
    before, after = totals.payable(booked), totals.payable(later)
    if before != after:
        yield BookedChange(kind=ChangeKind.TOTAL, field="total", words=f"the total was {before}, now {after}")


def heads(order: Order) -> dict[str, str]:
    """A fingerprint each of whom a sale is made out to: who is billed, who bought it.

    What is not in this payload has none: it changed nothing.
    """
    buyer = order.company.id if order.company else order.customer.id if order.customer else None
    found = {"billing_address": postal_mark(order.billing), "buyer": digest(buyer)[:12] if buyer else ""}
    return {name: one for name, one in found.items() if one}


_LOOKS = (_cancelled, _lines, _shipping, _addresses, _buyer, _total)


def _name(line: OrderLine) -> str:
    return line.sku or line.title


def _methods(order: Order) -> str:
    return ", ".join(f"{line.title} {line.price.shop}" for line in totals.charges(order)) or "none"


def _postal(address: Address | None) -> tuple[str, ...]:
    """What a parcel goes by, spelling apart: a phone number or a capital letter moves nothing."""
    if address is None:
        return ()
    parts = (
        address.name,
        address.company,
        address.line1,
        address.line2,
        address.city,
        address.postal_code,
        address.region,
        address.country,
    )
    return tuple(" ".join((part or "").casefold().split()) for part in parts)
