"""What the gateway shows to those who watch."""

from datetime import UTC, datetime, timedelta
from typing import cast

import httpx
import pytest

from canonical.errors import RetryableError
from canonical.landscape import Landscape
from canonical.ports import StateStore
from canonical.records import Lane, OverdueSummary, StageSummary
from deployments.gateway.app import Sources, create_app
from deployments.gateway.journal import Journal
from deployments.gateway.metrics import Metrics
from deployments.gateway.settings import GatewaySettings
from deployments.gateway.waker import Pace, Waker
from tests.fakes.inbox import MemoryInbox
from tests.gateway.in_hand import CountingBell, Gateway, Webhook

DOWN = RetryableError("the store is down", code="store_down")


async def test_alive_says_nothing_about_others(gateway: Gateway) -> None:
    gateway.inbox.fails_with = DOWN
    assert (await gateway.client.get("/health")).status_code == 200


async def test_ready_while_deliveries_can_be_kept(gateway: Gateway) -> None:
    assert (await gateway.client.get("/ready")).status_code == 200
    gateway.inbox.fails_with = DOWN
    answer = await gateway.client.get("/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["the store: the store is down"])


async def test_not_ready_without_the_secret_of_a_channel(settings: GatewaySettings, landscape: Landscape) -> None:
    inbox, metrics, journal = MemoryInbox(), Metrics(), Journal()
    waker = Waker(inbox, CountingBell(), Pace(), metrics, journal)
    app = create_app(settings, landscape, cast("StateStore", inbox), Sources({}), waker, metrics, journal)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        answer = await client.get("/ready")
    assert answer.json()["missing"] == ["no webhook secret is configured for shopify"]


async def test_the_front_page_says_what_this_is(gateway: Gateway) -> None:
    assert "Crossdock gateway" in (await gateway.client.get("/")).text


async def test_the_metrics_show_the_inbox_and_the_lanes(gateway: Gateway) -> None:
    now = datetime.now(UTC)
    gateway.inbox.parked = [
        Lane(scope="north", system="erp", parked_until=now + timedelta(minutes=1), updated_at=now),
        Lane(scope="south", system="erp", updated_at=now),
    ]
    await Webhook().send(gateway.client)
    text = (await gateway.client.get("/metrics")).text
    assert 'crossdock_inbox_messages{kind="orders",scope="north",state="ready"} 1.0' in text
    assert 'crossdock_inbox_oldest_seconds{kind="orders",scope="north"} 30.' in text
    assert 'crossdock_lane_parked{scope="north",system="erp"} 1.0' in text
    assert 'crossdock_lane_parked{scope="south",system="erp"} 0.0' in text
    assert "crossdock_store_up 1.0" in text
    assert gateway.figure("crossdock_commit_seconds_count") == pytest.approx(1)


async def test_the_metrics_show_where_orders_are_and_what_is_overdue(gateway: Gateway) -> None:
    ago = datetime.now(UTC) - timedelta(minutes=5)
    gateway.inbox.stages = [StageSummary(scope="north", stage="ready for pickup", count=3, quiet_since=ago)]
    gateway.inbox.late = [OverdueSummary(scope="north", system="parcels", count=2, oldest=ago)]
    text = (await gateway.client.get("/metrics")).text
    assert 'crossdock_lives{scope="north",stage="ready for pickup"} 3.0' in text
    assert 'crossdock_lives_quiet_seconds{scope="north",stage="ready for pickup"} 300.' in text
    assert 'crossdock_answers_overdue{scope="north",system="parcels"} 2.0' in text
    assert 'crossdock_answers_overdue_seconds{scope="north",system="parcels"} 300.' in text
    gateway.metrics.store_is_down()
    assert "crossdock_lives{" not in gateway.metrics.text().decode()


async def test_old_figures_are_not_shown_while_the_store_is_down(gateway: Gateway) -> None:
    await Webhook().send(gateway.client)
    gateway.metrics.store_says(await gateway.inbox.summary(), [], datetime.now(UTC))
    gateway.inbox.fails_with = DOWN
    text = (await gateway.client.get("/metrics")).text
    assert "crossdock_store_up 0.0" in text
    assert "crossdock_inbox_messages{" not in text


async def test_nobody_outside_can_grow_the_metrics(gateway: Gateway) -> None:
    before = gateway.metrics.text().count(b"\n")
    for number in range(20):
        await Webhook(word="guess", shop=f"s{number}", topic=f"t/{number}").send(gateway.client)
    assert gateway.metrics.text().count(b"\n") <= before + 4


async def test_stopping_closes_the_bell_and_then_the_store(settings: GatewaySettings, landscape: Landscape) -> None:
    inbox, bell, metrics, journal = MemoryInbox(), CountingBell(), Metrics(), Journal()
    waker = Waker(inbox, bell, Pace(), metrics, journal)
    app = create_app(settings, landscape, cast("StateStore", inbox), Sources({}), waker, metrics, journal)
    async with app.router.lifespan_context(app):
        assert not inbox.closed
    assert bell.closed
    assert inbox.closed
