"""`crossdock atp explain`: how the figure of a SKU comes about, line by line, out of what the state store knows now."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from canonical.inventory import Demand, Figure, InventoryLevel
from canonical.landscape import Landscape
from canonical.ports import Mappings
from canonical.ports.stock_views import StockDesk
from canonical.rules.availability import ChannelPlace, Explanation, Kit, StockSetup, explain, stock_setup
from deployments.cli.context import console, now, opened_store, show
from deployments.cli.mapping_access import mappings_of
from deployments.landscape_loader import load_landscape, load_policies
from flows.location_names import kept_names
from flows.settings import FlowSettings

Told: TypeAlias = tuple[Explanation, list[Figure]]
"""How a figure comes about, and what the shop was told: one figure for each item it has with this SKU."""


@dataclass(frozen=True)
class _Known:
    """What is read of a SKU in one company. `item` is how its figure is named: the ERP item, or the kit's own SKU."""

    setup: StockSetup
    item: str
    levels: list[InventoryLevel]
    demand: list[Demand]
    figures: list[Figure]


def explain_figure(sku: str, *, shop: str | None = None, location: str | None = None) -> int:
    """Show how the available-to-sell figure of a SKU comes about at each place, line by line.

    Parameters
    ----------
    sku
        The shop's SKU, or the ERP's item code.
    shop
        Only this shop.
    location
        Only this location, by our code (DC-EAST) or by the channel's id.
    """
    found, unread = asyncio.run(_explained(sku, shop, location))
    for explanation, figures in found:
        _print(explanation, figures)
    if not found:
        console.print(f"No source has told of {sku} at a location that is sold here; see crossdock mappings list.")
        for name in unread:
            console.print(f"What {name} calls its locations is not known yet: an engine reads it when it starts.")
        return 1
    return 0


async def _explained(sku: str, shop: str | None, location: str | None) -> tuple[list[Told], list[str]]:
    """What was found, and the shops whose location names nobody has read yet."""
    from connectors import registry

    landscape = load_landscape(FlowSettings().landscape)
    if shop is not None:
        landscape.shop(shop)  # says which there are when this is none
    found: list[Told] = []
    async with opened_store() as store:
        mappings, desk = await mappings_of(store), registry.stock_desk(store)
        names = await kept_names(store, [entry.name for entry in landscape.shops])
        mappings.know(names)
        for company in landscape.companies:
            for name in (s.name for s in landscape.shops_of(company.name)):
                if shop in (None, name):
                    known = await _read(landscape, desk, mappings, company.name, name, sku)
                    found += _of_shop(known, name, location)
    return found, [s.name for s in landscape.shops if s.name not in names and shop in (None, s.name)]


async def _read(landscape: Landscape, desk: StockDesk, mappings: Mappings, company: str, shop: str, sku: str) -> _Known:
    """Demand first, then levels: what comes in between is then counted twice, and shown too low, never too high."""
    shops = [entry.name for entry in landscape.shops_of(company)]
    parts = mappings.components(shop, sku, None) or ((sku, Decimal(1)),)
    plain = len(parts) == 1 and parts[0][1] == 1
    item = parts[0][0] if plain else sku
    kits = [] if plain else [Kit(shop=shop, sku=sku, parts=parts)]
    skus = [name for name, _ in parts]
    demand = await desk.demand(shops, sorted({*skus, item}), company)
    levels = await desk.levels(company, skus)
    places = list(_places(mappings, shops, levels))
    policies = load_policies(FlowSettings().policies)
    setup = stock_setup(landscape, company, places, policies, kits)
    return _Known(setup, item, levels, demand, await desk.figures(shop, [item]))


def _places(mappings: Mappings, shops: Sequence[str], levels: Sequence[InventoryLevel]) -> Iterator[ChannelPlace]:
    for shop in shops:
        for location in sorted({level.location for level in levels}):
            location_id = mappings.channel_location(shop, location)
            if location_id is not None:
                yield ChannelPlace(shop=shop, location_id=location_id, location=location)


def _of_shop(known: _Known, shop: str, location: str | None) -> Iterator[Told]:
    for place in known.setup.places:
        if place.shop == shop and location in (None, place.location, place.location_id):
            found = explain(known.setup, place, known.item, known.levels, known.demand, now())
            if found is not None:
                yield found, [one for one in known.figures if one.place.location_id == place.location_id]


def _print(explanation: Explanation, figures: Sequence[Figure]) -> None:
    place = explanation.place
    rows = [(line.words, f"{line.quantity:+f}") for line in explanation.lines]
    owner = f"owner {explanation.owner}"
    title = f"{explanation.sku} at {place.location} (location {place.location_id} of {place.shop}), {owner}"
    show(title, ("step", "quantity"), [*rows, ("available to sell", str(explanation.figure))])
    if not figures:
        console.print("The shop has not been told yet.")
    for figure in figures:
        item = f" (item {figure.place.item_id})" if len(figures) > 1 else ""
        console.print(_standing(figure, f"The shop{item}"))
    console.print()


def _standing(figure: Figure, shop: str) -> str:
    """What the shop was told of one item, and where that stands."""
    why = f": {figure.reason}" if figure.reason else ""
    if figure.published is None:
        return f"{shop} is to show {figure.target}; it has not been told yet ({figure.state}{why})."
    when = f" at {figure.published_at:%Y-%m-%d %H:%M:%S} UTC" if figure.published_at else ""
    return f"{shop} was last told {figure.published}{when}; {figure.state}{why}."
