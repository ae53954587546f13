"""What an order needs from the mappings, value by value: for coverage, impact and precise release."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from canonical.mapping.changes import Impact
from canonical.mapping.kinds import MappingKind
from canonical.order import Order
from canonical.ports import Mappings
from canonical.rules import totals
from canonical.rules.checks.mapped import account_purposes, item_code, shipping_places
from canonical.rules.taxes import charged_taxes, tax_code
from canonical.rules.tenders import paying_transactions

REASON_KINDS: Final = {
    "item_unmapped": (MappingKind.ITEMS, MappingKind.ACCOUNT_ITEMS),
    "tax_unknown": (MappingKind.TAXES,),
    "shipping_method_unmapped": (MappingKind.SHIPPING_METHODS,),
    "location_unmapped": (MappingKind.LOCATIONS,),
    "payment_method_unmapped": (MappingKind.PAYMENT_METHODS,),
    "account_item_unmapped": (MappingKind.ACCOUNT_ITEMS,),
    "stock_location_unmapped": (MappingKind.STOCK_LOCATIONS,),
    "unit_unmapped": (MappingKind.UNITS,),
    "account_unmapped": (MappingKind.ACCOUNTS,),
    "carrier_unmapped": (MappingKind.CARRIERS,),
    "reason_unmapped": (MappingKind.REASONS,),
    "status_unmapped": (MappingKind.STATUSES,),
    "price_list_unmapped": (MappingKind.PRICE_LISTS,),
}
"""Reason codes of documents that wait for a mapping, and the kinds that let them go on."""
EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Need:
    """One value a document needs, and what the mappings say to it; None: unmapped."""

    kind: MappingKind
    shop: str
    label: str
    value: str | None


def needs(order: Order, mappings: Mappings) -> Iterator[Need]:
    """Every mapped value of an order, answered by these mappings."""
    shop = order.shop
    for line in totals.goods(order):
        sku = (line.sku or "").strip()
        if sku or line.variant_id:
            value = item_code(order, line, mappings)
            yield Need(MappingKind.ITEMS, shop, sku or f"variant {line.variant_id}", value)
    for tax in charged_taxes(order):
        found = None if tax.rate is None else tax_code(order, tax, mappings)
        yield Need(MappingKind.TAXES, shop, tax.code, found)
    for charge in totals.charges(order):
        method = mappings.shipping_method(shop, charge.code, charge.title)
        yield Need(MappingKind.SHIPPING_METHODS, shop, charge.title, method)
    for place in shipping_places(order):
        where = mappings.location(shop, place.location_id, place.location_name)
        yield Need(MappingKind.LOCATIONS, shop, place.location_name or place.location_id or place.id, where)
    for payment in paying_transactions(order):
        how = mappings.payment_method(shop, payment.gateway)
        yield Need(MappingKind.PAYMENT_METHODS, shop, payment.gateway, how)
    for purpose in account_purposes(order):
        yield Need(MappingKind.ACCOUNT_ITEMS, shop, purpose, mappings.account_item(shop, purpose))


@dataclass
class Comparison:
    """Counts what becomes of open orders when the mappings change from `before` to `after`."""

    before: Mappings
    after: Mappings
    kinds: frozenset[MappingKind]
    looked_at: int = 0
    released: int = 0
    stopped: int = 0
    changed: int = 0
    examples: tuple[str, ...] = ()

    def look(self, order: Order) -> None:
        """Compare one order."""
        old = {(n.kind, n.label): n.value for n in needs(order, self.before) if n.kind in self.kinds}
        new = {(n.kind, n.label): n.value for n in needs(order, self.after) if n.kind in self.kinds}
        moved = [(old[key], new[key]) for key in old if old[key] != new[key]]
        if not moved:
            return
        if any(after is None for _, after in moved):
            self.stopped += 1
        elif any(before is None for before, _ in moved):
            self.released += 1
        else:
            self.changed += 1
        if len(self.examples) < EXAMPLES:
            self.examples += (f"{order.name} of {order.shop}",)

    def impact(self, looked_at: int, waiting_cases: int) -> Impact:
        """What was found."""
        return Impact(
            looked_at=looked_at,
            released=self.released,
            stopped=self.stopped,
            changed=self.changed,
            waiting_cases=waiting_cases,
            examples=self.examples,
        )


def reasons_of(kinds: Iterable[str]) -> frozenset[str]:
    """The reason codes that a change of these kinds may settle."""
    wanted = set(kinds)
    return frozenset(code for code, own in REASON_KINDS.items() if wanted & {kind.value for kind in own})
