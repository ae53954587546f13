"""HTTP for connectors: one client whose every failure is already one of our error classes.

    before the request left      ConnectError, ConnectTimeout, PoolTimeout, ProxyError    RetryableError
    after it (perhaps) left      every other transport error, an unreadable reply         RetryableError, maybe applied
    the address is wrong         unsupported scheme, invalid URL, certificate refused     MisconfiguredError
    an answer with a status      `status_error`                                           by its tables

`maybe_applied` is what keeps a lost reply from becoming a second document, so in doubt it is true.
"""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RejectedError, RetryableError

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds. Long enough for a slow write, short enough to notice a dead host."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_WRONG_ADDRESS = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects, httpx.LocalProtocolError)
_LOG_IN_REFUSED = frozenset({401, 403, 407, 511})
_WRONG_PLACE = frozenset({402, 404, 405, 406, 410, 415, 421, 423, 426, 451, 501, 505})
_TRY_AGAIN_NOT_APPLIED = frozenset({408, 425, 429})


class SystemClient(httpx.AsyncClient):
    """An `httpx.AsyncClient` that speaks for one system and raises our errors instead of httpx's.

    `send` is the one place every request passes, whether we call `post` or a library does it for us. Proxies come
    from the environment, except for a loopback `base_url`, which no proxy can reach.
    """

    def __init__(self, system: str, **options: Any) -> None:
        options.setdefault("timeout", TIMEOUT)
        options.setdefault("trust_env", httpx.URL(options.get("base_url", "")).host not in _LOOPBACK)
        super().__init__(**options)
        self.system = system

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send, reading the whole body. Raises `RetryableError` or `MisconfiguredError` when there is no answer."""
        try:
            return await super().send(request, **options)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise transport_error(error, self.system) from error


def transport_error(error: Exception, system: str, document: str | None = None) -> CrossdockError:
    """Our error for a request that got no (readable) answer."""
    if isinstance(error, _WRONG_ADDRESS) or _certificate_refused(error):
        return MisconfiguredError(
            f"the address of {system} cannot be used ({type(error).__name__})",
            code="address_unusable",
            document=document,
            way_out="Check the address, the proxy and the certificate in the settings of this system.",
        )
    never_left = isinstance(error, _NEVER_LEFT)
    words = "cannot be reached" if never_left else "was asked, but its answer got lost"
    return RetryableError(
        f"{system} {words} ({type(error).__name__})",
        code="unreachable" if never_left else "reply_lost",
        document=document,
        maybe_applied=not never_left,
    )


def status_error(
    status: int, headers: Mapping[str, str], system: str, *, document: str | None = None, detail: str = ""
) -> CrossdockError | None:
    """Our error for an HTTP status; None for 2xx. `detail` must be free of secrets and customer data."""
    if 200 <= status < 300:
        return None
    words = f"{system} answered HTTP {status}{f' {detail}' if detail else ''}"
    code = f"http_{status}"
    if status in _LOG_IN_REFUSED:
        return MisconfiguredError(
            words, code=code, document=document, way_out="Check the credentials and permissions of this system."
        )
    if status in _WRONG_PLACE or 300 <= status < 400:
        return MisconfiguredError(
            words, code=code, document=document, way_out="Check the address and the state of the account."
        )
    if status == 409:
        return ConflictError(words, code=code, document=document)
    if status in _TRY_AGAIN_NOT_APPLIED:
        return RetryableError(words, code=code, document=document, retry_after=retry_after_seconds(headers))
    if status >= 500:
        return RetryableError(
            words, code=code, document=document, retry_after=retry_after_seconds(headers), maybe_applied=True
        )
    return RejectedError(words, code=code, document=document, way_out="Correct the document and replay it.")


def retry_after_seconds(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """`Retry-After` in seconds, whether it was sent as `2`, as `2.0` or as an HTTP date; None when absent or odd."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (aware - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None


def _certificate_refused(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
