"""Stock of a shop whose answers the test dictates: what the stand-in cannot be made to say."""

from typing import Any

import httpx
import orjson
import pytest

from canonical.errors import ConflictError, MisconfiguredError, RejectedError, RetryableError
from canonical.inventory import Place, StockWrite
from canonical.outcomes import Failed, Settled
from canonical.ports import StockChannel
from canonical.records import Message
from connectors.shopify.stock import ShopifyStock
from connectors.shopify.topics import STOCK_TOPICS
from tests.unit.connectors.shopify.scripted import ScriptedShop
from tests.unit.connectors.shopify.test_translator import message


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_seconds: float) -> None:
        """Do not wait."""

    monkeypatch.setattr("connectors.shopify.stock_writing.sleep", at_once)
    monkeypatch.setattr("connectors.shopify.bulk.sleep", at_once)


def write(number: int, quantity: int = 5, expected: int | None = 3) -> StockWrite:
    return StockWrite(place=Place(item_id=str(number), location_id="31"), quantity=quantity, expected=expected)


def refused(*errors: tuple[list[str] | None, str]) -> dict[str, Any]:
    found = [{"field": path, "message": "no", "code": code} for path, code in errors]
    return {"inventorySetQuantities": {"userErrors": found}}


def row_path(row: int, field: str) -> list[str]:
    return ["input", "quantities", str(row), field]


DONE = refused()


def test_it_is_a_stock_channel() -> None:
    assert isinstance(ScriptedShop().stock(), StockChannel)


async def test_rows_shopify_names_are_taken_out_and_the_rest_is_sent_again_under_another_key() -> None:
    stale = (row_path(1, "changeFromQuantity"), "CHANGE_FROM_QUANTITY_STALE")
    unknown = (row_path(3, "inventoryItemId"), "INVALID_INVENTORY_ITEM")
    shop = ScriptedShop().on("SetQuantities", refused(stale, unknown), DONE)
    outcomes = await shop.stock().set_available([write(number) for number in (1, 2, 3, 4)], "key")
    assert [type(outcome) for outcome in outcomes] == [Settled, Failed, Settled, Failed]
    assert isinstance(outcomes[1], Failed)
    assert isinstance(outcomes[1].error, ConflictError)
    assert outcomes[1].error.code == "stale_compare"
    assert outcomes[1].error.document == "item 2 at 31"
    assert isinstance(outcomes[3], Failed)
    assert isinstance(outcomes[3].error, RejectedError)
    assert outcomes[3].error.code == "unknown_item"
    first, second = shop.asked_for("SetQuantities")
    assert [row["inventoryItemId"][-1] for row in second["input"]["quantities"]] == ["1", "3"]
    assert first["key"] != second["key"]


async def test_rows_are_found_by_the_place_they_had_in_the_call_that_was_sent() -> None:
    shop = ScriptedShop().on(
        "SetQuantities",
        refused((row_path(0, "changeFromQuantity"), "CHANGE_FROM_QUANTITY_STALE")),
        refused((row_path(0, "locationId"), "ITEM_NOT_STOCKED_AT_LOCATION")),
        DONE,
    )
    outcomes = await shop.stock().set_available([write(1), write(2), write(3)], "key")
    codes = [outcome.error.code if isinstance(outcome, Failed) else "settled" for outcome in outcomes]
    assert codes == ["stale_compare", "not_stocked", "settled"]


async def test_a_lost_reply_is_settled_by_asking_the_same_again() -> None:
    shop = ScriptedShop().on("SetQuantities", httpx.ReadError("cut"), DONE)
    assert await shop.stock().set_available([write(1)], "key") == [Settled(5)]
    first, second = shop.asked_for("SetQuantities")
    assert first == second


async def test_replies_that_stay_lost_leave_the_outcome_in_doubt() -> None:
    shop = ScriptedShop().on("SetQuantities", httpx.ReadError("cut"))
    with pytest.raises(RetryableError) as caught:
        await shop.stock().set_available([write(1)], "key")
    assert caught.value.maybe_applied
    assert len({asked["key"] for asked in shop.asked_for("SetQuantities")}) == 1


