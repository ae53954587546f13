"""What people see of products in the Prefect UI: a table a run, a live overview, the differences of a dry run."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from canonical.product import ProductStatus
from canonical.records import CaseKind
from flows.handling.products.arrivals import PRODUCTS, RECORD, ROW, publish_kind
from flows.handling.products.comparing import Trial
from flows.handling.products.recording import SHOWN
from flows.handling.products.tally import ProductTally
from flows.runtime import Runtime
from flows.steps.stock_reports import percentiles

OVERVIEW_WINDOW: Final = timedelta(hours=1)
MOST_SHOWN: Final = 50


async def report_run(tally: ProductTally, key: str, title: str) -> None:
    """One artifact: every product with its ending."""
    if not tally.rows and not tally.notes:
        return
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(tally.counts.items()) if count) or "nothing"
    lines = [f"**{title}**: {counts}.", *tally.notes]
    if tally.left_out:
        lines.append(f"{tally.left_out} more rows are not shown; what was stopped always is.")
    rows = [{**row, "trace": f"crossdock trace '{row['shop']}:product:{row['product']}'"} for row in tally.rows]
    await _table(key, rows, "\n\n".join(lines))


async def report_overview(rt: Runtime) -> None:
    """The live picture: what waits, what each shop shows, what is withheld or wrong and why, how fast changes show."""
    waiting: dict[str, int] = {}
    for row in await rt.store.summary():
        if row.state.value in ("ready", "claimed"):
            waiting[row.kind] = waiting.get(row.kind, 0) + row.count
    lines = [f"Source messages that wait: {waiting.get(PRODUCTS, 0)}.", ""]
    lines += ["| shop | waiting | active | draft | archived | withheld |", "|---|---|---|---|---|---|"]
    for shop in rt.goods.channels:
        counts = await rt.goods.book.status_counts(shop)
        numbers = [counts.get(status.value, 0) for status in ProductStatus]
        held = len(await rt.goods.book.withheld(shop))
        lines.append(f"| {shop} | {waiting.get(publish_kind(shop), 0)} | {' | '.join(map(str, numbers))} | {held} |")
    lines += ["", "| waits | scope | product | reason | in words | since |", "|---|---|---|---|---|---|"]
    for kind in CaseKind:
        for case in await rt.store.cases(kind=kind, limit=1_000):
            if any(f":{kind_}:" in case.aggregate_key for kind_ in ("product", RECORD, ROW)):
                words = case.words.replace("|", "/")
                since = f"{case.opened_at:%Y-%m-%d %H:%M:%S}"
                lines.append(f"| {kind} | {case.scope} | {case.document} | {case.reason_code} | {words} | {since} |")
    p50, p95 = percentiles(await rt.store.latency(SHOWN, rt.now() - OVERVIEW_WINDOW))
    lines.append(f"\nLast hour, from a source's word to the shop's answer: p50 {p50 or '-'} s, p95 {p95 or '-'} s.")
    created = create_markdown_artifact(
        key="products-overview", markdown="\n".join(lines[: MOST_SHOWN * 20]), description="Products: what waits"
    )
    if hasattr(created, "__await__"):
        await created


async def report_trial(trials: Sequence[Trial]) -> None:
    """One artifact: what a publication would change, field by field."""
    rows = [
        {"shop": t.shop, "product": t.product, "verdict": t.verdict, "field": c.field, "shown": c.shown,
         "wanted": c.wanted}
        for t in trials
        for c in t.changes
    ]  # fmt: skip
    rows += [
        {"shop": t.shop, "product": t.product, "verdict": t.verdict, "field": "", "shown": "; ".join(t.reasons),
         "wanted": ""}
        for t in trials
        if not t.changes and t.verdict != "unchanged"
    ]  # fmt: skip
    verdicts = sorted({t.verdict for t in trials})
    counts = ", ".join(f"{sum(t.verdict == v for t in trials)} {v}" for v in verdicts) or "nothing"
    await _table("products-dry-run", rows, f"**Dry run**: {counts}. Nothing was written.")


async def _table(key: str, rows: Sequence[Mapping[str, object]], description: str) -> None:
    created = create_table_artifact(key=key, table=[dict(row) for row in rows], description=description)
    if hasattr(created, "__await__"):
        await created
