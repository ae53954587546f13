"""Counting what we ask other systems, by operation: every request of ours passes `SystemClient.send`."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import httpx
import orjson

from connectors.http import SystemClient

Asked = tuple[str, str]
"""A system and an operation of it."""
_NUMBER = re.compile(r"/\d+(?=/|$)")
_OPERATION = re.compile(r"^\s*(?:query|mutation)\s+(\w+)", re.MULTILINE)


@dataclass
class Calls:
    """How often each operation was asked, and the seconds until it was answered; calls side by side count both."""

    counts: Counter[Asked] = field(default_factory=Counter)
    seconds: Counter[Asked] = field(default_factory=Counter)

    def of(self, system: str) -> int:
        """All calls of a system."""
        return sum(count for (name, _), count in self.counts.items() if name == system)

    def waited(self, system: str) -> float:
        """Seconds its answers took."""
        return float(sum(spent for (name, _), spent in self.seconds.items() if name == system))


class Counting:
    """Counts into whatever `into` says; nothing while it says nothing."""

    def __init__(self) -> None:
        self._now: Calls | None = None

    @contextmanager
    def into(self, calls: Calls | None) -> Iterator[None]:
        """Count there for the length of the block."""
        before, self._now = self._now, calls
        try:
            yield
        finally:
            self._now = before

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Every client of ours is heard for the length of the block."""
        send, counting = SystemClient.send, self

        async def heard(client: SystemClient, request: httpx.Request, **options: Any) -> httpx.Response:
            calls, started = counting._now, time.perf_counter()
            try:
                return await send(client, request, **options)
            finally:
                if calls is not None:
                    asked = (client.system, operation_of(request))
                    calls.counts[asked] += 1
                    calls.seconds[asked] += time.perf_counter() - started

        with patch.object(SystemClient, "send", heard):
            yield


def operation_of(request: httpx.Request) -> str:
    """The name of what is asked: of a GraphQL document, a remote procedure, or a path without its numbers."""
    given = _given(request)
    if isinstance(given.get("query"), str) and (named := _OPERATION.search(given["query"])):
        return named[1]
    if isinstance(given.get("method"), str):
        return given["method"].removeprefix("model.")
    path = _NUMBER.sub("/*", request.url.path.partition("/rest/model/")[2] or request.url.path)
    return f"{request.method} {path}"


def _given(request: httpx.Request) -> Mapping[str, Any]:
    try:
        body = orjson.loads(request.content or b"{}")
    except (orjson.JSONDecodeError, httpx.RequestNotRead):
        return {}
    return body if isinstance(body, dict) else {}
