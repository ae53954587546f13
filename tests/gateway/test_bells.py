"""The event that wakes the flows, as Prefect's API wants it."""

import base64
import json

import httpx
import pytest

from canonical.errors import MisconfiguredError, RetryableError
from deployments.gateway.bells import NoBell, PrefectBell, bell_of
from deployments.gateway.settings import GatewaySettings


class Api(httpx.AsyncBaseTransport):
    """Prefect's events route: answers with `status`, keeps what it was sent."""

    def __init__(self, status: int = 204) -> None:
        self.status, self.requests = status, list[httpx.Request]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.status == 0:
            raise httpx.ConnectError("refused")
        self.requests.append(request)
        return httpx.Response(self.status)


async def test_the_event_names_the_kind_and_how_many_wait() -> None:
    api = Api()
    bell = PrefectBell("http://127.0.0.1:4200/api/", "admin:s3cret:with:colons", api)
    await bell.ring("orders", 17)
    (request,) = api.requests
    assert str(request.url) == "http://127.0.0.1:4200/api/events"
    (event,) = json.loads(request.content)
    assert event["event"] == "crossdock.inbox.orders"
    assert event["resource"] == {"prefect.resource.id": "crossdock.inbox.orders"}
    assert event["payload"] == {"kind": "orders", "pending": 17}
    assert base64.b64decode(request.headers["authorization"].split()[1]) == b"admin:s3cret:with:colons"
    await bell.aclose()


async def test_the_event_is_one_that_prefect_understands() -> None:
    from prefect.server.events.schemas.events import Event

    api = Api()
    bell = PrefectBell("http://127.0.0.1:4200/api", transport=api)
    await bell.ring("orders", 1)
    event = Event.model_validate(json.loads(api.requests[0].content)[0])
    assert event.resource.id == "crossdock.inbox.orders"
    assert event.occurred.tzinfo is not None
    await bell.aclose()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (0, RetryableError),
        (500, RetryableError),
        (429, RetryableError),
        (401, MisconfiguredError),
        (422, MisconfiguredError),
    ],
)
async def test_an_api_that_is_down_is_not_one_that_refuses(status: int, error: type[Exception]) -> None:
    bell = PrefectBell("http://127.0.0.1:4200/api", transport=Api(status))
    with pytest.raises(error):
        await bell.ring("orders", 1)
    await bell.aclose()


def test_without_an_address_there_is_no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert isinstance(bell_of(GatewaySettings()), NoBell)
    assert isinstance(bell_of(GatewaySettings(prefect_api_url="http://127.0.0.1:1/api")), PrefectBell)
