"""What came into the inbox from one shop: how the doctor sees that webhooks fail."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from canonical.ports.readiness import Arrived
from connectors.statestore.database import Database
from connectors.statestore.tables import INBOX

_I = INBOX.c


class SqlArrivals:
    """Implements `canonical.ports.readiness.Arrivals`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def arrived(self, scope: str, since: datetime) -> Arrived:
        """Counted over the whole inbox: not for every run."""
        return await self._database.read(lambda c: _arrived(c, scope, since))


def _arrived(connection: Connection, scope: str, since: datetime) -> Arrived:
    query = select(_I.topic, func.count()).where(_I.scope == scope, _I.received_at >= since, _I.channel != "crossdock")
    counts = {str(topic): int(number) for topic, number in connection.execute(query.group_by(_I.topic))}
    polled = sum(number for topic, number in counts.items() if topic.endswith("/polled"))
    return Arrived(delivered=sum(counts.values()) - polled, polled=polled)
