"""Other ways into the same inbox: orders asked for by name, orders a poll finds, documents to look at again."""

from collections.abc import Sequence
from datetime import timedelta

from canonical.records import Cursor, Delivery, OrderRecord
from canonical.states import OrderState
from flows.handling.rechecks import recheck_delivery
from flows.handling.releases import release_mapped
from flows.handling.verdicts import POST, follow_up
from flows.runtime import Runtime

POLL_CURSOR = "orders.updated_at"
FIRST_WINDOW = timedelta(hours=24)
STALE_EFFECT = timedelta(minutes=2)


async def ingest_named(rt: Runtime, shop: str, names: Sequence[str]) -> list[str]:
    """Read orders by name from the shop into the inbox, and look again at those that wait. Returns names not found.

    An order that is booked already changes nothing: the ledger knows it.
    """
    deliveries = await rt.channels[shop].find_orders(names)
    await rt.store.put(deliveries)
    known = await rt.store.orders([d.aggregate_key for d in deliveries])
    waiting = [r for r in known.values() if r.state in (OrderState.HELD, OrderState.QUARANTINED)]
    await rt.store.put([recheck_delivery(r, rt.now(), actor="cli", why="ingested by name") for r in waiting])
    accepted = [r for r in known.values() if r.state == OrderState.ACCEPTED]
    await rt.store.put([follow_up(rt, r, POST, f"by-name/{rt.now().isoformat()}") for r in accepted])
    found = len(deliveries)
    return (
        [] if found >= len(set(names)) else [name for name in names if not any(r.name == name for r in known.values())]
    )


async def poll(rt: Runtime, shop: str) -> int:
    """Read what the shop updated since the last poll (with overlap) into the same inbox. Returns what was new.

    A version that is known already is not delivered again, so a poll costs the intake nothing when no webhook was lost.
    """
    started = rt.now()
    cursor = await rt.store.cursor(shop, POLL_CURSOR)
    since = (
        cursor.updated_at - timedelta(minutes=rt.settings.poll_overlap_minutes) if cursor else started - FIRST_WINDOW
    )
    deliveries = await rt.channels[shop].orders_updated_since(since)
    known = await rt.store.orders([d.aggregate_key for d in deliveries])
    missing = [d for d in deliveries if not _is_known(known.get(d.aggregate_key), d)]
    new = await rt.store.put(missing) if missing else []
    await rt.store.set_cursor(Cursor(scope=shop, name=POLL_CURSOR, value=started.isoformat(), updated_at=started))
    return sum(new)


def _is_known(record: OrderRecord | None, delivery: Delivery) -> bool:
    return record is not None and delivery.occurred_at is not None and record.updated_at >= delivery.occurred_at


async def sweep(rt: Runtime) -> int:
    """Wake what time has come for: held documents whose release is due, effects nobody saw the end of.

    Returns how many messages were put into the inbox.
    """
    now = rt.now()
    deliveries: list[Delivery] = []
    due = await rt.store.due_cases(now)
    records = await rt.store.orders([c.aggregate_key for c in due])
    deliveries += [recheck_delivery(r, now, actor="clock", why="release time has come") for r in records.values()]
    for company, erp in rt.erps.items():
        stale = await rt.store.unsettled(erp.system, company, now - STALE_EFFECT)
        found = await rt.store.orders([e.aggregate_key for e in stale])
        deliveries += [
            follow_up(rt, r, POST, f"unsettled/{now:%Y%m%d%H%M}")
            for r in found.values()
            if r.state == OrderState.ACCEPTED
        ]
    if deliveries:
        await rt.store.put(deliveries)
    return len(deliveries) + await release_mapped(rt)
