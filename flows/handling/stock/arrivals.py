"""Ways of stock into the inbox: what a poll found, a snapshot in parts, demand that changed, what to read again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import orjson

from canonical.ids import aggregate_key, correlation_id, delivery_key, digest
from canonical.inventory import StockReport
from canonical.ports.stock import StockSource
from canonical.records import Cursor, Delivery
from flows.runtime import Runtime

CHANNEL: Final = "crossdock"
TOLD, DEMAND, READ_AGAIN = "stock/told", "stock/demand", "stock/read-again"
"""Topics of our own: a report that a poll or snapshot brought, SKUs to compute again, SKUs to ask the source for."""
MOST_LEVELS: Final = 5_000
MOST_SKUS: Final = 2_000


def stock_kind(company: str) -> str:
    """The inbox kind of a company's stock."""
    return f"stock.{company}"


def echo_kind(shop: str) -> str:
    """The inbox kind of what a shop says about its stock."""
    return f"stock-echo.{shop}"


def told(report: StockReport, at: datetime, name: str) -> Delivery:
    """A report as a message. All of one source are one aggregate: they are taken in in order."""
    subject = (report.company, "stock", report.source)
    return Delivery(
        delivery_key=delivery_key(CHANNEL, report.company, f"{TOLD}/{report.source}/{name}"),
        channel=report.source,
        scope=report.company,
        topic=TOLD,
        kind=stock_kind(report.company),
        aggregate_key=aggregate_key(*subject),
        correlation_id=correlation_id(*subject),
        occurred_at=at,
        body=report.model_dump_json().encode(),
    )


def demand_changed(company: str, skus: Iterable[str], at: datetime, cause: str) -> list[Delivery]:
    """Messages that have figures of these SKUs computed again; committed with what changed the demand."""
    return _about(company, DEMAND, sorted(set(skus)), at, cause)


def read_again(
    company: str, skus: Iterable[str], at: datetime, cause: str, waive: Sequence[str] = ()
) -> list[Delivery]:
    """Messages that have the sources asked for these SKUs; `waive` names gate rules a person has released."""
    return _about(company, READ_AGAIN, sorted(set(skus)), at, cause, waive)


def _about(
    company: str, topic: str, skus: Sequence[str], at: datetime, cause: str, waive: Sequence[str] = ()
) -> list[Delivery]:
    made = []
    for start in range(0, len(skus), MOST_SKUS):
        part = list(skus[start : start + MOST_SKUS])
        name = digest([part, at.isoformat(), cause])[:32]
        subject = (company, topic.partition("/")[2], name)
        made.append(
            Delivery(
                delivery_key=delivery_key(CHANNEL, company, f"{topic}/{name}"),
                channel=CHANNEL,
                scope=company,
                topic=topic,
                kind=stock_kind(company),
                aggregate_key=aggregate_key(*subject),
                correlation_id=correlation_id(*subject),
                occurred_at=at,
                body=orjson.dumps({"skus": part, "cause": cause, "waive": list(waive)}),
            )
        )
    return made


def cursor_name(source: StockSource) -> str:
    """The name of a source's cursor."""
    return f"stock.{source.system}"


async def poll_source(rt: Runtime, source: StockSource) -> int:
    """Ask a source what changed since the last poll (it overlaps by itself). Returns the positions put into the inbox.

    The cursor moves after the inbox has the report: a worker that dies in between only asks again.
    """
    now, name = rt.now(), cursor_name(source)
    kept = await rt.store.cursor(source.company, name)
    report = await source.changes(kept.value if kept else None)
    parts = list(in_parts(report))
    if parts:
        stamp = now.isoformat()
        await rt.store.put([told(part, now, f"{stamp}/{place}") for place, part in enumerate(parts)])
    if report.cursor is not None and (kept is None or kept.value != report.cursor):
        await rt.store.set_cursor(Cursor(scope=source.company, name=name, value=report.cursor, updated_at=now))
    return sum(len(part.levels) for part in parts)


async def snapshot_source(rt: Runtime, source: StockSource) -> int:
    """Read everything a source has, part by part, into the inbox. Returns the positions."""
    now, positions = rt.now(), 0
    place = 0
    async for report in source.snapshot():
        for part in in_parts(report):
            await rt.store.put([told(part, now, f"snapshot/{now.isoformat()}/{place}")])
            positions += len(part.levels)
            place += 1
    return positions


def in_parts(report: StockReport) -> Iterable[StockReport]:
    """A report in parts of at most 5,000 levels. What is allocated goes with the levels of its SKU, for a reservation
    may end only where they are written; the last part says what is complete."""
    if not (report.levels or report.allocated or report.complete):
        return
    if len(report.levels) <= MOST_LEVELS:
        yield report
        return
    levels = sorted(report.levels, key=lambda level: level.sku)
    bounds, start = [], 0
    while start < len(levels):
        end = min(start + MOST_LEVELS, len(levels))
        while end < len(levels) and levels[end].sku == levels[end - 1].sku:
            end += 1
        bounds.append((start, end))
        start = end
    told_skus = {level.sku for level in levels}
    for start, end in bounds:
        last = end == len(levels)
        skus = {level.sku for level in levels[start:end]}
        lines = [a for a in report.allocated if a.sku in skus or (last and a.sku not in told_skus)]
        changes = {"levels": tuple(levels[start:end]), "allocated": tuple(lines)}
        yield report.model_copy(update=changes if last else changes | {"complete": ()})
