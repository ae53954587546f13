"""Order ingestion over fakes: what is booked, held, quarantined, and what never happens twice."""

from datetime import timedelta

from canonical.errors import RejectedError
from canonical.order import TransactionKind
from canonical.records import CaseKind
from canonical.rules import example
from canonical.states import OrderState
from flows.handling.arrivals import ingest_named, poll
from flows.handling.rechecks import recheck_delivery
from tests.fakes.systems import delivery
from tests.flows.conftest import House, some_orders


async def test_a_paid_order_is_booked_once_and_its_number_goes_back_to_the_shop(house: House) -> None:
    order = example.order()
    await house.arrive(order)
    tally = await house.drain()
    record = await house.record(order)
    assert tally.counts == {"accepted": 1, "posted": 1}
    assert (record.state, record.external_number) == (OrderState.POSTED, "S00001")
    assert house.erp.total == order.totals.total.shop.amount
    assert house.shop.written == {order.id: "S00001"}


async def test_the_same_webhook_again_and_a_replay_book_nothing_more(house: House) -> None:
    order = example.order()
    await house.arrive(order, order)
    await house.drain()
    (line, *_) = [t for t in await house.store.trace(order.name) if "delivery_key" in t.ids or t.what == "received"]
    assert line is not None
    await house.arrive(order)
    await house.drain()
    assert len(house.erp.documents) == 1
    assert house.erp.calls == [["#1001"]]


async def test_one_order_the_erp_refuses_does_not_stop_the_others_and_books_once_repaired(house: House) -> None:
    orders = some_orders(8)
    house.erp.reject = {"#2003"}
    await house.arrive(*orders)
    await house.drain()
    assert len(house.erp.documents) == 7
    (case,) = await house.store.cases(kind=CaseKind.QUARANTINED)
    assert (case.document, case.reason_code) == ("order #2003", "erp_refused")
    house.erp.reject = set()
    assert await ingest_named(house.rt, "north", ["#2003"]) == []
    await house.drain()
    assert len(house.erp.documents) == 8
    assert await house.store.cases() == []


async def test_one_drain_books_all_orders_of_a_customer_however_many_wait_behind_each_other(house: House) -> None:
    await house.arrive(*(example.order(id=str(7000 + i), name=f"#{3000 + i}") for i in range(25)))
    tally = await house.drain()
    assert tally.counts["posted"] == 25


async def test_a_reply_lost_after_the_commit_leaves_exactly_one_document(house: House) -> None:
    orders = some_orders(5)
    house.erp.lose_reply = 1
    await house.arrive(*orders)
    await house.drain()
    house.ahead = timedelta(minutes=2)
    await house.drain()
    assert len(house.erp.documents) == 5
    assert len(house.erp.calls) == 1
    assert {(await house.record(o)).state for o in orders} == {OrderState.POSTED}


async def test_while_the_erp_is_down_orders_are_reserved_and_the_lane_is_parked_without_burning_attempts(
    house: House,
) -> None:
    house.erp.down = True
    orders = some_orders(5)
    await house.arrive(*orders)
    for _ in range(3):
        await house.drain()
    reserved = await house.store.reserved("north")
    assert {(await house.record(o)).state for o in orders} == {OrderState.ACCEPTED}
    assert sum(int(float(v)) for v in reserved.values()) == 5
    (lane,) = await house.store.lanes()
    assert lane.parked_until is not None
    assert "erp_down" in str(lane.reason)
    house.erp.down = False
    house.ahead = timedelta(minutes=5)
    await house.drain()
    assert [name for call in house.erp.calls for name in call] == [o.name for o in orders]


async def test_a_pending_payment_is_held_in_words_and_released_by_the_later_webhook(house: House) -> None:
    waiting = example.order(financial_status="pending", transactions=())
    await house.arrive(waiting)
    await house.drain()
    (case,) = await house.store.cases(kind=CaseKind.HELD)
    assert case.reason_code == "payment_pending"
    paid = example.order().model_copy(update={"updated_at": waiting.updated_at + timedelta(minutes=1)})
    await house.arrive(paid, topic="orders/paid")
    await house.drain()
    assert (await house.record(paid)).state == OrderState.POSTED
    assert await house.store.cases() == []


async def test_a_person_releases_a_fraud_hold_and_it_stays_released(house: House) -> None:
    risky = example.order(risk="investigate")
    await house.arrive(risky)
    await house.drain()
    record = await house.record(risky)
    assert record.state == OrderState.HELD
    await house.store.put(
        [recheck_delivery(record, house.rt.now(), waive=["fraud_review"], actor="cli:ada", why="customer known")]
    )
    await house.drain()
    posted = await house.record(risky)
    assert (posted.state, posted.waived) == (OrderState.POSTED, ("fraud_review",))


async def test_an_older_webhook_that_comes_late_changes_nothing(house: House) -> None:
    new = example.order()
    old = new.model_copy(update={"updated_at": new.updated_at - timedelta(hours=1), "note": "older"})
    await house.arrive(new)
    await house.drain()
    await house.arrive(old, topic="orders/updated")
    tally = await house.drain()
    assert tally.counts == {"superseded": 1}
    assert (await house.record(new)).updated_at == new.updated_at


