"""Telling parcels to a shop that answers as scripted: what is sent, what is never sent twice, what is said instead."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from canonical.errors import HeldError, RejectedError, RetryableError
from canonical.fulfillment import Parcel, ParcelLine
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.aftersales import FulfillmentWrite
from connectors.shopify import aftersales_writing
from connectors.shopify.logistics import ShopifyLogistics, open_logistics
from connectors.shopify.logistics_claims import Claim, metafield
from tests.unit.connectors.shopify.aftersales import order, page, request, shipped
from tests.unit.connectors.shopify.scripted import ScriptedShop, settings

LOST = httpx.ReadTimeout("no answer")
MADE = {
    "metafieldsSet": {"userErrors": []},
    "fulfillmentCreate": {"fulfillment": {"id": "gid://shopify/Fulfillment/70"}, "userErrors": []},
}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aftersales_writing, "PAUSES", (0.0, 0.0))


@pytest.fixture
def shop() -> ScriptedShop:
    return ScriptedShop()


@pytest.fixture
async def logistics(shop: ScriptedShop) -> AsyncIterator[ShopifyLogistics]:
    opened = open_logistics("north", settings(), network=httpx.MockTransport(shop.handle))
    yield opened
    await opened.aclose()


def write(lines: dict[str, int], number: str | None = "1Z1", key: str = "k1") -> FulfillmentWrite:
    rows = tuple(ParcelLine(line_id=line, quantity=pieces) for line, pieces in lines.items())
    parcel = Parcel(id=key, carrier="UPS", tracking_number=number, lines=rows)
    return FulfillmentWrite(key, "5", "1", parcel, lines)


def refused(words: str) -> dict[str, Any]:
    errors = [{"field": ["fulfillment"], "message": words}]
    return {"metafieldsSet": {"userErrors": []}, "fulfillmentCreate": {"fulfillment": None, "userErrors": errors}}


def tail(native: str) -> str:
    return native.rpartition("/")[2]


def error(outcome: Outcome[str]) -> Any:
    assert isinstance(outcome, Failed)
    return outcome.error


async def test_a_parcel_comes_out_of_several_fulfillment_orders_of_one_location(
    shop: ScriptedShop, logistics: ShopifyLogistics
) -> None:
    requests = [
        request(1, {10: 1}),
        request(2, {10: 5, 11: 1}, location=2),
        request(3, {10: 2, 11: 4}, status="IN_PROGRESS"),
    ]
    shop.on("ReadLogistics", order(requests)).on("CreateFulfillment", MADE)
    assert await logistics.fulfill([write({"10": 2, "11": 1})]) == [Settled("70")]
    (sent,) = shop.asked_for("CreateFulfillment")
    rows = [
        (tail(one["fulfillmentOrderId"]), [(tail(r["id"]), r["quantity"]) for r in one["fulfillmentOrderLineItems"]])
        for one in sent["fulfillment"]["lineItemsByFulfillmentOrder"]
    ]
    assert rows == [("1", [("110", 1)]), ("3", [("310", 1), ("311", 1)])]
    assert sent["fulfillment"]["trackingInfo"] == {"company": "UPS", "number": "1Z1"}
    assert sent["claims"][0]["ownerId"] == "gid://shopify/Order/5"


async def test_ids_that_changed_between_reading_and_shipping_are_found_again(
    shop: ScriptedShop, logistics: ShopifyLogistics
) -> None:
    shop.on("ReadLogistics", order([request(1, {10: 2})]), order([request(8, {10: 2})]))
    shop.on("CreateFulfillment", refused("Fulfillment order 1 has an unfulfillable status= closed."), MADE)
    assert await logistics.fulfill([write({"10": 1})]) == [Settled("70")]
    last = shop.asked_for("CreateFulfillment")[-1]["fulfillment"]["lineItemsByFulfillmentOrder"]
    assert [one["fulfillmentOrderId"] for one in last] == ["gid://shopify/FulfillmentOrder/8"]


async def test_a_refused_parcel_is_never_taken_for_what_another_ships(
    shop: ScriptedShop, logistics: ShopifyLogistics
) -> None:
    shop.on("ReadLogistics", order([request(1, {10: 2})]))
    shop.on("CreateFulfillment", refused("Invalid")).on("SetOrderFields", {"metafieldsSet": {"userErrors": []}})
    failed = error((await logistics.fulfill([write({"10": 1}, number=None)]))[0])
    assert isinstance(failed, RejectedError)
    assert len(shop.asked_for("CreateFulfillment")) == 1
    (note,) = shop.asked_for("SetOrderFields")[0]["metafields"]
    others = order([request(1, {10: 1})], [shipped(7, {10: 1})], [note])
    shop.on("ReadLogistics", others)
    (read,) = (await logistics.read_logistics(["5"]))["5"].fulfillments
    assert not read.made_by_us


async def test_after_a_lost_answer_only_reading_settles_and_nothing_is_sent_again(
    shop: ScriptedShop, logistics: ShopifyLogistics
) -> None:
    parcel = write({"10": 1}, number=None)
    note = metafield(Claim.of(parcel), "5")
    before = order([request(1, {10: 2})])
    shop.on("CreateFulfillment", LOST).on("ReadLogistics", before, before, order([], [shipped(9, {10: 1})], [note]))
    assert await logistics.fulfill([parcel]) == [Settled("9")]
    assert len(shop.asked_for("CreateFulfillment")) == 1


async def test_while_it_is_not_known_the_rest_waits(shop: ScriptedShop, logistics: ShopifyLogistics) -> None:
    shop.on("CreateFulfillment", LOST).on("ReadLogistics", order([request(1, {10: 9})]))
    first, second = await logistics.fulfill([write({"10": 1}), write({"10": 1}, "1Z2", "k2")])
    assert isinstance(error(first), RetryableError)
    assert error(first).maybe_applied
    assert error(second).code == "not_sent"
    assert len(shop.asked_for("CreateFulfillment")) == 1


async def test_a_throttled_parcel_was_not_sent(shop: ScriptedShop, logistics: ShopifyLogistics) -> None:
    shop.on("ReadLogistics", order([request(1, {10: 9})])).on("CreateFulfillment", httpx.Response(429))
    failed = error((await logistics.fulfill([write({"10": 1})]))[0])
    assert isinstance(failed, RetryableError)
    assert not failed.maybe_applied
    assert len(shop.asked_for("ReadLogistics")) == 1


async def test_taken_back_fulfillments_do_not_count(shop: ScriptedShop, logistics: ShopifyLogistics) -> None:
    parcel = write({"10": 1})
    gone = shipped(9, {10: 1}, ["1Z1"], status="CANCELLED")
    shop.on("ReadLogistics", order([request(1, {10: 1})], [gone], [metafield(Claim.of(parcel), "5")]))
    shop.on("CreateFulfillment", MADE)
    assert await logistics.fulfill([parcel]) == [Settled("70")]


async def test_two_boxes_alike_under_one_number_are_two(shop: ScriptedShop, logistics: ShopifyLogistics) -> None:
    first = metafield(Claim.of(write({"10": 1}, key="k0")), "5")
    shop.on("ReadLogistics", order([request(1, {10: 1})], [shipped(9, {10: 1}, ["1Z1"])], [first]))
    shop.on("CreateFulfillment", MADE)
    assert await logistics.fulfill([write({"10": 1})]) == [Settled("70")]


async def test_what_somebody_typed_with_our_number_is_ours(shop: ScriptedShop, logistics: ShopifyLogistics) -> None:
    shop.on("ReadLogistics", order([request(1, {10: 1})], [shipped(9, {10: 1}, ["1Z1"])]))
    assert await logistics.fulfill([write({"10": 1})]) == [Settled("9")]
    assert shop.asked_for("CreateFulfillment") == []


async def test_a_number_on_other_lines_is_another_parcel(shop: ScriptedShop, logistics: ShopifyLogistics) -> None:
    shop.on("ReadLogistics", order([request(1, {10: 1})], [shipped(9, {11: 1}, ["1Z1"])]))
    shop.on("CreateFulfillment", MADE)
    assert await logistics.fulfill([write({"10": 1})]) == [Settled("70")]


@pytest.mark.parametrize(
    ("requests", "kind", "code"),
    [
        ([request(1, {10: 1}, status="ON_HOLD")], HeldError, "on_hold"),
        ([request(1, {10: 1}, location=2)], RejectedError, "at_other_location"),
        ([request(1, {10: 0}, status="CLOSED")], RejectedError, "nothing_remains"),
        ([], RejectedError, "nothing_remains"),
    ],
)
async def test_why_a_parcel_cannot_be_shown_is_said_and_nothing_is_sent(
    shop: ScriptedShop, logistics: ShopifyLogistics, requests: list[Any], kind: type[Exception], code: str
) -> None:
    shop.on("ReadLogistics", order(requests))
    failed = error((await logistics.fulfill([write({"10": 1})]))[0])
    assert (type(failed), failed.code, failed.document) == (kind, code, "#1001")
    assert failed.way_out


@pytest.mark.parametrize("lines", [{}, {"10": 0}])
async def test_an_empty_parcel_is_refused(
    shop: ScriptedShop, logistics: ShopifyLogistics, lines: dict[str, int]
) -> None:
    shop.on("ReadLogistics", order([request(1, {10: 1})]))
    parcel = replace(write({"10": 1}), lines=lines)
    assert error((await logistics.fulfill([parcel]))[0]).code == "parcel_empty"


async def test_pages_of_a_long_fulfillment_are_read_to_the_end(shop: ScriptedShop, logistics: ShopifyLogistics) -> None:
    long = shipped(9, {10: 1})
    long["fulfillmentLineItems"] = page(long["fulfillmentLineItems"]["nodes"], "more")
    rest = page(shipped(9, {11: 3})["fulfillmentLineItems"]["nodes"])
    shop.on("ReadLogistics", order([], [long]))
    shop.on("FulfillmentLines", {"fulfillment": {"fulfillmentLineItems": rest}})
    (read,) = (await logistics.read_logistics(["5"]))["5"].fulfillments
    assert dict(read.lines) == {"10": 1, "11": 3}


async def test_a_note_that_somebody_spoiled_is_no_note(shop: ScriptedShop, logistics: ShopifyLogistics) -> None:
    spoiled = {"parcel-1": "not JSON", "parcel-2": "[]", "parcel-3": "{}", "erp": "SO1"}
    notes = [{"key": name, "value": text} for name, text in spoiled.items()]
    shop.on("ReadLogistics", order([], [shipped(9, {10: 1})], notes))
    (read,) = (await logistics.read_logistics(["5"]))["5"].fulfillments
    assert not read.made_by_us
