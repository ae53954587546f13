"""The connections webhooks leave by: a client each, made when first needed and kept alive."""

import asyncio
import ssl

import httpx

AT_ONCE = 32


class Lines:
    """Up to 32 clients, the last used first. httpx searches a client's whole pool for each request: 3 ms with 32."""

    def __init__(self, timeout: httpx.Timeout) -> None:
        self._timeout = timeout
        self._tls: ssl.SSLContext | None = None
        self._free: list[httpx.AsyncClient] = []
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def take(self) -> httpx.AsyncClient:
        """A client nobody uses; waits while all are in use. Give it back."""
        await self._slots.acquire()
        return self._free.pop() if self._free else self._client()

    def give_back(self, client: httpx.AsyncClient) -> None:
        """The client is free again."""
        self._free.append(client)
        self._slots.release()

    async def close(self) -> None:
        """Close the free clients."""
        while self._free:
            await self._free.pop().aclose()

    def _client(self) -> httpx.AsyncClient:
        self._tls = self._tls or ssl.create_default_context()
        return httpx.AsyncClient(verify=self._tls, timeout=self._timeout, follow_redirects=False, trust_env=False)
