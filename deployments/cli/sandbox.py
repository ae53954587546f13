"""`crossdock sandbox`: the Shopify stand-in at the keyboard, and people who live around the shops."""

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deployments.cli.context import console, show
from deployments.sandbox.shopify.generator.command import Summary, parse_rate, place_orders
from deployments.sandbox.shopify.webhooks.command import set_faults

if TYPE_CHECKING:
    from deployments.sandbox.live.lives import Chronicle

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


def live(
    *,
    rate: str = "30/min",
    seed: int = 7,
    minutes: float = 2.0,
    profile: str = "bookable",
    patience: float = 120.0,
    pace: float = 1.0,
) -> int:
    """Let orders live: shoppers order, cancel, edit and return; warehouses and stores pick, ship, reject and inspect.

    Needs a running house (`crossdock up`, then source the environment file that it prints).

    Parameters
    ----------
    rate
        New orders: 30/min, 2/s, 600/h.
    seed
        The same seed gives the same orders and fates.
    minutes
        How long orders are placed; those under way are lived to their end.
    profile
        bookable, mixed or hostile.
    patience
        Seconds to wait for a warehouse to be asked, or for the shop to show what was shipped.
    pace
        Pauses between two acts are multiplied by it.
    """
    orders_a_second = parse_rate(rate) or 0.5
    chronicle = asyncio.run(_live(orders_a_second, seed, minutes * 60, profile, patience, pace))
    show("What became of them", ("fate", "orders", "to the end", "stopped"), chronicle.fates)
    show("Stages", ("stage", "orders"), chronicle.stages)
    show("What stopped them", ("reason", "orders"), chronicle.stopped)
    return 0


async def _live(rate: float, seed: int, seconds: float, profile: str, patience: float, pace: float) -> "Chronicle":
    from deployments.sandbox.live.lives import Lives
    from deployments.stack.people import opened_people
    from deployments.stack.plan import SHOPS

    async with opened_people(os.environ, seed=seed) as people:
        lives = Lives(
            people,
            list(SHOPS.values()),
            seed=seed,
            profile=profile,
            pace=pace,
            patience=patience,
            line=lambda text: console.print(text, markup=False, highlight=False),
        )
        return await lives.run(rate=rate, seconds=seconds)
