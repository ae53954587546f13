"""Lives of orders in the words of the people who live them, at the real systems; judged by the systems' own books."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deployments.stack.plan import Plan
from tests.flows.counterpart.town import Town, opened_town

pytestmark = [
    pytest.mark.counterpart,
    pytest.mark.xdist_group("stack-lives"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]
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
