"""Who an order is booked on."""

from collections.abc import Iterable

from canonical.order import Order
from canonical.party import PartyIdentity, PartyKind


def party_of(order: Order) -> PartyIdentity:
    """The party an ERP finds or creates: the company of a B2B order, else the customer, else a guest of this order.

    External ids are scoped by shop and kind. A company is never matched by e-mail: the contact's address belongs to a
    person, who may buy privately too. A guest is matched by e-mail, so the same shopper is one party.

    >>> from canonical.rules import example
    >>> party_of(example.order()).external_id
    'north:customer:77'
    >>> party_of(example.on_terms()).external_id
    'north:company:900'
    >>> party_of(example.order(customer=None)).external_id
    'north:guest:5123'
    """
    billing = order.billing or order.shipping_address
    shipping = order.shipping_address or order.billing
    named = [address.name for address in (billing, shipping) if address]
    if order.company:
        kind, key, email, phone = PartyKind.COMPANY, order.company.id, None, None
        name = order.company.name
    elif order.customer:
        kind, key = PartyKind.PERSON, order.customer.id
        email, phone = order.customer.email or order.email, order.customer.phone
        name = _first((order.customer.name, *named), f"Customer {key}")
    else:
        kind, key, email, phone = PartyKind.GUEST, order.id, order.email, billing.phone if billing else None
        name = _first(named, f"Guest of {order.name}")
    return PartyIdentity(
        shop=order.shop,
        external_id=f"{order.shop}:{'customer' if kind is PartyKind.PERSON else kind.value}:{key}",
        kind=kind,
        name=name,
        email=(email or "").strip() or None,
        phone=phone,
        account=_account(order),
        billing=billing,
        shipping=shipping,
    )


def _account(order: Order) -> str | None:
    """The company's number in the ERP, else that of the branch that bought."""
    if order.company is None:
        return None
    branch = order.company.location
    return order.company.account or (branch.account if branch else None)


def _first(names: Iterable[str | None], otherwise: str) -> str:
    return next((name.strip() for name in names if name and name.strip()), otherwise)
