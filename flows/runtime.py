"""The composition root: opens every system the landscape names, once a process. Imports no Prefect.

Flows and steps get a `Runtime` and speak to its ports; which connector stands behind a port is the registry's business.
Tests build a `Runtime` with fakes.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from canonical.errors import MisconfiguredError
from canonical.landscape import Landscape, read_landscape
from canonical.mapping.table import TableMappings
from canonical.ports import Approvals, OrderTranslator, SalesChannel, SalesOrders, StateStore
from canonical.ports.routing import Router
from canonical.ports.stock import StockChannel, StockSource
from canonical.ports.stock_views import StockDesk
from canonical.rules.policies import Policies
from flows.catalogue import Catalogue, open_sources
from flows.location_names import LocationNames
from flows.logistics import LifecycleFile, Logistics
from flows.mapping_store import StoredMappings, open_mappings
from flows.policy_files import PolicyFile, RoutingFile
from flows.settings import FlowSettings
from flows.stock_items import StockItems


def utc_now() -> datetime:
    """The moment, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Runtime:
    """Everything a flow may ask. `channels` and `translators` by shop, `erps` by company.

    `stock_sources` by company, `stock_channels` by shop.
    """

    landscape: Landscape
    store: StateStore
    channels: Mapping[str, SalesChannel]
    translators: Mapping[str, OrderTranslator]
    erps: Mapping[str, SalesOrders]
    mappings: TableMappings | StoredMappings
    settings: FlowSettings = field(default_factory=FlowSettings)
    now: Callable[[], datetime] = utc_now
    approvals: Approvals | None = None
    stock_sources: Mapping[str, Sequence[StockSource]] = field(default_factory=dict)
    stock_channels: Mapping[str, StockChannel] = field(default_factory=dict)
    book: StockDesk | None = None
    policy_file: PolicyFile | None = None
    catalogue: Catalogue | None = None
    logistics: Logistics | None = None
    stock_items: StockItems = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stock_items", StockItems(self.stock_channels, self.now))

    @property
    def policies(self) -> Policies:
        """The stock policies that hold now."""
        return Policies() if self.policy_file is None else self.policy_file.policies

    @property
    def policy_fingerprint(self) -> str:
        """Changes with the policies."""
        return "" if self.policy_file is None else self.policy_file.fingerprint

    @property
    def stock_book(self) -> StockDesk:
        """What is remembered of stock. Raises `MisconfiguredError` when the runtime was opened without."""
        if self.book is None:
            raise MisconfiguredError("this runtime keeps no stock", code="stock_missing")
        return self.book

    @property
    def goods(self) -> Catalogue:
        """Products: sources, shops, and what is remembered. Raises `MisconfiguredError` without."""
        if self.catalogue is None:
            raise MisconfiguredError("this runtime keeps no products", code="products_missing")
        return self.catalogue

    @property
    def house(self) -> Logistics:
        """Shipping and taking back. Raises `MisconfiguredError` when the runtime was opened without."""
        if self.logistics is None:
            raise MisconfiguredError("this runtime ships nothing", code="logistics_missing")
        return self.logistics

    def ships(self, company: str) -> bool:
        """Whether we see to the shipping of a company's orders."""
        return self.logistics is not None and self.logistics.ships(company)

    async def renew_mappings(self) -> str | None:
        """Take in what people changed. Returns what is wrong with the mappings, None when nothing is."""
        if isinstance(self.mappings, TableMappings):
            return None
        await self.mappings.renew(self.now())
        return self.mappings.problem

    async def aclose(self) -> None:
        """Close every connection; the store last, it keeps what the others did."""
        for channel in self.channels.values():
            await channel.aclose()
        for erp in self.erps.values():
            await erp.aclose()
        for shown in self.stock_channels.values():
            await shown.aclose()
        for sources in self.stock_sources.values():
            for source in sources:
                await source.aclose()
        if self.catalogue is not None:
            await self.catalogue.aclose()
        if self.logistics is not None:
            await self.logistics.aclose()
        if isinstance(self.mappings, StoredMappings):
            await self.mappings.aclose()
        await self.store.aclose()


class _Process:
    """What this process shares between its runs."""

    def __init__(self) -> None:
        self.opened: dict[int, asyncio.Task[Runtime]] = {}
        self.stopping = False


