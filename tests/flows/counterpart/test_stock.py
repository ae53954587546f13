"""Stock against a real ERP, a shop of our own and real processes; each way of starting a run does the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import pytest_asyncio

from canonical.inventory import Figure, InventoryLevel, StockReport
from deployments.cli import runs, stock
from deployments.gateway.bells import PrefectBell
from deployments.stack.stack import applied
from deployments.stack.stock_scene import StockScene
from flows.handling.stock.messages import told
from tests.flows.counterpart.conftest import Street, until

pytestmark = [
    pytest.mark.counterpart,
    pytest.mark.xdist_group("stack-stock"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(200),
]
SKU = "TEE-WHI-M"
EDIT = """mutation M($input: InventorySetQuantitiesInput!) {
  inventorySetQuantities(input: $input) @idempotent(key: "an edit by hand") { userErrors { message } }
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(street: Street) -> AsyncIterator[StockScene]:
    """The figures of both shops published."""
    found = StockScene(street.stack, street.store)
    assert await found.first_publication() > 0
    yield found
    found.close()


async def at_east(scene: StockScene) -> Figure:
    """The figure of the item at the distribution centre: the one of two that 25 pieces make the larger."""
    return max(await scene.figures("north", SKU), key=lambda f: f.published or 0)


def writes(street: Street) -> int:
    """Calls to the shop that were settled."""
    ((count,),) = street.rows("SELECT count(*) FROM effect WHERE operation LIKE 'stock.%' AND state = 'settled'")
    return int(count)


async def received_and_shown(scene: StockScene, start: Callable[[], Awaitable[object]]) -> Figure:
    """Goods come in, somebody or something starts a run, the shop shows them."""
    before = await scene.figures("north", SKU)
    await scene.receive(SKU, "DC-EAST", 25)
    await start()
    figure = await scene.shown_after(before, within=90.0)
    assert figure is not None
    (was,) = [f.published for f in before if f.place == figure.place]
    assert figure.published == (was or 0) + 25
    assert await scene.in_the_shop(figure) == figure.published
    return figure


async def test_the_poll_by_hand_and_by_schedule_shows_a_receipt(street: Street, scene: StockScene) -> None:
    await received_and_shown(scene, lambda: street.run("stock-poll/poll", seconds=0))
    await received_and_shown(scene, lambda: asyncio.sleep(0))  # the schedule comes by within a minute


async def test_the_command_line_publishes_a_named_item_and_again_writes_nothing(
    street: Street, scene: StockScene
) -> None:
    async def publish() -> None:
        with applied(street.stack.environment):
            assert await runs.run_and_wait(stock.PUBLISH, {"skus": [SKU], "shop": "north"}, wait=True) == 0

    await received_and_shown(scene, publish)
    before = writes(street)
    await publish()
    assert writes(street) == before


async def test_an_event_and_a_run_by_hand_show_what_the_inbox_holds(street: Street, scene: StockScene) -> None:
    async def event() -> None:
        bell = PrefectBell(street.stack.environment["PREFECT_API_URL"])
        await bell.ring("stock.north", 1)
        await bell.aclose()

    async def by_hand() -> None:
        await street.run("inventory-publication/drain", linger_seconds=0)

    for number, start in enumerate((event, by_hand)):
        before = await scene.figures("north", SKU)
        figure = await at_east(scene)
        await street.store.put([told(await _one_more(street), datetime.now(UTC), f"by event {number}")])
        await start()
        shown = await scene.shown_after(before, within=60.0)
        assert shown is not None
        assert (shown.place, shown.published) == (figure.place, (figure.published or 0) + 1)


async def _one_more(street: Street) -> StockReport:
    """The source tells of one piece more at the distribution centre."""
    query = f"SELECT on_hand, allocated FROM stock_level WHERE sku = '{SKU}' AND native_location = 'DC-EAST'"
    ((on_hand, allocated),) = street.rows(f"{query} AND company = 'north'")
    level = InventoryLevel(
        sku=SKU,
        location="DC-EAST",
        native_location="DC-EAST",
        on_hand=Decimal(on_hand) + 1,
        allocated=Decimal(allocated),
        source="erp",
        as_of=datetime.now(UTC),
    )
    return StockReport(source="erp", company="north", levels=(level,))


async def test_an_edit_in_the_shop_is_found_and_healed(street: Street, scene: StockScene) -> None:
    figure = await at_east(scene)
    quantity = {
        "inventoryItemId": f"gid://shopify/InventoryItem/{figure.place.item_id}",
        "locationId": f"gid://shopify/Location/{figure.place.location_id}",
        "quantity": 9_999,
        "changeFromQuantity": None,
    }
    given = {"name": "available", "reason": "correction", "referenceDocumentUri": "gid://staff/Edit/1"}
    await street.ask_shop("north", EDIT, input=given | {"quantities": [quantity]})
    await street.run("stock-reconciliation/reconcile", heal_differences=True)

    async def right() -> bool:
        now = await at_east(scene)
        return now.published is not None and await scene.in_the_shop(now) == now.published

    await until(right, 60.0, "the edit was not put right")
    assert (await at_east(scene)).published != 9_999
