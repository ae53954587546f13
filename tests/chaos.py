"""Kills real processes at random moments while orders flow, then asks the ERP's own books what came of it.

`python -m tests.chaos --kills 60 --seed 7 --orders 500`; the same seed kills the same processes after the same pauses.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deployments.engine import start_run
from deployments.sandbox.shopify.generator.command import place_orders
from deployments.sandbox.shopify.webhooks.command import set_faults
from deployments.stack.books import Comparison, compare, read_books
from deployments.stack.plan import SHOPS, Plan
from deployments.stack.scene import expectations, finished, open_store, outcomes, wait_until_done, wanted
from deployments.stack.stack import Stack, running

TARGETS = ("worker", "gateway", "erp")
LEASE_SECONDS = 8
PARK_SECONDS = 3
SETTLE_SECONDS = 240.0
console = Console(highlight=False)


@dataclass
class Outcome:
    """What a chaos run found; `clean` is what it promises."""

    kills: int
    orders: int
    comparison: Comparison
    audit_rows: int
    audit_broken: str | None
    unfinished: list[str]
    seed: int

    @property
    def clean(self) -> bool:
        return self.comparison.clean and self.audit_broken is None and not self.unfinished

    @property
    def line(self) -> str:
        found = self.comparison
        return (
            f"chaos: kills={self.kills} orders={self.orders} lost={len(found.lost)} doubled={len(found.doubled)} "
            f"unequal={len(found.unequal)} seed={self.seed}"
        )


async def run(*, kills: int, orders: int, seed: int, home: Path, erp: str = "tryton", rate: float = 4.0) -> Outcome:
    """Place orders, kill `kills` times while they flow, let everything settle, compare."""
    pace = {"CROSSDOCK_FLOW_LEASE_SECONDS": str(LEASE_SECONDS), "CROSSDOCK_FLOW_PARK_SECONDS": str(PARK_SECONDS)}
    plan = Plan(home=home, erp=erp, webhook_time_scale=0.002, extra=pace)
    async with running(plan, lambda text: console.print(f"  {text}")) as stack:
        await set_faults(stack.shopify.url, duplicate=0.3, reorder=0.3, seed=seed)
        placing = asyncio.create_task(_place(stack, orders, seed, rate))
        await _kill(stack, kills, random.Random(seed), orders / rate)
        await placing
        return await _judge(stack, kills, seed)


async def _place(stack: Stack, orders: int, seed: int, rate: float) -> None:
    north = orders - orders // 4
    await place_orders(stack.shopify.url, count=north, profile="bookable", seed=seed, shop=SHOPS["north"], rate=rate)
    await place_orders(stack.shopify.url, count=orders // 4, profile="mixed", seed=seed, shop=SHOPS["south"], rate=rate)


async def _kill(stack: Stack, kills: int, dice: random.Random, seconds: float) -> None:
    """Kill -9 and start again, spread over the time in which orders flow."""
    pause = max(1.0, seconds / max(kills, 1))
    for number in range(1, kills + 1):
        await asyncio.sleep(dice.uniform(0.2, 1.0) * pause)
        target = dice.choice(TARGETS)
        down = dice.uniform(0.0, 1.5)
        console.print(f"  kill {number}/{kills}: {target}, down for {down:.1f} s")
        part = getattr(stack, target)
        await part.kill()
        await asyncio.sleep(down)
        if target == "worker":
            await stack.start_worker()
        elif target == "gateway":
            await stack.start_gateway()
        else:
            await part.start()


async def _judge(stack: Stack, kills: int, seed: int) -> Outcome:
    placed = await expectations(stack)
    store = await open_store(stack)
    try:
        if not await wait_until_done(store, placed, within=SETTLE_SECONDS / 2):
            await start_run("order-poll/poll", {}, stack.environment)
            await wait_until_done(store, placed, within=SETTLE_SECONDS / 2)
        states = await outcomes(store, placed)
        rows, broken = await store.verify_audit()
    finally:
        await store.aclose()
    unfinished = [
        f"{o.shop} {o.name}: {r.state if r else 'never read'} instead of {o.kind}"
        for o, r in states.items()
        if not finished(o, r)
    ]
    found = compare(wanted(stack, placed), read_books(stack.plan.erp, stack.erp_database))
    return Outcome(
        kills=kills,
        orders=len(placed),
        comparison=found,
        audit_rows=rows,
        audit_broken=broken,
        unfinished=unfinished,
        seed=seed,
    )


def report(outcome: Outcome) -> None:
    """Everything that is not as promised, then the one line."""
    found = outcome.comparison
    for label, names in (
        ("lost", found.lost),
        ("doubled", found.doubled),
        ("unequal", found.unequal),
        ("not wanted", found.surplus),
        ("unfinished", outcome.unfinished),
    ):
        for name in names:
            console.print(f"{label}: {name}")
    state = f"broken: {outcome.audit_broken}" if outcome.audit_broken else f"whole, {outcome.audit_rows} lines"
    console.print(f"audit {state}")
    console.print(outcome.line)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--erp", choices=("tryton", "lambda"), default="tryton")
    parser.add_argument("--rate", type=float, default=4.0, help="orders a second")
    parser.add_argument("--keep", action="store_true", help="keep logs and databases")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="crossdock-chaos-"))
    started = time.monotonic()
    try:
        outcome = asyncio.run(
            run(
                kills=options.kills,
                orders=options.orders,
                seed=options.seed,
                home=home,
                erp=options.erp,
                rate=options.rate,
            )
        )
    finally:
        if options.keep:
            console.print(f"Kept: {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)
    console.print(f"{time.monotonic() - started:.0f} s")
    report(outcome)
    return 0 if outcome.clean else 1


if __name__ == "__main__":
    sys.exit(main())
