"""Other ways into the same inbox: orders asked for by name, orders a poll finds, documents to look at again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson

from canonical.ids import delivery_key
from canonical.landscape import EVERY_SHOP
from canonical.records import Batch, CaseClosing, CaseKind, Cursor, Delivery, OrderRecord
from canonical.states import OrderState
from flows.handling.intake import RECHECK
from flows.handling.verdicts import CHANNEL, MAPPING_REASONS, POST, follow_up
from flows.runtime import Runtime

ORDERS = "orders"
POLL_CURSOR = "orders.updated_at"
FIRST_WINDOW = timedelta(hours=24)
STALE_EFFECT = timedelta(minutes=2)
MAPPINGS_CURSOR = "mappings.fingerprint"
MOST_CASES = 100_000
AT_ONCE = 500


def recheck_delivery(
    record: OrderRecord, moment: datetime, *, waive: Sequence[str] = (), actor: str, why: str
) -> Delivery:
    """A message that has an order decided again; `waive` names reason codes a person has released."""
    return Delivery(
        delivery_key=delivery_key(CHANNEL, record.scope, f"recheck/{record.order_id}/{moment.isoformat()}"),
        channel=CHANNEL,
        scope=record.scope,
        topic=RECHECK,
        kind=ORDERS,
        aggregate_key=record.aggregate_key,
        correlation_id=record.correlation_id,
        occurred_at=moment,
        body=orjson.dumps({"order": record.order_id, "waive": list(waive), "actor": actor, "why": why}),
    )


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
    return len(deliveries) + await _release_mapped(rt)


async def _release_mapped(rt: Runtime) -> int:
    """After the mappings changed: have every order decided again that waits for one. Returns how many.

    One cursor read when nothing changed. The cursor moves last: a worker that dies in between only repeats the asking.
    """
    await rt.renew_mappings()
    seen, fingerprint = await rt.store.cursor(EVERY_SHOP, MAPPINGS_CURSOR), rt.mappings.fingerprint
    if seen is not None and seen.value == fingerprint:
        return 0
    now = rt.now()
    waiting = [
        c for c in await rt.store.cases(kind=CaseKind.HELD, limit=MOST_CASES) if c.reason_code in MAPPING_REASONS
    ]
    keys = list(dict.fromkeys(case.aggregate_key for case in waiting))
    for start in range(0, len(keys), AT_ONCE):
        records = await rt.store.orders(keys[start : start + AT_ONCE])
        asked = tuple(recheck_delivery(r, now, actor="crossdock", why="a mapping changed") for r in records.values())
        await rt.store.commit(Batch(close_cases=tuple(_stay_open(key) for key in records), deliveries=asked))
    await rt.store.set_cursor(Cursor(scope=EVERY_SHOP, name=MAPPINGS_CURSOR, value=fingerprint, updated_at=now))
    return len(keys)


def _stay_open(key: str) -> CaseClosing:
    """Makes the messages that wait with the case ready again; the case itself is closed by the decision, not here."""
    return CaseClosing(
        aggregate_key=key, reason_codes=(), closed_by="crossdock", note="a mapping changed", release_messages=True
    )
