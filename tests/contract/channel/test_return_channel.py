"""What every return channel promises, shown on the Shopify stand-in as a process of its own."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from canonical.errors import RejectedError, RetryableError
from canonical.fulfillment import Parcel, ParcelLine
from canonical.ids import aggregate_key
from canonical.money import Money, MoneyPair, total_pair
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.aftersales import FulfillmentWrite, RefundWrite, ReturnChannel
from canonical.records import Message
from canonical.returns import Disposition, Refund, Return, ReturnStatus
from canonical.states import MessageState
from connectors.shopify.channel import ShopifyChannel
from connectors.shopify.logistics import open_logistics
from connectors.shopify.returns import ShopifyReturns, open_returns
from connectors.shopify.webhooks import webhook_source
from tests.contract.channel.conftest import StandIn
from tests.contract.channel.orders import Placed, shippable, tail
from tests.contract.channel.receiver import Receiver, taken

pytestmark = pytest.mark.counterpart
REQUEST = (
    "mutation($i: ReturnRequestInput!) { returnRequest(input: $i) { return { id } userErrors { field message code } } }"
)


@pytest.fixture
async def returns(stand_in: StandIn) -> AsyncIterator[ShopifyReturns]:
    opened = open_returns(stand_in.shop, stand_in.settings())
    yield opened
    await opened.aclose()
    stand_in.ask("DELETE", "/faults")


def key() -> str:
    return f"north:return.create:{uuid.uuid4()}"


def value(outcome: Outcome[Any]) -> Any:
    assert isinstance(outcome, Settled), outcome
    return outcome.value


def error(outcome: Outcome[Any]) -> Any:
    assert isinstance(outcome, Failed), outcome
    return outcome.error


async def shipped(stand_in: StandIn, *, foreign: bool = False) -> Placed:
    """An order of which everything has left."""
    order = shippable(stand_in, foreign=foreign)
    lines = tuple(ParcelLine(line_id=line, quantity=pieces) for line, pieces in order.lines.items())
    parcel = Parcel(id=order.id, carrier="UPS", tracking_number=f"1Z{order.id}", lines=lines)
    logistics = open_logistics(stand_in.shop, stand_in.settings())
    write = FulfillmentWrite(f"ship/{order.id}", order.id, order.location, parcel, order.lines)
    value((await logistics.fulfill([write]))[0])
    await logistics.aclose()
    return order


def line_of(order: Placed) -> str:
    return max(order.lines, key=lambda line: order.lines[line])


def requested(stand_in: StandIn, order: Placed, pieces: int = 2) -> str:
    """A return the shopper asks for."""
    asked = "query($id: ID!) { returnableFulfillments(orderId: $id, first: 5) { nodes { returnableFulfillmentLineItems"
    asked += "(first: 20) { nodes { quantity fulfillmentLineItem { id lineItem { id } } } } } } }"
    nodes = stand_in.graphql(asked, id=order.gid)["returnableFulfillments"]["nodes"]
    rows = [row["fulfillmentLineItem"] for one in nodes for row in one["returnableFulfillmentLineItems"]["nodes"]]
    line = next(row["id"] for row in rows if tail(row["lineItem"]["id"]) == line_of(order))
    row = {"fulfillmentLineItemId": line, "quantity": pieces, "returnReason": "DEFECTIVE"}
    given = {"orderId": order.gid, "returnLineItems": [row]}
    done = stand_in.graphql(REQUEST, i=given)["returnRequest"]
    assert done["userErrors"] == []
    return tail(done["return"]["id"])


async def seen(returns: ShopifyReturns, return_id: str) -> Return:
    found = (await returns.read_returns([return_id]))[return_id]
    assert isinstance(found, Return)
    return found


async def refunds_of(returns: ShopifyReturns, order: Placed) -> tuple[Refund, ...]:
    return (await returns.read_refunds([order.id]))[order.id]


async def refund_write(returns: ShopifyReturns, order: Placed, pieces: int = 1, **changes: Any) -> RefundWrite:
    """The refund of some pieces as the shop suggests it."""
    told = await returns.suggested_refund(order.id, {line_of(order): pieces}, shipping=False)
    lines = {line_of(order): (pieces, None)}
    write = RefundWrite(key(), order.id, None, lines, None, told.tenders, note="Damaged", notify=False)
    return replace(write, **changes)


def test_it_is_the_channel_that_the_port_describes(returns: ShopifyReturns) -> None:
    assert isinstance(returns, ReturnChannel)


async def test_many_returns_are_looked_at_together_and_one_that_is_refused_stops_no_other(
    stand_in: StandIn, returns: ShopifyReturns
) -> None:
    first, second = [requested(stand_in, await shipped(stand_in)) for _ in range(2)]
    before = stand_in.calls("nodes")
    approved = await returns.approve([first, "99999999999", second])
    assert [value(approved[0]), error(approved[1]).code, value(approved[2])] == [first, "unknown_return", second]
    assert stand_in.calls("nodes") == before + 1
    assert [(await seen(returns, one)).status for one in (first, second)] == [ReturnStatus.OPEN] * 2


async def test_a_request_is_read_and_approved_once(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    return_id = requested(stand_in, order)
    read = await seen(returns, return_id)
    assert (read.order_id, read.status) == (order.id, ReturnStatus.REQUESTED)
    assert [(one.line_id, one.quantity, one.reason) for one in read.lines] == [
        (line_of(order), 2, "damaged-or-defective")
    ]
    stand_in.break_next("reset", "returnApproveRequest", acted=True)
    assert value((await returns.approve([return_id]))[0]) == return_id
    before = stand_in.calls("returnApproveRequest")
    assert value((await returns.approve([return_id]))[0]) == return_id
    assert stand_in.calls("returnApproveRequest") == before
    assert (await seen(returns, return_id)).status is ReturnStatus.OPEN
    assert isinstance(error(await returns.decline(return_id, "other", "too late")), RejectedError)


async def test_a_request_is_declined_once_with_its_reason(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    return_id = requested(stand_in, order)
    stand_in.break_next("reset", "returnDeclineRequest", acted=True)
    assert value(await returns.decline(return_id, "final_sale", "Sold as seen")) == return_id
    assert value(await returns.decline(return_id, "final_sale", "Sold as seen")) == return_id
    kept = stand_in.record("Return", f"gid://shopify/Return/{return_id}")
    assert (kept["status"], kept["decline"]) == ("DECLINED", {"reason": "FINAL_SALE", "note": "Sold as seen"})
    assert isinstance(error((await returns.approve([return_id]))[0]), RejectedError)
    assert error(await returns.decline(return_id, "other", "x" * 501)).code == "note_too_long"
    assert error((await returns.approve(["99999999999"]))[0]).code == "unknown_return"


async def test_goods_that_came_back_unannounced_get_one_return_a_key(
    stand_in: StandIn, returns: ShopifyReturns
) -> None:
    order = await shipped(stand_in)
    name, line = key(), line_of(order)
    stand_in.break_next("reset", "returnCreate", acted=True)
    opened = value(await returns.open_return(name, order.id, {line: 1}, "unwanted"))
    assert value(await returns.open_return(name, order.id, {line: 1}, "unwanted")) == opened
    other = value(await returns.open_return(key(), order.id, {line: 1}, "smells of smoke"))
    assert other != opened
    read = await seen(returns, opened)
    assert (read.status, read.lines[0].reason) == (ReturnStatus.OPEN, "changed-my-mind")
    assert (await seen(returns, other)).lines[0].reason == "other-reason"
    failed = error(await returns.open_return(key(), order.id, {line: 999}, "unwanted"))
    assert (type(failed), failed.code) == (RejectedError, "not_returnable")


async def test_what_inspections_found_is_told_once_and_added_to(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    place = order.location
    opened = value(await returns.open_return(key(), order.id, {line_of(order): 2}, "defective"))
    (line,) = (await seen(returns, opened)).lines
    first = [(line.id, 1, Disposition.RESTOCK, place)]
    stand_in.break_next("reset", "reverseFulfillmentOrderDispose", acted=True)
    value(await returns.dispose(opened, first))
    before = stand_in.calls("reverseFulfillmentOrderDispose")
    value(await returns.dispose(opened, first))
    assert stand_in.calls("reverseFulfillmentOrderDispose") == before
    value(await returns.dispose(opened, [*first, (line.id, 1, Disposition.SCRAP, None)]))
    (line,) = (await seen(returns, opened)).lines
    found = {(one.disposition, one.quantity, one.location) for one in line.inspected}
    assert found == {(Disposition.RESTOCK, 1, place), (Disposition.SCRAP, 1, None)}
    assert line.received == 2
    failed = error(await returns.dispose(opened, [*first, (line.id, 2, Disposition.MISSING, None)]))
    assert failed.code == "too_many_returned"
    assert error(await returns.dispose(opened, [(line.id, 1, Disposition.RESTOCK, None)])).code == "location_missing"


async def test_goods_set_aside_are_decided_on_later(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    opened = value(await returns.open_return(key(), order.id, {line_of(order): 1}, "defective"))
    (line,) = (await seen(returns, opened)).lines
    value(await returns.dispose(opened, [(line.id, 1, Disposition.REFURBISH, None)]))
    assert (await seen(returns, opened)).lines[0].inspected[0].disposition is Disposition.REFURBISH
    value(await returns.dispose(opened, [(line.id, 1, Disposition.RESTOCK, order.location)]))
    (found,) = (await seen(returns, opened)).lines[0].inspected
    assert (found.disposition, found.quantity) == (Disposition.RESTOCK, 1)


@pytest.mark.parametrize("foreign", [False, True], ids=["one currency", "two currencies"])
async def test_a_refund_is_made_once_to_the_cent_in_both_currencies(
    stand_in: StandIn, returns: ShopifyReturns, foreign: bool
) -> None:
    order = await shipped(stand_in, foreign=foreign)
    write = await refund_write(returns, order)
    stand_in.break_next("reset", "refundCreate", acted=True)
    made = value(await returns.refund(write))
    again = value(await returns.refund(write))
    assert again == made
    assert [one.id for one in await refunds_of(returns, order)] == [made.id]
    told = MoneyPair(shop=made.total.shop, presentment=made.total.presentment)
    currencies = (told.shop.currency, told.presentment.currency)
    assert (currencies[0] != currencies[1]) is foreign
    assert told.presentment.amount == sum((one.amount.amount for one in write.tenders), Decimal(0))
    record = order.record()
    assert Decimal(record["totalRefundedSet"]["shopMoney"]["amount"]) == told.shop.amount
    parts = [part for line in made.lines for part in (line.subtotal, *(() if record["taxesIncluded"] else (line.tax,)))]
    assert total_pair(parts, *currencies).presentment == told.presentment
    assert not made.adjustments
    assert [one.parent_id for one in made.transactions] == [one.parent_id for one in write.tenders]


async def test_all_refunds_of_an_order_never_exceed_what_was_paid(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    write = await refund_write(returns, order)
    (tender, *_) = write.tenders
    too_much = replace(tender, amount=tender.amount * 1000)
    assert error(await returns.refund(replace(write, tenders=(too_much,)))).code == "above_payment"
    stranger = replace(tender, parent_id="99999999999")
    assert error(await returns.refund(replace(write, tenders=(stranger,)))).code == "tender_unknown"
    foreign = replace(tender, amount=Money.of("1.00", "SEK"))
    assert error(await returns.refund(replace(write, tenders=(foreign,)))).code == "currency_mismatch"
    fine = replace(tender, amount=Money.of("1.001", tender.amount.currency))
    assert error(await returns.refund(replace(write, tenders=(fine,)))).code == "amount_invalid"
    assert await refunds_of(returns, order) == ()
    value(await returns.refund(write))


async def test_an_amount_without_goods_is_refunded_as_an_adjustment(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    write = await refund_write(returns, order, lines={})
    five = tuple(replace(one, amount=Money.of("5.00", one.amount.currency)) for one in write.tenders[:1])
    made = value(await returns.refund(replace(write, tenders=five)))
    assert (made.lines, made.shipping, made.duties) == ((), None, None)
    assert [abs(one.presentment).amount for one in made.adjustments] == [Decimal("5.00")]
    assert made.total.presentment.amount == Decimal("5.00")


async def test_delivery_is_refunded_on_its_own(stand_in: StandIn, returns: ShopifyReturns) -> None:
    for _ in range(20):
        order = await shipped(stand_in)
        told = await returns.suggested_refund(order.id, {}, shipping=True)
        if not told.shipping.is_zero:
            break
    write = RefundWrite(key(), order.id, None, {}, told.shipping, told.tenders, notify=False)
    made = value(await returns.refund(write))
    assert made.shipping == told.shipping
    assert made.shipping_tax is not None
    assert made.total == told.amount
    assert not made.adjustments


async def test_a_refund_of_a_return_takes_its_pieces_out_once(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    opened = value(await returns.open_return(key(), order.id, {line_of(order): 2}, "defective"))
    (line,) = (await seen(returns, opened)).lines
    found = [(line.id, 1, Disposition.RESTOCK, order.location), (line.id, 1, Disposition.SCRAP, None)]
    value(await returns.dispose(opened, found))
    write = await refund_write(returns, order, 2, return_id=opened)
    stand_in.break_next("reset", "returnProcess", acted=True)
    made = value(await returns.refund(write))
    assert value(await returns.refund(write)) == made
    assert (made.return_id, sum(one.quantity for one in made.lines)) == (opened, 2)
    assert {(one.quantity, one.restock) for one in made.lines} == {(1, True), (1, False)}
    (line,) = (await seen(returns, opened)).lines
    assert (line.processed, line.refunded) == (2, 2)
    assert error(await returns.refund(replace(write, key=key()))).code in ("not_returned", "above_payment")
    twice = await refund_write(returns, order, 0, return_id=opened, lines={line_of(order): (1, "1")})
    assert error(await returns.refund(twice)).code == "restock_twice"


async def test_a_refund_that_may_have_been_made_is_not_sent_again_before_it_was_looked_for(
    stand_in: StandIn, returns: ShopifyReturns
) -> None:
    order = await shipped(stand_in)
    opened = value(await returns.open_return(key(), order.id, {line_of(order): 1}, "defective"))
    write = await refund_write(returns, order, 1, return_id=opened)
    stand_in.break_next("http_502", "returnProcess", acted=False)
    before = stand_in.calls("returnProcess")
    failed = error(await returns.refund(write))
    assert isinstance(failed, RetryableError)
    assert failed.maybe_applied
    assert stand_in.calls("returnProcess") == before + 1
    value(await returns.refund(write))
    assert len(await refunds_of(returns, order)) == 1


async def test_refunds_made_by_others_are_read(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    rows = [{"lineItemId": f"gid://shopify/LineItem/{line_of(order)}", "quantity": 1}]
    given: dict[str, Any] = {"orderId": order.gid, "note": "by hand", "refundLineItems": rows}
    refund = (
        "mutation($i: RefundInput!, $k: String!) { refundCreate(input: $i) @idempotent(key: $k) { refund { id } } }"
    )
    stand_in.graphql(refund, i=given, k=str(uuid.uuid4()))
    (read,) = await refunds_of(returns, order)
    assert (read.note, read.transactions, [one.quantity for one in read.lines]) == ("by hand", (), [1])
    assert set(await returns.read_refunds([order.id, "99999999999"])) == {order.id}


async def test_an_exchange_shows_what_goes_out_instead(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    variant = next(r for r in stand_in.ask("GET", f"/state/{stand_in.domain}/ProductVariant")["records"] if r["sku"])
    asked = "query($id: ID!) { order(id: $id) { fulfillments { fulfillmentLineItems(first: 9) { nodes { id } } } } }"
    line = stand_in.graphql(asked, id=order.gid)["order"]["fulfillments"][0]["fulfillmentLineItems"]["nodes"][0]["id"]
    rows = [{"fulfillmentLineItemId": line, "quantity": 1, "returnReason": "STYLE"}]
    given = {"orderId": order.gid, "returnLineItems": rows}
    given["exchangeLineItems"] = [{"variantId": variant["id"], "quantity": 1}]
    create = "mutation($i: ReturnInput!) { returnCreate(returnInput: $i) { return { id } userErrors { message } } }"
    done = stand_in.graphql(create, i=given)["returnCreate"]
    assert done["userErrors"] == []
    (exchange,) = (await seen(returns, tail(done["return"]["id"]))).exchanges
    assert (exchange.sku, exchange.quantity, exchange.line_ids) == (variant["sku"], 1, ())


async def test_pieces_that_never_left_are_refunded_off_what_is_to_be_shipped(
    stand_in: StandIn, returns: ShopifyReturns
) -> None:
    order = shippable(stand_in)
    line = line_of(order)
    write = await refund_write(returns, order, lines={line: (1, order.location)}, unshipped=True)
    made = value(await returns.refund(write))
    assert [(one.quantity, one.restock, one.location_id) for one in made.lines] == [(1, True, order.location)]
    rows = [row for one in order.requests() for row in one["lineItems"]["nodes"]]
    left = sum(row["remainingQuantity"] for row in rows if tail(row["lineItem"]["id"]) == line)
    assert left == order.lines[line] - 1


async def test_duties_are_given_back_with_their_pieces(stand_in: StandIn, returns: ShopifyReturns) -> None:
    for seed in range(700, 740):
        for row in stand_in.place(30, seed=seed):
            record = stand_in.record("Order", row["order_id"])
            lines = [line for line in record["lineItems"] if line.get("duties")]
            if lines and record["displayFinancialStatus"] == "PAID":
                break
        else:
            continue
        break
    order_id, wanted = tail(record["id"]), {tail(lines[0]["id"]): 1}
    told = await returns.suggested_refund(order_id, wanted, shipping=False, duties=True)
    plain = await returns.suggested_refund(order_id, wanted, shipping=False)
    assert told.amount.presentment.amount > plain.amount.presentment.amount
    rows = {line: (pieces, None) for line, pieces in wanted.items()}
    write = RefundWrite(key(), order_id, None, rows, None, told.tenders, notify=False, duties=True)
    made = value(await returns.refund(write))
    assert made.duties is not None
    assert made.duties.presentment.amount > 0
    assert made.total == told.amount
    assert not made.adjustments


async def test_a_poll_finds_the_returns_of_orders(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order, other = await shipped(stand_in), shippable(stand_in)
    return_id = requested(stand_in, order)
    found = await returns.returns_of([order.id, other.id, "99999999999"])
    assert found == {order.id: (return_id,), other.id: ()}


async def test_a_return_is_closed_once(stand_in: StandIn, returns: ShopifyReturns) -> None:
    order = await shipped(stand_in)
    opened = value(await returns.open_return(key(), order.id, {line_of(order): 1}, "defective"))
    stand_in.break_next("reset", "returnClose", acted=True)
    assert value((await returns.close([opened]))[0]) == opened
    before = stand_in.calls("returnClose")
    assert value((await returns.close([opened]))[0]) == opened
    assert stand_in.calls("returnClose") == before
    assert (await seen(returns, opened)).status is ReturnStatus.CLOSED


async def test_what_happens_to_a_return_is_told_of_its_order_or_of_itself(
    stand_in: StandIn, returns: ShopifyReturns, channel: ShopifyChannel, receiver: Receiver
) -> None:
    topics = ("returns/request", "returns/approve", "returns/close")
    order = await shipped(stand_in)
    await channel.subscribe(topics, receiver.uri)
    return_id = requested(stand_in, order)
    value((await returns.approve([return_id]))[0])
    value((await returns.close([return_id]))[0])
    source = webhook_source({stand_in.shop: stand_in.settings()})
    told = [taken(source.delivery(*arrived)) for arrived in receiver.wait_for(3)]
    assert {one.topic for one in told} == {"returns/request", "returns/approve", "returns/close"}
    assert {one.kind for one in told} == {"returns"}
    assert {one.aggregate_key for one in told} == {aggregate_key(stand_in.shop, "order", order.id)}
    assert {returns.return_id_of(one) for one in told} == {return_id}


def message(topic: str, body: bytes) -> Message:
    return Message(
        seq=1,
        delivery_key="d-1",
        channel="shopify",
        scope="north",
        topic=topic,
        kind="returns",
        aggregate_key="a",
        correlation_id="c",
        received_at=datetime.now(UTC),
        headers={},
        body=body,
        state=MessageState.READY,
    )


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("returns/request", b'{"id": 7, "admin_graphql_api_id": "gid://shopify/Return/7", "order": {"id": 9}}'),
        ("returns/update", b'{"admin_graphql_api_id": "gid:\\/\\/shopify\\/Return\\/7"}'),
        ("returns/close", b'{"id": 7, "order_id": 9}'),
        ("refunds/create", b'{"id": 5, "order_id": 9, "return": {"admin_graphql_api_id": "gid://shopify/Return/7"}}'),
    ],
)
def test_a_message_says_which_return_it_is_about(returns: ShopifyReturns, topic: str, body: bytes) -> None:
    assert returns.return_id_of(message(topic, body)) == "7"


def test_a_message_that_names_no_return_is_refused(returns: ShopifyReturns) -> None:
    with pytest.raises(RejectedError, match="names no return"):
        returns.return_id_of(message("refunds/create", b'{"id": 5, "order_id": 9}'))


async def test_its_scopes_are_checked(returns: ShopifyReturns) -> None:
    await returns.check()
