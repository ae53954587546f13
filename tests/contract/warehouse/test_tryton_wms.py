"""What only a warehouse that is asked shows: ids that change, lost replies, its own stock, a poll that overlaps."""

from __future__ import annotations

import json
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
    floor.desk.receive("HOOD-GRE-S", "DC-EAST", 7)  # before we look: what there is is compared, not told
    before = await warehouse.changes(None)
    assert [event for event in before.events if event.movement] == []
    unchanged = await warehouse.changes(before.cursor)
    assert [event for event in unchanged.events if event.movement] == []
    floor.desk.receive("HOOD-GRE-S", "DC-EAST", 5)
    floor.desk.transfer("HOOD-GRE-S", "DC-EAST", "DC-WEST", 2)
    floor.desk.scrap("HOOD-GRE-S", "DC-EAST", 1)
    floor.desk.count("HOOD-GRE-S", "DC-WEST", 1)
    report = await warehouse.changes(unchanged.cursor)
    moved = [event.movement for event in report.events if event.movement is not None]
    by_reason = {movement.reason: movement for movement in moved}
    transfers = {movement.location: movement.quantity for movement in moved if movement.reason.startswith("transfer")}
    assert sorted(movement.reason for movement in moved) == ["count", "receipt", "scrap", "transfer_in", "transfer_out"]
    assert (by_reason["receipt"].quantity, by_reason["receipt"].location) == (Decimal(5), "DC-EAST")
    assert transfers == {"DC-EAST": Decimal(-2), "DC-WEST": Decimal(2)}  # by way of a place in transit
    assert (by_reason["scrap"].quantity, by_reason["scrap"].account) == (Decimal(-1), "5.2.9")
    assert by_reason["count"].location == "DC-WEST"
    again = await warehouse.changes(report.cursor)  # the overlap
    assert {e.id for e in report.events if e.movement} == {e.id for e in again.events if e.movement}
    await warehouse.aclose()


class OneMoveUnseen(httpx.AsyncHTTPTransport):
    """The first answers leave out the newest move: as seen while the transaction that made it had not ended."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number: int | None = number

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if self.number is None or not request.url.path.endswith("/stock.move"):
            return answer
        rows = [row for row in json.loads(await answer.aread()) if row["id"] != self.number]
        return httpx.Response(answer.status_code, json=rows, request=request)


async def test_a_movement_in_the_making_while_the_first_poll_looks_is_told_though_its_date_is_earlier(
    floor: TrytonFloor,
) -> None:
    watching = floor.connect()
    start = (await watching.changes(None)).cursor
    floor.desk.receive("HOOD-GRE-S", "DC-EAST", 3)
    made = [event.id for event in (await watching.changes(start)).events if event.movement]
    floor.desk.receive("HOOD-GRE-S", "DC-EAST", 4)  # later, and seen
    unseen = OneMoveUnseen(int(made[0].rpartition(":")[2]))
    warehouse = floor.connect(transport=unseen)
    first = await warehouse.changes(None)
    unseen.number = None
    then = await warehouse.changes(first.cursor)
    told = [event.movement.quantity for event in (*first.events, *then.events) if event.movement]
    assert told == [Decimal(3)]
    await warehouse.aclose()
    await watching.aclose()


async def test_a_warehouse_that_is_away_fails_in_a_way_that_can_be_tried_again(floor: TrytonFloor) -> None:
    warehouse = floor.connect(url="http://127.0.0.1:9/wms")
    with pytest.raises(RetryableError) as caught:
        await warehouse.submit([a_request(floor.place)])
    assert not caught.value.maybe_applied
    await warehouse.aclose()
