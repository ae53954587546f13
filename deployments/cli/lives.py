"""`crossdock lives`: where orders stand on their way, what they wait for, and what is overdue at another system."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from canonical.errors import RejectedError
from canonical.records import LifeRecord
from canonical.states import EffectState
from deployments.cli.context import age, console, now, opened_store, show

if TYPE_CHECKING:
    from canonical.life import OrderLife, ReturnLife
    from canonical.ports.store import StateStore

PAGE = 500
LOOK, COMPARE = "fulfillment/look", "fulfillment-comparison/compare"


def show_lives(*, shop: str | None = None, stage: str | None = None, stuck: int | None = None) -> int:
    """List orders that are still on their way, those that are longest without news first.

    Parameters
    ----------
    shop
        Only this shop; all when left out.
    stage
        Only this stage, as the list shows it (routed, requested, picking, shipped, returning ...).
    stuck
        Only those without news for so many minutes.
    """
    rows = asyncio.run(_open_lives(shop, stage, stuck))
    show("Orders on their way", ("order", "shop", "stage", "without news for", "started", "waits for"), rows)
    return 0


async def _open_lives(shop: str | None, stage: str | None, stuck: int | None) -> list[tuple[str, ...]]:
    before = None if stuck is None else now() - timedelta(minutes=stuck)
    async with opened_store() as store:
        found = [r async for r in _open(store, shop) if stage in (None, r.stage) and _quiet_since(r, before)]
    found.sort(key=lambda record: record.updated_at)
    return [(r.name, r.scope, r.stage, age(r.updated_at), age(r.started_at), _waits(r)) for r in found]


async def _open(store: "StateStore", shop: str | None) -> AsyncIterator[LifeRecord]:
    """Every open life, a page at a time."""
    for scope in [shop] if shop else _shops():
        after: str | None = None
        while page := await store.scan_lives(scope, after=after, limit=PAGE):
            for record in page:
                yield record
            after = page[-1].order_id


def _shops() -> list[str]:
    from deployments.landscape_loader import load_landscape

    return [shop.name for shop in load_landscape().shops]


def _quiet_since(record: LifeRecord, before: datetime | None) -> bool:
    return before is None or record.updated_at < before


def _life(record: LifeRecord) -> "OrderLife":
    from canonical.life import OrderLife

    return OrderLife.model_validate_json(record.document)


def _waits(record: LifeRecord) -> str:
    """Reason codes it waits for, and where requests are."""
    life = _life(record)
    asked = [f"{task.location} ({task.state})" for task in life.tasks if not task.ended]
    return ", ".join((*life.waiting, *asked)) or "nothing"


def look(
    name: Annotated[list[str], Parameter(consume_multiple=True, negative=())],
    *,
    shop: str | None = None,
    wait: bool = True,
) -> int:
    """Look at orders again now, what was stopped included. What is done is not done again.

    Parameters
    ----------
    name
        Orders (#1001); several may follow.
    shop
        The shop, where two shops use the same name.
    wait
        Wait for the run to end and say how it went.
    """
    from deployments.cli.runs import run_and_wait

    return asyncio.run(run_and_wait(LOOK, {"names": name, "shop": shop, "linger_seconds": 0}, wait=wait))


def compare(*, heal: bool = False, quiet_minutes: int = 30, wait: bool = True) -> int:
    """Compare what shop, warehouses and ERP say of orders at rest; the table is an artifact of the run in the UI.

    Parameters
    ----------
    heal
        Have those that differ looked at again.
    quiet_minutes
        Only orders without news for so long: what is moving differs for a moment.
    wait
        Wait for the run to end and say how it went.
    """
    from deployments.cli.runs import run_and_wait

    return asyncio.run(run_and_wait(COMPARE, {"heal": heal, "quiet_minutes": quiet_minutes}, wait=wait))


def show_life(document: str, *, shop: str | None = None) -> int:
    """Show the life of one order: requests, shipments, returns, refunds, and what is stopped.

    Parameters
    ----------
    document
        The order: #1001, its Shopify id, or any id `crossdock trace` knows.
    shop
        The shop, where two shops use the same name.
    """
    record = asyncio.run(_one(document, shop))
    life = _life(record)
    console.print(f"{record.name} of {record.scope}: {record.stage}, last news {age(record.updated_at)} ago")
    if life.cancellation is not None:
        console.print(f"To be cancelled: {life.cancellation.reason} ({life.cancellation.by}).")
    console.print(f"Waits for: {', '.join(life.waiting) or 'nothing'}.")
    _show_shipping(life)
    _show_returns(life)
    documents = [(key, done.id, done.number or "", done.awaiting) for key, done in life.done.items()]
    _show("Done", ("key", "id", "number", "awaiting an answer"), documents)
    stopped = [(key, one.code, one.words, age(one.at)) for key, one in life.stopped.items()]
    _show("Stopped", ("key", "reason", "in words", "age"), stopped)
    return 0


def _show_shipping(life: "OrderLife") -> None:
    tasks = [
        (
            t.location,
            t.system or "nobody",
            t.state,
            t.number or "",
            _counts(t.lines),
            _counts(t.shipped),
            t.reason or "",
        )
        for t in life.tasks
    ]
    _show("Requests", ("location", "system", "state", "number", "asked", "shipped", "reason"), tasks)
    parcels = [
        (s.location, p.id, p.carrier or "", p.tracking_number or "", s.told.get(p.id, "not told"), _state(s.cancelled))
        for s in life.shipments
        for p in s.parcels
    ]
    _show("Parcels", ("from", "parcel", "carrier", "number", "fulfillment", "state"), parcels)


def _state(cancelled: bool) -> str:
    return "taken back" if cancelled else "left"


def _show_returns(life: "OrderLife") -> None:
    lines = [row for one in life.returns for row in _return_rows(one)]
    columns = ("return", "state", "line", "asked", "authorised", "received", "inspected", "paid back")
    _show("Returns", columns, lines)
    refunds = [(r.id, r.return_id, r.created_at, r.total.presentment if r.total else None) for r in life.refunds]
    _show("Refunds", ("refund", "return", "made", "money"), refunds)


def _return_rows(one: "ReturnLife") -> Iterable[tuple[object, ...]]:
    paid: dict[str, int] = {}
    for part in (part for settling in one.settlings if settling.finished for part in settling.lines):
        if part.line_id is not None:
            paid[part.line_id] = paid.get(part.line_id, 0) + part.quantity
    for line in one.lines:
        found = ", ".join(f"{part.quantity} {part.disposition}" for part in line.inspected)
        name, back = one.name or one.id, paid.get(line.line_id, 0)
        yield name, one.state, line.line_id, line.asked, line.authorised, line.received, found, back


def _counts(lines: dict[str, int]) -> str:
    return ", ".join(f"{n} of {line}" for line, n in lines.items())


def _show(title: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    found = list(rows)
    if found:
        show(title, columns, found)


async def _one(document: str, shop: str | None) -> LifeRecord:
    async with opened_store() as store:
        orders = await store.find_orders(document, shop)
        lives = await store.lives([order.aggregate_key for order in orders])
    if len(lives) != 1:
        names = ", ".join(f"{r.name} of {r.scope}" for r in lives.values()) or "none"
        raise RejectedError(
            f"found {len(lives)} orders on their way: {names}",
            code="order_not_unique" if lives else "life_unknown",
            document=document,
            way_out="Give --shop, or the Shopify id. An order that is not booked yet has no life: look at its holds.",
        )
    return next(iter(lives.values()))


def overdue(*, minutes: int = 60) -> int:
    """What other systems owe us: acknowledgements past their deadline, and requests that nobody moved on.

    Parameters
    ----------
    minutes
        A request is named when its warehouse has said nothing about it for so long.
    """
    acknowledgements, requests = asyncio.run(_overdue(minutes))
    columns = ("order", "shop", "what", "deadline was", "age")
    show("Acknowledgements that are overdue", columns, acknowledgements)
    show("Requests without news", ("order", "shop", "location", "system", "state", "age"), requests)
    return 1 if acknowledgements else 0


async def _overdue(minutes: int) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    late: list[tuple[datetime, tuple[str, ...]]] = []
    quiet: list[tuple[datetime, tuple[str, ...]]] = []
    moment, before = now(), now() - timedelta(minutes=minutes)
    async with opened_store() as store:
        async for record in _open(store, None):
            life = _life(record)
            waiting = [key for key, done in life.done.items() if done.awaiting]
            for effect in (await store.effects(waiting)).values() if waiting else ():
                owed = effect.ack_deadline if effect.state is EffectState.AWAITING_ACK else None
                if owed is not None and owed < moment:
                    late.append((owed, (record.name, record.scope, effect.key, f"{owed:%Y-%m-%d %H:%M}", age(owed))))
            for task in life.tasks:
                if not task.ended and task.updated_at < before:
                    where = (task.location, task.system or "nobody", str(task.state), age(task.updated_at))
                    quiet.append((task.updated_at, (record.name, record.scope, *where)))
    return [row for _, row in sorted(late)], [row for _, row in sorted(quiet)]
