"""Orders a second from webhook to ERP document with a backlog, next to what the ERP itself can do: the ceiling.

The ceiling is the same documents sent by the same connector in calls of the same size straight to fresh copies of the
same ERP, before and after, because on a shared machine the minute matters. Customers exist on both sides. Both rates
count from the first answer to the last.
"""

import os
import time
from contextlib import aclosing
from pathlib import Path

import psutil

from canonical.booking import SalesOrderDocument
from canonical.order import Order
from deployments.stack.plan import Plan
from deployments.stack.stack import Stack, running
from flows.handling.verdicts import booking_of
from flows.runtime import Runtime
from tests.benchmarks import backlog, worker_steps
from tests.benchmarks.measure import CONSOLE, Figures, Meter, Options, describe, print_table, tree_cpu

ORDERS = {"tryton": 150, "lambda": 600}
QUICK_ORDERS = 60


async def tryton(options: Options) -> dict[str, float | str]:
    """The figures of `bench orders-tryton:`."""
    return await _run("tryton", options)


async def lambda_erp(options: Options) -> dict[str, float | str]:
    """The figures of `bench orders-lambda:`."""
    return await _run("lambda", options)


async def _run(kind: str, options: Options) -> dict[str, float | str]:
    count = QUICK_ORDERS if options.quick else ORDERS[kind]
    plan = Plan(home=options.workspace / "stack", erp=kind, plan="plus")
    async with running(plan, lambda text: CONSOLE.print(f"  {text}", style="dim")) as stack:
        return await Bench(stack, options, count).figures()


class Neighbours:
    """What other programs use of the machine meanwhile: a share measured beside them says little."""

    def __enter__(self) -> "Neighbours":
        self._before, self._started = _used_by_others(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._cores = (_used_by_others() - self._before) / (time.perf_counter() - self._started)

    def told(self) -> str:
        """In words."""
        return f"others used {max(0.0, self._cores):.1f} of {psutil.cpu_count()} cores"


def _used_by_others() -> float:
    """Processor seconds of the machine so far, without this process and all it has started."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "guest", 0.0)
    return float(sum(times) - idle - tree_cpu(os.getpid()))


class Bench:
    """One stack, one backlog."""

    def __init__(self, stack: Stack, options: Options, count: int) -> None:
        self._stack, self._options, self._count = stack, options, count
        self._cpu: dict[str, float] = {}

    async def figures(self) -> dict[str, float | str]:
        """Ceiling, the way through the house, ceiling again."""
        stack, workspace = self._stack, self._options.workspace
        await backlog.warm_up(stack)
        with backlog.standing_still(stack.worker):
            with Meter(backlog.processes(stack)) as placing:
                await backlog.place_backlog(stack, self._count)
            self._add(placing)
            rt = await worker_steps.copied_runtime(stack, workspace / "steps.sqlite")
            orders = (await backlog.read_orders(stack))[backlog.WARM_UP :]
            documents = [booking_of(rt, order) for order in orders]
            async with aclosing(backlog.open_erp(stack, stack.erp.url)) as erp:
                await backlog.ensure(erp, [document.party for document in documents])
            books = [backlog.copy_books(stack, workspace / turn) for turn in ("before", "after")]
            before = await self._ceiling(books[0], documents, erp.best_batch)
        with Neighbours() as neighbours, Meter(backlog.processes(stack)) as draining:
            records = await backlog.wait_until_booked(stack, len(orders) + backlog.WARM_UP)
        CONSOLE.print(f"  the backlog is booked; {neighbours.told()}", style="dim")
        self._add(draining)
        after = await self._ceiling(books[1], documents, erp.best_batch)
        ours = backlog.steady([r.posted_at.timestamp() for r in records[backlog.WARM_UP :] if r.posted_at])
        await self._tell(rt, orders)
        return self._sum_up(ours, before, after)

    def _add(self, meter: Meter) -> None:
        for name, seconds in meter.cpu.items():
            self._cpu[name] = self._cpu.get(name, 0.0) + seconds

    async def _ceiling(self, books: Path, documents: list[SalesOrderDocument], batch: int) -> Figures:
        async with backlog.fresh_erp(self._stack, books) as (erp, pid):
            with Neighbours() as neighbours, Meter({"erp": pid}) as meter:
                moments = await backlog.book_straight(erp, documents, batch)
        figures = backlog.steady(moments) | {"erp_cpu_ms": meter.cpu["erp"] / len(documents) * 1000}
        CONSOLE.print(f"  straight to the ERP: {describe(figures)}; {neighbours.told()}", style="dim")
        return figures

    async def _tell(self, rt: Runtime, orders: list[Order]) -> None:
        """Two tables: CPU of each process an order, and of the worker's own steps."""
        used = {name: {"CPU ms an order": seconds / len(orders) * 1000} for name, seconds in self._cpu.items()}
        print_table(f"Where the time goes, by process ({len(orders)} orders, webhook to write-back)", used)
        steps, booked = await worker_steps.cpu_by_step(rt, orders)
        rows = {name: {"CPU ms an order": seconds / booked * 1000} for name, seconds in steps.items()}
        rest = (self._cpu["worker"] / len(orders) - sum(steps.values()) / booked) * 1000
        rows["clients of Prefect, shop and ERP"] = {"CPU ms an order": rest}
        print_table(f"Inside the worker ({booked} orders, shop and ERP answering at once)", rows)

    def _sum_up(self, ours: Figures, before: Figures, after: Figures) -> dict[str, float | str]:
        ceiling = (before["per_second"] + after["per_second"]) / 2
        CONSOLE.print(f"  ceiling before {before['per_second']:.2f}, after {after['per_second']:.2f} orders a second")
        return {"rate": ours["per_second"], "ceiling": ceiling, "share": ours["per_second"] / ceiling}
