"""Who asks: the owner of an API token. Guessing is slow, and does not fill the audit."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final, Protocol

from starlette.requests import Request

from canonical.errors import RejectedError
from canonical.records import Principal

COOKIE: Final = "crossdock_token"
MOST_FAILURES: Final = 20
"""Unknown tokens a minute, in this process; beyond, nobody's token is looked up until the minute is over."""
MINUTE: Final = 60.0


class Principals(Protocol):
    """What is asked of the store."""

    async def principal(self, token: str) -> Principal | None: ...


class Doorkeeper:
    """Reads tokens from requests and knows whose they are."""

    def __init__(self, principals: Principals) -> None:
        self._principals = principals
        self._failures: deque[float] = deque(maxlen=MOST_FAILURES)

    def token(self, request: Request) -> str:
        """The bearer token. Raises `RejectedError` when there is none, or too many were wrong."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise RejectedError(
                "an API token is needed", code="token_unknown", way_out="Send `Authorization: Bearer <token>`."
            )
        return token.strip()

    async def known(self, request: Request, token: str | None = None) -> Principal:
        """The owner of the token given, or of the request's. Raises `RejectedError` when nobody knows it."""
        with self.counting(request):
            found = await self._principals.principal(token or self.token(request))
            if found is None:
                raise RejectedError("the token is unknown", code="token_unknown")
        return found

    @contextmanager
    def counting(self, request: Request) -> Iterator[None]:
        """Counts unknown tokens."""
        if len(self._failures) == MOST_FAILURES and monotonic() - self._failures[0] < MINUTE:
            raise RejectedError("too many unknown tokens; wait a minute", code="too_many_attempts")
        try:
            yield
        except RejectedError as error:
            if error.code == "token_unknown":
                self._failures.append(monotonic())
            raise
