"""What has to be routed of an order, and what it holds of the stock meanwhile."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Final, NamedTuple, Protocol

from canonical.fulfillment import FulfillmentOrder, FulfillmentOrderStatus
from canonical.inventory import Demand
from canonical.order import Order, OrderLine
from canonical.routing import RoutingLine, RoutingRequest

AT_THE_PLACE: Final = frozenset({"pick_up", "retail", "local"})
"""Delivery methods whose goods leave the location that the shopper chose, and no other."""
_DONE: Final = frozenset({
    FulfillmentOrderStatus.CANCELLED, FulfillmentOrderStatus.CLOSED, FulfillmentOrderStatus.INCOMPLETE
})  # fmt: skip


class Placed(Protocol):
    """Where things are and what they take, by the mappings that hold now (`canonical.ports.mapping.Mappings`)."""

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None:
        """The canonical location of one of the channel's."""
        ...

    def components(self, shop: str, sku: str | None, variant_id: str | None) -> tuple[tuple[str, Decimal], ...] | None:
        """(ERP item, base units) that one unit of the SKU takes from stock."""
        ...


class Routable(NamedTuple):
    """The requests of an order: one for what is shipped, one for each location where something is handed out.

    `unmapped` are SKUs that no item is mapped for: nothing of them can be placed. `unknown` are locations likewise.
    """

    requests: tuple[RoutingRequest, ...]
    unmapped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def routable(order: Order, mappings: Placed, excluded: Sequence[str] = ()) -> Routable:
    """What is still open of an order. Tips, gift cards and what needs no shipping are nobody's to place.

    A kit takes its components; where one takes a fraction of a base unit, a whole one is looked for.
    """
    by_place: dict[str | None, list[RoutingLine]] = {}
    unmapped: list[str] = []
    unknown: list[str] = []
    for line, quantity, place in _open_lines(order):
        takes = mappings.components(order.shop, line.sku, line.variant_id)
        pickup = None
        if place is not None:
            pickup = mappings.location(order.shop, place.location_id, place.location_name)
            if pickup is None:
                unknown.append(place.location_name or place.location_id or "?")
                continue
        if not takes:
            unmapped.append(line.sku or line.title)
            continue
        by_place.setdefault(pickup, []).append(_line(line, quantity, takes))
    to = order.shipping_address
    requests = tuple(
        RoutingRequest(
            shop=order.shop,
            order_id=order.id,
            order_name=order.name,
            lines=tuple(lines),
            country=to.country if to else None,
            region=to.region if to else None,
            postcode=to.postal_code if to else None,
            method=next((charge.code for charge in order.shipping if not charge.removed), None),
            pickup_location=pickup,
            placed_at=order.created_at,
            excluded=tuple(excluded),
        )
        for pickup, lines in sorted(by_place.items(), key=lambda pair: pair[0] or "")
    )
    return Routable(requests, tuple(dict.fromkeys(unmapped)), tuple(dict.fromkeys(unknown)))


def held_by(order: Order, mappings: Placed) -> list[Demand]:
    """What the order has reserved itself, as demand: it is its own to place. By item and the channel's location."""
    found: list[Demand] = []
    for line, quantity, _ in _open_lines(order):
        request = next((r for r in order.fulfillment_orders if any(row.line_id == line.id for row in r.lines)), None)
        where = None if request is None else request.location_id
        for item, each in mappings.components(order.shop, line.sku, line.variant_id) or ():
            found.append(Demand(shop=order.shop, sku=item, location=where, reserved=each * quantity))
    return found


def _line(line: OrderLine, quantity: int, takes: Sequence[tuple[str, Decimal]]) -> RoutingLine:
    """One item is a line of that item; a kit is a line of its SKU with what it takes."""
    if len(takes) == 1 and takes[0][1] == 1:
        return RoutingLine(line_id=line.id, item=takes[0][0], quantity=quantity)
    parts = tuple((item, int(each.to_integral_value(ROUND_CEILING))) for item, each in takes if each > 0)
    return RoutingLine(line_id=line.id, item=line.sku or takes[0][0], quantity=quantity, parts=parts)


def _open_lines(order: Order) -> Iterable[tuple[OrderLine, int, FulfillmentOrder | None]]:
    """(line, units still to leave, the place it must leave from) of what takes stock."""
    for line in order.lines:
        if not line.sku or not line.requires_shipping or line.is_gift_card or line.is_tip:
            continue
        asked = [(r, row) for r in order.fulfillment_orders for row in r.lines if row.line_id == line.id]
        if not asked:
            if line.current_quantity:
                yield line, line.current_quantity, None
            continue
        shipped = sum(row.remaining for r, row in asked if r.status not in _DONE and not _chosen(r))
        if shipped:
            yield line, shipped, None
        for request, row in asked:
            if row.remaining and request.status not in _DONE and _chosen(request):
                yield line, row.remaining, request


def _chosen(request: FulfillmentOrder) -> bool:
    return request.method in AT_THE_PLACE
