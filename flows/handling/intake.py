"""Intake: from inbox messages to checked orders. The ERP is not asked anything here, so it never delays a reservation.

    translate -> reserve -> complete -> check -> record

Each function takes the runtime and the batch and changes the batch's documents; only `reserve` and `record` write.
"""

from datetime import datetime

import orjson

from canonical.errors import RejectedError
from canonical.order import Order
from canonical.records import Batch, Reservation
from canonical.states import OrderState
from flows.handling.documents import IntakeBatch, OrderDocument
from flows.handling.reserving import before, marks, reservations_of
from flows.handling.unexpected import contained
from flows.runtime import Runtime

RECHECK = "order/recheck"
"""Topic of our own messages that ask for an order to be decided again (released hold, new mapping)."""

READ_LIMIT = 50


async def translate(rt: Runtime, batch: IntakeBatch) -> None:
    """Turn messages into canonical orders; the newest version of an order wins, partial payloads are read by id.

    A message nobody can read stops its own document (RejectedError, quarantined), never its neighbours.
    """
    known = await rt.store.orders([d.aggregate_key for d in batch.documents])
    to_read: dict[str, dict[str, OrderDocument]] = {}
    for document in batch.documents:
        document.record = known.get(document.aggregate_key)
        _read_messages(rt, document)
        if document.error is None and document.order is None:
            order_id = _order_id(rt, document)
            if order_id is not None:
                to_read.setdefault(document.scope, {})[order_id] = document
    await _read_by_id(rt, to_read)
    for document in batch.documents:
        _newest_wins(document)


def _read_messages(rt: Runtime, document: OrderDocument) -> None:
    """The newest order in the messages; none when a newer message tells only a part, and it must be read by id."""
    translator = rt.translators[document.scope]
    partial: list[datetime | None] = []
    aside = {message.seq for message, _ in document.unreadable}
    for message in [m for m in document.messages if m.seq not in aside]:
        if message.topic == RECHECK:
            asked = orjson.loads(message.body)
            document.recheck = True
            document.waive += tuple(asked.get("waive", ()))
            continue
        try:
            order = translator.order_of(message)
        except Exception as error:  # noqa: BLE001 - one document's defect is its own
            document.unreadable.append((message, contained(error, document.label)))
            continue
        if order is None:
            partial.append(message.occurred_at)
        elif document.order is None or order.updated_at >= document.order.updated_at:
            document.order = order
    found = document.order
    if found is not None and any(moment is None or moment > found.updated_at for moment in partial):
        document.order = None
    if found is None and not partial:
        _without_order(document)


def _without_order(document: OrderDocument) -> None:
    """No message told an order: look again at the one we know, or stop on what could not be read."""
    if document.recheck and document.record is not None:
        document.order = Order.model_validate_json(document.record.document)
        document.complete = True
    elif document.unreadable:
        document.error = document.unreadable[-1][1]


def _order_id(rt: Runtime, document: OrderDocument) -> str | None:
    """Whose order to read again; None (and the error noted) when the message does not say."""
    aside = {message.seq for message, _ in document.unreadable}
    readable = [m for m in document.messages if m.topic != RECHECK and m.seq not in aside]
    try:
        return rt.translators[document.scope].order_id_of((readable or document.messages)[-1])
    except Exception as error:  # noqa: BLE001 - one document's defect is its own
        document.error = contained(error, document.label)
        return None


async def _read_by_id(rt: Runtime, wanted: dict[str, dict[str, OrderDocument]]) -> None:
    for shop, documents in wanted.items():
        ids = list(documents)
        for start in range(0, len(ids), READ_LIMIT):
            part = ids[start : start + READ_LIMIT]
            found = await rt.channels[shop].read_orders(part)
            for order_id in part:
                document, answer = documents[order_id], found.get(order_id)
                if isinstance(answer, RejectedError):
                    document.error = answer
                    continue
                document.order, document.complete = answer, True
                if document.order is None:
                    document.error = RejectedError(
                        "the shop does not know this order (any more)",
                        code="order_not_found",
                        document=f"order {order_id}",
                        field="id",
                        way_out="If it was deleted in Shopify, close the case; else replay the message.",
                    )


def _newest_wins(document: OrderDocument) -> None:
    """An older or equal version of what is known changes nothing, unless a person or a mapping asks to look again."""
    record, order = document.record, document.order
    if record is None or order is None or record.state == OrderState.RECEIVED:
        return
    if order.updated_at < record.updated_at:
        if not document.recheck:
            document.verdict = "superseded"
            return
        document.order = Order.model_validate_json(record.document)
        document.complete = True
    elif order.updated_at == record.updated_at and not document.recheck:
        document.verdict = "known"


async def reserve(rt: Runtime, batch: IntakeBatch) -> int:
    """Record a reservation for every line of an order that was read and is not booked yet. Returns the lines reserved.

    A step of its own, straight after reading: nothing published may rise by what these orders took, however long the
    ERP is away.
    """
    wanted: list[Reservation] = []
    whole: list[tuple[str, str]] = []
    ended: list[tuple[str, str, str]] = []
    elsewhere: list[Order] = []
    for document in batch.open():
        order = document.order
        if order is None or (document.record is not None and document.record.state == OrderState.POSTED):
            continue
        if len(rt.landscape.shops_of(rt.landscape.shop(order.shop).company)) > 1:
            # Other shops sell the same stock: they hear of it before the order is complete.
            elsewhere += [order, *before(document.record)]
        if order.cancelled_at is not None or order.test:
            ended.append((order.shop, order.id, "cancelled" if order.cancelled_at else "test order"))
        else:
            wanted += reservations_of(rt, order, document.record)
            whole.append((order.shop, order.id))
    if whole or ended:
        told = marks(rt, elsewhere, batch, f"reserved/{batch.messages[0].seq}")
        await rt.store.commit(
            Batch(
                reservations=tuple(wanted),
                reserved_whole=tuple(whole),
                end_reservations=tuple(ended),
                deliveries=tuple(told),
            )
        )
    return len(wanted)


async def complete(rt: Runtime, batch: IntakeBatch) -> None:
    """Read what webhooks lack (risk, fulfillment orders, transactions): one call for up to 50 orders of a shop."""
    by_shop: dict[str, list[OrderDocument]] = {}
    for document in batch.open():
        if not document.complete:
            by_shop.setdefault(document.scope, []).append(document)
    for shop, documents in by_shop.items():
        for start in range(0, len(documents), READ_LIMIT):
            part = documents[start : start + READ_LIMIT]
            orders = await rt.channels[shop].complete_orders([d.order for d in part if d.order is not None])
            for document, order in zip(part, orders, strict=True):
                if isinstance(order, RejectedError):
                    document.error = order
                else:
                    document.order, document.complete = order, True
