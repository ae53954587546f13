"""Order ingestion against a real ERP, a shop of our own and real processes: what the retailer's staff would see."""

from collections import defaultdict

import pytest

from canonical.booking import DocumentStatus
from canonical.ids import effect_key
from canonical.records import CaseKind
from canonical.states import OrderState
from connectors import registry
from deployments.cli.holds import _release
from deployments.landscape_loader import load_landscape
from deployments.sandbox.shopify.webhooks.command import set_faults, wait_idle
from deployments.stack.stack import applied
from tests.flows.counterpart.conftest import Street, until

pytestmark = [
    pytest.mark.counterpart,
    pytest.mark.xdist_group("stack"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(200),
]

CANCEL = """mutation M($id: ID!) {
  orderCancel(orderId: $id, reason: CUSTOMER, restock: true) { job { id } orderCancelUserErrors { field message } }
}"""


async def test_two_shops_with_the_same_order_names_book_into_two_companies(street: Street) -> None:
    north, south = await street.place("north", 4, seed=21), await street.place("south", 4, seed=21)
    await street.settled([*north, *south])
    assert {o.name for o in north} & {o.name for o in south} >= {"#1001", "#1002"}
    for order in (*north, *south):
        (sale,) = street.sales_of(order)
        assert sale.total == order.total
    landscape = load_landscape(street.stack.plan.landscape)
    for order, record in (await street.records([*north, *south])).items():
        assert record is not None
        reference = await street.store.reference(order.shop, "sales-order", "shopify", order.order_id)
        assert reference is not None
        assert reference.right_id == f"{landscape.shop(order.shop).company}/{record.external_id}"


async def test_the_trace_of_an_order_tells_its_way_from_the_webhook_to_the_number_in_the_shop(street: Street) -> None:
    (order,) = await street.place("north", 1, seed=22)
    await street.settled([order])

    async def told() -> bool:
        return any(line.what == "order.written-back" for line in await street.store.trace(order.order_id))

    await until(told, 30.0, "the number did not go back to the shop")
    steps = [line.what for line in await street.store.trace(order.order_id)]
    assert "settled" in steps
    way = ["received", "order.accepted", "intended", "sent", "order.posted", "order.written-back"]
    assert [steps.index(step) for step in way] == sorted(steps.index(step) for step in way)
    field = """query Q($id: ID!) { order(id: $id) { metafields(first: 5) { nodes { key value } } } }"""
    answer = await street.ask_shop("north", field, id=f"gid://shopify/Order/{order.order_id}")
    (sale,) = street.sales_of(order)
    assert sale.number in {node["value"] for node in answer["order"]["metafields"]["nodes"]}


async def test_a_manual_rerun_for_booked_orders_writes_nothing(street: Street) -> None:
    orders = await street.place("north", 3, seed=23)
    await street.settled(orders)
    await wait_idle(street.stack.shopify.url)
    await street.run("order-ingestion/drain", linger_seconds=0)
    books, ledger = street.books(), street.rows("SELECT key, state, attempts, updated_at FROM effect ORDER BY key")
    await street.run("order-ingestion/ingest", names=[o.name for o in orders], shop="north", linger_seconds=0)
    assert street.books() == books
    assert street.rows("SELECT key, state, attempts, updated_at FROM effect ORDER BY key") == ledger


async def test_an_order_whose_webhook_never_came_is_found_by_the_poll_and_booked_once(street: Street) -> None:
    await set_faults(street.stack.shopify.url, lose=1.0)
    orders = await street.place("south", 3, seed=24)
    await wait_idle(street.stack.shopify.url)
    await set_faults(street.stack.shopify.url)
    assert set((await street.records(orders)).values()) == {None}
    await street.run("order-poll/poll")
    await street.settled(orders)
    await street.run("order-poll/poll")
    assert [len(street.sales_of(order)) for order in orders] == [1, 1, 1]


async def test_an_order_held_for_fraud_is_released_on_the_command_line_and_booked(street: Street) -> None:
    order = await street.place_one_held_for("fraud_review", "north")
    await street.reaches([order], OrderState.HELD)
    (case,) = [c for c in await street.store.cases(kind=CaseKind.HELD) if c.document == f"order {order.name}"]
    assert (case.reason_code, case.owner) == ("fraud_review", "fraud")
    with applied(street.stack.environment):
        _, waived = await _release(order.name, "the customer called", "north", None)
    assert waived == ["fraud_review"]
    await street.run("order-ingestion/drain", linger_seconds=0)
    await street.reaches([order], OrderState.POSTED)
    (sale,) = street.sales_of(order)
    assert sale.total == order.total


async def test_cancelling_a_booked_order_in_the_shop_cancels_its_erp_document(street: Street) -> None:
    (order,) = await street.place("north", 1, seed=26)
    await street.settled([order])
    answer = await street.ask_shop("north", CANCEL, id=f"gid://shopify/Order/{order.order_id}")
    assert answer["orderCancel"]["orderCancelUserErrors"] == []
    await street.reaches([order], OrderState.CANCELLED, within=60.0)
    with applied(street.stack.environment):
        erp = registry.sales_orders(load_landscape(street.stack.plan.landscape), "north")
    key = effect_key("north", "sales-order.create", order.order_id)
    try:
        found = await erp.find_by_key([key])
    finally:
        await erp.aclose()
    assert found[key].status == DocumentStatus.CANCELLED


async def test_while_the_erp_is_down_intake_goes_on_and_afterwards_orders_post_in_order_of_arrival(
    street: Street,
) -> None:
    await street.stack.erp.kill()
    orders = await street.place("north", 12, seed=27)
    records = await street.reaches(orders, OrderState.ACCEPTED)

    async def parked() -> bool:
        return any(lane.scope == "north" and lane.failures > 0 for lane in await street.store.lanes())

    await until(parked, 30.0, "the lane was not parked")
    (lane,) = [lane for lane in await street.store.lanes() if lane.scope == "north"]
    assert lane.parked_until is not None
    assert lane.reason
    assert sum(float(quantity) for quantity in (await street.store.reserved("north")).values()) > 0
    await street.run("order-ingestion/drain", linger_seconds=0)
    waiting = street.rows("SELECT attempts FROM inbox WHERE kind = 'post.north' AND state <> 'done'")
    assert len(waiting) == len(records)
    assert max(attempts for (attempts,) in waiting) == 0
    await street.stack.erp.start()
    await street.settled(orders, within=100.0)
    assert [len(street.sales_of(order)) for order in orders] == [1] * len(orders)
    by_customer: defaultdict[str, list[tuple[object, int]]] = defaultdict(list)
    for record in (await street.records(orders)).values():
        assert record is not None
        by_customer[str(record.customer_key)].append((record.received_at, int(record.external_number or 0)))
    assert max(len(found) for found in by_customer.values()) > 1
    for found in by_customer.values():
        assert [number for _, number in sorted(found)] == sorted(number for _, number in found)
    (lane,) = [lane for lane in await street.store.lanes() if lane.scope == "north"]
    assert (lane.failures, lane.parked_until) == (0, None)
