"""Stock as messages of the inbox: reports that were told, demand that changed, what is to be read again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import orjson

from canonical.ids import aggregate_key, correlation_id, delivery_key, digest
from canonical.inventory import StockReport
from canonical.records import Delivery
from flows.handling.own_messages import CHANNEL

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
