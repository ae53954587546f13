"""Messages that tell a part, nothing readable, or an order the shop will not give: each stops itself at most."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from canonical.errors import RejectedError
from canonical.order import Order
from canonical.records import CaseKind
from canonical.rules import example
from canonical.states import OrderState
from tests.fakes.systems import delivery, pointer
from tests.flows.conftest import House, some_orders


async def test_a_part_that_is_newer_than_a_whole_order_has_it_read_by_id_once(house: House) -> None:
    old = example.order(note="as first told")
    new = old.model_copy(update={"updated_at": old.updated_at + timedelta(minutes=1), "note": "as read"})
    await house.arrive(old)
    house.shop.orders[new.id] = new
    await house.store.put([pointer(new)])
    asked = count_reads(house)
    await house.drain()
    record = await house.record(new)
    assert asked == [[new.id]]
    assert Order.model_validate_json(record.document).note == "as read"
    assert len(house.erp.documents) == 1


async def test_a_part_that_is_older_than_the_whole_order_costs_no_read(house: House) -> None:
    new = example.order()
    old = new.model_copy(update={"updated_at": new.updated_at - timedelta(minutes=1)})
    await house.store.put([pointer(old)])
    await house.arrive(new)
    asked = count_reads(house)
    await house.drain()
    assert asked == []
    assert (await house.record(new)).state == OrderState.POSTED


async def test_an_unreadable_message_beside_a_good_one_of_the_same_order_is_set_aside_alone(house: House) -> None:
    order = example.order()
    await house.store.put([delivery(order, webhook="garbled", body=b'{"id": "!"}')])
    await house.arrive(order)
    await house.drain()
    assert (await house.record(order)).state == OrderState.POSTED
    (case,) = await house.store.cases(kind=CaseKind.QUARANTINED)
    assert case.document == "order #1001"
    waiting = {(row.kind, str(row.state)): row.count for row in await house.store.summary()}
    assert waiting == {("orders", "quarantined"): 1}


async def test_an_order_the_shop_refuses_to_give_stops_alone(house: House) -> None:
    orders = some_orders(5)
    for order in orders:
        house.shop.orders[order.id] = order
    giving = house.shop.read_orders

    async def refuse_one(ids: Sequence[str]) -> Mapping[str, Order | RejectedError]:
        refused = RejectedError("a line has no price", code="order_unreadable", document="order 6003")
        return {**await giving(ids), **({"6003": refused} if "6003" in ids else {})}

    house.shop.read_orders = refuse_one  # type: ignore[method-assign, assignment]
    await house.store.put([pointer(order) for order in orders])
    await house.drain()
    assert sorted(document.name for document, _ in house.erp.documents.values()) == ["#2000", "#2001", "#2002", "#2004"]
    (case,) = await house.store.cases()
    assert (case.kind, case.reason_code, case.words) == (
        CaseKind.QUARANTINED,
        "order_unreadable",
        "a line has no price",
    )


def count_reads(house: House) -> list[list[str]]:
    """What is read by id from now on."""
    asked: list[list[str]] = []
    giving = house.shop.read_orders

    async def noting(ids: Sequence[str]) -> dict[str, Order]:
        asked.append(list(ids))
        return await giving(ids)

    house.shop.read_orders = noting  # type: ignore[method-assign]
    return asked
