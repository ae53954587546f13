"""What every fulfillment channel promises, shown on the Shopify stand-in as a process of its own."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from canonical.errors import ConflictError, HeldError, RejectedError, RetryableError
from canonical.fulfillment import FulfillmentOrderStatus, Parcel, ParcelLine
from canonical.ids import aggregate_key
from canonical.money import Money
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.aftersales import FulfillmentChannel, FulfillmentWrite, OrderLogistics
from connectors.shopify.channel import ShopifyChannel
from connectors.shopify.logistics import ShopifyLogistics, open_logistics
from connectors.shopify.webhooks import webhook_source
from tests.contract.channel.conftest import StandIn
from tests.contract.channel.orders import Placed, shippable, tail
from tests.contract.channel.receiver import Receiver, taken

pytestmark = pytest.mark.counterpart


@pytest.fixture
async def logistics(stand_in: StandIn) -> AsyncIterator[ShopifyLogistics]:
    opened = open_logistics(stand_in.shop, stand_in.settings())
    yield opened
    await opened.aclose()
    stand_in.ask("DELETE", "/faults")


def parcel_of(order: Placed, lines: dict[str, int], *, number: str | None = "", location: str = "") -> FulfillmentWrite:
    """A parcel with a number of its own; `number=None` is one without."""
    key = f"north:fulfillment.create:{uuid.uuid4()}"
    parcel = Parcel(
        id=key,
        carrier="UPS",
        tracking_number=f"1Z{uuid.uuid4().hex[:16].upper()}" if number == "" else number,
        lines=tuple(ParcelLine(line_id=line_id, quantity=pieces) for line_id, pieces in lines.items()),
    )
    return FulfillmentWrite(
        key=key, order_id=order.id, location_id=location or order.location, parcel=parcel, lines=lines, notify=False
    )


def value(outcome: Outcome[str]) -> str:
    assert isinstance(outcome, Settled), outcome
    return outcome.value


def error(outcome: Outcome[Any]) -> Any:
    assert isinstance(outcome, Failed), outcome
    return outcome.error


def first_line(order: Placed, pieces: int = 1) -> dict[str, int]:
    return {max(order.lines, key=lambda line: order.lines[line]): pieces}


async def seen(logistics: ShopifyLogistics, order: Placed) -> OrderLogistics:
    return (await logistics.read_logistics([order.id]))[order.id]


def left(state: OrderLogistics) -> dict[str, int]:
    """Pieces still to be shipped by order line, wherever they wait."""
    found: dict[str, int] = {}
    for one in state.fulfillment_orders:
        if one.status not in (FulfillmentOrderStatus.CLOSED, FulfillmentOrderStatus.CANCELLED):
            for line in one.lines:
                found[line.line_id] = found.get(line.line_id, 0) + line.remaining
    return found


def other_place(stand_in: StandIn, order: Placed) -> str:
    """Another location that may ship the order."""
    places = stand_in.ask("GET", f"/state/{stand_in.domain}/Location")["records"]
    asked = "query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 9) { nodes { locationsForMove(first: 30) "
    asked += "{ nodes { movable location { id } } } } } } }"
    nodes = stand_in.graphql(asked, id=order.gid)["order"]["fulfillmentOrders"]["nodes"]
    known = {tail(place["id"]) for place in places}
    movable = [tail(r["location"]["id"]) for n in nodes for r in n["locationsForMove"]["nodes"] if r["movable"]]
    return next(place for place in movable if place in known and place != order.location)


def test_it_is_the_channel_that_the_port_describes(logistics: ShopifyLogistics) -> None:
    assert isinstance(logistics, FulfillmentChannel)


async def test_a_parcel_is_told_with_its_lines_and_its_number_and_known_to_be_ours(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in)
    write = parcel_of(order, first_line(order))
    made = value((await logistics.fulfill([write]))[0])
    state = await seen(logistics, order)
    (shown,) = state.fulfillments
    assert (shown.id, dict(shown.lines), shown.made_by_us) == (made, write.lines, True)
    assert shown.parcel is not None
    assert (shown.parcel.carrier, shown.parcel.tracking_number) == ("UPS", write.parcel.tracking_number)
    (line_id,) = write.lines
    assert left(state)[line_id] == order.lines[line_id] - 1


async def test_a_parcel_told_twice_is_shipped_once(stand_in: StandIn, logistics: ShopifyLogistics) -> None:
    order = shippable(stand_in)
    write = parcel_of(order, first_line(order))
    first, second = value((await logistics.fulfill([write]))[0]), value((await logistics.fulfill([write]))[0])
    assert first == second
    assert len((await seen(logistics, order)).fulfillments) == 1


@pytest.mark.parametrize("number", ["", None], ids=["with a number", "without a number"])
async def test_a_lost_answer_is_settled_by_reading_and_nothing_is_shipped_twice(
    stand_in: StandIn, logistics: ShopifyLogistics, number: str | None
) -> None:
    order = shippable(stand_in)
    write = parcel_of(order, first_line(order), number=number)
    stand_in.break_next("reset", "fulfillmentCreate", acted=True)
    made = value((await logistics.fulfill([write]))[0])
    state = await seen(logistics, order)
    assert [(one.id, one.made_by_us) for one in state.fulfillments] == [(made, True)]
    assert value((await logistics.fulfill([write]))[0]) == made


@pytest.mark.parametrize("kind", ["http_502", "internal_error"])
async def test_a_failure_that_may_have_shipped_is_not_sent_again_before_it_was_looked_for(
    stand_in: StandIn, logistics: ShopifyLogistics, kind: str
) -> None:
    order = shippable(stand_in)
    write = parcel_of(order, first_line(order))
    stand_in.break_next(kind, "fulfillmentCreate", acted=False)
    before = stand_in.calls("fulfillmentCreate")
    failed = error((await logistics.fulfill([write]))[0])
    assert isinstance(failed, RetryableError)
    assert failed.maybe_applied
    assert stand_in.calls("fulfillmentCreate") == before + 1
    value((await logistics.fulfill([write]))[0])
    assert len((await seen(logistics, order)).fulfillments) == 1


async def test_two_parcels_alike_without_a_number_are_two_even_when_an_answer_gets_lost(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in)
    one, two = (parcel_of(order, first_line(order), number=None) for _ in range(2))
    first = value((await logistics.fulfill([one]))[0])
    stand_in.break_next("reset", "fulfillmentCreate", acted=True)
    second = value((await logistics.fulfill([two]))[0])
    assert first != second
    assert [value(result) for result in await logistics.fulfill([one, two])] == [first, second]
    assert all(shown.made_by_us for shown in (await seen(logistics, order)).fulfillments)


async def test_a_key_stands_for_one_parcel(stand_in: StandIn, logistics: ShopifyLogistics) -> None:
    order = shippable(stand_in)
    write = parcel_of(order, first_line(order))
    await logistics.fulfill([write])
    failed = error((await logistics.fulfill([replace(write, lines=first_line(order, 2))]))[0])
    assert (type(failed), failed.code) == (ConflictError, "key_reused")


async def test_lines_are_found_in_whatever_fulfillment_orders_of_the_location_they_are(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in)
    (request,) = (one for one in order.requests() if one["status"] == "OPEN")
    (line_id,) = first_line(order)
    row = next(n for n in request["lineItems"]["nodes"] if tail(n["lineItem"]["id"]) == line_id)
    splits = [{"fulfillmentOrderId": request["id"], "fulfillmentOrderLineItems": [{"id": row["id"], "quantity": 1}]}]
    stand_in.graphql(
        "mutation($s: [FulfillmentOrderSplitInput!]!) { fulfillmentOrderSplit(fulfillmentOrderSplits: $s) "
        "{ userErrors { message } } }",
        s=splits,
    )
    assert len([one for one in order.requests() if one["status"] == "OPEN"]) == 2
    write = parcel_of(order, dict(order.lines))
    value((await logistics.fulfill([write]))[0])
    state = await seen(logistics, order)
    assert not any(left(state).values())
    assert [dict(one.lines) for one in state.fulfillments] == [order.lines]


async def test_one_bad_parcel_sinks_no_other(stand_in: StandIn, logistics: ShopifyLogistics) -> None:
    order, other = shippable(stand_in), shippable(stand_in)
    good, also = parcel_of(order, first_line(order)), parcel_of(other, first_line(other))
    many = parcel_of(order, first_line(order, 999))
    nobody = replace(parcel_of(order, first_line(order)), order_id="99999999999999")
    odd = replace(good, key="odd", order_id="no id")
    results = await logistics.fulfill([good, many, nobody, odd, also])
    codes = [getattr(getattr(result, "error", None), "code", "settled") for result in results]
    assert codes == ["settled", "nothing_remains", "unknown_order", "id_invalid", "settled"]


async def test_what_cannot_be_shipped_is_said_in_words(stand_in: StandIn, logistics: ShopifyLogistics) -> None:
    order = shippable(stand_in)
    (line_id,) = first_line(order)
    far = other_place(stand_in, order)
    failed = error((await logistics.fulfill([parcel_of(order, {line_id: 1}, location=far)]))[0])
    assert (type(failed), failed.code, failed.field) == (RejectedError, "at_other_location", "lines")
    assert order.location in str(failed)
    await logistics.fulfill([parcel_of(order, dict(order.lines))])
    failed = error((await logistics.fulfill([parcel_of(order, {line_id: 1})]))[0])
    assert (type(failed), failed.code) == (RejectedError, "nothing_remains")
    assert line_id in str(failed)


async def test_what_somebody_marked_as_shipped_without_a_number_gets_ours(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in)
    write = parcel_of(order, dict(order.lines))
    rows = [{"fulfillmentOrderId": one["id"]} for one in order.requests() if one["status"] == "OPEN"]
    made = stand_in.graphql(
        "mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { fulfillment { id } } }",
        f={"lineItemsByFulfillmentOrder": rows},
    )["fulfillmentCreate"]["fulfillment"]["id"]
    (shown,) = (await seen(logistics, order)).fulfillments
    assert not shown.made_by_us
    assert value((await logistics.fulfill([write]))[0]) == tail(made)
    (shown,) = (await seen(logistics, order)).fulfillments
    assert shown.numbers == (write.parcel.tracking_number,)


async def test_tracking_is_told_once_and_the_parcel_stays_ours(stand_in: StandIn, logistics: ShopifyLogistics) -> None:
    order = shippable(stand_in)
    write = parcel_of(order, first_line(order), number=None)
    made = value((await logistics.fulfill([write]))[0])
    parcel = write.parcel.model_copy(update={"tracking_number": "1Z999AA10123456784"})
    assert value(await logistics.update_tracking(made, parcel)) == made
    before = stand_in.calls("fulfillmentTrackingInfoUpdate")
    assert value(await logistics.update_tracking(made, parcel)) == made
    assert stand_in.calls("fulfillmentTrackingInfoUpdate") == before
    (shown,) = (await seen(logistics, order)).fulfillments
    assert (shown.numbers, shown.made_by_us) == (("1Z999AA10123456784",), True)
    assert value((await logistics.fulfill([write]))[0]) == made
    assert error(await logistics.update_tracking("99999999999", parcel)).code == "unknown_fulfillment"


async def test_what_happens_on_the_way_is_told_once(stand_in: StandIn, logistics: ShopifyLogistics) -> None:
    order = shippable(stand_in)
    made = value((await logistics.fulfill([parcel_of(order, first_line(order))]))[0])
    stand_in.break_next("reset", "fulfillmentEventCreate", acted=True)
    told = value(await logistics.delivery_event(made, "in_transit", "2026-11-20T10:00:00+01:00"))
    assert value(await logistics.delivery_event(made, "in_transit", "2026-11-20T09:00:00+00:00")) == told
    assert value(await logistics.delivery_event(made, "delivered", "2026-11-21T09:00:00+00:00")) != told
    assert len(stand_in.record("Fulfillment", f"gid://shopify/Fulfillment/{made}")["events"]) == 2
    assert error(await logistics.delivery_event(made, "eaten", "2026-11-21T09:00:00+00:00")).code == "status_unknown"
    assert error(await logistics.delivery_event(made, "delivered", "2026-11-21T09:00:00")).code == "time_invalid"


async def test_all_that_waits_can_be_moved_and_a_repeat_moves_nothing(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in)
    request, far = tail(order.requests()[0]["id"]), other_place(stand_in, order)
    stand_in.break_next("reset", "fulfillmentOrderMove", acted=True)
    moved = value(await logistics.move(request, far, None))
    before = stand_in.calls("fulfillmentOrderMove")
    assert value(await logistics.move(request, far, None)) == moved
    assert stand_in.calls("fulfillmentOrderMove") == before
    state = await seen(logistics, order)
    assert {one.location_id for one in state.fulfillment_orders if any(row.remaining for row in one.lines)} == {far}
    assert left(state) == order.lines


async def test_what_happens_to_an_order_on_its_way_out_is_told_and_its_order_found(
    stand_in: StandIn, logistics: ShopifyLogistics, channel: ShopifyChannel, receiver: Receiver
) -> None:
    topics = ("fulfillment_orders/moved", "fulfillments/create")
    order = shippable(stand_in)
    request, far = tail(order.requests()[0]["id"]), other_place(stand_in, order)
    await channel.subscribe(topics, receiver.uri)
    moved = value(await logistics.move(request, far, None))
    value((await logistics.fulfill([parcel_of(order, order.lines, location=far)]))[0])
    source = webhook_source({stand_in.shop: stand_in.settings()})
    told = {one.topic: one for one in (source.delivery(*arrived) for arrived in receiver.wait_for(2))}
    assert {one.kind for one in told.values()} == {"fulfillment"}
    shipped, elsewhere = (taken(told[topic]) for topic in ("fulfillments/create", "fulfillment_orders/moved"))
    assert shipped.aggregate_key == aggregate_key(stand_in.shop, "order", order.id)
    assert (logistics.order_id_of(shipped), logistics.order_id_of(elsewhere)) == (order.id, None)
    named = logistics.fulfillment_order_id_of(elsewhere)
    assert elsewhere.aggregate_key == aggregate_key(stand_in.shop, "fulfillment-order", named)
    assert await logistics.order_ids_of([named, moved, "999"]) == dict.fromkeys((named, moved), order.id)
    with pytest.raises(RejectedError) as caught:
        logistics.fulfillment_order_id_of(shipped)
    assert caught.value.code == "fulfillment_order_unknown"


async def test_some_pieces_are_moved_once_and_shipped_from_there_though_ids_changed(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in)
    request, far, part = tail(order.requests()[0]["id"]), other_place(stand_in, order), first_line(order)
    stand_in.break_next("reset", "fulfillmentOrderMove", acted=True)
    moved = value(await logistics.move(request, far, part))
    assert value(await logistics.move(request, far, part)) == moved != request
    state = await seen(logistics, order)
    at_far = [one for one in state.fulfillment_orders if one.location_id == far]
    assert {row.line_id: row.remaining for one in at_far for row in one.lines if row.remaining} == part
    assert left(state) == order.lines
    value((await logistics.fulfill([parcel_of(order, part, location=far)]))[0])
    assert error(await logistics.move(request, far, first_line(order, 999))).code == "nothing_remains"


async def test_a_hold_stops_a_parcel_until_it_is_released_and_others_holds_stay(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in)
    request = tail(order.requests()[0]["id"])
    stand_in.break_next("reset", "fulfillmentOrderHold", acted=True)
    assert value(await logistics.hold(request, "high_risk_of_fraud", "fraud")) == request
    assert value(await logistics.hold(request, "high_risk_of_fraud", "fraud")) == request
    assert value(await logistics.hold(request, "export papers are missing", "papers")) == request
    kept = stand_in.record("FulfillmentOrder", f"gid://shopify/FulfillmentOrder/{request}")["fulfillmentHolds"]
    assert [(one["reason"], one["handle"]) for one in kept] == [("HIGH_RISK_OF_FRAUD", "fraud"), ("OTHER", "papers")]
    write = parcel_of(order, first_line(order))
    failed = error((await logistics.fulfill([write]))[0])
    assert (type(failed), failed.code) == (HeldError, "on_hold")
    value(await logistics.release(request, "fraud"))
    assert error((await logistics.fulfill([write]))[0]).code == "on_hold"
    stand_in.break_next("reset", "fulfillmentOrderReleaseHold", acted=True)
    value(await logistics.release(request))
    value(await logistics.release(request))
    value((await logistics.fulfill([write]))[0])


async def test_an_order_is_cancelled_to_the_end_of_the_shops_job_and_once(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in)
    assert value(await logistics.cancel_order(order.id, "customer", restock=True, refund=True)) == order.id
    record = order.record()
    assert (bool(record["cancelledAt"]), record["cancelReason"]) == (True, "CUSTOMER")
    before = stand_in.calls("orderCancel")
    assert value(await logistics.cancel_order(order.id, "customer", restock=True, refund=True)) == order.id
    assert stand_in.calls("orderCancel") == before
    failed = error((await logistics.fulfill([parcel_of(order, first_line(order))]))[0])
    assert failed.code == "order_cancelled"


async def test_a_cancellation_whose_answer_got_lost_is_waited_for(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in)
    stand_in.break_next("reset", "orderCancel", acted=True)
    assert value(await logistics.cancel_order(order.id, "no stock at all", restock=True, refund=False)) == order.id
    assert order.record()["cancelReason"] == "OTHER"


async def test_why_an_order_cannot_be_cancelled_is_said(stand_in: StandIn, logistics: ShopifyLogistics) -> None:
    order = shippable(stand_in)
    await logistics.fulfill([parcel_of(order, first_line(order))])
    failed = error(await logistics.cancel_order(order.id, "customer", restock=True, refund=True))
    assert (type(failed), failed.code) == (RejectedError, "already_shipped")
    failed = error(await logistics.cancel_order("99999999999", "customer", restock=True, refund=True))
    assert failed.code == "unknown_order"


async def test_an_authorization_is_captured_up_to_a_total_and_never_twice(
    stand_in: StandIn, logistics: ShopifyLogistics
) -> None:
    order = shippable(stand_in, payment="AUTHORIZED", pieces=1)
    record = order.record()
    parent = next(one for one in record["transactions"] if one["kind"] == "AUTHORIZATION")
    whole = Money.of(parent["amountSet"]["presentmentMoney"]["amount"], record["presentmentCurrencyCode"])
    part = Money.of("1.00", whole.currency)
    first = value(await logistics.capture(order.id, tail(parent["id"]), part))
    assert value(await logistics.capture(order.id, tail(parent["id"]), part)) == first
    stand_in.break_next("reset", "orderCapture", acted=True)
    second = value(await logistics.capture(order.id, tail(parent["id"]), whole))
    assert value(await logistics.capture(order.id, tail(parent["id"]), whole)) == second != first
    record = order.record()
    taken = [
        one["amountSet"]["presentmentMoney"]["amount"] for one in record["transactions"] if one["kind"] == "CAPTURE"
    ]
    assert len(taken) == 2
    assert record["displayFinancialStatus"] == "PAID"
    above = Money.of(whole.amount + 5, whole.currency)
    assert isinstance(error(await logistics.capture(order.id, tail(parent["id"]), above)), RejectedError)
    other = Money.of("2.00", "SEK")
    assert error(await logistics.capture(order.id, tail(parent["id"]), other)).code == "currency_mismatch"


async def test_many_orders_are_read_in_one_call(stand_in: StandIn, logistics: ShopifyLogistics) -> None:
    ids = [tail(one["order_id"]) for one in stand_in.place(30, seed=41)]
    before = stand_in.calls("nodes")
    read = await logistics.read_logistics([*ids, "99999999999"])
    assert set(read) == set(ids)
    assert stand_in.calls("nodes") == before + 1


async def test_its_scopes_are_checked(logistics: ShopifyLogistics) -> None:
    await logistics.check()
