"""Which connector stands behind a port. The only file that names concrete connectors.

Each function imports its connector when called, so that a process pays only for what it uses: the gateway never
imports an HTTP client, the command line never an ERP. To add a system: its folder, and one line in a table here.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from canonical.landscape import EVERY_SHOP, Company, Landscape, Role, System
from canonical.ports import (
    Budgets,
    OrderTranslator,
    PictureProbe,
    Pictures,
    ProductBook,
    ProductChannel,
    ProductSource,
    SalesChannel,
    SalesOrders,
    Settlement,
    StateStore,
    StockChannel,
    StockSource,
    WebhookSource,
)
from connectors.registry_shops import fulfillment_channel as fulfillment_channel
from connectors.registry_shops import return_channel as return_channel
from connectors.registry_shops import shopify_budget, shopify_settings, unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from canonical.ports.approvals import Approvals
    from canonical.ports.counter import StoreBoard
    from canonical.ports.mapping import MappingBook
    from canonical.ports.readiness import Arrivals, ChannelSetup
    from canonical.ports.routing import Router
    from canonical.ports.stock_views import StockDesk
    from canonical.ports.warehouse import Warehouse
    from canonical.records import TraceLine
    from canonical.rules.routing import RoutingRules, StockReader
    from connectors.statestore.database import Database


async def trace(text: str) -> "list[TraceLine]":
    """The timeline of a document, without opening the whole store where that can be had (see `glance`)."""
    from connectors.statestore.glance import quick_trace

    lines = await asyncio.to_thread(quick_trace, text)
    if lines is not None:
        return lines
    store = await state_store()
    try:
        return await store.trace(text)
    finally:
        await store.aclose()


async def state_store() -> StateStore:
    """Our own database, opened, its schema up to date; where it is, `CROSSDOCK_STORE_*` says."""
    from connectors.statestore.settings import StoreSettings
    from connectors.statestore.store import open_store

    return await open_store(StoreSettings())


def _database(store: StateStore) -> "Database":
    from connectors.statestore.store import SqlStateStore

    if not isinstance(store, SqlStateStore):
        raise TypeError("this is kept in the SQL state store")
    return store.database


def approvals(store: StateStore) -> "Approvals":
    """The approvals kept in an opened state store."""
    from connectors.statestore.approvals import SqlApprovals

    return SqlApprovals(_database(store))


def mapping_book(store: StateStore) -> "MappingBook":
    """The mapping repository kept in an opened state store."""
    from connectors.statestore.mappings import SqlMappingBook

    return SqlMappingBook(_database(store))


def arrivals(store: StateStore) -> "Arrivals":
    """What came into an opened state store, for the doctor."""
    from connectors.statestore.arrived import SqlArrivals

    return SqlArrivals(_database(store))


def channel_setup(landscape: Landscape, shop: str, budgets: Budgets | None = None) -> "ChannelSetup":
    """How a shop is set up, for the doctor."""
    system = landscape.system(landscape.shop(shop).channel)
    if system.kind == "shopify":
        from connectors.shopify.setup import open_setup

        settings = shopify_settings(landscape, shop)
        return open_setup(shop, settings, budget=shopify_budget(settings, budgets))
    raise unknown(system)


def stock_desk(store: StateStore) -> "StockDesk":
    """What is remembered of stock, in an opened state store."""
    from connectors.statestore.stock_views import SqlStockDesk

    return SqlStockDesk(_database(store))


def store_board(store: StateStore) -> "StoreBoard":
    """The boards of stores, in an opened state store."""
    from connectors.statestore.board import SqlStoreBoard

    return SqlStoreBoard(_database(store), store)


def product_book(store: StateStore) -> ProductBook:
    """What is remembered of products, in an opened state store."""
    from connectors.statestore.products import SqlProductBook

    return SqlProductBook(_database(store))


def sales_channel(landscape: Landscape, shop: str, budgets: Budgets | None = None) -> SalesChannel:
    """The channel of a shop; it connects at the first call. Raises `MisconfiguredError` naming missing settings.

    `budgets` is who keeps the call budget that all workers share (the state store); without, this process has its own.
    """
    system = landscape.system(landscape.shop(shop).channel)
    if system.kind == "shopify":
        from connectors.shopify.channel import open_channel

        settings = shopify_settings(landscape, shop)
        return open_channel(shop, settings, budget=shopify_budget(settings, budgets))
    raise unknown(system)


def stock_channel(landscape: Landscape, shop: str, budgets: Budgets | None = None) -> StockChannel:
    """The stock of a shop, as `sales_channel`."""
    system = landscape.system(landscape.shop(shop).channel)
    if system.kind == "shopify":
        from connectors.shopify.stock import open_stock

        settings = shopify_settings(landscape, shop)
        return open_stock(shop, settings, budget=shopify_budget(settings, budgets))
    raise unknown(system)


def product_channel(landscape: Landscape, shop: str, budgets: Budgets | None = None) -> ProductChannel:
    """The products of a shop, as `sales_channel`. Pictures it cannot fetch are read from the feed that owns them."""
    system = landscape.system(landscape.shop(shop).channel)
    if system.kind == "shopify":
        from connectors.shopify.products import open_products

        settings, pictures = shopify_settings(landscape, shop), _pictures(landscape, shop)
        return open_products(shop, settings, budget=shopify_budget(settings, budgets), pictures=pictures)
    raise unknown(system)


def _pictures(landscape: Landscape, shop: str) -> Pictures | None:
    """The pictures beside the feed that owns them; None where no feed does, or where it is not set up yet."""
    owner = landscape.system(landscape.field_owners(shop)["images"])
    if owner.kind != "feed":
        return None
    from connectors.feed.pictures import open_pictures

    return open_pictures(owner.name, os.environ.get(owner.base_url_env) if owner.base_url_env else None)


def picture_probe() -> PictureProbe:
    """Who looks whether pictures can be fetched; connects at the first call."""
    from connectors.pictures import HttpPictures

    return HttpPictures()


def sales_orders(landscape: Landscape, company: str) -> SalesOrders:
    """The ERP of a company; it connects at the first call. Raises `MisconfiguredError` naming missing settings."""
    entry = landscape.company(company)
    system = landscape.system(entry.system)
    url = os.environ.get(system.base_url_env) if system.base_url_env else None
    if system.kind == "tryton":
        from connectors.tryton.erp import open_erp
        from connectors.tryton.settings import TrytonSettings

        web_shops = {shop.name: shop.domain for shop in landscape.shops_of(company)}
        return open_erp(system.name, TrytonSettings.load(company, url=url), web_shops)
    if system.kind == "lambda_erp":
        from connectors.lambda_erp.erp import open_erp as open_lambda_erp
        from connectors.lambda_erp.settings import LambdaErpSettings

        return open_lambda_erp(system.name, LambdaErpSettings.load(company, url=url, company=entry.reference))
    if system.kind == "file_erp":  # each company has folders of its own
        from connectors.file_erp.erp import FileErp
        from connectors.file_erp.settings import FileErpSettings

        return FileErp(system.name, FileErpSettings.load(company))
    raise unknown(system)


def settlement(landscape: Landscape, company: str) -> Settlement:
    """What follows a sale in the ERP of a company, as `sales_orders`."""
    entry = landscape.company(company)
    system = landscape.system(entry.system)
    url = os.environ.get(system.base_url_env) if system.base_url_env else None
    if system.kind == "tryton":
        from connectors.tryton.settings import TrytonSettings
        from connectors.tryton.settlement import open_settlement

        web_shops = {shop.name: shop.domain for shop in landscape.shops_of(company)}
        return open_settlement(system.name, TrytonSettings.load(company, url=url), web_shops)
    if system.kind == "lambda_erp":
        from connectors.lambda_erp.settings import LambdaErpSettings
        from connectors.lambda_erp.settlement import open_settlement as open_lambda_settlement

        return open_lambda_settlement(system.name, LambdaErpSettings.load(company, url=url, company=entry.reference))
    raise unknown(system)


def stock_source(landscape: Landscape, company: str) -> StockSource:
    """Who knows the stock of a company: its ERP. It connects at the first call.

    Raises `MisconfiguredError` naming missing settings.
    """
    entry = landscape.company(company)
    system = landscape.system(entry.system)
    url = os.environ.get(system.base_url_env) if system.base_url_env else None
    if system.kind == "tryton":
        from connectors.tryton.settings import TrytonSettings
        from connectors.tryton.stock import open_stock

        web_shops = {shop.name: shop.domain for shop in landscape.shops_of(company)}
        return open_stock(system.name, company, TrytonSettings.load(company, url=url), web_shops)
    if system.kind == "lambda_erp":
        from connectors.lambda_erp.settings import LambdaErpSettings
        from connectors.lambda_erp.stock import open_stock as open_lambda_stock

        settings = LambdaErpSettings.load(company, url=url, company=entry.reference)
        return open_lambda_stock(system.name, company, settings)
    raise unknown(system)


def stock_sources(landscape: Landscape, company: str) -> tuple[StockSource, ...]:
    """Every system that tells stock of a company: its ERP, and those that the landscape names for its locations."""
    erp = landscape.company(company).system
    named = {entry.source for entry in landscape.stock if entry.company in (company, EVERY_SHOP)} - {erp}
    others = tuple(_event_stock(landscape.system(name), company) for name in sorted(named))
    return (stock_source(landscape, company), *others)


def _event_stock(system: System, company: str) -> StockSource:
    if system.kind == "events":
        from connectors.events.stock import EventStock

        return EventStock(system.name, company)
    raise unknown(system)


def warehouses(landscape: Landscape, company: str, store: StateStore) -> "Mapping[str, Warehouse]":
    """The systems that ship for a company, by name; `store` holds the boards of stores. They connect at the first call.

    Raises `MisconfiguredError` naming missing settings.
    """
    return {system.name: _warehouse(system, store) for system in landscape.warehouses_of(company)}


def _warehouse(system: System, store: StateStore) -> "Warehouse":
    from connectors.registry_warehouses import warehouse

    opened = warehouse(system, store_board(store))
    if opened is None:
        raise unknown(system)
    return opened


def product_sources(landscape: Landscape, shop: str) -> tuple[ProductSource, ...]:
    """Who knows the products of a shop: its ERP, and every system that owns fields of its products.

    They connect at the first call. Raises `MisconfiguredError` naming missing settings.
    """
    company = landscape.company_of(shop)
    names = {company.system, *landscape.field_owners(shop).values()}
    systems = [landscape.system(name) for name in sorted(names)]
    return tuple(_product_source(system, company) for system in systems if system.role is not Role.CHANNEL)


def _product_source(system: System, company: Company) -> ProductSource:
    url = os.environ.get(system.base_url_env) if system.base_url_env else None
    if system.kind == "tryton":
        from connectors.tryton.products import open_products
        from connectors.tryton.settings import TrytonSettings

        return open_products(system.name, company.name, TrytonSettings.load(company.name, url=url))
    if system.kind == "lambda_erp":
        from connectors.lambda_erp.products import open_products as open_items
        from connectors.lambda_erp.settings import LambdaErpSettings

        known = {"url": url, "company": company.reference}
        return open_items(system.name, company.name, LambdaErpSettings.load(company.name, **known))
    if system.kind == "feed":
        from connectors.feed.settings import FeedSettings
        from connectors.feed.source import open_feed

        return open_feed(system.name, FeedSettings.load(system.name, url=url))
    raise unknown(system)


def router(
    landscape: Landscape, rules: "RoutingRules", read_stock: "StockReader", now: "Callable[[], datetime]"
) -> "Router":
    """Who routes orders: our rules, or the outside engine that they name, backed by them; it connects when first asked.

    Raises `MisconfiguredError` naming missing settings.
    """
    from canonical.rules.routing import BackedRouter, RulesRouter

    ours = RulesRouter(rules, read_stock, now)
    if rules.engine is None:
        return ours
    system = landscape.system(rules.engine.system)
    url = os.environ.get(system.base_url_env) if system.base_url_env else None
    if system.kind == "routing_engine":
        from connectors.routing_engine.router import open_engine
        from connectors.routing_engine.settings import EngineSettings

        engine = open_engine(system.name, EngineSettings.load(system.name, url=url), rules, read_stock, now)
        return BackedRouter(engine, ours, rules.engine.on_failure)
    raise unknown(system)


def order_translator(landscape: Landscape, shop: str) -> OrderTranslator:
    """Who understands the messages of a shop."""
    system = landscape.system(landscape.shop(shop).channel)
    if system.kind == "shopify":
        from connectors.shopify.translator import ShopifyTranslator

        return ShopifyTranslator()
    raise unknown(system)


def webhook_sources(landscape: Landscape) -> Mapping[str, WebhookSource]:
    """Who checks signed requests, by the name of the channel's system (the last part of the URL)."""
    return {
        system.name: _webhook_source(landscape, system) for system in landscape.systems if system.role is Role.CHANNEL
    }


def webhook_topics(landscape: Landscape, shop: str) -> tuple[str, ...]:
    """The topics a shop is to be subscribed to, for `SalesChannel.subscribe`."""
    system = landscape.system(landscape.shop(shop).channel)
    if system.kind == "shopify":
        return shopify_settings(landscape, shop).topics
    raise unknown(system)


def _webhook_source(landscape: Landscape, system: System) -> WebhookSource:
    if system.kind == "shopify":
        from connectors.shopify.webhooks import webhook_source

        shops = [shop.name for shop in landscape.shops if shop.channel == system.name]
        return webhook_source({shop: shopify_settings(landscape, shop) for shop in shops})
    raise unknown(system)
