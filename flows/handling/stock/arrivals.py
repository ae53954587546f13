"""Ways of stock into the inbox: polls and snapshots of the sources."""

from canonical.ports.stock import StockSource
from canonical.records import Cursor
from flows.handling.stock.messages import in_parts, told
from flows.runtime import Runtime


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
