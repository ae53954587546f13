"""The registry's part for shops: how they are reached, and what follows a sale there: shipping, returns, refunds."""

import os
from typing import TYPE_CHECKING

from canonical.errors import MisconfiguredError
from canonical.landscape import Landscape, System
from canonical.ports import Budgets, CostBudget

if TYPE_CHECKING:
    from canonical.ports.aftersales import FulfillmentChannel, ReturnChannel
    from connectors.shopify.settings import ShopifySettings


def fulfillment_channel(landscape: Landscape, shop: str, budgets: Budgets | None = None) -> "FulfillmentChannel":
    """The shipping side of a shop, as `registry.sales_channel`."""
    system = landscape.system(landscape.shop(shop).channel)
    if system.kind == "shopify":
        from connectors.shopify.logistics import open_logistics

        settings = shopify_settings(landscape, shop)
        return open_logistics(shop, settings, budget=shopify_budget(settings, budgets))
    raise unknown(system)


def return_channel(landscape: Landscape, shop: str, budgets: Budgets | None = None) -> "ReturnChannel":
    """The returns and refunds of a shop, as `registry.sales_channel`."""
    system = landscape.system(landscape.shop(shop).channel)
    if system.kind == "shopify":
        from connectors.shopify.returns import open_returns

        settings = shopify_settings(landscape, shop)
        return open_returns(shop, settings, budget=shopify_budget(settings, budgets))
    raise unknown(system)


def shopify_settings(landscape: Landscape, shop: str) -> "ShopifySettings":
    """Domain from the landscape, the rest from `CROSSDOCK_SHOP_<NAME>_...`; `base_url_env` may name a stand-in."""
    from connectors.shopify.settings import ShopifySettings

    entry = landscape.shop(shop)
    variable = landscape.system(entry.channel).base_url_env
    return ShopifySettings.load(shop, domain=entry.domain, base_url=os.environ.get(variable) if variable else None)


def shopify_budget(settings: "ShopifySettings", budgets: Budgets | None) -> CostBudget | None:
    """The budget of an app on a shop: Shopify counts by both. None: the process keeps its own."""
    return budgets.budget(f"shopify:{settings.domain}:{settings.client_id}") if budgets else None


def unknown(system: System) -> MisconfiguredError:
    """No connector of this kind can take the role that is asked for."""
    return MisconfiguredError(
        f"no connector of kind {system.kind!r} can be {system.role}",
        code="connector_unknown",
        document=system.name,
        way_out="Correct the kind of this system in the landscape, or add a connector to connectors/registry.py.",
    )
