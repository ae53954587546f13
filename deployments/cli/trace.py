"""`crossdock trace`: the timeline of a document, from any of its ids."""

import asyncio

from canonical.records import TraceLine
from deployments.cli.context import console


def trace(document: str, *, shop: str | None = None) -> int:
    """Print everything that happened to a document.

    Parameters
    ----------
    document
        Any id of it: order name (#1001), Shopify id, webhook id, ERP number or id, effect key, correlation id.
    shop
        Only this shop, where two shops use the same name.
    """
    lines = asyncio.run(_lines(document, shop))
    if not lines:
        console.print(f"Nothing is known about {document!r}.")
        return 1
    timeline(document, lines)
    return 0


def timeline(document: str, lines: list[TraceLine]) -> None:
    """Print a document's timeline: when (UTC), how long after the first line, what, and the ids below it."""
    start = lines[0].at
    console.print(f"Trace of {document}, {start:%Y-%m-%d}, UTC", style="bold")
    for line in lines:
        after = (line.at - start).total_seconds()
        console.print(
            f"{line.at:%H:%M:%S.%f}"[:12] + f"  +{after:8.3f} s  {line.what:<20} {line.words}", soft_wrap=True
        )
        ids = "  ".join(f"{name}={value}" for name, value in line.ids.items())
        if ids:
            console.print(f"{'':27}{ids}", style="dim", soft_wrap=True)


async def _lines(document: str, shop: str | None) -> list[TraceLine]:
    from connectors import registry

    lines = await registry.trace(document)
    return [line for line in lines if shop is None or line.ids.get("scope", shop) == shop]
