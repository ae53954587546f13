"""`crossdock shops`: is the shop reachable, do its webhooks come to us?"""

import asyncio
from pathlib import Path

from deployments.cli.context import console
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
    console.print(f"Shop {shop} answers and grants every scope that orders need.")
    for words in sorted(notices):
        console.print(f"Notice: {words}", soft_wrap=True)
    return 0


async def _check(shop: str, landscape: Path) -> frozenset[str]:
    """What the shop says beside its answer: another API version served, a call that is deprecated."""
    from connectors import registry

    channel = registry.sales_channel(load_landscape(landscape), shop)
    try:
        await channel.check()
        return channel.notices
    finally:
        await channel.aclose()


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
    channel = registry.sales_channel(landscape, shop)
    try:
        return await channel.subscribe(registry.webhook_topics(landscape, shop), uri)
    finally:
        await channel.aclose()
