"""Kills real processes at random moments while orders live, then asks every system's own books what came of it.

`python -m tests.chaos --kills 60 --seed 7 --orders 500`; the same seed kills the same processes after the same pauses.
In a whole house (the usual one) shoppers and workers carry the orders on; `--house orders` books them and no more.
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

from canonical.records import OrderRecord
from deployments.engine import start_run
from deployments.sandbox.shopify.generator.command import place_orders
from deployments.sandbox.shopify.webhooks.command import set_faults
from deployments.stack.books import Comparison, compare, read_books
from deployments.stack.plan import SHOPS, House, Plan
from deployments.stack.scene import Placed, expectations, finished, open_store, outcomes, wait_until_done, wanted
from deployments.stack.stack import Stack, running
from tests.chaos_lives import DONE, Conserved, allow, changed, come_to_rest, judged, live, unchanged

TARGETS: dict[House, tuple[str, ...]] = {
    "orders": ("worker", "gateway", "erp"),
    "whole": ("worker", "gateway", "erp", "wms"),
}
LEASE_SECONDS = 8
PARK_SECONDS = 3
SETTLE_SECONDS = 240.0
LIFE_SECONDS = 20.0
"""For so long after the last order is placed, kills go on: the last ones live, too."""
RATES = {"orders": 4.0, "whole": 1.0}
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
    lives: Conserved | None = None

    @property
    def clean(self) -> bool:
        lived = self.lives is None or not (self.lives.differences or self.lives.orphans)
        return self.comparison.clean and self.audit_broken is None and not self.unfinished and lived

    @property
    def line(self) -> str:
        found = self.comparison
        line = (
            f"chaos: kills={self.kills} orders={self.orders} lost={len(found.lost)} doubled={len(found.doubled)} "
            f"unequal={len(found.unequal)} seed={self.seed}"
        )
        if self.lives is None:
            return line
        conserved = "no" if self.lives.differences else "yes"
        return f"{line} conserved={conserved} orphans={len(self.lives.orphans)} stages={len(self.lives.stages)}"


async def run(
    *,
    kills: int,
    orders: int,
    seed: int,
    home: Path,
    erp: str = "tryton",
    rate: float = 4.0,
    house: House = "orders",
) -> Outcome:
    """Place orders, kill `kills` times while they flow, let everything settle, compare."""
    pace = {"CROSSDOCK_FLOW_LEASE_SECONDS": str(LEASE_SECONDS), "CROSSDOCK_FLOW_PARK_SECONDS": str(PARK_SECONDS)}
    plan = Plan(home=home, erp=erp, house=house, webhook_time_scale=0.002, extra=pace)
    async with running(plan, lambda text: console.print(f"  {text}")) as stack:
        await set_faults(stack.shopify.url, duplicate=0.3, reorder=0.3, seed=seed)
        if house == "whole":
            return await _whole(stack, kills, orders, seed, rate)
        placing = asyncio.create_task(_place(stack, orders, seed, rate))
        await _kill(stack, kills, random.Random(seed), orders / rate)
        await placing
        return await _judge(stack, kills, seed)


async def _whole(stack: Stack, kills: int, orders: int, seed: int, rate: float) -> Outcome:
    """Lives, kills spread over all of them, and a clerk who allows what has to be allowed."""
    store = await open_store(stack)
    clerk = asyncio.create_task(allow(store))
    try:
        living = asyncio.create_task(live(stack, orders, seed, rate))
        await _kill(stack, kills, random.Random(seed), orders / rate + LIFE_SECONDS)
        chronicle = await living
        rested = await come_to_rest(stack, 2 * SETTLE_SECONDS)
        placed = await expectations(stack)
        rows, broken = await store.verify_audit()
        gone = await changed(stack)
        states = await outcomes(store, placed)
        names = set(wanted(stack, [order for order in placed if (order.shop, order.name) in gone]))
        unfinished = [] if rested else ["the house did not come to rest"]
        unfinished += [
            _unfinished(order, record)
            for order, record in states.items()
            if not finished(order, record) and not ((order.shop, order.name) in gone and record)
            if record is None or record.state not in DONE
        ]
        books = read_books(stack.plan.erp, stack.erp_database)
        return Outcome(
            kills=kills,
            orders=len(placed),
            comparison=compare(*unchanged(wanted(stack, placed), books, names)),
            audit_rows=rows,
            audit_broken=broken,
            unfinished=unfinished,
            seed=seed,
            lives=await judged(stack, store, placed, chronicle),
        )
    finally:
        clerk.cancel()
        await asyncio.gather(clerk, return_exceptions=True)
        await store.aclose()


def _unfinished(order: Placed, record: OrderRecord | None) -> str:
    return f"{order.shop} {order.name}: {record.state if record else 'never read'} instead of {order.kind}"


async def _place(stack: Stack, orders: int, seed: int, rate: float) -> None:
    north = orders - orders // 4
    await place_orders(stack.shopify.url, count=north, profile="bookable", seed=seed, shop=SHOPS["north"], rate=rate)
    await place_orders(stack.shopify.url, count=orders // 4, profile="mixed", seed=seed, shop=SHOPS["south"], rate=rate)


async def _kill(stack: Stack, kills: int, dice: random.Random, seconds: float) -> None:
    """Kill -9 and start again, spread over the time in which orders flow."""
    pause = max(1.0, seconds / max(kills, 1))
    for number in range(1, kills + 1):
        await asyncio.sleep(dice.uniform(0.2, 1.0) * pause)
        target = dice.choice(TARGETS[stack.plan.house])
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
    unfinished = [_unfinished(order, record) for order, record in states.items() if not finished(order, record)]
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
    if outcome.lives is not None:
        _report_lives(outcome.lives)
    state = f"broken: {outcome.audit_broken}" if outcome.audit_broken else f"whole, {outcome.audit_rows} lines"
    console.print(f"audit {state}")
    console.print(outcome.line, soft_wrap=True)


def _report_lives(lives: Conserved) -> None:
    for label, lines in (("not conserved", lives.differences), ("orphan", lives.orphans)):
        for line in lines:
            console.print(f"{label}: {line}", soft_wrap=True)
    for fate, orders, ended, stopped in lives.chronicle.fates:
        console.print(f"{fate}: {orders} orders, {ended} to their end, {stopped} stopped")
    for reason, times in lives.chronicle.stopped:
        console.print(f"stopped {times}: {reason}")
    console.print(f"waiting for a person: {lives.waiting or 'nobody'}")
    console.print(f"stages: {', '.join(lives.stages)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--erp", choices=("tryton", "lambda"), default="tryton")
    parser.add_argument("--house", choices=("whole", "orders"), default="whole", help="orders: booked and no more")
    parser.add_argument("--rate", type=float, help="orders a second (4; 1 in a whole house)")
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
                rate=options.rate or RATES[options.house],
                house=options.house,
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
