"""The boards of stores on both databases: a request once, replaced only by who knows it, its events from the inbox."""

from __future__ import annotations

from datetime import UTC, datetime

from canonical.ports.counter import OnBoard, StoreBoard
from canonical.warehouse import FulfillmentRequest, RequestLine, WarehouseEvent, WarehouseEventKind
from canonical.warehouse_messages import delivery_of
from connectors.registry import store_board
from connectors.statestore.store import SqlStateStore

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def request(order: str = "5123", item: str = "TEE") -> FulfillmentRequest:
    return FulfillmentRequest(
        key=f"north:fulfillment-request.create:{order}:STORE-01",
        shop="north",
        company="north",
        order_id=order,
        order_name=f"#{order}",
        location="STORE-01",
        lines=(RequestLine(line_id="1", item=item, quantity=2),),
        requested_at=NOW,
    )


def picked(of: FulfillmentRequest, system: str = "stores") -> WarehouseEvent:
    return WarehouseEvent(
        id=f"picked:{of.key}",
        system=system,
        kind=WarehouseEventKind.PICKED,
        occurred_at=NOW,
        location="STORE-01",
        request_key=of.key,
    )


async def test_a_request_is_pinned_once_and_every_system_has_its_own_board(store: SqlStateStore) -> None:
    board = store_board(store)
    assert isinstance(board, StoreBoard)
    assert (await board.pin("stores", request())).request == request()
    assert (await board.pin("stores", request(item="MUG"))).request == request(), "what is there stays"
    assert (await board.pin("others", request(item="MUG"))).request == request(item="MUG")
    await board.pin("stores", request("5124"))
    assert sorted(await board.on_board("stores")) == [request().key, request("5124").key]
    assert list(await board.on_board("stores", [request("5124").key, "nobody"])) == [request("5124").key]
    assert await store.cursor("stores", request().key) is None, "no poll takes it for its cursor"


async def test_only_who_knows_what_is_there_replaces_it(store: SqlStateStore) -> None:
    board = store_board(store)
    old = await board.pin("stores", request())
    new = OnBoard(request=request(), cancelled="changed mind")
    assert await board.replace("stores", old, new)
    assert not await board.replace("stores", old, OnBoard(request=request(item="MUG")))
    assert (await board.on_board("stores"))[request().key] == new


async def test_events_are_those_of_the_inbox_each_once_and_of_the_system_alone(store: SqlStateStore) -> None:
    board, mine, other = store_board(store), request(), request("5124")
    deliveries = [delivery_of(picked(mine), "north"), delivery_of(picked(other, "others"), "north")]
    assert await board.tell(deliveries) == [True, True]
    assert await board.tell(deliveries) == [False, False]
    assert await board.told("stores", [mine.key, other.key]) == {mine.key: [picked(mine)]}
