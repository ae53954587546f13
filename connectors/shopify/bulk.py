"""Bulk operations: Shopify reads or writes everything by itself, and leaves the result as a file of JSON lines.

Starting and looking cost a few points, the rest nothing. Up to five of a kind run at once for an app on a shop; when
there are more, we wait. The file is read as it comes, never as a whole; when the line breaks, reading goes on behind
the last row that was given out. Rows come in no order to rely on.
"""

from asyncio import sleep
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from canonical.errors import CrossdockError, MisconfiguredError, RetryableError
from canonical.ports.budget import Lane
from connectors.http import status_error, transport_error
from connectors.shopify.client import ShopifyClient
from connectors.shopify.errors import user_error

Row = dict[str, Any]
_BUSY: Final = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
_ENDED: Final = frozenset({"COMPLETED", "FAILED", "CANCELED", "EXPIRED"})
_DOWNLOADS: Final = 4
_FIRST_LOOK, _LONGEST_PAUSE = 0.25, 10.0


@dataclass(frozen=True, slots=True)
class Ended:
    """An operation that is over: where its rows are (None: there are none), and what went wrong."""

    url: str | None
    error: CrossdockError | None


class Bulk:
    """Bulk operations of one shop. `patience` (seconds) is how long one may take, waiting for its turn included."""

    def __init__(self, client: ShopifyClient, lane: Lane, *, patience: float = 6 * 3600.0) -> None:
        self._client, self._lane, self._patience = client, lane, patience

    async def read(self, query: str) -> AsyncIterator[Row]:
        """The rows of a query over everything. Raises the error of an operation that did not get to its end."""
        ended = await self.run("start_bulk_query", {"query": query}, "bulkOperationRunQuery")
        if ended.error is not None:
            raise ended.error
        async for row in self.rows(ended.url):
            yield row

    async def run(self, operation: str, variables: Mapping[str, Any], root: str) -> Ended:
        """Start an operation, waiting for its turn, and wait for its end."""
        pauses = _Pauses(self._patience)
        while True:
            answer = await self._client.call(operation, variables, lane=self._lane)
            payload = answer.data.get(root) or {}
            errors = payload.get("userErrors") or []
            if not errors:
                return await self._end(payload["bulkOperation"]["id"], pauses)
            if not all(error.get("code") in _BUSY for error in errors):
                raise user_error(errors, answer.headers, root)
            await pauses.one("other bulk operations of this app are still running", "bulk_busy")

    async def rows(self, url: str | None) -> AsyncIterator[Row]:
        """The rows of a result, going on behind the last one when the line breaks."""
        given, attempt = 0, 0
        while url is not None:
            place = 0
            try:
                async for line in self._lines(url):
                    place += 1
                    if place > given:
                        given = place
                        yield orjson.loads(line)
                return
            except RetryableError:
                attempt += 1
                if attempt >= _DOWNLOADS:
                    raise
                await sleep(0.2 * 4**attempt)

    async def _end(self, operation_id: str, pauses: "_Pauses") -> Ended:
        pauses.again()
        while True:
            answer = await self._client.call("bulk_operation", {"id": operation_id}, lane=self._lane)
            found = answer.data.get("bulkOperation") or {}
            if not found:
                raise RetryableError("Shopify does not know the bulk operation any more", code="bulk_gone")
            if found["status"] in _ENDED:
                return _ended(found)
            await pauses.one("the bulk operation takes too long", "bulk_too_long")

    async def _lines(self, url: str) -> AsyncIterator[bytes]:
        """The lines of a file. Split at line feeds only: text in JSON may hold other line ends."""
        rest = b""
        try:
            async with self._client.http.stream("GET", url) as response:
                if error := status_error(response.status_code, response.headers, "Shopify's file store"):
                    raise error
                async for part in response.aiter_bytes():
                    *lines, rest = (rest + part).split(b"\n")
                    for line in lines:
                        if line.strip():
                            yield line
        except (httpx.RequestError, httpx.StreamError) as error:
            raise transport_error(error, "Shopify's file store") from error
        if rest.strip():
            yield rest


class _Pauses:
    """Waiting that grows from look to look, and ends."""

    def __init__(self, patience: float) -> None:
        self._left, self._next = patience, _FIRST_LOOK

    def again(self) -> None:
        """Something new is waited for: look soon again."""
        self._next = _FIRST_LOOK

    async def one(self, words: str, code: str) -> None:
        if self._left <= 0:
            raise RetryableError(words, code=code, retry_after=_LONGEST_PAUSE)
        await sleep(self._next)
        self._left -= self._next
        self._next = min(self._next * 1.5, _LONGEST_PAUSE)


def _ended(found: Mapping[str, Any]) -> Ended:
    if found["status"] == "COMPLETED":
        return Ended(found["url"], None)
    code = str(found.get("errorCode") or found["status"])
    words = f"the bulk operation ended early ({code.lower().replace('_', ' ')})"
    error: CrossdockError = RetryableError(words, code=f"bulk_{code.lower()}", maybe_applied=True)
    if code == "ACCESS_DENIED":
        error = MisconfiguredError(words, code="ACCESS_DENIED", way_out="Grant the app the scopes that `check` names.")
    return Ended(found.get("partialDataUrl"), error)
