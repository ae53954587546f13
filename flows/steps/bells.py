"""Waking a flow from within another: orders change what may be sold, and a booked order may be shipped.

One event is one run, so a run says it at most once in a while; the drain that it wakes lingers, and the sweep finds
what nobody was woken for.
"""

from contextlib import suppress
from time import monotonic

from prefect.events import emit_event

from canonical.drains import drain_name, is_draining
from canonical.errors import RetryableError
from canonical.landscape import EVERY_SHOP
from flows.handling.stock.messages import stock_kind
from flows.runtime import Runtime

PAUSE = 2.0
"""Seconds between two events of one run about one kind."""


class InboxBell:
    """Rings for kinds of messages, as the gateway does: not while a drain holds the kind and will look again."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._last: dict[str, float] = {}

    async def ring(self, kind: str) -> None:
        """One small read, then the event goes to Prefect's own thread. A store that is busy only leaves it unrung."""
        now = monotonic()
        if now - self._last.get(kind, now - PAUSE) < PAUSE:
            return
        with suppress(RetryableError):
            mark = await self._rt.store.cursor(EVERY_SHOP, drain_name(kind))
            if not is_draining(mark, self._rt.now()):
                name = f"crossdock.inbox.{kind}"
                emit_event(event=name, resource={"prefect.resource.id": name}, payload={"kind": kind})
                self._last[kind] = now


class StockBell:
    """Rings for the stock of a company."""

    def __init__(self, rt: Runtime) -> None:
        self._bell = InboxBell(rt)

    async def ring(self, company: str) -> None:
        """As `InboxBell.ring`."""
        await self._bell.ring(stock_kind(company))
