"""Comparing what shop, warehouses and ERP say of quiet orders: mismatches are cases, closed when they are gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from canonical.errors import CrossdockError
from canonical.life import OrderLife
from canonical.order import Order
from canonical.ports.aftersales import OrderLogistics
from canonical.records import Batch, Case, CaseClosing, CaseKind, LifeRecord, OrderRecord
from canonical.rules.lifecycle.mismatches import CODES, Mismatch, Told, erp_documents, mismatches
from canonical.settlement import ErpDocument
from canonical.warehouse import WarehouseStatus
from flows.handling.lives.messages import FULFILLMENT, LOOK, about_order
from flows.runtime import Runtime

PAGE: Final = 50
"""How many orders the shop is asked about in one call."""
QUIET: Final = timedelta(minutes=30)
"""A life with news since is still moving: systems may well say different things of it."""

HEARD_AGAIN: Final = "fulfillments/compared"
"""The topic under which the shop is asked again what it shows as shipped."""


@dataclass
class Comparison:
    """What a comparison found. `rows` are for people; `unasked` says which system could not be asked, and why."""

    compared: int = 0
    rows: list[dict[str, str]] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    healed: int = 0


async def compare(rt: Runtime, *, quiet: timedelta = QUIET, heal: bool = False) -> Comparison:
    """Compare every open life that was quiet so long, a page at a time. `heal`: what differs is looked at again."""
    found = Comparison()
    for shop in sorted(rt.house.fulfillment):
        after: str | None = None
        while page := await rt.store.scan_lives(shop, open_only=False, after=after, limit=PAGE):
            after = page[-1].order_id
            before = rt.now() - quiet
            await _compare_page(rt, shop, [record for record in page if record.updated_at < before], found, heal)
    return found


async def _compare_page(rt: Runtime, shop: str, records: Sequence[LifeRecord], found: Comparison, heal: bool) -> None:
    if not records:
        return
    orders = await rt.store.orders([record.aggregate_key for record in records])
    known = [
        (orders[r.aggregate_key], OrderLife.model_validate_json(r.document))
        for r in records
        if r.aggregate_key in orders
    ]
    lives = [life for _, life in known]
    shown = await _shown(rt, shop, lives, found)
    requests, asked = await _requests(rt, rt.landscape.shop(shop).company, lives, found)
    documents = await _documents(rt, rt.landscape.shop(shop).company, lives, found)
    drafts = Batch()
    for record, life in known:
        told = Told(None if shown is None else shown.get(life.order_id), requests, asked, documents)
        differs = mismatches(Order.model_validate_json(record.document), life, told)
        found.compared += 1
        found.rows += [_row(life, one) for one in differs]
        found.healed += bool(differs and heal)
        whole = shown is not None and documents is not None and _all_requests(life, asked)
        drafts = _added(rt, drafts, record, life, differs, heal, all_asked=whole)
    await rt.store.commit(drafts)


def _all_requests(life: OrderLife, asked: frozenset[str]) -> bool:
    return all(task.key in asked for task in life.tasks if task.system is not None and task.taken is not None)


async def _shown(
    rt: Runtime, shop: str, lives: Sequence[OrderLife], found: Comparison
) -> Mapping[str, OrderLogistics] | None:
    try:
        return await rt.house.fulfillment[shop].read_logistics([life.order_id for life in lives])
    except CrossdockError as error:
        found.unasked.append(f"{shop}: {error}")
        return None


async def _requests(
    rt: Runtime, company: str, lives: Sequence[OrderLife], found: Comparison
) -> tuple[dict[str, WarehouseStatus], frozenset[str]]:
    """What each warehouse says of its requests, and which requests were asked about."""
    by_system: dict[str, list[str]] = {}
    for task in (task for life in lives for task in life.tasks):
        if task.system is not None and task.taken is not None:
            by_system.setdefault(task.system, []).append(task.key)
    said: dict[str, WarehouseStatus] = {}
    asked: set[str] = set()
    for system, keys in by_system.items():
        warehouse = rt.house.warehouses.get(company, {}).get(system)
        if warehouse is None:
            continue
        try:
            said |= await warehouse.status(keys)
        except CrossdockError as error:
            found.unasked.append(f"{system}: {error}")
        else:
            asked.update(keys)
    return said, frozenset(asked)


async def _documents(
    rt: Runtime, company: str, lives: Sequence[OrderLife], found: Comparison
) -> Mapping[str, ErpDocument] | None:
    settlement = rt.house.settlements.get(company)
    if settlement is None:
        return None
    keys = [key for life in lives for key in erp_documents(life)]
    try:
        return await settlement.find_documents(keys) if keys else {}
    except CrossdockError as error:
        found.unasked.append(f"{settlement.system}: {error}")
        return None


def _added(
    rt: Runtime,
    drafts: Batch,
    record: OrderRecord,
    life: OrderLife,
    differs: Sequence[Mismatch],
    heal: bool,
    *,
    all_asked: bool,
) -> Batch:
    """The batch with the cases of one order. What could not be asked about closes nothing."""
    codes = tuple(dict.fromkeys(one.code for one in differs))
    gone = tuple(code for code in CODES if code not in codes) if all_asked else ()
    closing = CaseClosing(
        aggregate_key=record.aggregate_key, reason_codes=gone, closed_by="crossdock", note="the systems agree again"
    )
    cause = f"mismatch/{life.version}/{rt.now():%Y%m%d%H%M}"
    looks = (
        about_order(record, HEARD_AGAIN, FULFILLMENT, cause, rt.now()),
        about_order(record, LOOK, FULFILLMENT, cause, rt.now(), retry=True),
    )
    return drafts.model_copy(
        update={
            "close_cases": (*drafts.close_cases, *((closing,) if gone else ())),
            "open_cases": (*drafts.open_cases, *(_case(rt, record, code, differs) for code in codes)),
            "deliveries": (*drafts.deliveries, *(looks if differs and heal else ())),
        }
    )


def _case(rt: Runtime, record: OrderRecord, code: str, differs: Sequence[Mismatch]) -> Case:
    same = [one for one in differs if one.code == code]
    return Case(
        kind=CaseKind.HELD,
        scope=record.scope,
        aggregate_key=record.aggregate_key,
        correlation_id=record.correlation_id,
        document=f"order {record.name}",
        reason_code=code,
        words="; ".join(one.words for one in same)[:2000],
        way_out=same[0].way_out,
        owner="operations",
        opened_at=rt.now(),
    )


def _row(life: OrderLife, one: Mismatch) -> dict[str, str]:
    return {
        "order": life.order_name,
        "shop": life.shop,
        "reason": one.code,
        "in words": one.words,
        "since": f"{one.since:%Y-%m-%d %H:%M}",
        "way out": one.way_out,
    }