async def test_a_refused_line_does_not_hide_that_the_others_are_in_doubt() -> None:
    stale = refused((row_path(0, "changeFromQuantity"), "CHANGE_FROM_QUANTITY_STALE"))
    shop = ScriptedShop().on("SetQuantities", stale, httpx.ReadError("cut"))
    stale_one, lost = await shop.stock().set_available([write(1), write(2)], "key")
    assert isinstance(stale_one, Failed)
    assert isinstance(stale_one.error, ConflictError)
    assert isinstance(lost, Failed)
    assert isinstance(lost.error, RetryableError)
    assert lost.error.maybe_applied


async def test_a_request_that_is_still_running_is_waited_for() -> None:
    shop = ScriptedShop().on("SetQuantities", refused((None, "IDEMPOTENCY_CONCURRENT_REQUEST")), DONE)
    assert await shop.stock().set_available([write(1)], "key") == [Settled(5)]


async def test_a_key_whose_attempt_failed_is_replaced() -> None:
    shop = ScriptedShop().on("SetQuantities", refused((None, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")), DONE)
    assert await shop.stock().set_available([write(1)], "key") == [Settled(5)]
    first, second = shop.asked_for("SetQuantities")
    assert first["key"] != second["key"]


async def test_what_cannot_be_sent_stops_nothing_else() -> None:
    wrong = [
        StockWrite(place=Place(item_id="x", location_id="31"), quantity=1),
        StockWrite(place=Place(item_id="7", location_id="0"), quantity=1),
        write(8, quantity=2_000_000_000),
        write(1),
        write(1, quantity=9),
    ]
    shop = ScriptedShop().on("SetQuantities", DONE)
    outcomes = await shop.stock().set_available(wrong, "key")
    codes = [outcome.error.code if isinstance(outcome, Failed) else "settled" for outcome in outcomes]
    assert codes == ["unknown_item", "unknown_location", "quantity_too_large", "settled", "place_twice"]


async def test_more_than_one_call_carries_is_sent_in_several_and_the_rest_waits_when_one_fails() -> None:
    shop = ScriptedShop().on("SetQuantities", DONE, httpx.ConnectError("no"))
    outcomes = await shop.stock().set_available([write(number) for number in range(1, 601)], "key")
    assert [len(asked["input"]["quantities"]) for asked in shop.asked_for("SetQuantities")] == [250, 250]
    assert all(isinstance(outcome, Settled) for outcome in outcomes[:250])
    codes = [outcome.error.code for outcome in outcomes[250:] if isinstance(outcome, Failed)]
    assert codes == ["unreachable"] * 250 + ["not_sent"] * 100


async def test_the_compare_is_sent_even_when_there_is_nothing_to_compare_with() -> None:
    shop = ScriptedShop().on("SetQuantities", DONE)
    await shop.stock().set_available([write(1, expected=None)], "key")
    (asked,) = shop.asked_for("SetQuantities")
    assert asked["input"]["quantities"] == [
        {
            "inventoryItemId": "gid://shopify/InventoryItem/1",
            "locationId": "gid://shopify/Location/31",
            "quantity": 5,
            "changeFromQuantity": None,
        }
    ]


@pytest.mark.parametrize(
    ("field", "code"),
    [("available", "already_stocked"), ("locationId", "unknown_location"), ("inventoryItemId", "unknown_item")],
)
async def test_why_a_place_cannot_be_stocked_is_told_by_the_field(field: str, code: str) -> None:
    answer = {"inventoryActivate": {"inventoryLevel": None, "userErrors": [{"field": [field], "message": "no"}]}}
    shop = ScriptedShop().on("ActivateLevel", answer)
    outcome = await shop.stock().activate(Place(item_id="1", location_id="31"), 4, "key")
    assert isinstance(outcome, Failed)
    assert outcome.error.code == code


def level_row(item: int, location: int, available: int, *, committed: int = 0, active: bool = True) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/InventoryLevel/9?inventory_item_id={item}",
        "isActive": active,
        "item": {"id": f"gid://shopify/InventoryItem/{item}", "sku": f"SKU\u2028{item}", "tracked": True},
        "location": {"id": f"gid://shopify/Location/{location}"},
        "quantities": [{"name": "available", "quantity": available}, {"name": "committed", "quantity": committed}],
        "__parentId": f"gid://shopify/InventoryItem/{item}",
    }


def ended(**fields: Any) -> dict[str, Any]:
    done = {"status": "COMPLETED", "errorCode": None, "url": "https://files.example/1", "partialDataUrl": None}
    return {"bulkOperation": {**done, **fields}}


STARTED = {"bulkOperationRunQuery": {"bulkOperation": {"id": "gid://shopify/BulkOperation/1"}, "userErrors": []}}


def bulk_shop(*files: Any) -> ScriptedShop:
    shop = ScriptedShop().on("StartBulkQuery", STARTED)
    return shop.on("BulkOperation", ended(status="RUNNING"), ended()).on("file", *files)


class Cut(httpx.AsyncByteStream):
    """A file whose line breaks after some bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> Any:
        yield self._content
        raise httpx.ReadError("cut")

    async def aclose(self) -> None:
        """Nothing to close."""


async def snapshot(stock: ShopifyStock) -> list[tuple[str, str, int | None, str | None]]:
    return [(lv.place.item_id, lv.place.location_id, lv.available, lv.sku) async for lv in stock.snapshot()]


async def test_a_snapshot_reads_levels_in_any_order_and_passes_over_the_items() -> None:
    lines = [level_row(1, 31, 5), {"id": "gid://shopify/InventoryItem/1"}, level_row(2, 31, 7, active=False)]
    content = b"\n".join(orjson.dumps(line) for line in lines) + b"\n"
    found = await snapshot(bulk_shop(httpx.Response(200, content=content)).stock())
    assert found == [("1", "31", 5, "SKU\u20281"), ("2", "31", None, "SKU\u20282")]


async def test_a_snapshot_whose_download_breaks_goes_on_behind_the_last_row() -> None:
    rows = [orjson.dumps(level_row(number, 31, number)) for number in range(1, 5)]
    whole = b"\n".join(rows)
    shop = bulk_shop(httpx.Response(200, stream=Cut(whole[: len(rows[0]) + 1 + len(rows[1]) + 40])), whole_file(whole))
    found = await snapshot(shop.stock())
    assert [entry[0] for entry in found] == ["1", "2", "3", "4"]
    assert len(shop.asked_for("file")) == 2


def whole_file(content: bytes) -> httpx.Response:
    return httpx.Response(200, content=content)


async def test_a_shop_without_levels_has_an_empty_snapshot() -> None:
    shop = ScriptedShop().on("StartBulkQuery", STARTED).on("BulkOperation", ended(url=None))
    assert await snapshot(shop.stock()) == []


async def test_a_snapshot_that_ended_early_is_no_snapshot() -> None:
    shop = ScriptedShop().on("StartBulkQuery", STARTED)
    shop.on(
        "BulkOperation", ended(status="FAILED", errorCode="TIMEOUT", url=None, partialDataUrl="https://x.example/p")
    )
    with pytest.raises(RetryableError, match="timeout"):
        await snapshot(shop.stock())
    shop.on("BulkOperation", ended(status="FAILED", errorCode="ACCESS_DENIED", url=None))
    with pytest.raises(MisconfiguredError):
        await snapshot(shop.stock())


async def test_a_snapshot_waits_for_its_turn() -> None:
    busy = {"userErrors": [{"field": None, "message": "busy", "code": "OPERATION_IN_PROGRESS"}], "bulkOperation": None}
    shop = ScriptedShop().on("StartBulkQuery", {"bulkOperationRunQuery": busy}, STARTED)
    shop.on("BulkOperation", ended(url=None))
    assert await snapshot(shop.stock()) == []
    assert len(shop.asked_for("StartBulkQuery")) == 2


def stock_message(topic: str, body: bytes) -> Message:
    return message(topic, body)


@pytest.mark.parametrize("topic", STOCK_TOPICS)
def test_a_stock_webhook_says_place_and_figure(topic: str) -> None:
    body = orjson.dumps({"inventory_item_id": 808950810, "location_id": 655441491, "available": -2})
    level = ScriptedShop().stock().level_of(stock_message(topic, body))
    assert level.place == Place(item_id="808950810", location_id="655441491")
    gone = topic.endswith("disconnect")
    assert (level.available, level.active) == ((None, False) if gone else (-2, True))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b'{"location_id": 1, "available": 1}', "inventory_item_id"),
        (b'{"inventory_item_id": 1, "location_id": "x"}', "location_id"),
        (b'{"inventory_item_id": 1, "location_id": 2, "available": "many"}', "available"),
    ],
)
def test_a_stock_webhook_that_cannot_be_understood_names_the_field(body: bytes, field: str) -> None:
    with pytest.raises(RejectedError) as caught:
        ScriptedShop().stock().level_of(stock_message("inventory_levels/update", body))
    assert caught.value.field == field
