"""Where orders stand: what is still to be shipped, what has left, and which of it is ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import Field

from canonical.fulfillment import Parcel, ParcelLine
from canonical.ports.aftersales import ChannelFulfillment, OrderLogistics
from connectors.shopify import mapping
from connectors.shopify.client import ShopifyClient
from connectors.shopify.logistics_claims import Claim, claimed, claims_in
from connectors.shopify.mapper_graphql import fulfillment_order
from connectors.shopify.reading import gid, read_nodes, with_all_pages
from connectors.shopify.schemas import Digits, Said, Wire
from connectors.shopify.schemas_graphql import FulfillmentOrders, Ref

OWNERS: Final = 250
_GONE: Final = frozenset({"CANCELLED", "ERROR", "FAILURE"})


class ShippedLine(Wire):
    id: Digits
    quantity: int
    line_item: Ref


class ShippedLines(Wire):
    nodes: tuple[ShippedLine, ...] = ()


class Tracking(Wire):
    company: Said = None
    number: Said = None
    url: Said = None


class ShippedNode(Wire):
    """A fulfillment."""

    id: Digits
    status: str
    location: Ref | None = None
    tracking_info: tuple[Tracking, ...] = ()
    fulfillment_line_items: ShippedLines


class LogisticsNode(Wire):
    """An order as `operations/read_logistics.graphql` returns it."""

    id: Digits
    cancelled_at: Said = None
    fulfillment_orders: FulfillmentOrders
    fulfillments: tuple[ShippedNode, ...] = Field(default=())


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order's logistics together with our notes on it; `made` is the fulfillment id of each key."""

    name: str
    logistics: OrderLogistics
    claims: Mapping[str, Claim]
    made: Mapping[str, str]


async def read_states(client: ShopifyClient, order_ids: Sequence[str]) -> dict[str, OrderState]:
    """The orders there are, in chunks of 50. Raises `RejectedError` when one cannot be understood."""
    wanted = [order_id for order_id in dict.fromkeys(order_ids) if order_id.isdecimal()]
    nodes = await read_nodes(client, "read_logistics", wanted)
    return {order_id: state_of(node) for order_id, node in nodes.items()}


async def read_state(client: ShopifyClient, order_id: str) -> OrderState | None:
    """One order; None when there is none."""
    return (await read_states(client, [order_id])).get(order_id)


async def read_state_by_request(client: ShopifyClient, fulfillment_order_id: str) -> OrderState | None:
    """The order of a fulfillment order; None when there is no such fulfillment order."""
    variables = {"id": gid("FulfillmentOrder", fulfillment_order_id)}
    answer = await client.call("read_fulfillment_order", variables, document=fulfillment_order_id)
    found = answer.data.get("fulfillmentOrder")
    return state_of(await with_all_pages(client, found["order"])) if found else None


async def owners_of(client: ShopifyClient, fulfillment_order_ids: Sequence[str]) -> dict[str, str]:
    """The order of each fulfillment order there is, 250 a call."""
    wanted = [one for one in dict.fromkeys(fulfillment_order_ids) if one.isdecimal()]
    found: dict[str, str] = {}
    for start in range(0, len(wanted), OWNERS):
        chunk = wanted[start : start + OWNERS]
        variables = {"ids": [gid("FulfillmentOrder", one) for one in chunk]}
        answer = await client.call("fulfillment_order_owners", variables)
        for one, node in zip(chunk, answer.data.get("nodes") or (), strict=True):
            if node:
                found[one] = str(node["orderId"]).rpartition("/")[2]
    return found


def state_of(node: Mapping[str, Any]) -> OrderState:
    """The state an order node tells."""
    name = str(node.get("name") or node.get("id"))
    with mapping.understanding(name):
        order = LogisticsNode.model_validate(node)
        shipped = [fulfillment(entry, order.id) for entry in order.fulfillments]
        claims = claims_in(node)
        made = claimed(claims.values(), shipped)
        logistics = OrderLogistics(
            order_id=order.id,
            fulfillment_orders=tuple(fulfillment_order(entry) for entry in order.fulfillment_orders.nodes),
            fulfillments=tuple(replace(one, made_by_us=one.id in made.values()) for one in shipped),
            cancelled=order.cancelled_at is not None,
        )
        return OrderState(name, logistics, claims, made)


def fulfillment(entry: ShippedNode, order_id: str) -> ChannelFulfillment:
    """A fulfillment, not yet known to be ours."""
    lines: dict[str, int] = {}
    for line in entry.fulfillment_line_items.nodes:
        lines[line.line_item.id] = lines.get(line.line_item.id, 0) + line.quantity
    first = entry.tracking_info[0] if entry.tracking_info else Tracking()
    parcel = Parcel(
        id=entry.id,
        carrier=first.company,
        tracking_number=first.number,
        tracking_url=first.url,
        lines=tuple(ParcelLine(line_id=line_id, quantity=pieces) for line_id, pieces in lines.items() if pieces),
    )
    return ChannelFulfillment(
        id=entry.id,
        order_id=order_id,
        status=entry.status.lower(),
        parcel=parcel,
        lines=lines,
        made_by_us=False,
        location_id=entry.location.id if entry.location else None,
        numbers=tuple(one.number for one in entry.tracking_info if one.number),
        live=entry.status not in _GONE,
    )
