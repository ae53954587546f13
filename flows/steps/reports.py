"""What people see of a run in the Prefect UI: one table artifact a run, and one overview of all orders."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from canonical.records import CaseKind
from flows.handling.run_table import RunTable
from flows.handling.verdicts import BOOKED
from flows.runtime import Runtime

OVERVIEW_WINDOW = timedelta(hours=1)


async def report_run(tally: RunTable, key: str, title: str, gateway_url: str | None = None) -> None:
    """One artifact: every document by name with its verdict and reasons, and how to see its trace.

    Where the gateway's address is known that is a link; a cell of Prefect's table shows Markdown.
    """
    if not tally.rows and not tally.notes:
        return
    told = [(count, tally.words.get(verdict, verdict)) for verdict, count in sorted(tally.counts.items()) if count]
    counts = ", ".join(f"{count} {words}" for count, words in told) or "nothing"
    lines = [f"**{title}**: {counts}."]
    lines += tally.notes
    if tally.left_out:
        lines.append(f"{tally.left_out} more rows are not shown; held and quarantined ones always are.")
    rows = [{**row, "trace": trace_of(row, gateway_url)} for row in tally.rows]
    created = create_table_artifact(key=key, table=rows, description="\n\n".join(lines))
    if hasattr(created, "__await__"):
        await created


def trace_of(row: dict[str, Any], gateway_url: str | None) -> str:
    """How to see everything that happened to the document of a row."""
    if gateway_url is None:
        return f"crossdock trace '{row['order']}' --shop {row['shop']}"
    return f"[{row['order']}]({gateway_url.rstrip('/')}/trace/{quote(str(row['order']), safe='')})"


async def report_overview(rt: Runtime) -> None:
    """The live picture: what waits, what is held and why, where orders are, how fast they get booked, parked lanes."""
    now = rt.now()
    lines = [await _latency(rt), *await _waiting(rt, now), *await _on_their_way(rt, now)]
    cases = [case for kind in CaseKind for case in await rt.store.cases(kind=kind, limit=50)]
    if cases:
        lines += ["", "| kind | shop | document | reason | in words | owner | since |", "|---|---|---|---|---|---|---|"]
    lines += [
        f"| {case.kind} | {case.scope} | {case.document} | {case.reason_code} | {case.words} | {case.owner} "
        f"| {case.opened_at:%Y-%m-%d %H:%M:%S} |"
        for case in cases
    ]
    for lane in await rt.store.lanes():
        if lane.parked_until is not None and lane.parked_until > now:
            lines.append(
                f"\nLane {lane.system} of {lane.scope} is parked until {lane.parked_until:%H:%M:%S} UTC: {lane.reason}"
            )
    created = create_markdown_artifact(
        key="orders-overview", markdown="\n".join(lines), description="Orders: what waits, where they are, what is late"
    )
    if hasattr(created, "__await__"):
        await created


async def _waiting(rt: Runtime, now: datetime) -> list[str]:
    """What the inbox holds."""
    rows = [
        f"| {row.scope} | {row.kind} | {row.state} | {row.count} | {_age(now, row.oldest) if row.oldest else ''} |"
        for row in await rt.store.summary()
    ]
    if not rows:
        return ["", "No message waits in the inbox."]
    return ["", "| shop | kind | state | messages | the oldest waits for |", "|---|---|---|---|---|", *rows]


async def _on_their_way(rt: Runtime, now: datetime) -> list[str]:
    """Orders by stage, and what other systems have not answered in time."""
    stages, overdue = await rt.store.life_stages(), await rt.store.overdue(now)
    lines = ["", "| shop | on their way | orders | longest without news |", "|---|---|---|---|"] if stages else []
    lines += [f"| {row.scope} | {row.stage} | {row.count} | {_age(now, row.quiet_since)} |" for row in stages]
    if overdue:
        lines += ["", "| shop | system | answers overdue | the latest since |", "|---|---|---|---|"]
    return lines + [f"| {row.scope} | {row.system} | {row.count} | {_age(now, row.oldest)} |" for row in overdue]


def _age(now: datetime, moment: datetime) -> str:
    """How long ago, to the second: 2 days, 1:02:03."""
    return str(max(now - moment, timedelta(0))).partition(".")[0]


async def _latency(rt: Runtime) -> str:
    seconds = sorted(await rt.store.latency(BOOKED, rt.now() - OVERVIEW_WINDOW))
    if not seconds:
        return "Nothing was booked in the last hour."
    p95 = seconds[min(len(seconds) - 1, int(len(seconds) * 0.95))]
    p50 = seconds[len(seconds) // 2]
    return f"Booked in the last hour: {len(seconds)}; webhook to ERP document p50 {p50:.1f} s, p95 {p95:.1f} s."
