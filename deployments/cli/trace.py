"""`crossdock trace`: the timeline of a document, from any of its ids."""

import asyncio
from datetime import datetime

from canonical.records import TraceLine
from deployments.cli.context import console, opened_store, show


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
    """Print a document's timeline."""
    show(f"Trace of {document}", ("when (UTC)", "after", "what", "in words", "ids"), _rows(lines))


async def _lines(document: str, shop: str | None) -> list[TraceLine]:
    async with opened_store() as store:
        lines = await store.trace(document)
    return [line for line in lines if shop is None or line.ids.get("scope", shop) == shop]


def _rows(lines: list[TraceLine]) -> list[tuple[str, str, str, str, str]]:
    start: datetime = lines[0].at
    return [
        (
            f"{line.at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
            f"{(line.at - start).total_seconds():.3f} s",
            line.what,
            line.words,
            "\n".join(f"{name}: {value}" for name, value in line.ids.items()),
        )
        for line in lines
    ]
