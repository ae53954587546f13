"""Other ways into the same inbox: lives whose time has come, what warehouses and the ERP are asked, names by hand."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from canonical.ids import aggregate_key
from canonical.ports.warehouse import Warehouse
from canonical.records import AuditEntry, Batch, Case, CaseKind, Cursor, Delivery, LifeRecord, OrderRecord
from canonical.warehouse_messages import delivery_of
from flows.handling.lives.messages import ERP_CANCELLED, FULFILLMENT, LOOK, RETURNS, about_order
from flows.runtime import Runtime

AT_ONCE: Final = 500
LOOKED: Final = timedelta(minutes=5)
"""After it was put on the way, a due life is not put again for so long: the message may wait behind others."""


async def sweep_lives(rt: Runtime) -> int:
    """Wake the lives whose time has come. Returns how many messages were put into the inbox."""
    due = await rt.store.due_lives(rt.now(), AT_ONCE)
    records = await rt.store.orders([life.aggregate_key for life in due])
    known = [(life, records[life.aggregate_key]) for life in due if life.aggregate_key in records]
    deliveries = [delivery for life, record in known for delivery in _looks(rt, life, record)]
    return sum(await rt.store.put(deliveries)) if deliveries else 0


def _looks(rt: Runtime, life: LifeRecord, record: OrderRecord) -> list[Delivery]:
    """One for each flow. By the version: what stands still is woken once, and again every few minutes."""
    slot = int(rt.now().timestamp() // LOOKED.total_seconds())
    kinds = (FULFILLMENT, RETURNS) if b'"returns"' in life.document else (FULFILLMENT,)
    return [about_order(record, LOOK, kind, f"due/{life.version}/{slot}", rt.now()) for kind in kinds]


async def poll_warehouse(rt: Runtime, company: str, name: str, warehouse: Warehouse) -> int:
    """The events of one warehouse. Raises `RetryableError` when it does not answer."""
    cursor_name = f"warehouse.{name}"
    cursor = await rt.store.cursor(company, cursor_name)
    report = await warehouse.changes(cursor.value if cursor else None)
    new = await rt.store.put([delivery_of(event, company) for event in report.events]) if report.events else []
    if report.errors:
        await rt.store.commit(Batch(open_cases=tuple(_case(rt, company, name, e.code, str(e)) for e in report.errors)))
    if report.cursor is not None and (cursor is None or cursor.value != report.cursor):
        await rt.store.set_cursor(Cursor(scope=company, name=cursor_name, value=report.cursor, updated_at=rt.now()))
    return sum(new)


def _case(rt: Runtime, company: str, name: str, code: str, words: str) -> Case:
    key = aggregate_key(company, "warehouse-file", f"{name}/{words[:80]}")
    return Case(
        kind=CaseKind.QUARANTINED,
        scope=company,
        aggregate_key=key,
        correlation_id=key,
        document=f"what {name} told",
        reason_code=code,
        words=words[:2000],
        way_out="Ask the warehouse to send it again, corrected; then close the case.",
        owner="warehouse",
        opened_at=rt.now(),
    )


async def poll_cancelled_sales(rt: Runtime, company: str) -> int:
    """Sales that somebody cancelled in the ERP. Returns how many orders hear of it."""
    cursor = await rt.store.cursor(company, "erp.cancelled-sales")
    keys, newer = await rt.house.settlements[company].cancelled_sales(cursor.value if cursor else None)
    records = await _orders_of(rt, keys)
    deliveries = [about_order(r, ERP_CANCELLED, FULFILLMENT, "erp", rt.now()) for r in records]
    new = await rt.store.put(deliveries) if deliveries else []
    if newer is not None and (cursor is None or cursor.value != newer):
        await rt.store.set_cursor(Cursor(scope=company, name="erp.cancelled-sales", value=newer, updated_at=rt.now()))
    return sum(new)


async def _orders_of(rt: Runtime, sale_keys: Sequence[str]) -> list[OrderRecord]:
    """The orders behind sale keys (`shop:sales-order.create:id`). Those we cancelled ourselves hear nothing new."""
    parts = [key.split(":") for key in sale_keys]
    wanted = [aggregate_key(part[0], "order", part[2]) for part in parts if len(part) == 3]
    return list((await rt.store.orders(wanted)).values())


async def poll_returns(rt: Runtime, shop: str) -> int:
    """Returns of open lives that no webhook told of. Returns how many messages are new."""
    new, after = 0, None
    while page := await rt.store.scan_lives(shop, after=after, limit=AT_ONCE):
        after = page[-1].order_id
        shipped = [life for life in page if b'"shipments"' in life.document]
        records = await rt.store.orders([life.aggregate_key for life in shipped])
        deliveries = [
            about_order(record, LOOK, RETURNS, f"poll/{rt.now():%Y%m%d%H}", rt.now()) for record in records.values()
        ]
        new += sum(await rt.store.put(deliveries)) if deliveries else 0
    return new


async def ask_for(rt: Runtime, records: Sequence[OrderRecord], actor: str) -> None:
    """Look at these orders again by hand; what was stopped is tried again."""
    moment = rt.now()
    deliveries = [
        about_order(record, LOOK, kind, f"{actor}/{moment.isoformat()}", moment, retry=True)
        for record in records
        for kind in (FULFILLMENT, RETURNS)
    ]
    audit = tuple(
        AuditEntry(
            at=moment,
            actor=actor,
            action="order.looked-at-again",
            scope=record.scope,
            aggregate_key=record.aggregate_key,
            correlation_id=record.correlation_id,
            detail={"document": record.name},
        )
        for record in records
    )
    await rt.store.commit(Batch(deliveries=tuple(deliveries), audit=audit))
