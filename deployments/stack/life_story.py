"""The life of an order as a viewer reads it: what happened, in which system, under which number, at what second."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from canonical.life import OrderLife
from canonical.records import OrderRecord
from canonical.steps import SIDE_OF, Operation, Side

COLUMNS: Final = ("second", "what happened", "where", "number there")
OURSELVES, SHOP = "crossdock", "shopify"


@dataclass(frozen=True)
class Told:
    """One thing that happened. `where` is a system."""

    at: datetime
    what: str
    where: str
    number: str


def story(record: OrderRecord, life: OrderLife, acts: Iterable[Told], erp: str) -> list[tuple[str, ...]]:
    """Everything in the order in which it happened, counted from the webhook. `acts`: what people did meanwhile."""
    told = [Told(record.received_at, "ordered", SHOP, record.name), *acts, *_ours(record, life, erp)]
    told += [_written(key, life, erp) for key in life.done]
    start, rows = record.received_at, list[tuple[str, ...]]()
    for one in sorted(told, key=lambda one: one.at):
        row = (f"{max(0.0, (one.at - start).total_seconds()):.1f}", one.what, one.where, one.number)
        if rows[-1:] != [row]:  # two fields of one order, written together
            rows.append(row)
    return rows


def _ours(record: OrderRecord, life: OrderLife, erp: str) -> Iterable[Told]:
    """What is no write of the life: where it leaves from, and that it is booked."""
    if life.decisions:
        first = life.decisions[0]
        places = dict.fromkeys(one.location for one in first.assignments)
        yield Told(life.started_at, "routed", OURSELVES, f"{' and '.join(places)} by {first.decided_by}")
    if record.posted_at:
        yield Told(record.posted_at, "booked", erp, record.external_number or record.external_id or "")


def _written(key: str, life: OrderLife, erp: str) -> Told:
    operation, done = Operation(key.split(":")[1]), life.done[key]
    number = unquote(done.number or done.id.rpartition("/")[2])
    side, where = SIDE_OF[operation], {Side.ERP: erp, Side.CHANNEL: SHOP}
    if side is Side.WAREHOUSE:
        task = life.task(key)
        system = (task.system if task else None) or "warehouse"
        return Told(done.at, operation.words, system, (task.number if task else None) or number)
    if operation is Operation.FULFILL:
        number = f"{number} ({_tracking(life, done.id)})"
    return Told(done.at, operation.words, where[side], number)


def _tracking(life: OrderLife, fulfillment: str) -> str:
    """What the shopper can follow the parcel by."""
    parcels = (parcel for one in life.shipments for parcel in one.parcels if one.told.get(parcel.id) == fulfillment)
    return ", ".join(f"{parcel.carrier or ''} {parcel.tracking_number or ''}".strip() for parcel in parcels)
