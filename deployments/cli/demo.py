"""`crossdock demo`: the whole house, thirty orders, each booked once, three of them to the doorstep, and the proof."""

import asyncio
import shutil
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Literal

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from canonical.ports import StateStore
from deployments.cli.context import console, show
from deployments.cli.trace import timeline
from deployments.sandbox.shopify.generator.command import place_orders
from deployments.sandbox.shopify.webhooks.command import set_faults
from deployments.stack import life_scene, product_scene
from deployments.stack.books import BookedSale, Comparison, compare, read_books
from deployments.stack.life_scene import LifeScene, Lived, Tale
from deployments.stack.life_story import COLUMNS
from deployments.stack.people import opened_people
from deployments.stack.plan import SHOPS, Plan
from deployments.stack.scene import Placed, expectations, open_store, outcomes, wait_until_done, wanted
from deployments.stack.stack import Stack, running
from deployments.stack.stock_scene import StockScene

BATCHES = (("north", "bookable", 11), ("south", "bookable", 7), ("north", "mixed", 14))
PATIENCE = 180.0
POLLING = 300.0
"""Seconds for which the stock of the ERP and the warehouses are polled without a pause; the demo is over before."""
QUICK = {"CROSSDOCK_FLOW_WAREHOUSE_POLL_SECONDS": "1"}
"""Warehouses are asked every second: who watches a demo does not wait for five."""
SKU, WAREHOUSE, RECEIVED = "TEE-WHI-S", "DC-EAST", 25
BAR = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def demo(*, erp: Literal["tryton", "lambda"] = "tryton", keep: bool = False, seed: int = 7) -> int:
    """Start everything, place orders in two shops, show each booked in the ERP exactly once, and three whole lives.

    Parameters
    ----------
    erp
        The ERP to book in: tryton or lambda.
    keep
        Keep the folder with logs and databases.
    seed
        The same seed places the same orders.
    """
    home = Path(tempfile.mkdtemp(prefix="crossdock-demo-"))
    started = time.monotonic()
    try:
        return asyncio.run(_demo(Plan(home=home, erp=erp, house="whole", extra=QUICK), seed, started))
    finally:
        if keep:
            console.print(f"Kept: {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)


async def _demo(plan: Plan, seed: int, started: float) -> int:
    async with running(plan, lambda text: console.print(f"  {time.monotonic() - started:5.1f} s  {text}")) as stack:
        await set_faults(stack.shopify.url, duplicate=0.2, reorder=0.2, seed=seed)
        store = await open_store(stack)
        scene = StockScene(stack, store)
        await scene.keep_polling(POLLING)
        console.print("Placing orders; webhooks arrive doubled and out of order on purpose.")
        for index, (shop, profile, count) in enumerate(BATCHES):
            await place_orders(
                stack.shopify.url, count=count, profile=profile, seed=seed + index, shop=SHOPS[shop], rate=20
            )
        placed = await expectations(stack)
        try:
            done = await _watch(store, placed)
            await life_scene.keep_polling(stack, POLLING)
            await _tell(stack, store, placed)
            done = await _receive(scene) and await _reprice(stack) and done
            lived = await _live(stack, store, placed, seed)
        finally:
            scene.close()
            await store.aclose()
        books = read_books(plan.erp, stack.erp_database)
        verdict = compare(wanted(stack, placed), books)
        held = await _held(stack, placed)
    return _sum_up(placed, books, verdict, held, lived, done, time.monotonic() - started)


async def _watch(store: StateStore, placed: list[Placed]) -> bool:
    with Progress(*BAR, console=console) as bar:
        task = bar.add_task("orders settled", total=len(placed))
        return await wait_until_done(
            store, placed, within=PATIENCE, progress=lambda done: bar.update(task, completed=done)
        )


async def _receive(scene: StockScene) -> bool:
    """Goods come in at the ERP, and the shop shows them. Whether it did."""
    before = await scene.figures("north", SKU)
    if not before:
        console.print(f"stock: no figure of {SKU} was published")
        return False
    known = await scene.receive(SKU, WAREHOUSE, RECEIVED)
    figure = await scene.shown_after(before, within=PATIENCE)
    if figure is None or figure.published_at is None:
        console.print(f"stock: {RECEIVED} {SKU} came in at {WAREHOUSE}, and the shop does not show them")
        return False
    (was,) = [f.published for f in before if f.place == figure.place]
    seconds = max(0.0, (figure.published_at - known).total_seconds())
    shown = await scene.in_the_shop(figure)
    came = f"{RECEIVED} {SKU} came in at {WAREHOUSE}"
    console.print(f"stock: {came}; {seconds:.1f} s later shop north shows {shown} (before: {was})")
    return shown == figure.published


async def _reprice(stack: Stack) -> bool:
    """A price changes in the ERP, and the shop shows it beside the PIM's words. Whether it did."""
    before = await product_scene.shown(stack, SKU)
    if before is None:
        console.print(f"product: shop north has no {SKU}")
        return False
    price = Decimal(before.price) + 1
    await product_scene.reprice(stack, SKU, price)
    known = time.monotonic()
    ended = await product_scene.sync(stack, SKU, within=PATIENCE)
    after = await product_scene.shown(stack, SKU)
    if not ended or after is None or after.products != 1 or Decimal(after.price) != price:
        console.print(f"product: the price of {SKU} is {price} in the ERP, and the shop does not show it ({after})")
        return False
    seconds = time.monotonic() - known
    words = f"the ERP's price of {SKU} is {price} now; {seconds:.1f} s later shop north shows {after.price}"
    console.print(f'product: {words} (before: {before.price}), with the PIM\'s words "{after.description}"')
    return True


async def _live(stack: Stack, store: StateStore, placed: list[Placed], seed: int) -> Lived:
    """Three of the orders leave their warehouses, and one comes back: a table of each, and how to look further."""
    console.print("Three of them go to the doorstep, and one comes back.")
    async with opened_people(stack.environment, seed=seed) as people:
        return await LifeScene(stack, store, people, _show_life, within=PATIENCE).play(placed)


def _show_life(tale: Tale) -> None:
    show(tale.title, COLUMNS, tale.rows)
    console.print(f"  More: crossdock lives show '{tale.name}' --shop {tale.shop}, crossdock trace '{tale.name}'")


async def _tell(stack: Stack, store: StateStore, placed: list[Placed]) -> None:
    """Tables of what was booked and what is held, and the trace of one order."""
    states = await outcomes(store, placed)
    booked = [(o, r) for o, r in states.items() if o.kind == "book"]
    show(
        f"Booked in {stack.plan.erp}",
        ("shop", "order", "total", "ERP number", "state"),
        [
            (o.shop, o.name, f"{o.total} {o.currency}", r.external_number if r else "", r.state if r else "")
            for o, r in booked
        ],
    )
    cases = await store.cases()
    reasons = {(c.scope, c.document): f"{c.reason_code}: {c.words}" for c in cases}
    show(
        "Held, each with its reason",
        ("shop", "order", "state", "reason"),
        [
            (o.shop, o.name, r.state.value if r else "", reasons.get((o.shop, f"order {o.name}"), o.reason))
            for o, r in states.items()
            if o.kind != "book"
        ],
    )
    example = booked[0][0]
    timeline(example.name, await store.trace(example.order_id))


async def _held(stack: Stack, placed: list[Placed]) -> int:
    store = await open_store(stack)
    try:
        states = await outcomes(store, placed)
    finally:
        await store.aclose()
    return sum(r is not None and r.state in ("held", "quarantined") for r in states.values())


def _sum_up(
    placed: list[Placed],
    books: list[BookedSale],
    verdict: Comparison,
    held: int,
    lived: Lived,
    done: bool,
    seconds: float,
) -> int:
    for label, found in (
        ("lost", verdict.lost),
        ("doubled", verdict.doubled),
        ("unequal", verdict.unequal),
        ("not wanted", verdict.surplus),
        ("the books differ", lived.faults),
    ):
        for name in found:
            console.print(f"{label}: {name}")
    meant_to_wait = sum(o.kind in ("hold", "quarantine") for o in placed)
    fine = done and verdict.clean and held == meant_to_wait and len(books) == verdict.wanted and lived.fine
    console.print(
        f"demo: placed={verdict.wanted} booked={verdict.booked} held={held} doubled={len(verdict.doubled)} "
        f"lost={len(verdict.lost)} {lived} seconds={seconds:.0f}"
    )
    return 0 if fine else 1
