"""Orders, reservations, cases and clocks: written together or not at all."""

from datetime import timedelta

import pytest

from canonical.errors import ConflictError
from canonical.records import Batch, CaseClosing, CaseKind, EffectUpdate
from canonical.states import ORDER, EffectState, MessageState, OrderState
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import (
    MINUTE,
    NOW,
    case,
    clock,
    delivery,
    done,
    entry,
    intent,
    order_record,
    reference,
    reservation,
)

ORDER_KEY = order_record().aggregate_key


async def test_a_batch_is_written_whole(store: SqlStateStore) -> None:
    await store.put([delivery()])
    held = await store.claim("order", "w", 1, MINUTE)
    await store.intend([intent()])
    await store.commit(
        Batch(
            owner="w",
            messages=done(held),
            orders=(order_record(),),
            reservations=(reservation(),),
            open_cases=(case(),),
            effects=(EffectUpdate(key=intent().key, state=EffectState.SENT),),
            references=(reference(),),
            start_clocks=(clock(),),
            stop_clocks=(("north", ORDER_KEY, "booked", NOW + MINUTE),),
            audit=(entry(),),
            deliveries=(delivery(kind="posting"),),
        )
    )
    assert await store.orders([ORDER_KEY]) == {ORDER_KEY: order_record()}
    assert await store.reserved("north") == {("A-1", None): "1"}
    assert [c.words for c in await store.cases()] == ["SKU A-1 has no ERP item"]
    assert (await store.effects([intent().key]))[intent().key].state is EffectState.SENT
    assert await store.reference("north", "sales-order", "erp", "77") == reference()
    assert await store.latency("booked", NOW) == [60.0]
    assert [row.entry for row in await store.audit(ORDER_KEY)] == [entry()]
    assert [m.kind for m in await store.claim("posting", "w", 9, MINUTE)] == ["posting"]


async def test_a_batch_that_fails_at_its_end_leaves_nothing(store: SqlStateStore) -> None:
    await store.put([delivery()])
    held = await store.claim("order", "w", 1, MINUTE)
    await store.commit(Batch(references=(reference(left="other"),)))
    broken = Batch(
        owner="w",
        messages=done(held),
        orders=(order_record(),),
        reservations=(reservation(),),
        open_cases=(case(),),
        references=(reference(),),
        audit=(entry(),),
        deliveries=(delivery(kind="posting"),),
    )
    with pytest.raises(ConflictError):
        await store.commit(broken)
    assert await store.orders([ORDER_KEY]) == {}
    assert await store.reserved("north") == {}
    assert await store.cases() == []
    assert await store.verify_audit() == (0, None)
    assert [(r.kind, r.state) for r in await store.summary()] == [("order", MessageState.CLAIMED)]


async def test_an_older_truth_never_overwrites_a_newer_one(store: SqlStateStore) -> None:
    await store.commit(Batch(orders=(order_record(document=b"new"),)))
    older = order_record(document=b"old", updated_at=NOW - timedelta(microseconds=1), state=OrderState.RECEIVED)
    await store.commit(Batch(orders=(older,)))
    assert (await store.orders([ORDER_KEY]))[ORDER_KEY].document == b"new"
    await store.commit(Batch(orders=(order_record(document=b"same time"),)))
    assert (await store.orders([ORDER_KEY]))[ORDER_KEY].document == b"same time"


async def test_a_webhook_that_does_not_know_the_booking_does_not_erase_it(store: SqlStateStore) -> None:
    booked = order_record(
        state=OrderState.POSTED, posted_at=NOW, external_id="77", external_number="SO77", booked_digest="d", run_id="r"
    )
    await store.commit(Batch(orders=(booked,)))
    later = order_record(state=OrderState.HELD, updated_at=NOW + MINUTE, waived=("fraud", "tax"))
    await store.commit(Batch(orders=(later,)))
    row = (await store.orders([ORDER_KEY]))[ORDER_KEY]
    assert (row.posted_at, row.external_id, row.external_number, row.booked_digest) == (NOW, "77", "SO77", "d")
    assert (row.state, row.waived) == (OrderState.HELD, ("fraud", "tax"))


@pytest.mark.parametrize("current", list(OrderState))
async def test_an_order_takes_only_steps_of_its_state_table(store: SqlStateStore, current: OrderState) -> None:
    for number, target in enumerate(OrderState):
        order = f"70{number}"
        await store.commit(Batch(orders=(order_record(order, state=current),)))
        step = Batch(orders=(order_record(order, state=target, updated_at=NOW + MINUTE),))
        if ORDER.allows(current, target):
            await store.commit(step)
        else:
            with pytest.raises(ConflictError) as caught:
                await store.commit(step)
            assert caught.value.document == order_record(order).name


async def test_orders_are_found_by_every_name_people_use(store: SqlStateStore) -> None:
    north = order_record("5001", name="#1001", external_id="77", external_number="SO77")
    south = order_record("6001", scope="south", name="#1001")
    await store.commit(Batch(orders=(north, south)))
    for words in ("5001", "gid://web/Order/5001", "77", "SO77", north.correlation_id, north.aggregate_key):
        assert await store.find_orders(words) == [north], words
    for words in ("#1001", "1001", " #1001 "):
        assert {o.scope for o in await store.find_orders(words)} == {"north", "south"}, words
    assert await store.find_orders("#1001", scope="south") == [south]
    assert await store.find_orders("") == []


