"""Workers carry our requests on by their own means, and the connectors hear of it: WMS, 3PL by file, and stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from canonical.ports.warehouse import Warehouse
from canonical.warehouse import WarehouseEvent, WarehouseEventKind
from deployments.sandbox.live.jobs import SHIPPED, NotPossibleError, Worker
from deployments.sandbox.live.people import People
from deployments.sandbox.live.shop_admin import ShopAdmin
from deployments.sandbox.live.shopper import Order, Shopper
from deployments.sandbox.live.store_worker import Pinned, StoreWorker
from deployments.sandbox.live.three_pl_worker import ThreePlWorker
from deployments.sandbox.live.wms_worker import WmsWorker
from deployments.stack.ledgers import Ledgers, three_pl_ledgers, till_ledgers, wms_ledgers
from tests.contract.warehouse.file_floor import FileFloor
from tests.contract.warehouse.floor import MUG, TEE, a_request, of
from tests.contract.warehouse.store_floor import SECRET, StoreFloor, store_floor
from tests.contract.warehouse.tryton_floor import tryton_floor

pytestmark = [pytest.mark.counterpart, pytest.mark.xdist_group("warehouse")]
K = WarehouseEventKind


class House:
    """One warehouse with its worker, our connector to it, and the witness."""

    def __init__(self, floor: Any, worker: Worker, ledgers: Callable[[], Ledgers]) -> None:
        self.floor, self.worker, self.ledgers = floor, worker, ledgers
        self.people = People(Shopper(ShopAdmin("http://127.0.0.1:9", "")), {worker.name: worker}, seed=1)
        self.warehouse: Warehouse = floor.connect()

    async def ask(self, **more: Any) -> tuple[Any, Order]:
        """A request of ours for two tees and a mug."""
        request = a_request(self.floor.place, **more)
        await self.warehouse.submit([request])
        return request, Order("north.myshopify.com", request.order_id, request.order_name)

    async def told(self, request: Any, kind: WarehouseEventKind) -> list[WarehouseEvent]:
        return of(await self.floor.told(self.warehouse), request, kind)


class Till(StoreWorker):
    """A till that reads the board through the floor of the contract suite."""

    def __init__(self, floor: StoreFloor, journal: Path) -> None:
        self.keys: dict[str, bool] = {}
        self._floor = floor
        super().__init__(floor.process.url, SECRET, self.rows, journal)

    async def rows(self) -> Sequence[Pinned]:
        warehouse = self._floor.connect()
        states = await warehouse.status(list(self.keys))
        await warehouse.aclose()
        return [self._pinned(key, states[key].state.value) for key in self.keys if key in states]

    def _pinned(self, key: str, state: str) -> Pinned:
        request = self._floor._request(key)
        lines = [(line.line_id, line.item, line.quantity) for line in request.lines]
        return Pinned(key, request.company, request.location, state, lines, request.pickup)


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with tryton_floor(tmp_path_factory.mktemp("wms")) as opened:
        yield opened


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreFloor]:
    with store_floor(tmp_path_factory.mktemp("stores")) as opened:
        yield opened


@pytest.fixture
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    if request.param == "wms":
        floor = request.getfixturevalue("shelves")
        file = Path(floor.process.log).parent / "wms.sqlite"
        opened = House(floor, WmsWorker(floor.process.url), lambda: wms_ledgers(file))
    else:
        files = FileFloor("file_3pl", tmp_path)
        worker = ThreePlWorker(tmp_path, "parcels", files.place)
        opened = House(files, worker, lambda: three_pl_ledgers("parcels", tmp_path))
    yield opened
    await opened.warehouse.aclose()
    await opened.worker.aclose()


HOUSES = pytest.mark.parametrize("house", ["wms", "3pl"], indirect=True)


@HOUSES
async def test_an_order_is_picked_short_and_leaves_in_two_parcels_with_labels(house: House) -> None:
    request, order = await house.ask()
    left = await house.people.ship(order, parcels=2, missing={TEE: 1})
    assert [(one.job.place, [dict(box.goods) for box in one.boxes]) for one in left] == [
        (house.floor.place, [{MUG: 1}, {TEE: 1}] if house.worker.name == "wms" else [{TEE: 1}, {MUG: 1}])
    ]
    (shipped,) = await house.told(request, K.SHIPPED)
    assert {parcel.tracking_number for parcel in shipped.parcels} == {box.tracking for box in left[0].boxes}
    assert {parcel.carrier for parcel in shipped.parcels} == {"UPS"}
    assert [(line.item, line.quantity) for line in (await house.told(request, K.SHORT))[0].lines] == [(TEE, 1)]
    page = house.ledgers()["north", request.order_id]
    assert page.shipped == {TEE: 1, MUG: 1}
    assert sum(move.quantity for move in page.moves) == -2


@HOUSES
async def test_what_comes_back_is_received_and_inspected_by_disposition(house: House) -> None:
    request, order = await house.ask()
    await house.people.ship(order)
    receipt = await house.people.receive(order, {TEE: 2}, return_id="77")
    await house.people.inspect(receipt, {TEE: {"restock": 1, "scrap": 1}})
    told = await house.told(request, K.RETURN_RECEIVED) + await house.told(request, K.RETURN_INSPECTED)
    assert {event.return_id for event in told} == {"77"}
    found = {line.disposition: line.quantity for line in told[-1].lines}
    assert found == {"restock": 1, "scrap": 1}
    page = house.ledgers()["north", request.order_id]
    assert (page.returned, page.restocked) == ({TEE: 2}, {TEE: 1})


@HOUSES
async def test_a_job_is_rejected_and_one_that_is_packed_is_not_cancelled(house: House) -> None:
    request, order = await house.ask()
    job = await house.people.reject(order, "no space")
    assert await house.told(request, K.REJECTED)
    with pytest.raises(NotPossibleError):
        await house.worker.hand_over(job)
    _, packed = await house.ask()
    assert [job.state for job in await house.people.refuse_cancel(packed)] == ["packed"]
    key = (await house.people.jobs(packed))[0].key
    outcome = (await house.warehouse.cancel([key], "changed their mind"))[0]
    await house.people.jobs(packed)
    await house.floor.told(house.warehouse)
    again = (await house.warehouse.cancel([key], "changed their mind"))[0]
    assert "packed already" in str(getattr(outcome, "error", "")) + str(getattr(again, "error", ""))


async def test_a_3pl_that_is_late_answers_when_it_likes_and_twice(tmp_path: Path) -> None:
    floor = FileFloor("file_3pl", tmp_path)
    worker = ThreePlWorker(tmp_path, "parcels", floor.place)
    house = House(floor, worker, lambda: three_pl_ledgers("parcels", tmp_path))
    worker.answers_at_once = False
    request, order = await house.ask()
    assert [job.state for job in await house.people.jobs(order)] == ["new"]
    assert await house.told(request, K.ACCEPTED) == []
    await worker.answer(times=2)
    assert len(await house.told(request, K.ACCEPTED)) == 1
    await house.people.ship(order)
    assert await house.people.deliver(order) == 1
    assert len(await house.told(request, K.DELIVERED)) == 1


async def test_a_store_sends_parcels_and_hands_pickups_over_by_signed_events(
    counter: StoreFloor, tmp_path: Path
) -> None:
    journal = tmp_path / "till.jsonl"
    house = House(counter, Till(counter, journal), lambda: till_ledgers(journal))
    till: Any = house.worker
    for pickup, kinds in ((False, [K.PICKED, K.PACKED, K.SHIPPED]), (True, [K.PICKED, K.READY_FOR_PICKUP, K.SHIPPED])):
        request, order = await house.ask(pickup=pickup)
        till.keys[request.key] = pickup
        (left,) = await house.people.ship(order, parcels=2)
        assert [len(await house.told(request, kind)) for kind in kinds] == [1, 1, 1]
        assert [job.state for job in await house.people.jobs(order)] == [SHIPPED]
        assert len(left.boxes) == (0 if pickup else 2)
        page = house.ledgers()["north", request.order_id]
        assert page.shipped == {TEE: 2, MUG: 1}
        receipt = await house.people.receive(order, {TEE: 1}, return_id="9")
        await house.people.inspect(receipt, {TEE: {"restock": 1}})
        assert house.ledgers()["north", request.order_id].restocked == {TEE: 1}
    request, order = await house.ask(pickup=True)
    till.keys[request.key] = True
    await house.people.ready(order)
    await house.people.expire(order)
    assert len(await house.told(request, K.EXPIRED)) == 1
    await house.warehouse.aclose()
    await till.aclose()
