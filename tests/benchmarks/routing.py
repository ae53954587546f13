"""`bench routing`: 100,000 orders over 23 locations, stock taken down as they are placed.

Three centres and twenty stores in three countries, 2,000 items, some wanted much more than others. There is a tenth
more of each than is wanted, most of it in the centres. Orders have one to four lines; one in fifty is picked up, one in
fifty has hazardous goods, one in a hundred has been rejected before. Micro-batches of 500, as a drain would decide
them, two hours apart. What is decided is checked: no location ships what it has not, every unit is accounted for.
"""

import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from canonical.routing import RoutingDecision, RoutingLine, RoutingRequest
from canonical.rules.routing import RoutingRules, RoutingStock, read_rules, route_orders
from tests.benchmarks.measure import Options, print_table
from tests.processes import ROOT

ORDERS, QUICK_ORDERS, BATCH = 100_000, 2_000, 500
ITEMS = 2_000
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
ADDRESSES = [
    *(
        ("US", state, f"{state_code}{n:02}")
        for state, state_code in (("NY", 100), ("CA", 900), ("TX", 787))
        for n in range(60)
    ),
    *(("CA", "ON", f"M{n % 10}J 1G{n % 7}") for n in range(20)),
    *(("DE", None, f"{n:02}119") for n in range(10, 60)),
    *(("FR", None, f"75{n:03}") for n in range(20)),
]


async def run(options: Options) -> dict[str, float | str]:
    """The figures of `bench routing:`."""
    count = QUICK_ORDERS if options.quick else ORDERS
    rules = read_rules((ROOT / "deployments" / "policies" / "routing.toml").read_text())
    chance = random.Random(5)
    orders = _orders(count, chance)
    stock = _stock(rules, orders, chance)
    before = stock.copy()
    decisions: list[RoutingDecision] = []
    started, used = time.perf_counter(), time.process_time()
    for number, first in enumerate(range(0, count, BATCH)):
        moment = NOW + timedelta(hours=2 * number)
        decisions += route_orders(orders[first : first + BATCH], stock, rules, moment)
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    _check(orders, decisions, before)
    figures: dict[str, float | str] = {
        "orders_per_s": count / seconds,
        "orders_per_cpu_s": count / cpu,
        "orders": count,
        **_shape(orders, decisions),
    }
    print_table(f"{count} orders over {len(rules.locations)} locations", {"routing": figures})
    return figures


def _stock(rules: RoutingRules, orders: Sequence[RoutingRequest], chance: random.Random) -> RoutingStock:
    """A tenth more than is wanted, dealt out in lots: a centre gets thirty times what a store gets."""
    wanted = Counter[str]()
    for order in orders:
        wanted.update({line.item: line.quantity for line in order.lines})
    codes = [location.code for location in rules.locations]
    shares = [1 if location.kind == "store" else 30 for location in rules.locations]
    stock = RoutingStock()
    for item, quantity in sorted(wanted.items()):
        lot = max(1, quantity // 40)
        for code in chance.choices(codes, shares, k=quantity * 11 // 10 // lot + 1):
            stock.take(item, code, -lot)
    return stock


def _orders(count: int, chance: random.Random) -> list[RoutingRequest]:
    return [_order(number, chance) for number in range(count)]


def _order(number: int, chance: random.Random) -> RoutingRequest:
    country, region, postcode = chance.choice(ADDRESSES)
    lines = tuple(
        RoutingLine(
            line_id=f"{number}-{line}",
            item=f"SKU-{min(int(chance.expovariate(3) * ITEMS), ITEMS - 1):04}",
            quantity=chance.choice((1, 1, 1, 2)),
            categories=("hazmat",) if number % 50 == 7 else (),
            grams=chance.choice((200, 900)),
        )
        for line in range(chance.choice((1, 1, 1, 2, 2, 3, 4)))
    )
    return RoutingRequest(
        shop="north",
        order_id=str(number),
        order_name=f"#{number}",
        lines=lines,
        country=country,
        region=region,
        postcode=postcode,
        pickup_location="ST-NYC1" if number % 50 == 9 else None,
        placed_at=NOW + timedelta(seconds=number),
        excluded=("DC-EAST",) if number % 100 == 1 else (),
    )


def _check(orders: Sequence[RoutingRequest], decisions: Sequence[RoutingDecision], stock: RoutingStock) -> None:
    """Raises `RuntimeError` when more was shipped than there was, or a unit is missing."""
    taken: Counter[tuple[str, str]] = Counter()
    for order, decision in zip(orders, decisions, strict=True):
        items = {line.line_id: line.item for line in order.lines}
        found = Counter(decision.unplaced)
        for assignment in decision.assignments:
            found.update(assignment.lines)
            for line_id, quantity in assignment.lines.items():
                taken[items[line_id], assignment.location] += quantity
        if found != Counter({line.line_id: line.quantity for line in order.lines}):
            raise RuntimeError(f"{order.order_name}: what was asked and what was decided differ")
    for (item, location), quantity in taken.items():
        if quantity > stock.at(item, location):
            raise RuntimeError(f"{location} ships {quantity} {item}, it had {stock.at(item, location)}")


def _shape(orders: Sequence[RoutingRequest], decisions: Sequence[RoutingDecision]) -> dict[str, float | str]:
    parcels = Counter(min(len(decision.assignments), 3) for decision in decisions)
    units = sum(line.quantity for order in orders for line in order.lines)
    left = sum(sum(decision.unplaced.values()) for decision in decisions)
    return {
        "placed_share": (units - left) / units,
        "one_parcel": parcels[1] / len(orders),
        "two": parcels[2] / len(orders),
        "more": parcels[3] / len(orders),
        "limited_by": "python-on-one-core",
    }
