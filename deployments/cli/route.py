"""`crossdock route explain`: where an order would leave from now, and why, out of what the state store knows."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from canonical.errors import MisconfiguredError
from canonical.order import Order
from canonical.records import OrderRecord
from canonical.routing import Assignment, RoutingDecision, RoutingRequest
from canonical.rules.routing import (
    PlaceLine,
    Routable,
    RoutingRules,
    RoutingStock,
    explain_route,
    routable,
)
from deployments.cli.context import console, now, opened_store, show
from deployments.cli.mapping_access import mappings_of
from deployments.landscape_loader import load_landscape, load_policies, load_routing
from flows.handling.lives.stock_reading import RoutingSight
from flows.location_names import kept_names
from flows.settings import FlowSettings


@dataclass(frozen=True)
class _Known:
    """What is read of one order."""

    record: OrderRecord
    open: Routable
    stock: RoutingStock


def explain_order(
    order: str,
    *,
    shop: str | None = None,
    without: Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())] = None,
) -> int:
    """Show where an order would leave from if it were routed now: the decision, and every location with its reason.

    Parameters
    ----------
    order
        Its name (#1001), or any id of it.
    shop
        Only this shop, where two shops use the same name.
    without
        Locations, by our code, as if they had rejected it.
    """
    rules = load_routing(FlowSettings().routing)
    _check_codes(rules, without or [])
    known = asyncio.run(_read(order, shop, without or []))
    if known is None:
        console.print(f"No order {order} is known; see crossdock orders ingest.")
        return 1
    for sku in known.open.unmapped:
        console.print(f"{sku} is not mapped to an item: nothing of it can be placed. See crossdock mappings set.")
    for place in known.open.unknown:
        console.print(f"The location {place} is not mapped: what is handed out there cannot be placed.")
    if not known.open.requests:
        console.print(f"Nothing of {known.record.name} is left to leave.")
    for request in known.open.requests:
        decision, rows = explain_route(request, known.stock, rules, now())
        _print(request, decision, rows)
        known.stock.take_decision(request, decision)  # what is handed out in one place is not shipped to another
    if rules.engine is not None:
        console.print(f"{rules.engine.system} decides in this house; this is what our own rules say.")
    return 0


def _check_codes(rules: RoutingRules, codes: Sequence[str]) -> None:
    unknown = [code for code in codes if code not in rules.location]
    if unknown:
        raise MisconfiguredError(
            f"the routing rules know no location {', '.join(unknown)}; they have {', '.join(rules.location)}",
            code="location_unknown",
        )


async def _read(text: str, shop: str | None, without: Sequence[str]) -> _Known | None:
    """The order and the stock of its items."""
    from connectors import registry

    landscape = load_landscape(FlowSettings().landscape)
    async with opened_store() as store:
        record = _one(await store.find_orders(text, shop), text)
        if record is None:
            return None
        mappings, desk = await mappings_of(store), registry.stock_desk(store)
        mappings.know(await kept_names(store, [entry.name for entry in landscape.shops]))
        order = Order.model_validate_json(record.document)
        found = routable(order, mappings, without)
        rules, policies = load_routing(FlowSettings().routing), load_policies(FlowSettings().policies)
        sight = RoutingSight(landscape, desk, mappings, policies, rules)
        stock = await sight.free_for(found.requests, [order], landscape.company_of(order.shop).name)
        return _Known(record, found, stock)


def _one(records: Sequence[OrderRecord], text: str) -> OrderRecord | None:
    """The order meant: the one of that name, else the only one. Raises `MisconfiguredError` when there are several."""
    named = [record for record in records if record.name == text] or list(records)
    if len(named) > 1:
        shops = ", ".join(sorted({record.scope for record in named}))
        raise MisconfiguredError(
            f"{len(named)} orders are called {text}, in {shops}",
            code="order_ambiguous",
            way_out="Name one with --shop.",
        )
    return named[0] if named else None


def _print(request: RoutingRequest, decision: RoutingDecision, rows: Sequence[PlaceLine]) -> None:
    items = {line.line_id: line.item for line in request.lines}
    how = f"picked up at {request.pickup_location}" if request.pickup_location else "shipped"
    console.print(f"{request.order_name} of {request.shop}, {how}, decided by {decision.decided_by}", style="bold")
    show("Leaves from", ("location", "goods", "by (UTC)"), [_row(one, items) for one in decision.assignments])
    for line_id, quantity in decision.unplaced.items():
        console.print(f"Nobody ships {quantity} {items[line_id]} (line {line_id}).")
    console.print("Why:")
    for words in decision.words:
        console.print(f"  {words}")
    table = [(r.location, r.words, r.has, f"{r.ships:%Y-%m-%d %H:%M}" if r.ships else "", r.points) for r in rows]
    show("Locations", ("location", "outcome", "has", "could leave (UTC)", "points"), table)


def _row(assignment: Assignment, items: dict[str, str]) -> tuple[str, str, str]:
    goods = ", ".join(f"{quantity} {items[line_id]}" for line_id, quantity in assignment.lines.items())
    when = f"{assignment.ship_by:%Y-%m-%d %H:%M}" if assignment.ship_by else ""
    return assignment.location, goods, f"{when} (waits for a delivery)" if assignment.backorder else when
