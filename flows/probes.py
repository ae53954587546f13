"""What the doctor reads through: the ports of every system of the landscape, opened, and closed again. No Prefect."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from canonical.landscape import Landscape
from canonical.ports import (
    Mappings,
    ProductChannel,
    ProductSource,
    SalesChannel,
    StateStore,
    StockChannel,
    StockSource,
)
from canonical.ports.readiness import Arrivals, ChannelSetup
from flows.runtime import utc_now


@dataclass(frozen=True)
class Probes:
    """By shop, `stock_sources` by company. What a landscape has no system for is left out."""

    landscape: Landscape
    mappings: Mappings
    arrivals: Arrivals | None = None
    setups: Mapping[str, ChannelSetup] = field(default_factory=dict)
    channels: Mapping[str, SalesChannel] = field(default_factory=dict)
    stock_channels: Mapping[str, StockChannel] = field(default_factory=dict)
    product_channels: Mapping[str, ProductChannel] = field(default_factory=dict)
    stock_sources: Mapping[str, StockSource] = field(default_factory=dict)
    product_sources: Mapping[str, tuple[ProductSource, ...]] = field(default_factory=dict)
    now: Callable[[], datetime] = utc_now

    async def aclose(self) -> None:
        """Close every connection."""
        groups = (self.setups, self.channels, self.stock_channels, self.product_channels, self.stock_sources)
        for group in groups:
            for port in group.values():
                await port.aclose()
        for sources in self.product_sources.values():
            for source in sources:
                await source.aclose()


@asynccontextmanager
async def opened_probes(landscape: Landscape, store: StateStore, mappings: Mappings) -> AsyncIterator[Probes]:
    """Every system of the landscape, opened for the doctor. Raises `MisconfiguredError` naming missing settings."""
    from connectors import registry

    shops = [shop.name for shop in landscape.shops]
    companies = [company.name for company in landscape.companies]
    probes = Probes(
        landscape=landscape,
        mappings=mappings,
        arrivals=registry.arrivals(store),
        setups={shop: registry.channel_setup(landscape, shop, store) for shop in shops},
        channels={shop: registry.sales_channel(landscape, shop, store) for shop in shops},
        stock_channels={shop: registry.stock_channel(landscape, shop, store) for shop in shops},
        product_channels={shop: registry.product_channel(landscape, shop, store) for shop in shops},
        stock_sources={company: registry.stock_source(landscape, company) for company in companies},
        product_sources={shop: registry.product_sources(landscape, shop) for shop in shops},
    )
    try:
        yield probes
    finally:
        await probes.aclose()
