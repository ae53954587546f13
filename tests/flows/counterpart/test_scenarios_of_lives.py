"""Lives of orders in the words of the people who live them, at the real systems; judged by the systems' own books."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
import pytest_asyncio

from deployments.sandbox.live.shopper import Order
from deployments.stack.plan import Plan
from flows.handling.lives.mismatches import compare
from tests.flows.counterpart.town import NORTH, Town, opened_town

pytestmark = [
    pytest.mark.counterpart,
    pytest.mark.xdist_group("stack-lives"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240, func_only=True),
]
UNMAPPED = "SCARF-TIDE-RED"
ON_TERMS = 10
"""The index of the generator's order with that buyer, for the seed used here."""
SHORT = {"CROSSDOCK_FLOW_PARK_SECONDS": "1", "CROSSDOCK_FLOW_COALESCE_SECONDS": "0"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Everything around us, with the stock read once."""
    plan = Plan(home=tmp_path_factory.mktemp("town"), house="whole", webhook_time_scale=0.002, extra=SHORT)
    async with opened_town(plan) as found:
        yield found


async def test_an_order_is_routed_shipped_in_two_parcels_invoiced_and_paid_and_the_shopper_sees_tracking(
    town: Town,
) -> None:
    goods = {"BOARD-OAK": 1, "PEN-BRASS": 1}
    order = await town.buy(goods)
    (job,) = await town.people.jobs(order)
    left = await town.people.ship(order, parcels=2, within=0)
    await town.settle()
    seen, books = await town.seen(order), await town.books(order)
    shown = [info["number"] for row in seen["fulfillments"] for info in row["trackingInfo"]]
    assert sorted(shown) == sorted(box.tracking for box in left[0].boxes)
    assert len(shown) == 2
    erp, shop = books["erp"], books["shopify"]
    assert shop.shipped == erp.shipped == books[job.warehouse].shipped == goods
    assert erp.invoiced == erp.paid == shop.paid == shop.total > 0
    assert not shop.open
    assert await town.reasons(order) == []


async def test_an_order_that_no_place_has_whole_leaves_from_two_and_is_invoiced_for_both(town: Town) -> None:
    await asyncio.to_thread(town.clerk.count, "PAN-IRON-26", "DC-WEST", 0)
    await asyncio.to_thread(town.clerk.count, "KNIFE-CHEF-20", "DC-EAST", 0)
    await town.settle(counted=True)
    goods = {"PAN-IRON-26": 1, "KNIFE-CHEF-20": 1}
    order = await town.buy(goods)
    assert {job.place for job in await town.people.jobs(order)} == {"DC-EAST", "DC-WEST"}
    await town.ship(order)
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert shop.shipped == erp.shipped == goods
    assert {move.place: move.sku for move in erp.moves} == {"DC-EAST": "PAN-IRON-26", "DC-WEST": "KNIFE-CHEF-20"}
    assert books["wms"].shipped | books["parcels"].shipped == goods
    assert erp.invoiced == erp.paid == shop.total
    assert len((await town.seen(order))["fulfillments"]) == 2
    assert await town.reasons(order) == []


async def test_an_order_cancelled_after_allocation_is_cancelled_at_the_warehouse_and_in_the_erp(town: Town) -> None:
    order = await town.buy({"BELT-CNV": 1})
    assert [job.open for job in await town.people.jobs(order)] == [True]
    await town.cancel(order)
    assert [job.state for job in await town.people.jobs(order)] == ["cancelled"]
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert erp.cancelled
    assert shop.cancelled
    assert erp.invoiced - erp.credited == 0
    assert erp.paid == erp.refunded
    assert shop.refunded == shop.paid > 0
    assert await town.reserved("BELT-CNV") == 0
    assert await town.reasons(order) == []


async def test_what_a_warehouse_cannot_find_leaves_from_another_one(town: Town) -> None:
    order = await town.buy({"WALLET-LTH": 2})
    (first,) = await town.people.jobs(order)
    await town.ship(order, missing={"WALLET-LTH": 1})
    rest = [job for job in await town.people.jobs(order) if job.open]
    assert [dict(job.goods) for job in rest] == [{"WALLET-LTH": 1}]
    assert rest[0].place != first.place
    await town.ship(order)
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert shop.shipped == erp.shipped == {"WALLET-LTH": 2}
    assert {move.place for move in erp.moves} == {first.place, rest[0].place}
    assert erp.invoiced == erp.paid == shop.total
    assert await town.reasons(order) == []


async def test_while_the_erp_is_down_orders_are_taken_and_goods_leave_and_it_books_them_later_in_order_once(
    town: Town,
) -> None:
    first = await town.buy({"PACK-BLK": 1})
    await town.stack.erp.kill()
    left = await town.people.ship(first, within=0)
    later = [await town.buy({"PACK-SND": 1}), await town.buy({"PACK-SND": 2})]
    shown = [info["number"] for row in (await town.seen(first))["fulfillments"] for info in row["trackingInfo"]]
    assert shown == [box.tracking for box in left[0].boxes]
    assert (await town.books(first))["erp"].shipped == {}
    await town.stack.erp.start()
    await asyncio.sleep(2.5)
    await town.settle()
    books = await town.books(first)
    assert books["erp"].shipped == books["shopify"].shipped == {"PACK-BLK": 1}
    assert books["erp"].invoiced == books["erp"].paid == books["shopify"].total
    sales = [sale.reference for sale in town.sales()]
    assert [sales.count(order.name) for order in (first, *later)] == [1, 1, 1]
    assert sales.index(later[0].name) < sales.index(later[1].name)
    for order in later:
        await town.ship(order)
    assert [(await town.books(order))["erp"].shipped for order in later] == [{"PACK-SND": 1}, {"PACK-SND": 2}]


async def test_an_order_for_goods_that_are_nowhere_waits_and_leaves_once_they_have_come(town: Town) -> None:
    for place in ("DC-EAST", "DC-WEST"):
        await asyncio.to_thread(town.clerk.count, "TANGRAM-WD", place, 0)
    await town.settle(counted=True)
    order = await town.buy({"TANGRAM-WD": 2})
    assert [job for job in await town.people.jobs(order) if job.open] == []
    await asyncio.to_thread(town.clerk.receive, "TANGRAM-WD", "DC-EAST", 100)
    await town.settle(counted=True)
    await town.ship(order)
    books = await town.books(order)
    assert books["erp"].shipped == books["shopify"].shipped == {"TANGRAM-WD": 2}
    assert books["erp"].invoiced == books["erp"].paid == books["shopify"].total
    assert await town.reasons(order) == []


async def test_an_order_with_an_unmapped_sku_waits_and_goes_on_by_itself_once_it_is_mapped(town: Town) -> None:
    order = await town.buy({UNMAPPED: 1})
    assert await town.reasons(order) == ["item_unmapped"]
    assert (await town.books(order))["erp"].documents == []
    await town.map_item(UNMAPPED, "BEANIE-RED")
    assert await town.reasons(order) == []
    await town.ship(order)
    books = await town.books(order)
    assert books["erp"].shipped == {"BEANIE-RED": 1}
    assert books["shopify"].shipped == {UNMAPPED: 1}
    assert books["erp"].invoiced == books["erp"].paid == books["shopify"].total


async def test_a_business_on_payment_terms_is_sent_its_goods_and_an_invoice_that_is_open(town: Town) -> None:
    order = await town.shopper.place(NORTH, profile="bookable", seed=7, index=ON_TERMS)
    await town.settle()
    await town.ship(order)
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert shop.shipped == shop.ordered != {}
    assert erp.invoiced == shop.total > 0
    assert erp.paid == shop.paid == 0
    assert await town.reasons(order) == []


async def test_what_is_sold_at_a_till_left_that_store_and_nobody_is_asked_to_ship_it(town: Town) -> None:
    order = await town.sell_at_the_till("New York Spring Street", {"HOOD-GRE-L": 1}, "cash")
    assert await town.people.jobs(order) == []
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert erp.shipped == shop.shipped == {"HOOD-GRE-L": 1}
    assert {move.place for move in erp.moves} == {"ST-NYC1"}
    assert erp.invoiced == erp.paid == shop.paid == shop.total > 0


async def test_an_order_cancelled_in_the_erp_is_cancelled_in_the_shop_and_at_the_warehouse(town: Town) -> None:
    order = await town.buy({"CHINO-34": 1})
    await town.cancel_in_erp(order)
    await town.settle()
    books = await town.books(order)
    assert books["erp"].cancelled
    assert books["shopify"].cancelled
    assert books["shopify"].refunded == books["shopify"].paid > 0
    assert [job.state for job in await town.people.jobs(order)] == ["cancelled"]
    assert await town.reserved("CHINO-34") == 0
    assert await town.reasons(order) == []


async def test_an_order_fulfilled_by_hand_in_the_admin_is_booked_in_the_erp_and_nobody_else_ships_it(
    town: Town,
) -> None:
    order = await town.buy({"VEST-QLT-M": 1})
    await town.shopper.ship_by_hand(order, "UPS", town.people.labels.number("UPS"))
    await town.settle()
    assert [job for job in await town.people.jobs(order) if job.open] == []
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert erp.shipped == shop.shipped == {"VEST-QLT-M": 1}
    assert books["wms"].shipped == books["parcels"].shipped == {}
    assert erp.invoiced == erp.paid == shop.total
    assert len((await town.seen(order))["fulfillments"]) == 1


async def test_what_a_carrier_brings_is_shown_to_the_shopper_as_delivered(town: Town) -> None:
    await asyncio.to_thread(town.clerk.count, "KNIFE-CHEF-20", "DC-EAST", 0)
    await town.settle(counted=True)
    order = await town.buy({"KNIFE-CHEF-20": 1})
    (job,) = await town.people.jobs(order)
    assert job.warehouse == "parcels"
    await town.ship(order)
    assert [row["displayStatus"] for row in (await town.seen(order))["fulfillments"]] == ["FULFILLED"]
    await town.people.deliver(order)
    await town.settle()
    assert [row["displayStatus"] for row in (await town.seen(order))["fulfillments"]] == ["DELIVERED"]
    assert await town.reasons(order) == []


async def test_money_that_was_only_authorised_is_taken_when_the_goods_leave_and_booked(town: Town) -> None:
    order = await town.buy({"BOARD-OAK": 1}, authorized=True)
    before = await town.books(order)
    assert before["shopify"].paid == before["erp"].paid == 0
    await town.ship(order)
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert shop.paid == shop.total == erp.invoiced == erp.paid > 0
    assert await town.reasons(order) == []


async def test_a_gift_card_and_a_card_are_two_payments_of_one_invoice(town: Town) -> None:
    order = await town.buy({"BOARD-OAK": 2}, gift_card=Decimal(15))
    await town.ship(order)
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert len([document for document in erp.documents if ":payment.post:" in document]) == 2
    assert shop.paid == shop.total == erp.invoiced == erp.paid > 15
    assert await town.reasons(order) == []


async def test_an_address_that_changes_before_the_goods_leave_reaches_the_warehouse(town: Town) -> None:
    order = await town.buy({"PEN-BRASS": 1})
    (job,) = await town.people.jobs(order)
    assert job.warehouse == "wms"
    new = {"address1": "2 Elm Street", "city": "Salem", "zip": "01970", "provinceCode": "MA", "countryCode": "US"}
    await town.readdress(order, firstName="Ann", lastName="Lee", **new)
    assert town.addressed_to(order) == ["2 Elm Street"]
    await town.ship(order)
    books = await town.books(order)
    assert books["wms"].shipped == books["erp"].shipped == books["shopify"].shipped == {"PEN-BRASS": 1}


async def test_an_order_edited_after_it_was_booked_is_shipped_and_invoiced_as_it_is_now(town: Town) -> None:
    order = await town.buy({"CHINO-30": 2, "CHINO-32": 1})
    await town.shopper.edit(order, {"CHINO-30": 1}, add={"SALT-SEA-200": 1})
    await town.settle()
    wanted = {"CHINO-30": 1, "CHINO-32": 1, "SALT-SEA-200": 1}
    books = await town.books(order)
    assert books["erp"].ordered == wanted
    await town.ship(order)
    books = await town.books(order)
    assert books["erp"].shipped == books["shopify"].shipped == wanted
    assert books["erp"].invoiced == books["shopify"].total


async def test_one_thing_made_by_hand_at_each_system_is_found_and_nothing_else(town: Town) -> None:
    returned, cancelled, by_hand, in_wms = [await town.buy({"BOARD-OAK": 1}) for _ in range(4)]
    west = await town.buy({"PEN-BRASS": 2}, customer="C001")
    await town.shopper.cancel(cancelled)
    await town.ship(returned)
    await town.ship(west, parcels=2)
    asked = await town.shopper.ask_return(returned, {"BOARD-OAK": 1})
    await town.settle()
    await town.people.send_back(asked)
    await town.settle()
    orders = (returned, cancelled, by_hand, in_wms, west)
    assert await differ(town, *orders) == []

    paid = next(key for key in (await town.life(west)).done if ":payment.post:" in key)
    town.clerk.bounce(paid)
    await town.shopper.ship_by_hand(by_hand, "UPS", "1Z12345E6605272234")
    await town.people.ship(in_wms, within=0)
    assert await differ(town, *orders) == sorted([
        (west.name, "mismatch_erp_missing"),
        (by_hand.name, "mismatch_shop_shipped"),
        (in_wms.name, "mismatch_warehouse_shipped"),
    ])  # fmt: skip
    await town.settle()
    assert await differ(town, *orders) == [(west.name, "mismatch_erp_missing")]
    assert await town.reasons(west) == ["mismatch_erp_missing"]
    assert await town.reasons(in_wms) == []


async def differ(town: Town, *orders: Order) -> list[tuple[str, str]]:
    """What the comparison finds of these orders: name and reason."""
    found, names = await compare(town.rt, quiet=timedelta(seconds=-1)), {order.name for order in orders}
    assert found.unasked == []
    return sorted((row["order"], row["reason"]) for row in found.rows if row["order"] in names)
