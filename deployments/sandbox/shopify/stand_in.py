"""One stand-in: its settings, and the parts it is made of, wired."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.blobs import Blobs
from deployments.sandbox.shopify.buckets import PLANS, Buckets
from deployments.sandbox.shopify.bulk_runner import BulkPace, BulkRunner
from deployments.sandbox.shopify.domains import DOMAINS, WORK
from deployments.sandbox.shopify.execution import Engine
from deployments.sandbox.shopify.faults import AdminFaults
from deployments.sandbox.shopify.jobs import Jobs
from deployments.sandbox.shopify.journal import Journal
from deployments.sandbox.shopify.records import Clock, utc_now
from deployments.sandbox.shopify.registry import Call, UnderWay, combine
from deployments.sandbox.shopify.schema import published
from deployments.sandbox.shopify.seed import open_shop
from deployments.sandbox.shopify.seed_goods import Goods, add_goods
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.tokens import DEFAULT_SCOPES, TOKEN_SECONDS, App, Tokens, with_implied
from deployments.sandbox.shopify.webhooks.sender import WebhookSender

TICK_SECONDS = 0.05
REQUESTS_KEPT = 5_000
STAFF, STAFF_NUMBER = "shop-admin", 1_830_279
"""The client id of the shop's own staff: another app, with a bucket of its own and the secret of the first."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a stand-in is set up. `state_file` None keeps everything in memory; no `shops` means the catalogue's.

    `items` adds that many products to each shop, stocked everywhere.
    """

    shops: tuple[str, ...] = ()
    plan: str = "standard"
    client_id: str = "crossdock"
    client_secret: str = field(default="crossdock-sandbox-secret", repr=False)
    scopes: frozenset[str] = DEFAULT_SCOPES
    permanent_token: str | None = field(default=None, repr=False)
    token_seconds: int = TOKEN_SECONDS
    state_file: Path | None = None
    webhook_time_scale: float = 1.0
    seed: bool = True
    items: int = 0
    bulk_rows_a_second: float = 20_000.0
    bulk_start_seconds: float = 0.1


class StandIn:
    """Everything behind the HTTP surface. One event loop owns it."""

    def __init__(self, settings: Settings, *, clock: Clock = utc_now) -> None:
        self.settings = settings
        domain = combine(DOMAINS)
        self.state = State(Journal(settings.state_file) if settings.state_file else None, clock=clock)
        for type_name, completer in domain.completers.items():
            self.state.on_add(type_name, completer)
        app = App(settings.client_id, settings.client_secret, settings.scopes, permanent_token=settings.permanent_token)
        staff = App(STAFF, settings.client_secret, title="Shop admin", number=STAFF_NUMBER)
        self.tokens = Tokens(self.state, [app, staff], seconds=settings.token_seconds)
        self.buckets = Buckets(PLANS[settings.plan])
        self.engine = Engine(published(), domain)
        self.faults = AdminFaults()
        self.jobs = Jobs(self.state, WORK)
        self.sender = WebhookSender(
            self.state, lambda _shop: settings.client_secret, time_scale=settings.webhook_time_scale
        )
        # Where it can be reached; the server says so once its socket is bound.
        self.base_url = "http://127.0.0.1"
        self.blobs = Blobs(settings.state_file.with_suffix(".files") if settings.state_file else None)
        pace = BulkPace(settings.bulk_rows_a_second, settings.bulk_start_seconds)
        self.bulk = BulkRunner(self.state, self.engine, self.blobs, self.call_of, pace)
        self.under_way: set[UnderWay] = set()
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)
        open_shops(self.state, settings)

    def call(self, shop: str, app: App, version: str) -> Call:
        """A request of an app to a shop."""
        return Call(
            self.state,
            shop,
            app,
            with_implied(app.scopes),
            version,
            timedelta(seconds=self.faults.search_lag_seconds),
            under_way=self.under_way,
            base_url=self.base_url,
        )

    def call_of(self, shop: str, client_id: str, version: str) -> Call:
        """The same for the app of a client id. Raises StopIteration when there is none."""
        return self.call(shop, next(app for app in self.tokens.apps if app.client_id == client_id), version)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver webhooks and run jobs for as long as this lasts; then stop both and close the state."""
        await self.sender.start()
        ticking = asyncio.create_task(self._tick(), name="stand-in jobs")
        try:
            yield
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            await self.sender.stop()
            self.state.close()

    async def _tick(self) -> None:
        while True:
            self.jobs.run_due()
            more = self.bulk.advance()
            await asyncio.sleep(0 if more else TICK_SECONDS)


def open_shops(state: State, settings: Settings) -> None:
    """Open the shops, each seeded from the catalogue when it is one of the catalogue's; a kept shop stays as it is."""
    with state.action():
        for domain in settings.shops or catalogue_shops():
            if domain not in state.shops:
                open_shop(state, domain, settings.plan, seeded=settings.seed)
                if settings.items:
                    add_goods(state, domain, Goods(settings.items))


def catalogue_shops() -> tuple[str, ...]:
    """The shops of the catalogue."""
    return tuple(shop.domain for shop in load_catalogue().shops)
