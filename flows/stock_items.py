"""Which item of a shop has a SKU: asked of the shop once, kept for a while."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from canonical.inventory import ChannelItem
from canonical.ports.stock import StockChannel

KNOWN_FOR, MISSING_FOR = timedelta(hours=1), timedelta(minutes=2)
ASK_AT_ONCE = 250


class StockItems:
    """The items of all shops, by channel SKU. One an event loop; two asking at once only ask twice."""

    def __init__(self, channels: Mapping[str, StockChannel], now: Callable[[], datetime]) -> None:
        self._channels, self._now = channels, now
        self._kept: dict[tuple[str, str], tuple[datetime, tuple[ChannelItem, ...]]] = {}

    async def find(self, shop: str, skus: Sequence[str]) -> dict[str, tuple[ChannelItem, ...]]:
        """The items with each SKU; none, or several where the shop has it doubled."""
        now = self._now()
        found: dict[str, tuple[ChannelItem, ...]] = {}
        unknown: list[str] = []
        for sku in dict.fromkeys(skus):
            kept = self._kept.get((shop, sku))
            if kept is not None and kept[0] > now:
                found[sku] = kept[1]
            else:
                unknown.append(sku)
        for start in range(0, len(unknown), ASK_AT_ONCE):
            part = unknown[start : start + ASK_AT_ONCE]
            answer = await self._channels[shop].find_items(part)
            for sku in part:
                items = tuple(answer.get(sku, ()))
                self._kept[shop, sku] = (now + (KNOWN_FOR if len(items) == 1 else MISSING_FOR), items)
                found[sku] = items
        return found

    def forget(self, shop: str, skus: Sequence[str]) -> None:
        """The shop no longer knows what it told us: ask again."""
        for sku in skus:
            self._kept.pop((shop, sku), None)
