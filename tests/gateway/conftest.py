"""A gateway in this process, over fakes: the app, a client that speaks to it, and what it was told."""

from collections.abc import AsyncIterator
from typing import cast

import httpx
import pytest

from canonical.landscape import Landscape
from canonical.ports import StateStore
from deployments.gateway.app import Sources, create_app
from deployments.gateway.journal import Journal
from deployments.gateway.metrics import Metrics
from deployments.gateway.senders import event_sources
from deployments.gateway.settings import GatewaySettings
from deployments.gateway.waker import Pace, Waker
from deployments.landscape_loader import load_landscape
from tests.fakes.inbox import MemoryInbox, WordSource
from tests.gateway.in_hand import PREVIOUS, SECRET, CountingBell, Gateway

TOPICS = ["shipments.created", "stock.changed", "products.changed"]


@pytest.fixture
def landscape() -> Landscape:
    return load_landscape()


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings.model_validate(
        {
            "max_body": 1000,
            "commit_timeout": 0.2,
            "retry_after": 7,
            "senders": {"erp": {"secret": SECRET, "previous_secret": PREVIOUS, "topics": TOPICS}},
        }
    )


@pytest.fixture
async def gateway(settings: GatewaySettings, landscape: Landscape) -> AsyncIterator[Gateway]:
    inbox, bell, metrics, journal = MemoryInbox(), CountingBell(), Metrics(), Journal()
    waker = Waker(inbox, bell, Pace(0.01, 0.05), metrics, journal)
    sources = Sources({"shopify": WordSource()}, event_sources(settings.senders, landscape))
    app = create_app(settings, landscape, cast("StateStore", inbox), sources, waker, metrics, journal)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield Gateway(client, inbox, bell, metrics)
    await waker.aclose()
