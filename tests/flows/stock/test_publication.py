"""From a source's word to the shop's figure: how it gets there, what it costs, and what never happens on the way."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from canonical.inventory import AllocatedLine, ChannelLevel, FigureState
from canonical.mapping.table import MappingKind, MappingRow, TableMappings
from canonical.states import EffectState
from flows.handling.stock.calls import close_forgotten
from flows.policy_files import PolicyFile
from tests.fakes.systems import delivery
from tests.flows.stock.conftest import ROWS, StockHouse, shown


async def test_a_stock_change_reaches_every_shop_that_sells_the_item(stock: StockHouse) -> None:
    north, south = stock.sell_at_both("TEE-1", available=3)
    stock.source.set("TEE-1", "DC-EAST", 20, allocated=5)
    await stock.drain()
    assert shown(stock, [north]) + shown(stock, [south], "south") == [15, 15]
    assert (await stock.figure("TEE-1")).state is FigureState.PUBLISHED


async def test_a_pool_kept_for_one_shop_is_not_shown_by_the_other_whoever_orders(
    stock: StockHouse, tmp_path: Path
) -> None:
    (tmp_path / "policies.toml").write_text('[[policy]]\nshop = "south"\npool = 4\n')
    policies = PolicyFile(tmp_path / "policies.toml")
    policies.renew()
    stock.rt = replace(stock.rt, policy_file=policies)
    north, south = stock.sell_at_both("TEE-1")
    stock.source.set("TEE-1", "DC-EAST", 10)
    await stock.drain()
    assert shown(stock, [north]) + shown(stock, [south], "south") == [6, 10]
    stock.shop.sell(north, 6, 1)
    await stock.webhook(stock.order(1, "TEE-1", 6))
    await stock.read_orders()
    await stock.drain()
    assert shown(stock, [north]) + shown(stock, [south], "south") == [0, 4]


async def test_the_same_word_again_and_an_older_one_cost_no_call(stock: StockHouse) -> None:
    await stock.stocked("TEE-1", 20)
    calls, reads = len(stock.shop.calls), stock.shop.reads
    stock.source.dirty.append(("TEE-1", "DC-EAST"))
    await stock.drain()
    await stock.again("TEE-1")
    await stock.drain()
    assert (len(stock.shop.calls), stock.shop.reads) == (calls, reads)


async def test_three_hundred_changes_take_two_calls(stock: StockHouse) -> None:
    places = [stock.shop.add(f"S-{n}", "7") for n in range(300)]
    for n in range(300):
        stock.source.set(f"S-{n}", "DC-EAST", n + 1)
    await stock.drain()
    assert shown(stock, places) == list(range(1, 301))
    assert [len(call) for call in stock.shop.calls] == [250, 50]


async def test_what_sells_out_goes_first(stock: StockHouse) -> None:
    many = [await stock.stocked(f"S-{n}", 5) for n in range(3)]
    stock.rt = replace(stock.rt, settings=stock.rt.settings.model_copy(update={"stock_wave": 1}))
    stock.shop.calls.clear()
    for n, left in ((0, 4), (1, 3), (2, 0)):
        stock.source.set(f"S-{n}", "DC-EAST", left)
    await stock.drain()
    assert stock.shop.calls[0][0].place == many[2]


async def test_one_item_the_shop_refuses_does_not_sink_the_batch(stock: StockHouse) -> None:
    places = [stock.shop.add(f"S-{n}", "7") for n in range(100)]
    stock.shop.refuse.add(places[42].item_id)
    for n in range(100):
        stock.source.set(f"S-{n}", "DC-EAST", 7)
    await stock.drain()
    assert sorted(shown(stock, places)) == [0] + [7] * 99
    bad = await stock.figure("S-42")
    assert bad.state is FigureState.FAILED
    assert "no such item" in (bad.reason or "")


async def test_an_item_not_stocked_at_the_location_is_activated_there_and_only_it(stock: StockHouse) -> None:
    here = stock.shop.add("TEE-1", "7")
    missing = stock.shop.add("TEE-2")
    for sku in ("TEE-1", "TEE-2"):
        stock.source.set(sku, "DC-EAST", 4)
    await stock.drain()
    assert stock.shop.activated == [missing]
    assert shown(stock, [here, missing]) == [4, 4]


async def test_two_erp_locations_are_one_location_of_the_shop_and_cases_are_opened(stock: StockHouse) -> None:
    rows = [row for row in ROWS if row.value != "DC-WEST"]
    west = MappingRow(kind=MappingKind.STOCK_LOCATIONS, shop="erp", key=("DC-WEST",), value="DC-EAST")
    stock.rt = replace(stock.rt, mappings=TableMappings([*rows, west]))
    place = stock.shop.add("TEE-1", "7")
    stock.source.set("TEE-1", "DC-EAST", 5)
    stock.source.set("TEE-1", "DC-WEST", 2, unit="case")
    await stock.drain()
    assert shown(stock, [place]) == [29]


async def test_a_kit_shows_what_its_scarcest_component_allows(stock: StockHouse) -> None:
    kit = [
        MappingRow(kind=MappingKind.KITS, shop="north", key=("SET", item), value=count)
        for item, count in (("CUP", "2"), ("PLATE", "1"))
    ]
    stock.rt = replace(stock.rt, mappings=TableMappings([*ROWS, *kit]))
    place, cup = stock.shop.add("SET", "7"), stock.shop.add("CUP", "7")
    stock.source.set("CUP", "DC-EAST", 9)
    stock.source.set("PLATE", "DC-EAST", 30)
    await stock.drain()
    assert shown(stock, [place, cup]) == [4, 9]
    stock.shop.sell(place, 1, 1)
    await stock.webhook(stock.order(1, "SET"))
    await stock.read_orders()
    await stock.drain()
    assert shown(stock, [place, cup]) == [3, 7]


async def test_an_order_lowers_the_other_shop_and_costs_its_own_shop_no_call(stock: StockHouse) -> None:
    north, south = stock.sell_at_both("TEE-1")
    stock.source.set("TEE-1", "DC-EAST", 10)
    await stock.drain()
    calls = len(stock.shops["north"].calls)
    stock.shop.sell(north, 3)
    await stock.webhook(stock.order(1, "TEE-1", 3))
    stock.erp.down = True
    await stock.read_orders()
    await stock.drain()
    assert shown(stock, [north]) + shown(stock, [south], "south") == [7, 7]
    assert len(stock.shops["north"].calls) == calls


async def test_an_order_that_nobody_has_read_is_taken_off(stock: StockHouse) -> None:
    place = await stock.stocked("TEE-1", 10)
    stock.shop.sell(place, 4)
    stock.source.set("TEE-1", "DC-EAST", 30)
    await stock.drain()
    assert shown(stock, [place]) == [26]
    await stock.webhook(stock.order(1, "TEE-1", 4))
    await stock.read_orders()
    await stock.drain()
    assert shown(stock, [place]) == [26]
    assert (await stock.figure("TEE-1")).target == 26


async def test_a_reservation_ends_with_the_allocation_and_the_figure_does_not_move(stock: StockHouse) -> None:
    place = await stock.stocked("TEE-1", 10)
    stock.shop.sell(place, 4)
    await stock.webhook(stock.order(1, "TEE-1", 4))
    await stock.read_orders()
    await stock.drain()
    stock.source.allocated.append(AllocatedLine(shop="north", order_id="1", sku="TEE-1", quantity=Decimal(4)))
    stock.source.set("TEE-1", "DC-EAST", 10, allocated=4)
    calls = len(stock.shop.calls)
    await stock.drain()
    assert shown(stock, [place]) == [6]
    assert len(stock.shop.calls) == calls


async def test_a_cancelled_order_gives_its_stock_back(stock: StockHouse) -> None:
    north, south = stock.sell_at_both("TEE-1")
    stock.source.set("TEE-1", "DC-EAST", 10)
    await stock.drain()
    stock.erp.down = True
    order = stock.order(1, "TEE-1", 4)
    stock.shop.sell(north, 4)
    await stock.webhook(order)
    await stock.read_orders()
    await stock.drain()
    assert shown(stock, [south], "south") == [6]
    stock.shop.sell(north, -4)
    later = order.updated_at.replace(hour=order.updated_at.hour + 1)
    await stock.webhook(order.model_copy(update={"cancelled_at": later, "updated_at": later}), topic="orders/cancelled")
    await stock.read_orders()
    await stock.drain()
    assert shown(stock, [north]) + shown(stock, [south], "south") == [10, 10]


async def test_our_own_echo_is_recognised_and_a_manual_edit_is_read_again_and_put_right(stock: StockHouse) -> None:
    place = await stock.stocked("TEE-1", 10)
    reads = stock.shop.reads
    await stock.say(ChannelLevel(place=place, available=10), 1)
    tally = await stock.drain()
    assert (tally.counts["echoes"], stock.shop.reads) == (1, reads)
    stock.shop.shown[place].available = 99
    await stock.say(ChannelLevel(place=place, available=99), 2)
    await stock.drain()
    assert shown(stock, [place]) == [99]  # the order behind it may be on its way
    stock.no_pauses()
    assert (await stock.drain()).counts["doubted"] == 1
    assert shown(stock, [place]) == [10]


async def test_a_reply_lost_after_the_write_is_sent_again_under_the_same_key_and_ends_right(stock: StockHouse) -> None:
    place = stock.shop.add("TEE-1", "7")
    stock.source.set("TEE-1", "DC-EAST", 8)
    stock.shop.lose_reply = 1
    tally = await stock.drain()
    assert any("parked" in note for note in tally.notes)
    stock.no_pauses()
    await stock.drain()
    figure = await stock.figure("TEE-1")
    assert shown(stock, [place]) == [8]
    assert (figure.state, figure.published) == (FigureState.PUBLISHED, 8)


async def test_a_write_whose_reply_was_lost_is_no_memory_though_an_unread_order_brings_the_old_figure_back(
    stock: StockHouse,
) -> None:
    place = await stock.stocked("TEE-1", 10)
    await stock.tell("TEE-1", 13)
    stock.shop.lose_reply = 1
    await stock.drain()  # the shop shows 13, and nobody knows
    stock.shop.sell(place, 3, 1)
    assert shown(stock, [place]) == [10]
    stock.no_pauses()
    await stock.drain()
    assert shown(stock, [place]) == [10]
    await stock.webhook(stock.order(1, "TEE-1", 3))
    await stock.read_orders()
    await stock.drain()
    assert (shown(stock, [place]), (await stock.figure("TEE-1")).published) == ([10], 10)


async def test_what_a_dead_worker_wrote_is_no_memory_though_an_unread_order_brings_the_old_figure_back(
    stock: StockHouse,
) -> None:
    place = await stock.stocked("TEE-1", 10)
    await stock.tell("TEE-1", 13)

    class Died(BaseException):
        pass

    def die(_: object) -> None:
        stock.shop.shown[place].available = 13
        raise Died

    stock.shop.before_write = die
    with pytest.raises(BaseExceptionGroup):
        await stock.drain()
    stock.shop.before_write = None
    stock.shop.sell(place, 3, 1)
    stock.expire_leases()
    stock.no_pauses()
    await stock.drain()
    assert shown(stock, [place]) == [10]


async def test_a_shop_that_is_away_waits_and_the_other_shop_goes_on(stock: StockHouse) -> None:
    north, south = stock.sell_at_both("TEE-1")
    stock.shops["north"].down = True
    stock.source.set("TEE-1", "DC-EAST", 10)
    await stock.drain()
    assert shown(stock, [north]) + shown(stock, [south], "south") == [0, 10]
    stock.shops["north"].down = False
    stock.no_pauses()
    await stock.drain()
    assert shown(stock, [north]) == [10]


async def test_a_dead_workers_figures_are_taken_over_and_its_call_is_closed_in_words(stock: StockHouse) -> None:
    place = await stock.stocked("TEE-1", 10)
    stock.source.set("TEE-1", "DC-EAST", 12)

    class Died(BaseException):
        pass

    def die(_: object) -> None:
        raise Died

    stock.shop.before_write = die
    with pytest.raises(BaseExceptionGroup):
        await stock.drain()
    stock.shop.before_write = None
    stock.expire_leases()
    await stock.drain()
    assert shown(stock, [place]) == [12]
    assert await close_forgotten(stock.rt, "north", stock.rt.now()) <= 1
    left = await stock.store.unsettled("web", "north", stock.rt.now())
    assert [e for e in left if e.state is EffectState.SENT] == []


async def test_an_unread_order_of_another_shop_of_the_company_has_a_rise_read_first(stock: StockHouse) -> None:
    _, south = stock.sell_at_both("TEE-1")
    stock.source.set("TEE-1", "DC-EAST", 10)
    await stock.drain()
    order = stock.order(1, "TEE-1", 3).model_copy(update={"shop": "south"})
    stock.shops["south"].sell(south, 3, 1)
    await stock.store.put([delivery(order, webhook="south-1")])
    await stock.tell("TEE-1", 12)
    await stock.drain()
    assert shown(stock, [south], "south") == [9]
    assert (await stock.figure("TEE-1")).published == 9


@pytest.mark.parametrize("asked", [5000, 0])
async def test_a_fulfillment_nobody_has_read_hides_no_unread_order_from_a_figure_in_doubt(
    stock: StockHouse, asked: int
) -> None:
    stock.rt = replace(stock.rt, settings=stock.rt.settings.model_copy(update={"asked_orders": asked}))
    place = await stock.stocked("TEE-1", 10)
    for number in (1, 2):
        stock.shop.sell(place, 2, number)
        await stock.webhook(stock.order(number, "TEE-1", 2))
    await stock.read_orders()
    stock.shop.fulfill(place, 2, 1)
    stock.shop.sell(place, 2, 3)
    await stock.book.doubt_figures("north", [place])
    await stock.drain()
    # four known and two unread pieces; with nobody asked, the two known that wait are believed unread, too
    assert shown(stock, [place]) == [4 if asked else 2]
