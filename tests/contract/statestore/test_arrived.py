"""What came in by webhook, and what only a poll found."""

from datetime import UTC, datetime, timedelta

from canonical.ports.readiness import Arrived
from connectors.registry import arrivals
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import delivery


async def test_deliveries_and_polled_messages_of_a_shop_are_counted_since_a_moment(store: SqlStateStore) -> None:
    hour_ago, soon = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    await store.put([
        delivery(), delivery(), delivery(scope="south"), delivery(topic="orders/polled"),
        delivery(channel="crossdock", topic="order/recheck"),
    ])  # fmt: skip
    assert await arrivals(store).arrived("north", hour_ago) == Arrived(delivered=2, polled=1)
    assert await arrivals(store).arrived("north", soon) == Arrived(delivered=0, polled=0)
