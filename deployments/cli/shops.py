"""`crossdock shops`: is the shop reachable, do its webhooks come to us?"""

import asyncio
from contextlib import aclosing
from pathlib import Path

from canonical.errors import MisconfiguredError
from deployments.cli.context import console, opened_store
from deployments.landscape_loader import LANDSCAPE_FILE, load_landscape


def check(shop: str, *, landscape: Path = LANDSCAPE_FILE) -> int:
    """Make one authenticated call to a shop; names what is missing (token, scopes).

    Parameters
    ----------
    shop
        Name of the shop in the landscape.
    landscape
        The landscape file.
    """
    notices = asyncio.run(_check(shop, landscape))
    console.print(f"Shop {shop} answers and grants every scope that we need.")
    for words in sorted(notices):
        console.print(f"Notice: {words}", soft_wrap=True)
    return 0


async def _check(shop: str, landscape: Path) -> frozenset[str]:
    """What the shop says beside its answer: another API version served, a call that is deprecated.

    Raises `MisconfiguredError` naming every scope that is missing, of orders, stock, products, shipping and returns.
    """
    from connectors import registry

    found = load_landscape(landscape)
    async with (
        opened_store() as store,
        aclosing(registry.sales_channel(found, shop, store)) as channel,
        aclosing(registry.channel_setup(found, shop, store)) as setup,
    ):
        if missing := await setup.missing_scopes():
            raise MisconfiguredError(
                f"the app lacks the scopes {', '.join(missing)}",
                code="scopes_missing",
                document=shop,
                way_out="Add them to the app, release a version, and approve it in the shop.",
            )
        await channel.check()
        return channel.notices


def subscribe(shop: str, *, uri: str, landscape: Path = LANDSCAPE_FILE) -> int:
    """Make sure every topic we need is delivered to the gateway; repeats create nothing twice.

    Parameters
    ----------
    shop
        Name of the shop in the landscape.
    uri
        The gateway's public address for this shop: https://HOST/webhooks/shopify/SHOP.
    landscape
        The landscape file.
    """
    created = asyncio.run(_subscribe(shop, uri, landscape))
    console.print(f"Subscribed to {', '.join(created)}." if created else "Every topic was subscribed already.")
    return 0


async def _subscribe(shop: str, uri: str, file: Path) -> list[str]:
    from connectors import registry

    landscape = load_landscape(file)
    async with opened_store() as store, aclosing(registry.sales_channel(landscape, shop, store)) as channel:
        return await channel.subscribe(registry.webhook_topics(landscape, shop), uri)
