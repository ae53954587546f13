"""An edit takes lines out of an order: what they held is free in the step that reads it, and shows in the shops."""

from dataclasses import replace
from datetime import timedelta

import pytest

from canonical.mapping.table import MappingKind, MappingRow, TableMappings
from canonical.order import Order
from canonical.rules import example
from flows.handling import intake
from flows.handling.documents import IntakeBatch
from tests.flows.stock.conftest import ROWS, StockHouse, shown


def of_two(stock: StockHouse) -> Order:
    """One TEE-1 from East and four MUG-1 from wherever they are."""
    order = stock.order(6001, "TEE-1")
    mugs = example.line(id="12", sku="MUG-1", quantity=4, price="20.00")
    return order.model_copy(update={"lines": (*order.lines, mugs)})


def edited(order: Order, **changes: object) -> Order:
    return order.model_copy(update={"updated_at": order.updated_at + timedelta(minutes=1), **changes})


def without_mugs(order: Order) -> Order:
    return edited(order, lines=order.lines[:1])


def no_mugs(order: Order) -> Order:
    return edited(order, lines=(order.lines[0], order.lines[1].model_copy(update={"current_quantity": 0})))


@pytest.mark.parametrize("edit", [without_mugs, no_mugs])
async def test_a_line_that_an_edit_took_out_frees_its_stock_in_every_shop(stock: StockHouse, edit: object) -> None:
    assert callable(edit)
    stock.erp.down = True
    mugs = stock.sell_at_both("MUG-1")[1]
    stock.source.set("MUG-1", "DC-EAST", 20)
    order = of_two(stock)
    await stock.webhook(order)
    await stock.read_orders()
    await stock.drain()
    assert shown(stock, [mugs], "south") == [16]
    await stock.webhook(edit(order), topic="orders/updated")
    await stock.read_orders()
    assert ("MUG-1", None) not in await stock.store.reserved("north")
    await stock.drain()
    assert shown(stock, [mugs], "south") == [20]


async def test_the_step_that_reads_an_edit_ends_the_line_though_the_order_was_never_decided(stock: StockHouse) -> None:
    order = of_two(stock)
    held: list[dict[tuple[str, str | None], str]] = []
    for version, topic in ((order, "orders/create"), (no_mugs(order), "orders/updated")):
        await stock.webhook(version, topic=topic)
        messages = await stock.store.claim("orders", "ada", 10, timedelta(minutes=1))
        batch = IntakeBatch("ada", messages)
        await intake.translate(stock.rt, batch)
        await intake.reserve(stock.rt, batch)
        stock.expire_leases()
        held.append(await stock.store.reserved("north"))
    assert held == [{("TEE-1", "7"): "1", ("MUG-1", None): "4"}, {("TEE-1", "7"): "1"}]


async def test_a_line_that_a_mapping_made_a_kit_holds_its_components_and_no_longer_itself(stock: StockHouse) -> None:
    stock.erp.down = True
    order = stock.order(6001, "BOX-1")
    await stock.webhook(order)
    await stock.read_orders()
    assert await stock.store.reserved("north") == {("BOX-1", "7"): "1"}
    kit = MappingRow(kind=MappingKind.KITS, shop="*", key=("BOX-1", "MUG-1"), value="2")
    stock.rt = replace(stock.rt, mappings=TableMappings([*ROWS, kit]))
    await stock.webhook(edited(order), topic="orders/updated")
    await stock.read_orders()
    assert await stock.store.reserved("north") == {("MUG-1", "7"): "2"}


@pytest.mark.parametrize("booked", [False, True])
async def test_a_cancel_that_restocks_nothing_at_the_channel_leaves_no_figure_too_low(
    stock: StockHouse, booked: bool
) -> None:
    place = await stock.stocked("TEE-1", 20)
    stock.erp.down = not booked
    order = stock.order(6001, "TEE-1", 4)
    stock.shop.sell(place, 4)
    await stock.webhook(order)
    await stock.read_orders()
    await stock.drain()
    stock.shop.fulfill(place, 4)  # no longer committed, and not available again
    cancelled = edited(order, cancelled_at=order.updated_at + timedelta(minutes=1))
    await stock.webhook(cancelled, topic="orders/cancelled")
    await stock.read_orders()
    await stock.drain()
    assert shown(stock, [place]) == [20]


async def test_news_of_an_order_that_give_nothing_back_cost_no_look_at_the_shop(stock: StockHouse) -> None:
    place = await stock.stocked("TEE-1", 20)
    stock.erp.down = True
    order = stock.order(6001, "TEE-1", 4)
    stock.shop.sell(place, 4)
    await stock.webhook(order)
    await stock.read_orders()
    await stock.drain()
    reads = stock.shop.reads
    await stock.webhook(edited(order, note="ring twice"), topic="orders/updated")
    await stock.read_orders()
    await stock.drain()
    assert stock.shop.reads == reads
