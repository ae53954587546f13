"""What waits goes on: by time, by a mapping, by a person; and what is given up is seen."""

from collections.abc import Sequence
from datetime import timedelta

from canonical.errors import RejectedError
from canonical.mapping.table import MappingKind, MappingRow
from canonical.outcomes import Failed, Outcome
from canonical.records import CaseKind, FieldWrite
from canonical.rules import example
from canonical.states import OrderState
from flows.handling.arrivals import sweep
from flows.handling.rechecks import recheck_delivery
from tests.flows.conftest import House, some_orders

ADDED = MappingRow(kind=MappingKind.ITEMS, shop="north", key=("MUG-9", ""), value="MUG")


async def test_an_order_held_for_a_time_goes_on_when_the_time_has_come(house: House) -> None:
    house.order_policy(wait_for_risk_minutes=30)
    moment = house.rt.now()
    order = example.order(risk="none", created_at=moment, updated_at=moment)
    await house.arrive(order)
    await sweep(house.rt)
    await house.drain()
    (case,) = await house.store.cases(kind=CaseKind.HELD)
    assert (case.reason_code, case.release_at) == ("risk_pending", moment + timedelta(minutes=30))
    assert await sweep(house.rt) == 0
    house.ahead = timedelta(minutes=31)
    assert await sweep(house.rt) == 1
    await house.drain()
    assert (await house.record(order)).state == OrderState.POSTED
    assert await house.store.cases() == []


async def test_an_order_held_for_a_mapping_goes_on_by_itself_once_the_mapping_exists(house: House) -> None:
    order = example.order(lines=(example.line(sku="MUG-9", variant_id=None),))
    await house.arrive(order)
    await sweep(house.rt)
    await house.drain()
    (case,) = await house.store.cases(kind=CaseKind.HELD)
    assert case.reason_code == "item_unmapped"
    assert await sweep(house.rt) == 0
    house.map(ADDED)
    assert await sweep(house.rt) == 1
    assert await sweep(house.rt) == 0
    await house.drain()
    assert (await house.record(order)).state == OrderState.POSTED
    assert await house.store.cases() == []


async def test_another_mapping_leaves_an_unmapped_order_waiting_with_its_age(house: House) -> None:
    order = example.order(lines=(example.line(sku="MUG-9", variant_id=None),))
    await house.arrive(order)
    await sweep(house.rt)
    await house.drain()
    (before,) = await house.store.cases()
    house.map(ADDED.model_copy(update={"key": ("CUP-1", "")}))
    assert await sweep(house.rt) == 0
    await house.drain()
    (after,) = await house.store.cases()
    assert (after.id, after.opened_at, after.reason_code) == (before.id, before.opened_at, "item_unmapped")


async def test_a_change_of_a_booked_order_is_released_for_good_and_later_news_of_it_are_only_noted(
    house: House,
) -> None:
    order = example.order()
    await house.arrive(order)
    await house.drain()
    changed = example.order(lines=(example.line(quantity=3, taxes=(example.tax("5.40"),)),)).model_copy(
        update={"updated_at": order.updated_at + timedelta(minutes=1), "edited": True}
    )
    await house.arrive(changed, topic="orders/updated")
    await house.drain()
    record = await house.record(order)
    asked = recheck_delivery(
        record, house.rt.now(), waive=["changed_after_posting"], actor="cli:ada", why="done by hand"
    )
    await house.store.put([asked])
    await house.drain()
    assert await house.store.cases() == []
    again = changed.model_copy(update={"updated_at": changed.updated_at + timedelta(minutes=1), "note": "tagged"})
    await house.arrive(again, topic="orders/updated")
    await house.drain()
    assert await house.store.cases() == []
    assert len(house.erp.documents) == 1


async def test_a_change_that_is_taken_back_needs_nobody_any_more(house: House) -> None:
    order = example.order()
    await house.arrive(order)
    await house.drain()
    changed = example.order(lines=(example.line(quantity=3, taxes=(example.tax("5.40"),)),)).model_copy(
        update={"updated_at": order.updated_at + timedelta(minutes=1), "edited": True}
    )
    await house.arrive(changed, topic="orders/updated")
    await house.drain()
    assert len(await house.store.cases()) == 1
    await house.arrive(order.model_copy(update={"updated_at": order.updated_at + timedelta(minutes=2)}))
    await house.drain()
    assert await house.store.cases() == []


async def test_a_refused_write_back_stops_only_its_own_order_and_is_written_after_a_release(house: House) -> None:
    orders = some_orders(4)
    accepting = house.shop.write_back

    async def refuse_one(updates: Sequence[FieldWrite]) -> list[Outcome[str]]:
        outcomes = await accepting([u for u in updates if u.order_id != "6002"])
        refused = RejectedError("the field belongs to another app", code="field_taken")
        return [Failed(refused) if u.order_id == "6002" else outcomes[0] for u in updates]

    house.shop.write_back = refuse_one  # type: ignore[method-assign]
    await house.arrive(*orders)
    await house.drain()
    assert sorted(house.shop.written) == ["6000", "6001", "6003"]
    (case,) = await house.store.cases()
    assert (case.document, case.reason_code) == ("order #2002", "write_back_refused")
    assert "another app" in case.words
    house.shop.write_back = accepting  # type: ignore[method-assign]
    record = await house.record(orders[2])
    assert record.state == OrderState.POSTED
    await house.store.put([recheck_delivery(record, house.rt.now(), actor="cli:ada", why="the other app is gone")])
    await house.drain()
    assert house.shop.written["6002"] == record.external_number
    assert await house.store.cases() == []


async def test_a_message_whose_workers_all_died_is_dead_lettered_in_words_and_its_neighbour_is_booked(
    house: House,
) -> None:
    doomed, fine = some_orders(2)
    await house.arrive(doomed)
    for _ in range(house.rt.settings.attempts + 1):
        await house.store.claim("orders", "a worker that dies", 10, house.rt.settings.lease)
        house.expire_leases()
    await house.arrive(fine)
    tally = await house.drain()
    assert tally.counts["dead_lettered"] == 1
    (case,) = await house.store.cases(kind=CaseKind.DEAD_LETTERED)
    assert (case.reason_code, case.owner) == ("worn_out", "integration")
    assert "the worker died each time" in case.words
    assert [document.name for document, _ in house.erp.documents.values()] == [fine.name]
