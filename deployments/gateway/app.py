"""Puts the gateway together: routes, intakes, pages, and the order in which they stop."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from canonical.errors import RejectedError
from canonical.landscape import Landscape, Role
from canonical.ports import Approvals, StateStore, WebhookSource
from deployments.gateway.answers import refusal
from deployments.gateway.approvals import ApprovalPages
from deployments.gateway.doorkeeper import Doorkeeper
from deployments.gateway.intake import Desk, Intake, Limits
from deployments.gateway.journal import Journal
from deployments.gateway.metrics import Metrics
from deployments.gateway.pages import Pages
from deployments.gateway.settings import GatewaySettings
from deployments.gateway.trace import TracePages
from deployments.gateway.waker import Waker
from deployments.resuming import resume


@dataclass(frozen=True, slots=True)
class Sources:
    """Who is believed: channels with their own signature (`/webhooks`), senders of Standard Webhooks (`/events`)."""

    channels: Mapping[str, WebhookSource]
    senders: Mapping[str, WebhookSource] = field(default_factory=dict)


class ByName:
    """Hands a request to the intake that the path names."""

    def __init__(self, intakes: Mapping[str, Intake]) -> None:
        self._intakes = intakes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        intake = self._intakes.get(scope["path_params"]["name"])
        if intake is not None:
            await intake(scope, receive, send)
            return
        unknown = RejectedError(
            "no system of this name may send here",
            code="unknown_system",
            way_out="Check the URL, the landscape, and the senders in the settings of the gateway.",
        )
        await refusal(unknown, retry_after=0).send(send)


def create_app(
    settings: GatewaySettings,
    landscape: Landscape,
    store: StateStore,
    sources: Sources,
    waker: Waker,
    metrics: Metrics,
    journal: Journal,
    people: Sequence[Route] = (),
) -> Starlette:
    """The ASGI app. It closes the waker and the store when it stops, so both must be its own.

    `people` are the routes for those who have an API token (`people_routes`).
    """
    desk = Desk(store, waker, metrics, journal)
    webhooks = Limits(settings.max_body, settings.commit_timeout, settings.retry_after)
    events = Limits(settings.max_event_body, settings.commit_timeout, settings.retry_after)
    plain = {name: Intake(source, desk, webhooks) for name, source in sources.channels.items()}
    bound = {name: Intake(source, desk, webhooks, bound="shop") for name, source in sources.channels.items()}
    senders = {name: Intake(source, desk, events) for name, source in sources.senders.items()}
    channels = {system.name for system in landscape.systems if system.role is Role.CHANNEL}
    shops = [shop.name for shop in landscape.shops]
    pages = Pages(store, metrics, missing=sorted(channels - set(sources.channels)), shops=shops)
    return Starlette(
        routes=[
            Route("/webhooks/{name}", ByName(plain), methods=["POST"]),
            Route("/webhooks/{name}/{shop}", ByName(bound), methods=["POST"]),
            Route("/events/{name}", ByName(senders), methods=["POST"]),
            Route("/health", pages.health),
            Route("/ready", pages.ready),
            Route("/metrics", pages.metrics),
            Route("/", pages.index),
            *people,
        ],
        exception_handlers={Exception: _internal_error},
        lifespan=_lifespan(store, waker, journal),
    )


def people_routes(settings: GatewaySettings, store: StateStore, desk: Approvals) -> list[Route]:
    """Approvals and the trace, for the owners of API tokens."""
    auth = settings.prefect_api_auth
    door = Doorkeeper(store)
    wake = partial(resume, api_url=settings.prefect_api_url, auth=auth.get_secret_value() if auth is not None else None)
    return [*ApprovalPages(desk, door, wake).routes(), *TracePages(store, door, settings.cookie_secure).routes()]


def _lifespan(
    store: StateStore, waker: Waker, journal: Journal
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        """The server has answered every open request before this goes on; the store closes last."""
        journal.note("started")
        yield
        await waker.aclose()
        await store.aclose()
        journal.note("stopped")

    return lifespan


async def _internal_error(request: Request, error: Exception) -> Response:
    """A fault of ours: not kept, so the sender sends again. The log has the place, never the content."""
    return JSONResponse({"error": "internal", "words": "a fault on our side; send it again"}, status_code=500)
