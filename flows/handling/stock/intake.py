"""Intake of stock: messages -> reports -> positions in our own names -> the book.

    read -> to_canonical -> gate "received" -> record

One bad position stops alone. What a gate stopped is not recorded, and nothing that leans on it: its allocated lines do
not end reservations, and its location does not count as complete. Negative stock is taken as zero: to sell less is
safe.
"""

from collections.abc import Sequence
from decimal import Decimal

import orjson

from canonical.errors import CrossdockError, MisconfiguredError, RejectedError, RetryableError
from canonical.inventory import InventoryLevel, StockReport
from canonical.ports.stock import StockSource
from canonical.quality.stock_frames import StockLimits, position_row
from canonical.records import Message
from flows.handling.stock.gates import stopped
from flows.handling.stock.messages import DEMAND, MOST_LEVELS, READ_AGAIN, TOLD
from flows.handling.stock.native import to_canonical
from flows.handling.stock.papers import Position, Refused, Report, StockBatch
from flows.handling.unexpected import contained
from flows.runtime import Runtime

NEGATIVE = "on_hand_negative"


async def read(rt: Runtime, batch: StockBatch) -> int:
    """Turn the messages into reports. One that nobody can read is set aside alone. Returns the positions."""
    for message in batch.messages:
        try:
            await _read(rt, batch, message)
        except (RetryableError, MisconfiguredError) as error:  # the source is away: what others tell goes on
            batch.put_back.append((message, error))
        except CrossdockError as error:
            batch.unreadable.append((message, error))
        except Exception as error:  # noqa: BLE001 - one message's defect is its own
            batch.unreadable.append((message, contained(error, message.delivery_key)))
    for report in batch.reports:
        to_canonical(report, rt.mappings)
    return sum(len(report.positions) for report in batch.reports)


async def _read(rt: Runtime, batch: StockBatch, message: Message) -> None:
    if message.topic == DEMAND:
        for sku in orjson.loads(message.body)["skus"]:
            batch.touch(sku, message.occurred_at or message.received_at)
    elif message.topic == READ_AGAIN:
        asked = orjson.loads(message.body)
        for source in rt.stock_sources.get(batch.company, ()):
            report = Report(message, await source.positions(asked["skus"]))
            report.waived = frozenset(asked.get("waive", ()))
            batch.reports.append(report)
    elif message.topic == TOLD:
        batch.reports.append(Report(message, _told(message)))
    else:
        batch.reports.append(Report(message, _source_of(rt, batch.company, message).report_of(message)))


def _told(message: Message) -> StockReport:
    try:
        return StockReport.model_validate_json(message.body)
    except ValueError as error:
        raise RejectedError(
            "the message is no stock report",
            code="report_unreadable",
            document=message.delivery_key,
            way_out="Poll the source again: `crossdock stock publish` reads it anew.",
        ) from error


def _source_of(rt: Runtime, company: str, message: Message) -> StockSource:
    for source in rt.stock_sources.get(company, ()):
        if source.system == message.channel:
            return source
    raise RejectedError(
        f"{message.channel} tells stock of {company}, but the landscape names it as no source of it",
        code="source_unknown",
        document=message.delivery_key,
        field="channel",
        way_out="Name the system in the landscape, or stop its events.",
    )


async def gate_received(rt: Runtime, batch: StockBatch) -> int:
    """The positions as they came, in our names. Returns how many were stopped."""
    open_ = [(report, p) for report in batch.reports for p in report.passed()]
    await _remember(rt, batch.company, [p for _, p in open_])
    limits = StockLimits(rt.settings.stock_stale_hours, rt.settings.stock_jump_units, rt.settings.stock_jump_factor)
    rows = [position_row(p.level, p.before, limits, rt.now()) for _, p in open_]
    for row, (report, _) in zip(rows, open_, strict=True):
        row["position"] = f"{row['position']} in message {report.message.seq}"
    for start in range(0, len(rows), MOST_LEVELS):
        labels = [_label(p.level) for _, p in open_[start : start + MOST_LEVELS]]
        for index, error in (await stopped("received", rows[start : start + MOST_LEVELS], labels)).items():
            report, position = open_[start + index]
            if error.code not in report.waived:
                position.error = error
    return sum(len(report.stopped()) for report in batch.reports)


async def _remember(rt: Runtime, company: str, positions: Sequence[Position]) -> None:
    """What stands for each position, to see a jump."""
    skus = sorted({p.level.sku for p in positions})
    if not skus:
        return
    standing = {
        (level.source, level.sku, level.native_location or level.location): level
        for level in await rt.stock_book.levels(company, skus)
    }
    for position in positions:
        level = position.level
        position.before = standing.get((level.source, level.sku, level.native_location or level.location))


async def record(rt: Runtime, batch: StockBatch) -> int:
    """Write what passed, one transaction a report. Returns how many SKUs changed.

    A report that was begun before (a worker died, the channel was away) has all its SKUs computed again: what it
    recorded then is no change now.
    """
    for report in batch.reports:
        passed = [p.level for p in report.passed()] + _as_zero(report)
        kept = _safe(report, passed)
        if kept.levels or kept.allocated or kept.complete:
            recorded = await rt.stock_book.record(kept, rt.now())
            batch.ignored += recorded.ignored
            _touch(rt, batch, report, passed, recorded.changed)
        elif report.again:
            _touch(rt, batch, report, passed, frozenset())
        batch.refused += [_refused(p, batch.company) for p in report.stopped() if p.error is not None]
        batch.settled |= {_subject(level) for level in (p.level for p in report.passed())}
    return len(batch.changed)


def _as_zero(report: Report) -> list[InventoryLevel]:
    """Negative stock counts as none until somebody repairs it."""
    return [
        p.level.model_copy(update={"on_hand": Decimal(0)})
        for p in report.stopped()
        if p.error is not None and p.error.code == NEGATIVE
    ]


def _safe(report: Report, levels: Sequence[InventoryLevel]) -> StockReport:
    """The report as far as it may be believed."""
    written = {(level.sku, level.native_location) for level in levels}
    missing = [p.level for p in report.stopped() if (p.level.sku, p.level.native_location) not in written]
    bad_skus = {level.sku for level in missing}
    bad_places = {level.native_location or level.location for level in missing} | set(report.unmapped)
    return report.report.model_copy(
        update={
            "levels": tuple(levels),
            "allocated": tuple(line for line in report.report.allocated if line.sku not in bad_skus),
            "complete": tuple(place for place in report.report.complete if place not in bad_places),
        }
    )


def _touch(
    rt: Runtime, batch: StockBatch, report: Report, levels: Sequence[InventoryLevel], changed: frozenset[str]
) -> None:
    since = {level.sku: level.as_of for level in levels}
    fallback = report.message.occurred_at or report.message.received_at
    for sku in changed | (frozenset(since) if report.again else frozenset()):
        batch.touch(sku, min(since.get(sku, fallback), rt.now()))


def _refused(position: Position, company: str) -> Refused:
    assert position.error is not None
    return Refused(_subject(position.level), company, _label(position.level), position.error)


def _subject(level: InventoryLevel) -> str:
    return f"{level.sku}@{level.native_location or level.location}"


def _label(level: InventoryLevel) -> str:
    return f"stock of {level.sku} at {level.native_location or level.location}"
