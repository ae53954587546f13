"""An order's whole life: placed, routed, booked, shipped, invoiced, paid, shown, sent back, credited, refunded.

Everything around us is real (Shopify's stand-in, Tryton as ERP and once more as warehouse, a 3PL by file, the gateway,
shoppers and workers); our flows run in this process, so that every call we make is counted at our own clients. The
engine's share is not in it: `bench orders-tryton` shows what that is. Orders go all together, one phase after the
other, and some alone for the latency. Our clock stands while people place, pack and receive.

`shipped_per_s`: orders a second from the webhook to the tracking in the shop, invoiced and paid. `returned_per_s`: from
the request to the closed return, credited and refunded. Polls go by the clock, not by the order: they are not counted.

`least_calls`, of the shop, and `erp_least_calls` are the fewest calls that could carry such a life:

* Each write once. Shopify takes one parcel, one move, one answer to a return a call: several in one document cost the
  same points, and a lost answer would leave all of them in doubt. Fields of orders go 25 a call.
* A read only where no event tells it, 25 or 50 orders a call: what a webhook lacks, when the order comes and when our
  own writes changed it; where goods stand before a parcel is told (the shop knows no key, so a parcel that was told
  before has to be seen); the return a message names; what is left of a payment before money goes back.
* Tryton takes 50 records a call, so a document costs a look for its key, its steps (each a button of its own) and one
  look at the end, shared by 50. Only what it warns of is acknowledged one by one.
"""

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from canonical.records import AuditRow
from canonical.steps import Operation
from deployments.sandbox.live.basket import Basket
from deployments.sandbox.live.shopper import Order
from deployments.stack.plan import Plan
from flows.draining import ORDERS as INTAKE
from flows.draining import Drain
from flows.handling import work as order_work
from flows.handling.lives import work as life_work
from flows.handling.lives.messages import FULFILLMENT, RETURNS, WAREHOUSE
from flows.handling.lives.sweeping import poll_warehouse, sweep_lives
from flows.life_draining import LifeDrain
from tests.benchmarks.calls import Calls, Counting
from tests.benchmarks.measure import CONSOLE, Meter, Options, percentile, print_table
from tests.flows.counterpart.town import NORTH, Town, opened_town

TOGETHER, ALONE = 40, 4
QUICK = 3, 1
GOODS: tuple[dict[str, int], ...] = ({"TEE-WHI-S": 1, "MUG-WHT": 2}, {"PEN-BRASS": 1}, {"NOTE-DOT": 2, "MUG-BLU": 1})
BUYERS = ("C001", "C002", "C003", "C004", "C005")
SHORT = {"CROSSDOCK_FLOW_PARK_SECONDS": "1"}
MOST_ROUNDS = 12
PLACED, SHIPPED, ASKED, BACK = "placed", "shipped", "return asked", "goods back"
STAGES: tuple[tuple[str, str, str], ...] = (
    (PLACED, "routed", "order.placed"),
    (PLACED, "booked", "order.posted"),
    (PLACED, "number shown", "order.written-back"),
    (PLACED, "requested", Operation.REQUEST.value),
    (SHIPPED, "ERP shipment", Operation.SHIPMENT.value),
    (SHIPPED, "invoiced", Operation.INVOICE.value),
    (SHIPPED, "paid", Operation.PAYMENT.value),
    (SHIPPED, "tracking shown", Operation.FULFILL.value),
    (SHIPPED, "invoice shown", Operation.NOTE_INVOICE.value),
    (ASKED, "agreed", Operation.APPROVE_RETURN.value),
    (ASKED, "authorised", Operation.AUTHORISE.value),
    (BACK, "received", Operation.RECEIVE.value),
    (BACK, "credited", Operation.CREDIT.value),
    (BACK, "refunded", Operation.REFUND.value),
    (BACK, "refund booked", Operation.PAYMENT.value),
    (BACK, "closed", Operation.CLOSE_RETURN.value),
)
"""Phase, what has happened then, and the line of the audit that says so."""
SHOP_WRITES = ("CreateFulfillment", "ApproveReturn", "DisposeReturned", "ProcessReturn", "CloseReturn")
"""One a call. A move is one more, for an order that waits elsewhere than it is shipped."""
SHOP_SHARED = {"CompleteOrders": 2 / 50, "ReadLogistics": 1 / 50, "SetOrderFields": 3 / 25, "ReadReturns": 1 / 25,
               "ReadRefunds": 1 / 25}  # fmt: skip
