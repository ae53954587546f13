"""A warehouse or an order management system behind the port `StockSource` that can only be listened to.

Its positions are those of its events (`connectors.stock_events`), so nothing is polled and no snapshot is read: it has
to send an event of a position that it wants corrected.
"""

from collections.abc import AsyncIterator, Sequence

from canonical.inventory import StockReport
from canonical.records import Message
from connectors.stock_events import report_of


class EventStock:
    """Implements `canonical.ports.stock.StockSource`."""

    def __init__(self, system: str, company: str) -> None:
        self.system, self.company = system, company

    async def changes(self, cursor: str | None) -> StockReport:
        """See the port: nothing, for changes come by themselves."""
        return self._nothing().model_copy(update={"cursor": cursor})

    async def snapshot(self) -> AsyncIterator[StockReport]:
        """See the port: nothing, and nothing is said to be complete."""
        yield self._nothing()

    async def positions(self, skus: Sequence[str]) -> StockReport:
        """See the port: nothing; what was told last stands."""
        return self._nothing()

    def report_of(self, message: Message) -> StockReport:
        """See the port."""
        return report_of(message, self.company)

    async def check(self) -> None:
        """See the port: there is nobody to ask."""

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _nothing(self) -> StockReport:
        return StockReport(source=self.system, company=self.company)
