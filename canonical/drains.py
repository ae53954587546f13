"""The mark a drain leaves while it works through the messages of a kind, so that nobody wakes another in vain.

A drain sets the mark when it starts, renews it with every batch, and clears it *before* its last look at the inbox:
a message that arrives after that look finds no mark, so its arrival wakes a new drain. A drain that dies leaves a mark
that runs out. The mark is a courtesy between processes; leases decide who works on what.
"""

from datetime import datetime

from canonical.landscape import EVERY_SHOP
from canonical.records import Cursor


def drain_name(kind: str) -> str:
    """The name of the cursor that holds the mark.

    >>> drain_name("orders")
    'drain:orders'
    """
    return f"drain:{kind}"


def drain_mark(kind: str, now: datetime, until: datetime) -> Cursor:
    """The mark of a drain that will look again before `until` (UTC). `until` = `now` clears it."""
    return Cursor(scope=EVERY_SHOP, name=drain_name(kind), value=until.isoformat(), updated_at=now)


def is_draining(mark: Cursor | None, now: datetime) -> bool:
    """Whether a drain holds the kind at this moment (UTC)."""
    return mark is not None and datetime.fromisoformat(mark.value) > now