"""Calls of an order where many share one: three fields (the sale's number; the invoice's number and state)."""
ERP_SHARED = {"sale": 8, "shipment": 11, "invoice": 12, "payment": 12, "authorisation": 7, "receipt": 8, "credit": 10,
              "refund": 13}  # fmt: skip
"""Calls of a document and up to 49 others: the sale it follows (2), its key (1), what it is made of, steps, the end."""
ERP_WARNINGS = 3
"""A shipment without a carrier, an invoice and a credit memo with the shop's taxes."""
AT_ONCE = 50


def least_shop_calls(orders: int, moved: int) -> float:
    """Of one order.

    >>> round(least_shop_calls(50, 25), 2)
    5.76
    """
    shared = sum(math.ceil(orders * share) for share in SHOP_SHARED.values())
    return len(SHOP_WRITES) + (moved + shared) / orders


def least_erp_calls(orders: int) -> float:
    """Of one order.

    >>> least_erp_calls(81), least_erp_calls(1)
    (5.0, 84.0)
    """
    return ERP_WARNINGS + sum(ERP_SHARED.values()) * math.ceil(orders / AT_ONCE) / orders


@dataclass
class Lived:
    """What lives took: our seconds by phase, calls, processor seconds by process, and seconds of each stage."""

    orders: int = 0
    seconds: Counter[str] = field(default_factory=Counter)
    calls: Calls = field(default_factory=Calls)
    cpu: Counter[str] = field(default_factory=Counter)
    stages: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def per_second(self, *phases: str) -> float:
        """Orders a second through these phases."""
        return self.orders / sum(self.seconds[phase] for phase in phases)

    def per_order(self, system: str) -> float:
        """Calls of an order to a system."""
        return self.calls.of(system) / self.orders


async def run(options: Options) -> Mapping[str, float | str]:
    """The figures of `bench lifecycle:`."""
    together, alone = QUICK if options.quick else (TOGETHER, ALONE)
    plan = Plan(home=options.workspace / "town", house="whole", plan="plus", webhook_time_scale=0.002, extra=SHORT)
    counting, one, many = Counting(), Lived(), Lived()
    with counting.listening():
        async with opened_town(plan) as town:
            bench = Bench(town, counting)
            await bench.live(1, Lived())
            for _ in range(alone):
                await bench.live(1, one)
            await bench.live(together, many)
    _tell(one, many)
    return {
        "orders": many.orders,
        "shipped_per_s": many.per_second(PLACED, SHIPPED),
        "returned_per_s": many.per_second(ASKED, BACK),
        "shopify_calls_per_order": many.per_order("Shopify"),
        "least_calls": least_shop_calls(many.orders, many.calls.counts["Shopify", "MoveFulfillmentOrder"]),
        "erp_calls_per_order": many.per_order("Tryton"),
        "erp_least_calls": least_erp_calls(many.orders),
    }


