"""How a shop is set up, read from the Shopify stand-in as a process of its own."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from canonical.ports.readiness import ChannelSetup
from connectors.shopify.channel import ShopifyChannel
from connectors.shopify.setup import ShopifySetup, open_setup
from tests.contract.channel.conftest import StandIn

pytestmark = pytest.mark.counterpart
URI = "https://crossdock.example/webhooks/shopify/north"


@pytest.fixture
async def setup(stand_in: StandIn) -> AsyncIterator[ShopifySetup]:
    opened = open_setup(stand_in.shop, stand_in.settings())
    yield opened
    await opened.aclose()


async def test_locations_scopes_version_and_customers_are_read(stand_in: StandIn, setup: ShopifySetup) -> None:
    assert isinstance(setup, ChannelSetup)
    known = stand_in.ask("GET", f"/state/{stand_in.domain}/Location")["records"]
    assert await setup.locations() == {r["id"].rsplit("/", 1)[-1]: r["name"] for r in known}
    assert await setup.missing_scopes() == []
    version = await setup.api_version()
    assert (version.name, version.ends, version.served) == ("2026-10", date(2027, 10, 16), True)
    customers = [customer async for customer in setup.customers(300)]
    assert len({customer.id for customer in customers}) == len(customers) > 0
    assert [c async for c in setup.customers(2)] == customers[:2]
    assert setup.notices == frozenset()


async def test_a_version_that_is_not_served_is_told(stand_in: StandIn) -> None:
    opened = open_setup(stand_in.shop, stand_in.settings(api_version="2030-01"))
    try:
        assert not (await opened.api_version()).served
    finally:
        await opened.aclose()


async def test_missing_topics_are_those_that_nobody_delivers(
    stand_in: StandIn, channel: ShopifyChannel, setup: ShopifySetup
) -> None:
    wanted = stand_in.settings().topics
    assert await setup.missing_topics() == list(wanted)
    await channel.subscribe(wanted[:3], URI)
    assert await setup.missing_topics() == list(wanted[3:])
    assert await setup.missing_topics("https://elsewhere.example") == list(wanted)
    assert {s.topic for s in await setup.subscriptions()} == set(wanted[:3])
