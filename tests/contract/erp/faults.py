"""The network between connector and ERP, misbehaving on purpose: the ERP itself stays real."""

from __future__ import annotations

from collections.abc import Callable

import httpx

Picks = Callable[[httpx.Request], bool]


class FaultyTransport(httpx.AsyncBaseTransport):
    """A real connection with at most one fault, which strikes the requests that `picks` picks, `times` times."""

    def __init__(self) -> None:
        self._real = httpx.AsyncHTTPTransport()
        self._fault: str | int = "none"
        self._picks: Picks = lambda _: True
        self._left = 0
        self.requests: list[httpx.Request] = []

    def lose_reply(self, picks: Picks, times: int = 1) -> None:
        """Deliver the request, let the ERP finish and commit, then break the connection."""
        self._arm("lose", picks, times)

    def answer(self, status: int, picks: Picks, times: int = 1) -> None:
        """Answer in the ERP's place; the request never arrives."""
        self._arm(status, picks, times)

    def _arm(self, fault: str | int, picks: Picks, times: int) -> None:
        self._fault, self._picks, self._left = fault, picks, times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on, unless the fault strikes."""
        self.requests.append(request)
        struck = self._left > 0 and self._picks(request)
        if struck:
            self._left -= 1
        if struck and isinstance(self._fault, int):
            return httpx.Response(self._fault, request=request)
        response = await self._real.handle_async_request(request)
        if struck:
            await response.aread()
            await response.aclose()
            raise httpx.ReadError("connection reset after the request was handled", request=request)
        return response

    async def aclose(self) -> None:
        await self._real.aclose()
