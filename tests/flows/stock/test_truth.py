"""The stock truth: thousands of random steps, and at every write and every quiet point no more than may be sold.

The same life on a shop in memory, and on one of the stand-in: there the stand-in takes the stock of its own orders, and
the real connector reads and writes it over HTTP.
"""

import os
import random
from dataclasses import replace

import pytest

from canonical.mapping.table import MappingKind, MappingRow, TableMappings
from tests.flows.stock.conftest import ROWS, StockHouse
from tests.flows.stock.world import SKUS, WAREHOUSES, World

STEPS = os.environ.get("CROSSDOCK_TRUTH_STEPS")
SEED = int(os.environ.get("CROSSDOCK_TRUTH_SEED", "17"))
STEPS_TO_A_QUIET_POINT = 100


def world_of(stock: StockHouse, seed: int) -> World:
    """Two warehouses are one location of the shop; nobody has to approve a mass change."""
    west = MappingRow(kind=MappingKind.STOCK_LOCATIONS, shop="erp", key=("DC-WEST",), value="DC-EAST")
    rows = [row for row in ROWS if row.kind is not MappingKind.STOCK_LOCATIONS or row.value != "DC-WEST"]
    stock.rt = replace(stock.rt, mappings=TableMappings([*rows, west]), approvals=None)
    dice = random.Random(seed)
    world = World(stock, dice, {sku: stock.shop.add(sku, "7") for sku in SKUS})
    for sku in SKUS:
        for place in WAREHOUSES:
            world.on_hand[sku, place] = dice.randrange(5, 30)
        world.tell(sku)
    stock.shop.on_write = world.on_write
    return world


@pytest.mark.timeout(3_000 if STEPS else 300)
@pytest.mark.parametrize(
    ("stock", "steps"), [("memory", 300), ("stand-in", 300)], indirect=["stock"], ids=["memory", "stand-in"]
)
async def test_the_shop_never_shows_more_than_may_be_sold_and_ends_equal(stock: StockHouse, steps: int) -> None:
    steps = int(STEPS or steps)
    world = world_of(stock, SEED)
    await world.quiet()
    world.check(equal=True)
    stock.shop.before_write = world.sell_meanwhile
    for step in range(1, steps + 1):
        await world.step()
        if step % STEPS_TO_A_QUIET_POINT == 0:
            await world.quiet()
            world.check(equal=False)
    while world.late:
        await world.catch_up()
    await world.quiet()
    world.check(equal=True)
    stock.shop.check_writes()
    print(f"truth: steps={steps} seed={SEED} orders={len(world.sales)} writes={world.writes}", end=" ")
    print(f"quiet={world.quiet_points} lost_replies={getattr(stock.shop, 'lost', 0)}")
    assert world.writes > steps / 40
    # a fulfilled sale was shipped before; at the end nothing needs to stand in between
    assert {sale.state for sale in world.sales} >= {"open", "allocated", "fulfilled", "cancelled"}
