"""Returns as the shop keeps them, and what became of their goods."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from canonical.errors import RejectedError
from canonical.records import Message
from canonical.returns import Disposition, Exchanged, Inspected, Return, ReturnLine, ReturnStatus
from connectors.shopify import mapping
from connectors.shopify.client import ShopifyClient
from connectors.shopify.identify import return_in
from connectors.shopify.reading import extend, gid
from connectors.shopify.schemas import Digits, Said, Wire
from connectors.shopify.schemas_graphql import Ref

CHUNK: Final = 25
TYPES: Final = {
    Disposition.RESTOCK: "RESTOCKED",
    Disposition.REFURBISH: "PROCESSING_REQUIRED",
    Disposition.SCRAP: "NOT_RESTOCKED",
    Disposition.WRONG_ITEM: "NOT_RESTOCKED",
    Disposition.MISSING: "MISSING",
}
"""Shopify has one word for goods that are not restocked: read back, they are scrap."""
_FOUND: Final = {
    "RESTOCKED": Disposition.RESTOCK,
    "PROCESSING_REQUIRED": Disposition.REFURBISH,
    "NOT_RESTOCKED": Disposition.SCRAP,
    "MISSING": Disposition.MISSING,
}
_STATUSES: Final = {"CANCELED": ReturnStatus.CANCELLED}


class ShippedRef(Wire):
    id: Digits
    line_item: Ref | None = None


class Reason(Wire):
    handle: Said = None


class ReturnLineNode(Wire):
    id: Digits
    quantity: int
    processed_quantity: int = 0
    refunded_quantity: int = 0
    return_reason_definition: Reason | None = None
    fulfillment_line_item: ShippedRef | None = None


class ReturnLines(Wire):
    nodes: tuple[ReturnLineNode, ...] = ()


class ExchangeNode(Wire):
    id: Digits
    quantity: int
    variant_id: Digits | None = None
    variant_sku: Said = None
    line_items: tuple[Ref, ...] | None = None


class Exchanges(Wire):
    nodes: tuple[ExchangeNode, ...] = ()


class DispositionNode(Wire):
    type: str
    quantity: int
    location: Ref | None = None


class ReverseLine(Wire):
    id: Digits
    total_quantity: int
    fulfillment_line_item: ShippedRef | None = None
    dispositions: tuple[DispositionNode, ...] = ()


class ReverseLines(Wire):
    nodes: tuple[ReverseLine, ...] = ()


class ReverseOrder(Wire):
    id: Digits
    line_items: ReverseLines


class ReverseOrders(Wire):
    nodes: tuple[ReverseOrder, ...] = ()


class ReturnNode(Wire):
    """A return as `operations/fragments/whole_return.graphql` has it."""

    id: Digits
    name: str
    status: str
    created_at: datetime
    order: Ref
    return_line_items: ReturnLines
    exchange_line_items: Exchanges
    reverse_fulfillment_orders: ReverseOrders


async def read_nodes(client: ShopifyClient, ids: Sequence[str]) -> dict[str, ReturnNode | RejectedError]:
    """The returns there are, 25 a call, with every page of their lines."""
    wanted = [one for one in dict.fromkeys(ids) if one.isdecimal()]
    found: dict[str, ReturnNode | RejectedError] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        answer = await client.call("read_returns", {"ids": [gid("Return", one) for one in chunk]})
        for return_id, node in zip(chunk, answer.data.get("nodes") or (), strict=True):
            if node:
                await _extend(client, node)
                found[return_id] = _parsed(node)
    return found


async def ids_of(client: ShopifyClient, order_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The returns of the orders there are, 25 a call."""
    wanted = [one for one in dict.fromkeys(order_ids) if one.isdecimal()]
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        answer = await client.call("order_returns", {"ids": [gid("Order", one) for one in chunk]})
        for order_id, node in zip(chunk, answer.data.get("nodes") or (), strict=True):
            if node:
                found[order_id] = tuple(str(one["id"]).rpartition("/")[2] for one in node["returns"]["nodes"])
    return found


