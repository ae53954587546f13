"""Goods that come back, and the money for them, at the real systems; judged by the systems' own books."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from canonical.approvals import ApprovalState
from canonical.states import ReturnState
from deployments.sandbox.live.basket import Basket
from deployments.sandbox.live.shopper import Asked, Order
from deployments.stack.plan import Plan
from tests.flows.counterpart.town import NORTH, Town, opened_town

pytestmark = [
    pytest.mark.counterpart,
    pytest.mark.xdist_group("stack-returns"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(400),
]
EXCHANGED = "query E($id: ID!) { return(id: $id) { exchangeLineItems(first: 5) { nodes { id quantity } } } }"
PROCESS = """mutation P($input: ReturnProcessInput!) {
  returnProcess(input: $input) { return { id } userErrors { field message } } }"""
SHORT = {"CROSSDOCK_FLOW_PARK_SECONDS": "1", "CROSSDOCK_FLOW_COALESCE_SECONDS": "0"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Everything around us, with the stock read once."""
    plan = Plan(home=tmp_path_factory.mktemp("returns"), house="whole", webhook_time_scale=0.002, extra=SHORT)
    async with opened_town(plan) as found:
        yield found


async def process_exchange(town: Town, asked: Asked) -> None:
    """The staff let the exchanged goods join the order; what came back is left to us."""
    gid = f"gid://shopify/Return/{asked.id}"
    found = await town.shopper.shop.ask(NORTH, EXCHANGED, id=gid)
    rows = found["return"]["exchangeLineItems"]["nodes"]
    await town.shopper.shop.do(NORTH, PROCESS, input={"returnId": gid, "exchangeLineItems": rows})


BOUGHT = {
    "plain": {"SNEAK-40": 2},
    "three": {"SNEAK-42": 3},
    "admin": {"BOOK-COOK": 2},
    "meanwhile": {"BOOK-KNOT": 2},
    "large": {"PULL-MER-L": 5},
    "exchange": {"SHORT-32": 1},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sold(town: Town) -> dict[str, Order]:
    """One order for each story, shipped and invoiced. They go side by side: a round of everybody is what costs."""
    found = {name: await town.shopper.buy(NORTH, Basket(goods)) for name, goods in BOUGHT.items()}
    await town.settle()
    for order in found.values():
        await town.people.ship(order, within=0)
    await town.settle()
    return found


async def test_a_return_is_inspected_then_credited_then_refunded_then_closed_each_once(
    town: Town, sold: dict[str, Order]
) -> None:
    order = sold["plain"]
    asked = await town.shopper.ask_return(order, {"SNEAK-40": 1})
    await town.settle()
    assert (await town.one_return(order)).state is ReturnState.IN_TRANSIT
    receipt = await town.people.receive(order, asked.goods, return_id=asked.id)
    await town.settle()
    assert (await town.one_return(order)).state is ReturnState.RECEIVED
    books = await town.books(order)
    assert books["erp"].credited == books["shopify"].refunded == 0
    await town.people.inspect(receipt, {"SNEAK-40": {"restock": 1}})
    await town.settle()
    assert (await town.one_return(order)).state is ReturnState.CLOSED
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert erp.credited == erp.refunded == shop.refunded > 0
    assert erp.restocked == {"SNEAK-40": 1}
    await town.look(order, "once more")
    assert await town.books(order) == books
    assert await town.reasons(order) == []


async def test_of_three_pieces_that_come_back_what_is_missing_is_not_paid_and_only_the_good_one_is_sold_again(
    town: Town, sold: dict[str, Order]
) -> None:
    order = sold["three"]
    asked = await town.shopper.ask_return(order, {"SNEAK-42": 3})
    await town.settle()
    await town.people.send_back(asked, {"SNEAK-42": {"restock": 1, "scrap": 1, "missing": 1}})
    await town.settle()
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert erp.restocked == {"SNEAK-42": 1}
    assert erp.credited == erp.refunded == shop.refunded > 0
    assert shop.refunded < shop.paid
    assert await town.reasons(order) == ["missing_goods"]


async def test_a_refund_made_in_the_admin_first_is_credited_in_the_erp_once(town: Town, sold: dict[str, Order]) -> None:
    order = sold["admin"]
    await town.shopper.refund(order, {"BOOK-COOK": 1})
    await town.settle()
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert erp.credited == erp.refunded == shop.refunded > 0
    assert erp.restocked == {}
    await town.look(order, "once more")
    assert await town.books(order) == books
    assert await town.reasons(order) == []


async def test_a_return_whose_piece_was_refunded_by_hand_meanwhile_is_not_paid_again(
    town: Town, sold: dict[str, Order]
) -> None:
    order = sold["meanwhile"]
    asked = await town.shopper.open_return(order, {"BOOK-KNOT": 1})
    await town.settle()
    receipt = await town.people.receive(order, asked.goods, return_id=asked.id)
    await town.settle()
    await town.shopper.refund(order, {"BOOK-KNOT": 1})
    await town.people.inspect(receipt, {"BOOK-KNOT": {"restock": 1}})
    await town.settle()
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert erp.credited == erp.refunded == shop.refunded > 0
    assert shop.refunded < shop.paid / 2
    assert erp.restocked == {"BOOK-KNOT": 1}


async def test_a_large_refund_waits_for_another_person_and_goes_on_after_the_approval(
    town: Town, sold: dict[str, Order]
) -> None:
    await town.rt.store.add_principal("ann", "token-of-ann", ["refunds"])
    order = sold["large"]
    asked = await town.shopper.open_return(order, {"PULL-MER-L": 5})
    await town.settle()
    await town.people.send_back(asked)
    await town.settle()
    assert (await town.one_return(order)).state is ReturnState.ESCALATED
    before = await town.books(order)
    assert before["erp"].credited == before["shopify"].refunded == 0
    assert town.rt.approvals is not None
    (wanted,) = await town.rt.approvals.approvals(state=ApprovalState.PENDING)
    await town.rt.approvals.decide(wanted.id, "token-of-ann", approve=True)
    await town.look(order, "approved")
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert erp.credited == erp.refunded == shop.refunded > 500
    assert (await town.one_return(order)).state is ReturnState.CLOSED
    assert [one.id for one in await town.rt.approvals.approvals(state=ApprovalState.USED)] == [wanted.id]


async def test_an_exchange_goes_on_once_the_shop_has_processed_it_the_other_goods_leave_and_the_first_are_credited(
    town: Town, sold: dict[str, Order]
) -> None:
    order = sold["exchange"]
    asked = await town.shopper.open_return(order, {"SHORT-32": 1}, exchange={"SHORT-34": 1})
    await town.settle()
    await town.people.send_back(asked)
    await town.settle()
    books = await town.books(order)
    assert books["erp"].credited == books["shopify"].refunded == 0
    assert books["erp"].restocked == {"SHORT-32": 1}
    assert await town.reasons(order) == ["exchange_open"]
    await process_exchange(town, asked)
    await town.settle()
    await town.ship(order)
    books = await town.books(order)
    erp, shop = books["erp"], books["shopify"]
    assert shop.shipped == erp.shipped == {"SHORT-32": 1, "SHORT-34": 1}
    assert erp.credited > 0
    assert erp.refunded == shop.refunded
    assert erp.invoiced - erp.credited == erp.paid - erp.refunded
    assert (await town.one_return(order)).state is ReturnState.CLOSED
    assert await town.reasons(order) == []