async def test_an_unreadable_body_is_quarantined_and_its_neighbours_are_booked(house: House) -> None:
    orders = some_orders(3)
    await house.arrive(*orders)
    broken = example.order(id="7777", name="#7777")
    await house.store.put([delivery(broken, webhook="broken", body=b'{"id": "!"}')])
    await house.drain()
    assert len(house.erp.documents) == 3
    (case,) = await house.store.cases(kind=CaseKind.QUARANTINED)
    assert case.document.endswith("7777")


async def test_an_order_whose_webhook_never_came_is_found_by_the_poll_once(house: House) -> None:
    known, lost = some_orders(2, updated_at=house.rt.now() - timedelta(minutes=3))
    await house.arrive(known)
    await house.drain()
    house.shop.orders[lost.id] = lost
    assert await poll(house.rt, "north") == 1
    await house.drain()
    assert await poll(house.rt, "north") == 0
    assert len(house.erp.documents) == 2


async def test_a_cancel_before_posting_books_nothing_and_ends_the_reservation(house: House) -> None:
    house.erp.down = True
    order = example.order()
    await house.arrive(order)
    await house.drain()
    gone = order.model_copy(
        update={"cancelled_at": order.updated_at, "updated_at": order.updated_at + timedelta(minutes=1)}
    )
    await house.arrive(gone, topic="orders/cancelled")
    await house.drain()
    house.erp.down, house.ahead = False, timedelta(minutes=5)
    await house.drain()
    assert house.erp.documents == {}
    assert (await house.record(order)).state == OrderState.CANCELLED
    assert await house.store.reserved("north") == {}


async def test_a_cancel_after_posting_cancels_the_erp_document(house: House) -> None:
    order = example.order()
    await house.arrive(order)
    await house.drain()
    later = order.updated_at + timedelta(minutes=1)
    await house.arrive(order.model_copy(update={"cancelled_at": later, "updated_at": later}), topic="orders/cancelled")
    await house.drain()
    assert [str(b.status) for _, b in house.erp.documents.values()] == ["cancelled"]
    assert (await house.record(order)).state == OrderState.CANCELLED


async def test_a_change_of_what_was_booked_is_held_with_what_changed(house: House) -> None:
    order = example.order()
    await house.arrive(order)
    await house.drain()
    changed = example.order(lines=(example.line(quantity=3, taxes=(example.tax("5.40"),)),)).model_copy(
        update={"updated_at": order.updated_at + timedelta(minutes=1), "edited": True}
    )
    await house.arrive(changed, topic="orders/updated")
    await house.drain()
    (case,) = await house.store.cases(kind=CaseKind.HELD)
    assert case.reason_code == "changed_after_posting"
    assert "quantity" in case.words or "booked" in case.words
    assert len(house.erp.documents) == 1


async def test_authorised_money_that_is_captured_after_booking_changes_nothing_booked(house: House) -> None:
    held = example.payment("23.80", kind=TransactionKind.AUTHORIZATION)
    order = example.order(financial_status="authorized", transactions=(held,))
    await house.arrive(order)
    await house.drain()
    assert len(house.erp.documents) == 1
    taken = example.payment("23.80", id="32", kind=TransactionKind.CAPTURE, parent_id=held.id)
    paid = {"financial_status": "paid", "transactions": (held, taken)}
    for minute in (1, 2):
        later = example.order(**paid).model_copy(update={"updated_at": order.updated_at + timedelta(minutes=minute)})
        await house.arrive(later, topic="orders/updated")
        await house.drain()
        assert await house.store.cases() == []


async def test_a_dead_workers_claim_is_taken_over_and_its_sent_effect_is_read_back_not_resent(house: House) -> None:
    order = example.order()
    await house.arrive(order)
    original = house.erp.create_sales_orders

    async def book_and_die(*arguments: object) -> object:
        await original(*arguments)  # type: ignore[arg-type]
        raise RuntimeError("the power went out")

    house.erp.create_sales_orders = book_and_die  # type: ignore[method-assign, assignment]
    try:
        await house.drain()
    except* RuntimeError:
        pass
    house.erp.create_sales_orders = original  # type: ignore[method-assign]
    house.expire_leases()
    await house.drain()
    assert len(house.erp.documents) == 1
    assert house.erp.calls == [["#1001"]]
    assert (await house.record(order)).state == OrderState.POSTED


async def test_the_audit_of_all_this_proves_itself(house: House) -> None:
    await house.arrive(*some_orders(6))
    await house.drain()
    count, broken = await house.store.verify_audit()
    assert count >= 12
    assert broken is None


def test_a_rejected_error_names_document_field_and_way_out() -> None:
    error = RejectedError("the price is negative", code="price", document="#1", field="price", way_out="Fix it.")
    assert str(error) == "#1 price: the price is negative (price). Fix it."