class Bench:
    """One town; every life in it is measured into what it is told."""

    def __init__(self, town: Town, counting: Counting) -> None:
        self._town, self._counting, self._placed = town, counting, 0
        stack = town.stack
        self._pids = {part.name: part.pid for part in (stack.shopify, stack.erp, stack.wms, stack.gateway)}

    async def live(self, count: int, lived: Lived) -> None:
        """So many orders at once, from the webhook to the closed return."""
        people, began = self._town.people, dict[str, datetime]()
        orders = [await self._buy() for _ in range(count)]
        began[PLACED] = await self._rest(PLACED, lived)
        for order in orders:
            await people.ship(order, within=0)
        began[SHIPPED] = await self._rest(SHIPPED, lived)
        asked = [await people.shopper.ask_return(one, await people.shopper.shipped(one)) for one in orders]
        began[ASKED] = await self._rest(ASKED, lived)
        for one in asked:
            await people.send_back(one)
        began[BACK] = await self._rest(BACK, lived)
        lived.orders += count
        for order in orders:
            await self._look(order, lived, began)

    async def _buy(self) -> Order:
        goods, buyer = GOODS[self._placed % len(GOODS)], BUYERS[self._placed % len(BUYERS)]
        self._placed += 1
        return await self._town.shopper.buy(NORTH, Basket(goods, customer=buyer))

    async def _rest(self, phase: str, lived: Lived) -> datetime:
        """Go round until nothing is left to do. Returns when it began."""
        town, began = self._town, self._town.rt.now()
        await town.webhooks_told()
        with Meter({**self._pids, "ours": os.getpid()}) as meter:
            for _ in range(MOST_ROUNDS):
                told = await self._polled()
                with self._counting.into(lived.calls):
                    done = await self._work()
                await town.webhooks_told()
                if not told and not done and not await self._waiting():
                    break
            else:
                raise RuntimeError(f"after {phase} the lives do not come to rest")
        lived.seconds[phase] += meter.wall
        for name, used in meter.cpu.items():
            lived.cpu[name] += used if name in self._pids else used - sum(meter.cpu[one] for one in self._pids)
        return began

    async def _polled(self) -> int:
        """What warehouses tell when they are asked, and lives whose time has come."""
        rt = self._town.rt
        told = await sweep_lives(rt)
        for company, systems in rt.house.warehouses.items():
            for name, warehouse in systems.items():
                told += await poll_warehouse(rt, company, name, warehouse)
        return told

    async def _work(self) -> int:
        rt = self._town.rt
        orders = await Drain(rt, order_work, None, linger=0).run()
        lives = await LifeDrain(rt, life_work, (FULFILLMENT, WAREHOUSE, RETURNS), None, linger=0).run()
        return sum(orders.counts.values()) + sum(lives.counts.values())

    async def _waiting(self) -> int:
        return sum([await self._town.rt.store.pending(kind) for kind in (INTAKE, FULFILLMENT, WAREHOUSE, RETURNS)])

    async def _look(self, order: Order, lived: Lived, began: Mapping[str, datetime]) -> None:
        """How long each stage of an order took. Raises `RuntimeError` when its life is not over."""
        key = f"north:order:{order.id}"
        if cases := await self._town.cases(order):
            raise RuntimeError(f"order {order.name} waits: {'; '.join(case.words for case in cases)}")
        rows = await self._town.rt.store.audit(key)
        for phase, stage, action in STAGES:
            done = _first(rows, action, began[phase])
            if done is None:
                raise RuntimeError(f"order {order.name} was never {stage}")
            lived.stages.setdefault((phase, stage), []).append((done - began[phase]).total_seconds())


def _first(rows: Sequence[AuditRow], action: str, since: datetime) -> datetime | None:
    """When it was done; what a 3PL by file was sent counts, though it answers later."""
    names = (action, f"{action}.sent")
    return min((row.entry.at for row in rows if row.entry.action in names and row.entry.at >= since), default=None)


def _tell(one: Lived, many: Lived) -> None:
    """Three tables: calls by operation, where the time goes, and how long each stage takes."""
    asked = sorted({*one.calls.counts, *many.calls.counts})
    rows = {f"{system} {operation}": _calls_of(one, many, (system, operation)) for system, operation in asked}
    print_table(f"Calls of an order's whole life: alone, and with {many.orders} at once", rows)
    spent = sum(many.cpu.values())
    print_table(
        f"Processor time of an order ({many.orders} at once)",
        {
            name: {"CPU ms": used / many.orders * 1000, "share": f"{used / spent:.0%}"}
            for name, used in many.cpu.most_common()
        },
    )
    stages = {
        f"{phase} -> {stage}": {
            f"{how} {name}": percentile(lived.stages[phase, stage], share)
            for how, lived in (("alone", one), ("together", many))
            for name, share in (("p50", 0.5), ("p95", 0.95))
        }
        for phase, stage, _ in STAGES
    }
    print_table("Seconds until a stage is reached", stages)
    wall = sum(many.seconds.values())
    limits = ", ".join(
        f"{name} {many.calls.waited(name) / wall:.0%}" for name in ("Tryton", "Shopify", "the warehouse")
    )
    CONSOLE.print(f"  of {wall:.0f} s at work, answers took (side by side): {limits}")


def _calls_of(one: Lived, many: Lived, asked: tuple[str, str]) -> dict[str, float]:
    return {
        "alone": one.calls.counts[asked] / one.orders,
        "together": many.calls.counts[asked] / many.orders,
        "ms an order": many.calls.seconds[asked] / many.orders * 1000,
    }