_PROCESS = _Process()


def request_stop() -> None:
    """Ask every drain of this process to end after the batch in hand."""
    _PROCESS.stopping = True


def stop_requested() -> bool:
    """Whether the process is about to end."""
    return _PROCESS.stopping


async def runtime() -> Runtime:
    """The runtime of this event loop, opened at the first call; concurrent first calls share one opening.

    Raises `MisconfiguredError` with everything that is wrong in the landscape or the settings.
    """
    loop = asyncio.get_running_loop()
    key = id(loop)
    task = _PROCESS.opened.get(key)
    if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
        task = loop.create_task(open_runtime(FlowSettings()))
        _PROCESS.opened[key] = task
    return await asyncio.shield(task)


async def close_runtime() -> None:
    """Close the runtime of this event loop, when one was opened."""
    task = _PROCESS.opened.pop(id(asyncio.get_running_loop()), None)
    if task is not None:
        await (await task).aclose()


async def open_runtime(settings: FlowSettings) -> Runtime:
    """Open every system of the landscape. Connections are made lazily by the connectors themselves."""
    from connectors import registry

    landscape = read_landscape(_text(settings.landscape), settings.landscape.name)
    shops, companies = [s.name for s in landscape.shops], [c.name for c in landscape.companies]
    store = await registry.state_store()
    names = LocationNames(store, {name: registry.channel_setup(landscape, name, store) for name in shops})
    opened = Runtime(
        landscape=landscape,
        store=store,
        channels={name: registry.sales_channel(landscape, name, store) for name in shops},
        translators={name: registry.order_translator(landscape, name) for name in shops},
        erps={name: registry.sales_orders(landscape, name) for name in companies},
        mappings=await open_mappings(registry.mapping_book(store), settings, utc_now(), names),
        settings=settings,
        approvals=registry.approvals(store),
        stock_sources={name: registry.stock_sources(landscape, name) for name in companies},
        stock_channels={name: registry.stock_channel(landscape, name, store) for name in shops},
        book=registry.stock_desk(store),
        policy_file=PolicyFile(settings.policies),
        catalogue=_catalogue(landscape, store),
    )
    object.__setattr__(opened, "logistics", _logistics(opened))
    return opened


def _logistics(rt: Runtime) -> Logistics | None:
    """Who ships, who is told, who routes; None where no company has a warehouse of ours to ask."""
    from connectors import registry
    from flows.handling.lives.stock_reading import stock_reader

    landscape, store = rt.landscape, rt.store
    companies = [c.name for c in landscape.companies]
    warehouses = {name: dict(registry.warehouses(landscape, name, store)) for name in companies}
    if not any(warehouses.values()):
        return None
    routing = RoutingFile(rt.settings.routing)

    def open_router(company: str) -> Router:
        return registry.router(landscape, routing.rules, stock_reader(rt, company), rt.now)

    return Logistics(
        landscape=landscape,
        warehouses=warehouses,
        settlements={name: registry.settlement(landscape, name) for name in companies},
        open_router=open_router,
        fulfillment={s.name: registry.fulfillment_channel(landscape, s.name, store) for s in landscape.shops},
        returns={s.name: registry.return_channel(landscape, s.name, store) for s in landscape.shops},
        lifecycle=LifecycleFile(rt.settings.lifecycle),
        routing=routing,
    )


def _catalogue(landscape: Landscape, store: StateStore) -> Catalogue:
    from connectors import registry

    sources, problems = open_sources(landscape, lambda shop: registry.product_sources(landscape, shop))
    return Catalogue(
        book=registry.product_book(store),
        channels={s.name: registry.product_channel(landscape, s.name, store) for s in landscape.shops},
        sources=sources,
        pictures=registry.picture_probe(),
        problems=problems,
    )


def _text(path: Path) -> str:
    """A configuration file. Raises `MisconfiguredError` when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MisconfiguredError(
            "the file cannot be read",
            code="file_unreadable",
            document=path.name,
            way_out="Set CROSSDOCK_FLOW_LANDSCAPE and CROSSDOCK_FLOW_MAPPINGS, or run in the project's folder.",
        ) from error
