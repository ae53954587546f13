"""`crossdock sandbox`: the Shopify stand-in at the keyboard."""

import asyncio
from typing import Annotated

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deployments.cli.context import console, show
from deployments.sandbox.shopify.generator.command import Summary, parse_rate, place_orders
from deployments.sandbox.shopify.webhooks.command import set_faults

Url = Annotated[str, Parameter(env_var="CROSSDOCK_SANDBOX_URL")]
AT = "http://127.0.0.1:8010"
"""Where `make up` runs the stand-in."""


def order(
    *,
    count: int = 1,
    rate: str | None = None,
    profile: str = "bookable",
    shop: str | None = None,
    seed: int = 0,
    url: Url = AT,
) -> int:
    """Place orders in the stand-in, as shoppers would.

    Parameters
    ----------
    count
        How many.
    rate
        20/s, 600/min or 5000/h; as fast as it goes when left out.
    profile
        bookable, mixed or hostile.
    shop
        The shop's domain; the first one when left out.
    seed
        The same seed gives the same orders.
    url
        Where the stand-in answers.
    """
    summary = asyncio.run(_place(url, count, rate, profile, shop, seed))
    console.print(
        f"{summary.placed} orders placed in {summary.shop} in {summary.seconds:.1f} s "
        f"({summary.names[0]} … {summary.names[-1]})."
    )
    show("What they are made to become", ("outcome", "orders"), summary.expected.items())
    show("Reasons", ("reason", "orders"), summary.reasons.items())
    return 0


async def _place(url: str, count: int, rate: str | None, profile: str, shop: str | None, seed: int) -> Summary:
    columns = (TextColumn("placing orders"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("orders", total=count)
        return await place_orders(
            url,
            count=count,
            rate=parse_rate(rate),
            profile=profile,
            seed=seed,
            shop=shop,
            on_progress=lambda placed: bar.update(task, completed=placed),
        )


def faults(
    *,
    duplicate: float = 0.0,
    reorder: float = 0.0,
    delay: float = 0.0,
    lose: float = 0.0,
    delay_seconds: float = 5.0,
    seed: int = 0,
    url: Url = AT,
) -> int:
    """Switch faults of webhook delivery; each is the share of deliveries it happens to. No option switches all off.

    Parameters
    ----------
    duplicate
        Delivered twice.
    reorder
        Delivered after later ones.
    delay
        Delivered late, by `delay_seconds`.
    lose
        Never delivered.
    delay_seconds
        How late.
    seed
        The same seed gives the same faults.
    url
        Where the stand-in answers.
    """
    chances = {"duplicate": duplicate, "reorder": reorder, "delay": delay, "lose": lose}
    switches = asyncio.run(set_faults(url, **chances, delay_seconds=delay_seconds, seed=seed))
    show("Faults", ("switch", "value"), switches.items())
    return 0
