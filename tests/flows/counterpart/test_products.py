"""Products from a real ERP and a feed, by real processes; each way of starting a run does the same."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from canonical.money import Money
from canonical.product import Product, SourceProduct, Variant
from deployments.cli import orders, products, runs, stock
from deployments.engine import client, read_run, start_run
from deployments.gateway.bells import PrefectBell
from deployments.sandbox.tryton.desk import TrytonDesk
from deployments.stack.plan import SHOPS, Plan
from deployments.stack.scene import open_store
from deployments.stack.stack import applied, running
from flows.handling.products.arrivals import told
from flows.handling.products.comparing import trial
from flows.runtime import open_runtime
from flows.settings import FlowSettings
from tests.flows.counterpart.conftest import FINAL, Street, until

pytestmark = [
    pytest.mark.counterpart,
    pytest.mark.xdist_group("stack-products"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]
KEY = "TEE-WHI-S"
MADE = 30
BY_HAND: dict[str, dict[str, object]] = {
    "order-ingestion/drain": {"linger_seconds": 0},
    "order-poll/poll": {},
    "inventory-publication/drain": {"linger_seconds": 0},
    "stock-poll/poll": {"seconds": 0},
    "stock-reconciliation/reconcile": {},
    "product-sync/drain": {"linger_seconds": 0},
    "product-poll/poll": {},
}
"""A run as the Prefect UI starts it: deployment, parameters."""
BY_NAME: dict[str, dict[str, object]] = {
    stock.PUBLISH: {"skus": [KEY], "shop": "north", "linger_seconds": 0},
    products.SYNC: {"keys": [KEY], "shop": "north", "linger_seconds": 0},
}
"""What the command line starts for named documents."""
SCHEDULED = ("order-ingestion/drain", "inventory-publication/drain", "product-sync/drain", "stock-poll/poll")
"""Those that a schedule starts within a minute; the slower ones differ in the interval only."""


class Shelf:
    """The products of the shop north on the stack, seen from the shop."""

    def __init__(self, street: Street) -> None:
        self.street = street

    async def records(self) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=self.street.stack.shopify.url, timeout=30, trust_env=False) as http:
            answer = await http.get(f"/_sandbox/state/{SHOPS['north']}/Product", params={"limit": 250})
        found: list[dict[str, Any]] = answer.raise_for_status().json()["records"]
        return found

    async def titled(self, prefix: str) -> list[str]:
        return sorted(r["title"] for r in await self.records() if r["title"].startswith(prefix))

    def writes(self) -> int:
        ((count,),) = self.street.rows("SELECT count(*) FROM effect WHERE operation = 'product.publish'")
        return int(count)

    async def tell(self, *made: Product) -> None:
        """The ERP says these of its products; nobody is woken."""
        given = frozenset({"title", "status", "variants", "variants.price", "variants.unit"})
        now = datetime.now(UTC)
        rows = [
            SourceProduct(source="erp", company="north", key=p.id, product=p, given=given, updated_at=now) for p in made
        ]
        await self.street.store.put([told(row) for row in rows])


async def _quiet(street: Street) -> None:
    """Nothing waits, and nothing was written for a while."""
    waiting = "SELECT count(*) FROM inbox WHERE state IN ('ready', 'claimed')"
    due = "SELECT count(*) FROM stock_figure WHERE state = 'due'"
    open_ = "SELECT count(*) FROM effect WHERE state IN ('intended', 'sent')"

    async def still() -> bool:
        return all(street.rows(query) == [(0,)] for query in (waiting, due, open_))

    for _ in range(3):
        await until(still, 90.0, "the house did not come to rest")
        await asyncio.sleep(1.0)


async def _ended(street: Street, deployment: str) -> str:
    """How a run ends."""
    run = await start_run(deployment, {}, street.stack.environment)

    async def over() -> bool:
        return (await read_run(run["id"], street.stack.environment))["state"]["type"] in FINAL

    await until(over, 90.0, f"{deployment} did not end")
    return str((await read_run(run["id"], street.stack.environment))["state"]["type"])


async def _scheduled(street: Street) -> set[str]:
    """Deployments that a schedule has started and whose run did not fail."""
    async with client(street.stack.environment) as http:
        named = {row["id"]: row["name"] for row in (await http.post("/deployments/filter", json={})).json()}
        flows = {row["id"]: row["name"] for row in (await http.post("/flows/filter", json={})).json()}
        asked = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "RUNNING"]}}}, "limit": 200}
        found = (await http.post("/flow_runs/filter", json=asked)).raise_for_status().json()
    return {f"{flows[r['flow_id']]}/{named[r['deployment_id']]}" for r in found if r["auto_scheduled"]}


def product(key: str, title: str) -> Product:
    variant = Variant(id=key, sku=key, price=Money.of("12.00", "USD"))
    return Product(id=key, title=title, variants=(variant,))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """Everything running, with short leases: a worker dies here."""
    short = {"CROSSDOCK_FLOW_PARK_SECONDS": "2", "CROSSDOCK_FLOW_LEASE_SECONDS": "8"}
    plan = Plan(home=tmp_path_factory.mktemp("stack"), webhook_time_scale=0.002, extra=short)
    async with running(plan) as stack:
        store = await open_store(stack)
        try:
            yield Street(stack, store)
        finally:
            await store.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shelf(street: Street) -> AsyncIterator[Shelf]:
    """Everything published once, by a poll."""
    found = Shelf(street)
    before = len(await found.records())
    await street.run("product-poll/poll")
    assert found.writes() > 0
    made = len(await found.records()) - before
    published = street.rows("SELECT count(DISTINCT product_id), count(*) FROM product_published WHERE shop = 'north'")
    assert published[0][0] == published[0][1] >= 40
    assert made == 0, "the shop had them all: each is found by its SKUs, none is made twice"
    yield found


async def test_what_the_owners_say_is_in_the_shop_and_nothing_waits(street: Street, shelf: Shelf) -> None:
    waiting = [c for c in await street.store.cases(limit=500) if ":product" in c.aggregate_key]
    assert [(c.document, c.words) for c in waiting] == []
    (row,) = [r for r in await shelf.records() if r["title"] == "Harbour Tee"]
    assert row["vendor"] == "Quayside"
    assert "made to last" in row["descriptionHtml"]
    lines = await street.store.trace(f"north:product:{KEY}")
    assert any("product.published" in line.words or line.what == "product.published" for line in lines)


async def test_the_command_line_brings_a_new_price_and_again_writes_nothing(street: Street, shelf: Shelf) -> None:
    ((prices,),) = street.rows(f"SELECT prices FROM product_published WHERE shop = 'north' AND key = '{KEY}'")
    price = Decimal(json.loads(prices)[KEY]) + Decimal("1.50")

    def reprice() -> None:
        with TrytonDesk(street.stack.erp.url) as desk:
            desk.reprice(KEY, str(price))

    await asyncio.to_thread(reprice)
    parameters = {"keys": [KEY], "shop": "north", "full": False, "dry_run": False, "linger_seconds": 0}

    async def sync() -> int:
        before = shelf.writes()
        with applied(street.stack.environment):
            assert await runs.run_and_wait(products.SYNC, parameters, wait=True) == 0
        return shelf.writes() - before

    assert await sync() == 1
    assert await sync() == 0
    found = await street.ask_shop("north", '{ productVariants(first: 1, query: "sku:TEE-WHI-S") { nodes { price } } }')
    assert found["productVariants"]["nodes"][0]["price"] == str(price)


async def test_a_dry_run_shows_what_somebody_changed_in_the_shop_and_writes_nothing(
    street: Street, shelf: Shelf
) -> None:
    ((product_id,),) = street.rows(f"SELECT product_id FROM product_published WHERE shop = 'north' AND key = '{KEY}'")
    change = "mutation M($p: ProductUpdateInput!) { productUpdate(product: $p) { userErrors { message } } }"
    await street.ask_shop("north", change, p={"id": f"gid://shopify/Product/{product_id}", "title": "Sale!"})
    before = shelf.writes()
    with applied(street.stack.environment):
        rt = await open_runtime(FlowSettings())
        try:
            (found,) = await trial(rt, ["north"], [KEY])
        finally:
            await rt.aclose()
    assert [(c.field, c.shown, c.wanted) for c in found.changes] == [("title", "Sale!", "Harbour Tee")]
    assert shelf.writes() == before


async def test_an_event_and_a_run_by_hand_publish_what_the_inbox_holds(street: Street, shelf: Shelf) -> None:
    async def event() -> None:
        bell = PrefectBell(street.stack.environment["PREFECT_API_URL"])
        await bell.ring("products", 1)
        await bell.aclose()

    async def by_hand() -> None:
        await street.run("product-sync/drain", linger_seconds=0)

    starts: tuple[Callable[[], Awaitable[None]], ...] = (event, by_hand)
    for number, start in enumerate(starts):
        await shelf.tell(product(f"START-{number}", f"Started {number}"))
        await start()

        async def shown(title: str = f"Started {number}") -> bool:
            return await shelf.titled(title) == [title]

        await until(shown, 90.0, f"start {number} did not publish")


async def test_a_killed_worker_leaves_no_product_out_and_makes_none_twice(street: Street, shelf: Shelf) -> None:
    await shelf.tell(*(product(f"CRASH-{n:02}", f"Crash {n:02}") for n in range(MADE)))
    run = asyncio.create_task(street.run("product-sync/drain", linger_seconds=0))

    async def in_the_middle() -> bool:
        return len(await shelf.titled("Crash")) >= 3

    await until(in_the_middle, 60.0, "publishing did not begin")
    await street.stack.worker.kill()
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run
    assert len(await shelf.titled("Crash")) < MADE, "it was killed in the middle"
    await street.stack.start_worker()
    wanted = [f"Crash {n:02}" for n in range(MADE)]

    async def all_there() -> bool:
        return await shelf.titled("Crash") == wanted

    await until(all_there, 150.0, "not every product came, or one came twice")

    async def settled() -> bool:
        query = "SELECT count(*) FROM effect WHERE operation = 'product.publish' AND state <> 'settled'"
        return street.rows(query) == [(0,)]

    await until(settled, 90.0, "not every publication was settled")
    assert await shelf.titled("Crash") == wanted


async def test_every_way_to_start_every_flow_has_done_so(street: Street, shelf: Shelf) -> None:
    """The table of README.md, "The flows": by schedule, by hand and for named ids; none fails or writes again."""
    writes = "SELECT count(*) FROM effect WHERE state = 'settled'"
    (order,) = await street.place("north", 1, seed=3)
    await street.settled([order])
    named = BY_NAME | {orders.DEPLOYMENT: {"names": [order.name], "shop": "north", "linger_seconds": 0}}

    async def by_name() -> None:
        for deployment, parameters in named.items():
            with applied(street.stack.environment):
                assert await runs.run_and_wait(deployment, parameters, wait=True) == 0

    await street.run("stock-poll/poll", seconds=0)
    await by_name()
    await _quiet(street)
    before = street.rows(writes)
    for deployment, parameters in BY_HAND.items():
        await street.run(deployment, **parameters)
    await by_name()
    assert await _ended(street, "data-readiness/doctor") in ("COMPLETED", "FAILED"), "it fails on findings"
    assert street.rows(writes) == before, "what is done is written by no start again"

    async def all_scheduled() -> bool:
        return set(SCHEDULED) <= await _scheduled(street)

    await until(all_scheduled, 90.0, "a schedule started nothing")
