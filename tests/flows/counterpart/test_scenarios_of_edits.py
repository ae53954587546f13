"""Orders edited after they were booked, at the real systems; judged by the systems' own books."""

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


async def test_an_order_edited_after_it_was_booked_is_shipped_and_invoiced_as_it_is_now(town: Town) -> None:
    order = await town.buy({"CHINO-30": 2, "CHINO-32": 1})
    await town.shopper.edit(order, {"CHINO-30": 1}, add={"SALT-SEA-200": 1})
    await town.settle()
    wanted = {"CHINO-30": 1, "CHINO-32": 1, "SALT-SEA-200": 1}
    assert (await town.books(order))["erp"].ordered == wanted
    await town.ship(order)
    books = await town.books(order)
    assert books["erp"].shipped == books["shopify"].shipped == wanted
    assert books["erp"].invoiced == books["shopify"].total > 0
    assert await town.reasons(order) == []
