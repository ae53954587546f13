"""Orders live by themselves: the seed decides their fates, and every fate comes to its end where somebody ships.

Somebody is a stand-in for us here, as simple as can be: every order goes to a 3PL by file, and what it ships is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import pytest

from canonical.ids import effect_key
from connectors.file_3pl.settings import File3plSettings
from connectors.file_3pl.warehouse import File3pl
from deployments.sandbox.live.fates import FATES, fate_of
from deployments.sandbox.live.lives import Lives
from deployments.sandbox.live.people import People
from deployments.sandbox.live.shop_admin import ShopAdmin, ShopRefusedError
from deployments.sandbox.live.shopper import Order, Shopper
from deployments.sandbox.live.three_pl_worker import ThreePlWorker
from deployments.stack.ledgers import Ledgers, shop_ledgers, three_pl_ledgers
from tests.contract.warehouse.floor import a_request
from tests.processes import RunningProcess, running

NORTH, SECRET = "north.myshopify.com", "a-secret-of-the-tests"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProcess]:
    arguments = ("--client-secret", SECRET, "--webhook-time-scale", "0.001")
    with running("deployments.sandbox.shopify", *arguments, workspace=tmp_path_factory.mktemp("shopify")) as process:
        yield process


class Middle:
    """Between the shop and the 3PL: hands orders over, and shows what left."""

    def __init__(self, people: People, root: Path) -> None:
        self._people = people
        self._warehouse = File3pl("parcels", File3plSettings(url=str(root)))
        self._asked: dict[str, Order] = {}
        self._shown: set[str] = set()

    async def keep_going(self) -> None:
        while True:
            await self._hand_over()
            await self._show()
            await asyncio.sleep(0.05)

    async def _hand_over(self) -> None:
        for row in await self._people.shopper.shop.records(NORTH, "Order"):
            order = Order(NORTH, row["id"].rpartition("/")[2], row["name"])
            lines = [line for line in row["lineItems"] if line["requiresShipping"] and line["sku"]]
            if order.id in self._asked or row.get("cancelledAt") or not lines:
                continue
            self._asked[order.id] = order
            goods = [(str(place), one["sku"], one["quantity"]) for place, one in enumerate(lines)]
            key = effect_key("north", "fulfillment-request.create", order.id, "DC-WEST")
            await self._warehouse.submit([a_request("DC-WEST", key=key, order_id=order.id, lines=goods)])

    async def _show(self) -> None:
        for order in self._asked.values():
            if order.id not in self._shown and any(job.state == "shipped" for job in await self._people.jobs(order)):
                self._shown.add(order.id)
                try:
                    await self._people.shopper.ship_by_hand(order, "UPS", self._people.labels.number("UPS"))
                except ShopRefusedError:  # cancelled, or the staff were faster
                    continue


@pytest.fixture
async def people(stand_in: RunningProcess, tmp_path: Path) -> AsyncIterator[People]:
    workers = {"parcels": ThreePlWorker(tmp_path, "parcels", "DC-WEST")}
    async with People(Shopper(ShopAdmin(stand_in.url, SECRET)), workers, seed=5) as opened:
        middle = asyncio.create_task(Middle(opened, tmp_path).keep_going())
        yield opened
        assert not middle.done(), middle.exception()
        middle.cancel()


def test_the_seed_decides_and_every_fate_is_drawn() -> None:
    drawn = [fate_of(Random(f"life:7:{index}"))[0] for index in range(600)]
    assert drawn == [fate_of(Random(f"life:7:{index}"))[0] for index in range(600)]
    assert set(drawn) == {name for _, name, _ in FATES}


async def test_lives_come_to_their_end_and_tell_every_stage(
    people: People, stand_in: RunningProcess, tmp_path: Path
) -> None:
    told: list[str] = []
    lives = Lives(people, [NORTH], seed=7, pace=0.02, patience=4.0, line=told.append)
    chronicle = await lives.run(rate=12.0, seconds=2.5)
    assert len(chronicle.stories) == 30
    stages = dict(chronicle.stages)
    assert stages["placed"] == 30
    assert {"shipped", "delivered", "return asked", "return received", "return inspected"} <= set(stages)
    alone = {"rejected", "nothing to ship"}  # there is no second warehouse to ship what one rejected
    assert {s.fate for s in chronicle.stories if s.stopped} <= alone, [s for s in chronicle.stories if s.stopped]
    assert sum(count for _, count, _, _ in chronicle.fates) == 30
    assert len(told) == sum(len(story.stages) for story in chronicle.stories)
    kept = {
        name: await people.shopper.shop.records(NORTH, name) for name in ("Order", "Fulfillment", "FulfillmentOrder")
    }
    shop, house = shop_ledgers("north", kept, Ledgers("shopify")), three_pl_ledgers("parcels", tmp_path)
    delivered = [story.order for story in chronicle.stories if story.fate == "delivered"]
    assert delivered
    for order in delivered:
        assert shop["north", order.id].shipped == house["north", order.id].shipped == shop["north", order.id].ordered
