"""Can a picture be fetched? Looked at before a product with a dead picture is published.

Addresses that are not http(s) are for whoever uploads them. Answers are kept: good ones for an hour, bad ones for a
minute, so that a run over the whole catalogue asks each address once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final

import httpx

from canonical.errors import CrossdockError
from connectors.http import SystemClient

SECONDS: Final = 3.0
AT_ONCE: Final = 16
GOOD_FOR: Final = 3600.0
BAD_FOR: Final = 60.0
MOST_KEPT: Final = 100_000
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_NO_HEAD: Final = frozenset({403, 405, 501})
"""Servers that do not answer HEAD are asked for the first byte."""


class HttpPictures:
    """Implements `canonical.ports.products.PictureProbe` over HTTP; connects at the first call."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._clients: dict[bool, SystemClient] = {}
        self._kept: dict[str, tuple[float, str | None]] = {}

    async def unreachable(self, urls: Sequence[str]) -> Mapping[str, str]:
        """See the port."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(url: str) -> None:
            async with turn:
                self._keep(url, await self._ask(url))

        now = monotonic()
        asked = [u for u in dict.fromkeys(urls) if u.startswith(("http://", "https://")) and not self._fresh(u, now)]
        await asyncio.gather(*(one(url) for url in asked))
        found = {url: self._kept[url][1] for url in urls if url in self._kept}
        return {url: words for url, words in found.items() if words is not None}

    async def aclose(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    def _fresh(self, url: str, now: float) -> bool:
        kept = self._kept.get(url)
        return kept is not None and now - kept[0] < (GOOD_FOR if kept[1] is None else BAD_FOR)

    def _keep(self, url: str, words: str | None) -> None:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[url] = (monotonic(), words)

    async def _ask(self, url: str) -> str | None:
        """What is wrong with the picture, in words; None when it can be fetched."""
        try:
            client = self._client(httpx.URL(url).host)
            answer = await client.head(url)
            if answer.status_code in _NO_HEAD:
                answer = await client.get(url, headers={"Range": "bytes=0-0"})
        except (CrossdockError, httpx.InvalidURL):
            return "its server does not answer"
        if answer.status_code >= 400:
            return f"its server answers {answer.status_code}"
        kind = answer.headers.get("content-type", "")
        return "it is a page, not a picture" if kind.startswith("text/html") else None

    def _client(self, host: str) -> SystemClient:
        """One through the proxies of the environment, one for this machine itself."""
        here = host in _LOOPBACK
        if here not in self._clients:
            self._clients[here] = SystemClient(
                "the picture's server",
                timeout=httpx.Timeout(SECONDS),
                follow_redirects=True,
                trust_env=not here,
                transport=self._transport,
            )
        return self._clients[here]
