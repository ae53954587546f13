"""What only a warehouse that is asked shows: ids that change, lost replies, its own stock, a poll that overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest

from canonical.errors import RejectedError, RetryableError
from canonical.warehouse import WarehouseEventKind
from tests.contract.warehouse.floor import MUG, TEE, a_request, failed, of, quantities, settled
from tests.contract.warehouse.tryton_floor import TrytonFloor, tryton_floor

pytestmark = [pytest.mark.counterpart, pytest.mark.xdist_group("warehouse")]


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonFloor]:
    with tryton_floor(tmp_path_factory.mktemp("wms")) as opened:
        yield opened


class LosesReplies(httpx.AsyncHTTPTransport):
    """Sends everything and loses the answers to requests that create a shipment, once each time it is armed."""

    def __init__(self) -> None:
        super().__init__()
        self.armed = 1

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if self.armed and request.method == "POST" and request.url.path.endswith("/stock.shipment.out"):
            self.armed -= 1
            await answer.aread()
            raise httpx.ReadError("lost", request=request)
        return answer


async def test_a_task_survives_a_shipment_that_is_made_anew(floor: TrytonFloor) -> None:
    warehouse, request = floor.connect(), a_request(floor.place)
    first = settled((await warehouse.submit([request]))[0])
    floor.desk.make_anew(request.key)
    again = settled((await warehouse.submit([request]))[0])
    assert again.external_id == first.external_id
    assert again.number != first.number
    assert floor.tasks(request.key) == 1
    floor.pick(request.key)
    floor.pack(request.key, [("1Z999AA10123456784", {TEE: 2, MUG: 1})])
    floor.hand_over(request.key)
    events = (await warehouse.changes(None)).events
    assert quantities(of(events, request, WarehouseEventKind.SHIPPED)[0]) == {"1": 2, "2": 1}
    assert of(events, request, WarehouseEventKind.REJECTED) == []
    await warehouse.aclose()


async def test_a_reply_lost_after_the_shipment_was_made_leaves_one_task(floor: TrytonFloor) -> None:
    request, shaky = a_request(floor.place), LosesReplies()
    warehouse = floor.connect(transport=shaky)
    error = failed((await warehouse.submit([request]))[0], RetryableError)
    assert error.maybe_applied
    settled((await warehouse.submit([request]))[0])
    assert (floor.tasks(request.key), floor.asked(request.key)) == (1, {TEE: 2, MUG: 1})
    await warehouse.aclose()


async def test_an_item_the_warehouse_does_not_keep_stops_only_its_own_request(floor: TrytonFloor) -> None:
    warehouse = floor.connect()
    good, bad, lost = a_request(floor.place), a_request(floor.place, [("1", "NO-SUCH", 1)]), a_request("NOWHERE")
    outcomes = await warehouse.submit([bad, good, lost])
    assert failed(outcomes[0], RejectedError).field == "lines.0.item"
    settled(outcomes[1])
    assert failed(outcomes[2], RejectedError).field == "location"
    assert bad.key not in await warehouse.status([bad.key, good.key])
    await warehouse.aclose()


async def test_what_the_warehouse_does_to_its_stock_is_told_once_with_reason_and_account(floor: TrytonFloor) -> None:
    warehouse = floor.connect(accounts='{"scrap": "5.2.9"}')
    before = await warehouse.changes(None)
    floor.desk.receive("HOOD-GRE-S", "DC-EAST", 5)
    floor.desk.transfer("HOOD-GRE-S", "DC-EAST", "DC-WEST", 2)
    floor.desk.scrap("HOOD-GRE-S", "DC-EAST", 1)
    floor.desk.count("HOOD-GRE-S", "DC-WEST", 1)
    report = await warehouse.changes(before.cursor)
    told = {event.id for event in before.events}  # the overlap tells of them again
    new = [event.movement for event in report.events if event.id not in told and event.movement is not None]
    moved = [movement for movement in new if movement.item == "HOOD-GRE-S"]
    by_reason = {movement.reason: movement for movement in moved}
    transfers = {movement.location: movement.quantity for movement in moved if movement.reason == "transfer"}
    assert sorted(movement.reason for movement in moved) == ["count", "receipt", "scrap", "transfer", "transfer"]
    assert (by_reason["receipt"].quantity, by_reason["receipt"].location) == (Decimal(5), "DC-EAST")
    assert transfers == {"DC-EAST": Decimal(-2), "DC-WEST": Decimal(2)}  # by way of a place in transit
    assert (by_reason["scrap"].quantity, by_reason["scrap"].account) == (Decimal(-1), "5.2.9")
    assert by_reason["count"].location == "DC-WEST"
    again = await warehouse.changes(report.cursor)
    assert {e.id for e in report.events if e.movement} == {e.id for e in again.events if e.movement}
    await warehouse.aclose()


async def test_a_warehouse_that_is_away_fails_in_a_way_that_can_be_tried_again(floor: TrytonFloor) -> None:
    warehouse = floor.connect(url="http://127.0.0.1:9/wms")
    with pytest.raises(RetryableError) as caught:
        await warehouse.submit([a_request(floor.place)])
    assert not caught.value.maybe_applied
    await warehouse.aclose()