async def test_reservations_add_up_exactly_per_sku_and_location(store: SqlStateStore) -> None:
    lines = [
        reservation("1", "1", quantity="0.1"),
        reservation("1", "2", quantity="0.2"),
        reservation("2", "1", quantity="3", location="dc-1"),
        reservation("3", "1", quantity="5", sku="B-1", scope="south"),
    ]
    await store.commit(Batch(reservations=tuple(lines)))
    assert await store.reserved("north") == {("A-1", None): "0.3", ("A-1", "dc-1"): "3"}
    assert await store.reserved("north", ["B-1"]) == {}
    assert await store.reserved("south", ["B-1"]) == {("B-1", None): "5"}
    await store.commit(Batch(reservations=(reservation("1", "1", quantity="2", location="dc-1"),)))
    assert await store.reserved("north") == {("A-1", None): "0.2", ("A-1", "dc-1"): "5"}


async def test_a_reservation_ends_or_expires(store: SqlStateStore) -> None:
    await store.commit(
        Batch(reservations=(reservation("1"), reservation("2"), reservation("3", expires_at=NOW - MINUTE)))
    )
    assert await store.reserved("north") == {("A-1", None): "2"}
    await store.commit(Batch(end_reservations=(("north", "1", "allocation"),)))
    assert await store.reserved("north") == {("A-1", None): "1"}


async def test_one_open_case_for_an_aggregate_and_reason_and_it_keeps_its_age(store: SqlStateStore) -> None:
    await store.commit(Batch(open_cases=(case(),)))
    await store.commit(Batch(open_cases=(case(words="SKU A-1 and A-2", opened_at=NOW + MINUTE, owner="buyer"),)))
    (found,) = await store.cases()
    assert (found.words, found.owner, found.opened_at) == ("SKU A-1 and A-2", "buyer", NOW)


async def test_closing_can_spare_cases_and_a_closed_one_can_open_anew(store: SqlStateStore) -> None:
    await store.commit(Batch(open_cases=(case(), case(reason_code="fraud"), case(reason_code="tax"))))
    await store.commit(Batch(close_cases=(CaseClosing(aggregate_key=ORDER_KEY, keep=("fraud",), closed_by="ann"),)))
    assert [c.reason_code for c in await store.cases()] == ["fraud"]
    await store.commit(
        Batch(
            close_cases=(
                CaseClosing(aggregate_key=ORDER_KEY, reason_codes=("fraud",), closed_by="bob", note="known customer"),
            ),
            open_cases=(case(opened_at=NOW + MINUTE),),
        )
    )
    assert [(c.reason_code, c.opened_at) for c in await store.cases()] == [("item_unmapped", NOW + MINUTE)]
    closed = [c for c in await store.cases(open_only=False) if c.reason_code == "fraud"]
    assert [(c.closed_by, c.note) for c in closed] == [("bob", "known customer")]


async def test_releasing_makes_waiting_messages_of_the_document_ready(store: SqlStateStore) -> None:
    states = (MessageState.HELD, MessageState.QUARANTINED, MessageState.DEAD, MessageState.DONE)
    for number, state in enumerate(states):
        await store.put([delivery(webhook=f"r-{number}")])
        await store.commit(Batch(owner="w", messages=done(await store.claim("order", "w", 9, MINUTE), state)))
    await store.put([delivery("other")])
    held = await store.claim("order", "w", 9, MINUTE)
    await store.commit(Batch(owner="w", messages=done(held, MessageState.HELD)))
    closing = CaseClosing(aggregate_key=ORDER_KEY, closed_by="ann", release_messages=True)
    await store.commit(Batch(close_cases=(closing,)))
    released = await store.claim("order", "w", 9, MINUTE)
    assert [m.delivery_key for m in released] == ["north:web:r-0", "north:web:r-1", "north:web:r-2"]
    assert {m.attempts for m in released} == {0}


async def test_cases_are_listed_by_kind_and_shop_and_by_release_time(store: SqlStateStore) -> None:
    await store.commit(
        Batch(
            open_cases=(
                case("1", release_at=NOW + MINUTE),
                case("2", kind=CaseKind.QUARANTINED, opened_at=NOW - MINUTE),
                case("3", scope="south"),
            )
        )
    )
    assert [c.aggregate_key for c in await store.cases(scope="north")] == ["north:order:2", "north:order:1"]
    assert [c.aggregate_key for c in await store.cases(kind=CaseKind.QUARANTINED)] == ["north:order:2"]
    assert len(await store.cases(limit=1)) == 1
    assert await store.due_cases(NOW) == []
    assert [c.aggregate_key for c in await store.due_cases(NOW + MINUTE)] == ["north:order:1"]


async def test_a_clock_starts_once_and_its_first_stop_counts(store: SqlStateStore) -> None:
    await store.commit(Batch(start_clocks=(clock(),)))
    await store.commit(Batch(start_clocks=(clock(started_at=NOW + MINUTE), clock("2"))))
    for seconds in (2, 9):
        stop = ("north", ORDER_KEY, "booked", NOW + timedelta(seconds=seconds))
        await store.commit(Batch(stop_clocks=(stop,)))
    assert await store.latency("booked", NOW) == [2.0]
    assert await store.latency("booked", NOW + timedelta(seconds=3)) == []
    assert await store.latency("other", NOW) == []