async def _extend(client: ShopifyClient, node: dict[str, Any]) -> None:
    path = ("return", "returnLineItems")
    await extend(client, node["returnLineItems"], "return_lines", node["id"], path, node["name"])
    for entry in node["reverseFulfillmentOrders"]["nodes"]:
        path = ("reverseFulfillmentOrder", "lineItems")
        await extend(client, entry["lineItems"], "reverse_lines", entry["id"], path, node["name"])


def _parsed(node: Mapping[str, Any]) -> ReturnNode | RejectedError:
    try:
        with mapping.understanding(str(node.get("name"))):
            return ReturnNode.model_validate(node)
    except RejectedError as error:
        return error


def return_from(node: ReturnNode, shop: str) -> Return | RejectedError:
    """The canonical return; an error when a piece belongs to no line of the order, or a state is new to us."""
    try:
        with mapping.understanding(node.name):
            return Return(
                id=node.id,
                shop=shop,
                order_id=node.order.id,
                name=node.name,
                status=_status(node.status),
                requested_at=node.created_at,
                lines=tuple(_line(node, line) for line in node.return_line_items.nodes),
                exchanges=tuple(
                    Exchanged(
                        id=one.id,
                        quantity=one.quantity,
                        variant_id=one.variant_id,
                        sku=one.variant_sku,
                        line_ids=tuple(ref.id for ref in one.line_items or ()),
                    )
                    for one in node.exchange_line_items.nodes
                ),
            )
    except RejectedError as error:
        return error


def reverse_lines(node: ReturnNode, line: ReturnLineNode) -> list[tuple[str, ReverseLine]]:
    """What is expected back of a return line, with the reverse fulfillment order it is in."""
    shipped = line.fulfillment_line_item.id if line.fulfillment_line_item else None
    return [
        (order.id, row)
        for order in node.reverse_fulfillment_orders.nodes
        for row in order.line_items.nodes
        if row.fulfillment_line_item and row.fulfillment_line_item.id == shipped
    ]


def _line(node: ReturnNode, line: ReturnLineNode) -> ReturnLine:
    shipped = line.fulfillment_line_item
    if shipped is None or shipped.line_item is None:
        raise mapping.UnmappableError("returnLineItems", f"return line {line.id} belongs to no line of the order")
    found = [one for _, row in reverse_lines(node, line) for one in row.dispositions]
    return ReturnLine(
        id=line.id,
        line_id=shipped.line_item.id,
        quantity=line.quantity,
        reason=line.return_reason_definition.handle if line.return_reason_definition else None,
        processed=line.processed_quantity,
        refunded=line.refunded_quantity,
        received=sum(one.quantity for one in found if one.type != "MISSING"),
        inspected=tuple(_inspected(one) for one in found if one.quantity),
    )


def _inspected(one: DispositionNode) -> Inspected:
    if one.type not in _FOUND:
        raise mapping.UnmappableError("dispositions", f"the disposition {one.type!r} is unknown")
    place = one.location.id if one.location else None
    return Inspected(disposition=_FOUND[one.type], quantity=one.quantity, location=place)


def _status(text: str) -> ReturnStatus:
    try:
        return _STATUSES.get(text) or ReturnStatus(text.lower())
    except ValueError as error:
        raise mapping.UnmappableError("status", f"the return status {text!r} is unknown") from error


def return_id_in(message: Message) -> str:
    """Which return a message is about. Raises `RejectedError`: bodies about goods name the reverse order only."""
    found = return_in(message.topic, message.body)
    if found is None:
        raise RejectedError(
            "the message names no return",
            code="return_unknown",
            document=message.delivery_key,
            field="admin_graphql_api_id",
            way_out="Nothing is lost: the poll reads returns by their order.",
        )
    return found
