"""Where calls go: the shop's domain, or a stand-in that answers for it."""

import httpx

from connectors.http import SystemClient
from connectors.shopify.settings import ShopifySettings


class Redirected(httpx.AsyncBaseTransport):
    """Sends every request to `base_url`, keeping the shop's domain in `Host`, so one stand-in serves many shops."""

    def __init__(self, base_url: str, inner: httpx.AsyncBaseTransport) -> None:
        self._base, self._inner = httpx.URL(base_url), inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(scheme=self._base.scheme, host=self._base.host, port=self._base.port)
        moved = httpx.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return await self._inner.handle_async_request(moved)

    async def aclose(self) -> None:
        await self._inner.aclose()


def open_http(settings: ShopifySettings, inner: httpx.AsyncBaseTransport | None = None) -> SystemClient:
    """An HTTP client for one shop; `inner` replaces the network in tests."""
    if settings.base_url is None:
        return SystemClient("Shopify", transport=inner)
    return SystemClient("Shopify", transport=Redirected(settings.base_url, inner or httpx.AsyncHTTPTransport()))
