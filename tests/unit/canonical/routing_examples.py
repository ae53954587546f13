"""Orders as a shop tells them, for tests of routing."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from canonical.fulfillment import FulfillmentOrder, FulfillmentOrderLine, FulfillmentOrderStatus
from canonical.mapping.kinds import MappingKind, MappingRow
from canonical.mapping.table import TableMappings
from canonical.money import Money, MoneyPair
from canonical.order import FinancialStatus, Order, OrderLine, Totals
from canonical.party import Address

WHEN = datetime(2026, 5, 4, 15, tzinfo=UTC)
NOTHING = MoneyPair(shop=Money(amount=Decimal(0), currency="USD"), presentment=Money(amount=Decimal(0), currency="USD"))


def sold(line_id: str, sku: str | None, quantity: int = 1, **more: Any) -> OrderLine:
    return OrderLine(
        id=line_id,
        title=sku or "a tip",
        sku=sku,
        quantity=quantity,
        current_quantity=more.pop("current", quantity),
        unit_price=NOTHING,
        **more,
    )


def asks(location: str, lines: dict[str, int], **more: Any) -> FulfillmentOrder:
    """A request of the channel to a location; `lines` are what remains."""
    rows = [FulfillmentOrderLine(id=f"{location}-{k}", line_id=k, quantity=n, remaining=n) for k, n in lines.items()]
    known = {"id": location, "status": FulfillmentOrderStatus.OPEN, "location_id": location, "method": "shipping"}
    return FulfillmentOrder(**(known | more), lines=tuple(rows))


def captured(*lines: OrderLine, requests: tuple[FulfillmentOrder, ...] = (), **more: Any) -> Order:
    totals = Totals(**dict.fromkeys(Totals.model_fields, NOTHING))
    known: dict[str, Any] = {
        "shop": "north",
        "id": "1",
        "name": "#1001",
        "currency": "USD",
        "presentment_currency": "USD",
        "created_at": WHEN,
        "updated_at": WHEN,
        "financial_status": FinancialStatus.PAID,
        "taxes_included": False,
        "shipping_address": Address(name="A", country="US", region="NY", postal_code="10012"),
        "totals": totals,
    }
    return Order(**(known | more), lines=lines, fulfillment_orders=requests)


def mappings() -> TableMappings:
    """Every item by its own name, a set of two mugs and a tee, two locations."""
    rows = [
        (MappingKind.ITEMS, ("TEE", "", "", ""), "TEE"),
        (MappingKind.ITEMS, ("MUG", "", "", ""), "MUG"),
        (MappingKind.KITS, ("SET", "MUG"), "2"),
        (MappingKind.KITS, ("SET", "TEE"), "1"),
        (MappingKind.LOCATIONS, ("7", ""), "EAST"),
        (MappingKind.LOCATIONS, ("9", ""), "SHOP"),
    ]
    return TableMappings(MappingRow(kind=kind, shop="north", key=key, value=value) for kind, key, value in rows)
