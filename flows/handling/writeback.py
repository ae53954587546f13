"""Telling the channel what the ERP made of an order: its number, as a field of the order. Repeating it is harmless."""

from collections.abc import Sequence

import orjson

from canonical.errors import CrossdockError, MisconfiguredError, RetryableError
from canonical.ids import effect_key
from canonical.outcomes import Failed
from canonical.records import (
    AuditEntry,
    Batch,
    Case,
    CaseClosing,
    CaseKind,
    EffectIntent,
    EffectUpdate,
    FieldWrite,
    Message,
    MessageVerdict,
    OrderRecord,
)
from canonical.states import EffectState, MessageState
from flows.runtime import Runtime

OPERATION = "order.write-back"
ERP_NUMBER = "erp_order"
REFUSED = "write_back_refused"


async def write_back(rt: Runtime, shop: str, owner: str, messages: Sequence[Message]) -> int:
    """Write the ERP numbers of the orders behind the messages, and end those messages. Returns how many were written.

    Raises `RetryableError` or `MisconfiguredError` when the channel cannot take them now; they stay claimed.
    """
    asked = [str(orjson.loads(m.body)["order"]) for m in messages]
    records = await rt.store.orders(asked)
    known = {key: record for key, record in records.items() if record.external_id is not None}
    keys = {key: effect_key(shop, OPERATION, record.order_id) for key, record in known.items()}
    system = rt.landscape.shop(shop).channel
    effects = await rt.store.intend([_intent(keys[key], record, system) for key, record in known.items()])
    done = {e.key for e in effects if e.state == EffectState.SETTLED}
    again = [EffectUpdate(key=e.key, state=EffectState.INTENDED) for e in effects if e.state == EffectState.FAILED]
    todo = [record for key, record in known.items() if keys[key] not in done]
    refused: dict[str, CrossdockError] = {}
    if todo:
        await rt.store.mark(again + [EffectUpdate(key=keys[r.aggregate_key], state=EffectState.SENT) for r in todo])
        outcomes = await rt.channels[shop].write_back([_field(r) for r in todo])
        for record, outcome in zip(todo, outcomes, strict=True):
            if isinstance(outcome, Failed):
                if isinstance(outcome.error, RetryableError | MisconfiguredError):
                    raise outcome.error
                refused[record.aggregate_key] = outcome.error
    await rt.store.commit(_batch(rt, owner, messages, todo, keys, refused))
    return len(todo) - len(refused)


def _intent(key: str, record: OrderRecord, system: str) -> EffectIntent:
    return EffectIntent(
        key=key,
        system=system,
        operation=OPERATION,
        scope=record.scope,
        aggregate_key=record.aggregate_key,
        correlation_id=record.correlation_id,
        request_digest=f"{record.external_number or record.external_id}",
    )


def _field(record: OrderRecord) -> FieldWrite:
    return FieldWrite(
        order_id=record.order_id, field=ERP_NUMBER, value=record.external_number or record.external_id or ""
    )


def _batch(
    rt: Runtime,
    owner: str,
    messages: Sequence[Message],
    written: Sequence[OrderRecord],
    keys: dict[str, str],
    refused: dict[str, CrossdockError],
) -> Batch:
    return Batch(
        owner=owner,
        messages=tuple(MessageVerdict(seq=m.seq, state=MessageState.DONE) for m in messages),
        open_cases=tuple(_case(rt, r, refused[r.aggregate_key]) for r in written if r.aggregate_key in refused),
        close_cases=tuple(_closing(r) for r in written if r.aggregate_key not in refused),
        effects=tuple(_effect(keys[r.aggregate_key], r, refused.get(r.aggregate_key)) for r in written),
        audit=tuple(
            AuditEntry(
                at=rt.now(),
                actor="crossdock",
                action="order.write-back-refused" if r.aggregate_key in refused else "order.written-back",
                scope=r.scope,
                aggregate_key=r.aggregate_key,
                correlation_id=r.correlation_id,
                detail={"document": r.name, "field": ERP_NUMBER, "value": r.external_number},
            )
            for r in written
        ),
    )


def _case(rt: Runtime, record: OrderRecord, error: CrossdockError) -> Case:
    """The order is booked, but the channel does not show it: somebody has to know."""
    return Case(
        kind=CaseKind.QUARANTINED,
        scope=record.scope,
        aggregate_key=record.aggregate_key,
        correlation_id=record.correlation_id,
        document=f"order {record.name}",
        reason_code=REFUSED,
        words=f"The order is booked as {record.external_number}, but the channel refuses its number: {error.words}",
        way_out=error.way_out or "Repair the cause in the channel, then release the case: the number is written again.",
        owner="integration",
        opened_at=rt.now(),
    )


def _closing(record: OrderRecord) -> CaseClosing:
    return CaseClosing(
        aggregate_key=record.aggregate_key, reason_codes=(REFUSED,), closed_by="crossdock", note="written back"
    )


def _effect(key: str, record: OrderRecord, error: CrossdockError | None) -> EffectUpdate:
    if error is not None:
        return EffectUpdate(key=key, state=EffectState.FAILED, error_code=error.code, error=error.words)
    return EffectUpdate(key=key, state=EffectState.SETTLED, external_id=record.order_id)
