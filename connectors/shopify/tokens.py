"""Access tokens: got by client credentials, kept for the day they live, renewed before they end.

Source: the client credentials grant, 24 hours and no refresh token; one simply asks again.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shopify_app import exchange_using_client_credentials_async

from canonical.errors import MisconfiguredError
from connectors.http import SystemClient
from connectors.shopify.errors import http_error
from connectors.shopify.settings import ShopifySettings

MARGIN = timedelta(minutes=5)
"""A token is renewed when it has less than this left, so that no call starts with one that ends on the way."""


def utc_now() -> datetime:
    """The clock, unless a test gives another."""
    return datetime.now(UTC)


class Tokens:
    """The token of one shop. `get` is cheap; concurrent callers share one request."""

    def __init__(self, settings: ShopifySettings, http: SystemClient, now: Callable[[], datetime] = utc_now) -> None:
        self._settings, self._http, self._now = settings, http, now
        self._token, self._until = "", datetime.min.replace(tzinfo=UTC)
        self._renewing = asyncio.Lock()

    @property
    def renewable(self) -> bool:
        """False for a permanent token: when that is refused, nothing we do helps."""
        return self._settings.access_token is None

    async def get(self) -> str:
        """A token that is good for the next minutes. Raises `MisconfiguredError` when the app is refused."""
        if self._settings.access_token is not None:
            return self._settings.access_token.get_secret_value()
        async with self._renewing:
            if self._now() + MARGIN >= self._until:
                self._token, self._until = await self._request()
            return self._token

    def discard(self, token: str) -> None:
        """Forget a token that was refused; another one got meanwhile stays."""
        if token == self._token:
            self._until = datetime.min.replace(tzinfo=UTC)

    async def _request(self) -> tuple[str, datetime]:
        config = {
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "old_client_secret": None,
        }
        result = await exchange_using_client_credentials_async(self._settings.handle, config, self._http)
        if result.ok and result.access_token:
            granted = result.access_token
            until = datetime.fromisoformat(granted.expires) if granted.expires else self._now() + timedelta(hours=1)
            return granted.token, until
        raw = result.http_logs[-1].res if result.http_logs else None
        if raw is not None and raw.status >= 429 and (error := http_error(raw.status, raw.headers, None)):
            raise error
        raise MisconfiguredError(
            f"Shopify gives no access token for {self._settings.domain} ({result.log.code})",
            code=result.log.code,
            document=self._settings.domain,
            way_out="Check client id and secret, and that the app is installed in this shop.",
        )
