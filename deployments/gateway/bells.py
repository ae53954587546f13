"""Where wake-up events go: to the Prefect API over plain HTTP, or nowhere.

Importing Prefect would cost this process 1.6 s of CPU and 100 MB to say one sentence.
"""

import uuid
from datetime import UTC, datetime
from typing import Final

import httpx

from canonical.errors import MisconfiguredError, RetryableError
from deployments.gateway.settings import GatewaySettings

TIMEOUT: Final = httpx.Timeout(5.0, connect=1.0)


class PrefectBell:
    """Emits `crossdock.inbox.<kind>` with payload `{kind, pending}`, for the event triggers of the deployments."""

    def __init__(
        self, api_url: str, auth: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`auth` is Prefect's own `user:password` text."""
        user, _, password = (auth or "").partition(":")
        self._client = httpx.AsyncClient(
            base_url=api_url.rstrip("/"),
            auth=httpx.BasicAuth(user, password) if auth else None,
            timeout=TIMEOUT,
            transport=transport,
        )

    async def ring(self, kind: str, pending: int) -> None:
        """Raises `RetryableError` when the API cannot be reached, `MisconfiguredError` when it refuses the event."""
        name = f"crossdock.inbox.{kind}"
        event = {
            "id": str(uuid.uuid4()),
            "occurred": datetime.now(UTC).isoformat(),
            "event": name,
            "resource": {"prefect.resource.id": name},
            "payload": {"kind": kind, "pending": pending},
        }
        try:
            answer = await self._client.post("/events", json=[event])
        except httpx.HTTPError as error:
            raise RetryableError(
                f"the Prefect API does not answer ({type(error).__name__})", code="prefect_down"
            ) from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise RetryableError(f"the Prefect API answers {answer.status_code}", code="prefect_down")
        if answer.status_code >= 300:
            raise MisconfiguredError(
                f"the Prefect API refuses the event with {answer.status_code}",
                code="prefect_refuses",
                way_out="Check PREFECT_API_URL and PREFECT_API_AUTH_STRING.",
            )

    async def aclose(self) -> None:
        await self._client.aclose()


class NoBell:
    """For a gateway that runs without Prefect: the sweep schedule finds the messages."""

    async def ring(self, kind: str, pending: int) -> None:
        """Nobody to tell."""

    async def aclose(self) -> None:
        """Nothing to close."""


def bell_of(settings: GatewaySettings) -> PrefectBell | NoBell:
    """The bell that the settings name; without `PREFECT_API_URL` there is none."""
    if settings.prefect_api_url is None:
        return NoBell()
    auth = settings.prefect_api_auth
    return PrefectBell(settings.prefect_api_url, auth.get_secret_value() if auth else None)
