"""What only stores show: pickups, and events that have to be signed and about a request of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from canonical.errors import HeldError
from canonical.warehouse import WarehouseState
from tests.contract.warehouse.floor import MUG, TEE, a_request, failed, kinds, settled
from tests.contract.warehouse.store_floor import SharedStores, StoreFloor, store_floor

pytestmark = [pytest.mark.counterpart, pytest.mark.xdist_group("warehouse")]


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreFloor]:
    with store_floor(tmp_path_factory.mktemp("stores")) as opened:
        yield opened


@pytest.fixture
async def stores(floor: StoreFloor) -> AsyncIterator[SharedStores]:
    opened = floor.connect()
    assert isinstance(opened, SharedStores)
    yield opened
    await opened.aclose()


async def test_a_pickup_waits_at_the_counter_and_expires(floor: StoreFloor, stores: SharedStores) -> None:
    request = a_request(floor.place, pickup=True)
    settled((await stores.submit([request]))[0])
    floor.pick(request.key)
    floor._tell("ready_for_pickup", request.key)
    assert (await stores.status([request.key]))[request.key].state is WarehouseState.READY_FOR_PICKUP
    floor._tell("expired", request.key, reason="nobody came")
    assert (await stores.status([request.key]))[request.key].state is WarehouseState.EXPIRED
    assert kinds(await stores.everything(), request) == ["accepted", "picked", "ready_for_pickup", "expired"]


async def test_a_pickup_that_waits_can_be_cancelled_and_what_was_collected_not(
    floor: StoreFloor, stores: SharedStores
) -> None:
    waiting, gone = a_request(floor.place, pickup=True), a_request(floor.place, pickup=True)
    await stores.submit([waiting, gone])
    for request in (waiting, gone):
        floor.pick(request.key)
        floor._tell("ready_for_pickup", request.key)
    floor.pack(gone.key, [("counter", {TEE: 2, MUG: 1})])
    floor.hand_over(gone.key)
    outcomes = await stores.cancel([waiting.key, gone.key], "too slow")
    settled(outcomes[0])
    failed(outcomes[1], HeldError)
    assert (await stores.status([waiting.key]))[waiting.key].state is WarehouseState.CANCELLED


async def test_an_event_about_no_request_of_ours_is_refused_by_field(floor: StoreFloor) -> None:
    for key in ("nonsense", "east:fulfillment-request.create:1:STORE-01"):
        answer = floor.send("picked", {"kind": "request", "id": key}, {"location": floor.place}, "till-x")
        assert (answer.status_code, answer.json()["field"]) == (422, "subject.id")
