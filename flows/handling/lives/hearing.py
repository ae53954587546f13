"""Hearing: messages of every kind into the lives they are about.

    load -> gate "received" -> fold -> gate "canonical"

A message that is about an order by another id is handed on to the order. One that nobody can read stops alone.
"""

from collections.abc import Sequence

import orjson

from canonical.errors import CrossdockError, MisconfiguredError, RejectedError, RetryableError
from canonical.life import OrderLife
from canonical.order import Order
from canonical.records import EffectUpdate, Message
from canonical.rules.lifecycle import answered, answers, hear_booked, hear_erp_cancelled, hear_order, hear_warehouse
from canonical.states import EffectState
from canonical.warehouse import WarehouseEvent
from flows.handling.lives.channel import hear_channel
from flows.handling.lives.events import event_in
from flows.handling.lives.gates import gate_canonical, gate_received
from flows.handling.lives.goods_back import GOODS_BACK, hear_back
from flows.handling.lives.messages import ERP_CANCELLED, LOOK, START, WAREHOUSE
from flows.handling.lives.papers import LifeBatch, LifePaper
from flows.handling.unexpected import contained
from flows.runtime import Runtime


async def hear(rt: Runtime, batch: LifeBatch) -> int:
    """Load what is known, gate what came, fold it in. Returns how many lives have news."""
    await load(rt, batch.papers)
    await gate_received(rt, batch)
    await hear_channel(rt, batch)
    for paper in batch.papers:
        if paper.error is None:
            await _hear_messages(rt, paper)
    await gate_canonical(rt, [paper for paper in batch.alive() if paper.dirty])
    return sum(paper.dirty for paper in batch.papers)


async def load(rt: Runtime, papers: Sequence[LifePaper]) -> None:
    """The order and the life of each paper, as they are kept."""
    keys = [paper.aggregate_key for paper in papers]
    records, lives = await rt.store.orders(keys), await rt.store.lives(keys)
    for paper in papers:
        paper.record, paper.kept = records.get(paper.aggregate_key), lives.get(paper.aggregate_key)
        try:
            if paper.record is not None:
                paper.order = Order.model_validate_json(paper.record.document)
            if paper.kept is not None:
                paper.life = OrderLife.model_validate_json(paper.kept.document)
        except Exception as error:  # noqa: BLE001 - one document's defect is its own
            paper.error = contained(error, f"order {paper.label}")


async def _hear_messages(rt: Runtime, paper: LifePaper) -> None:
    """Fold what messages say; the newest state of the order comes last."""
    aside = {message.seq for message, _ in paper.unreadable}
    for message in [m for m in paper.messages if m.seq not in aside]:
        try:
            await _hear(rt, paper, message)
        except (RetryableError, MisconfiguredError) as error:
            paper.put_back.append((message, error))
        except CrossdockError as error:
            paper.unreadable.append((message, error))
        except Exception as error:  # noqa: BLE001 - one message's defect is its own
            paper.unreadable.append((message, contained(error, message.delivery_key)))
    if paper.life is not None and paper.order is not None:
        paper.take(hear_order(paper.life, paper.order, rt.now()))
    if paper.retry and paper.life is not None:
        paper.take(paper.life.model_copy(update={"stopped": {}}))


async def _hear(rt: Runtime, paper: LifePaper, message: Message) -> None:
    if message.kind == WAREHOUSE or message.topic.startswith("warehouse."):
        await _warehouse(rt, paper, message)
    elif message.topic == LOOK:
        _look(paper, message)
    elif message.topic == START and paper.life is not None:
        paper.take(hear_booked(paper.life, orjson.loads(message.body)))
    elif message.topic == ERP_CANCELLED and paper.life is not None:
        paper.take(hear_erp_cancelled(paper.life, message.occurred_at or rt.now()))


def _look(paper: LifePaper, message: Message) -> None:
    """Somebody asked to look again; what they released is waived from now on."""
    asked = orjson.loads(message.body)
    paper.retry = paper.retry or bool(asked.get("retry"))
    if paper.life is not None and (paper.retry or asked.get("place")):
        paper.take(paper.life.model_copy(update={"routed_at": None}))
    waived = tuple(asked.get("waive", ()))
    if waived and paper.life is not None:
        known = tuple(dict.fromkeys((*paper.life.waived, *waived)))
        paper.released += tuple(code for code in waived if code not in paper.life.waived)
        paper.take(paper.life.model_copy(update={"waived": known}))


async def _warehouse(rt: Runtime, paper: LifePaper, message: Message) -> None:
    event = event_in(rt, message)
    if event.kind in GOODS_BACK:
        await hear_back(rt, paper, message, event)
        return
    if event.request_key is None or paper.life is None:
        raise RejectedError(
            "the event is about no request of ours",
            code="request_unknown",
            document=message.delivery_key,
            field="request_key",
            way_out="Ask the warehouse what it belongs to. If it shipped an order, enter the shipment in the shop.",
        )
    if paper.life.task(event.request_key) is None:
        raise RejectedError(
            f"order {paper.label} has no request {event.request_key}",
            code="request_unknown",
            document=message.delivery_key,
            field="request_key",
            way_out="Ask the warehouse which request it means, then replay the message with the right key.",
        )
    given = answers(paper.life, event)
    paper.take(answered(hear_warehouse(paper.life, event, rt.now()), given, event))
    paper.acknowledged += [_acknowledged(key, event, done=done) for key, done in given.items()]


def _acknowledged(key: str, event: WarehouseEvent, *, done: bool) -> EffectUpdate:
    """A system that answers later has answered: the effect that waited for it is over."""
    return EffectUpdate(
        key=key,
        state=EffectState.SETTLED if done else EffectState.FAILED,
        external_id=event.external_id if done else None,
        error_code=None if done else str(event.kind),
        error=None if done else (event.words or event.reason or str(event.kind))[:500],
    )
