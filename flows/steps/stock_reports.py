"""What people see of stock in the Prefect UI: a table a run, a live overview, the differences of a reconciliation."""

from collections.abc import Sequence
from datetime import timedelta

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from canonical.inventory import FigureState
from flows.handling.stock.reconciling import Comparison, rows_of
from flows.handling.stock.tally import StockTally
from flows.runtime import Runtime

OVERVIEW_WINDOW = timedelta(hours=1)
MOST_WITHHELD = 50


async def report_run(tally: StockTally, key: str, title: str) -> None:
    """One artifact: every figure with its ending, and how to see how it came about."""
    if not tally.rows and not tally.notes:
        return
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(tally.counts.items()) if count) or "nothing"
    lines = [f"**{title}**: {counts}.", *tally.notes]
    if tally.left_out:
        lines.append(f"{tally.left_out} more rows are not shown; what was stopped always is.")
    await _table(key, tally.rows, "\n\n".join(lines))


async def report_overview(rt: Runtime) -> None:
    """The live picture: due, withheld, failed, the oldest change that is not shown, how fast changes are shown."""
    lines = ["| shop | due | withheld | failed | published | oldest due, s | lag p50, s | lag p95, s |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for shop in rt.stock_channels:
        counts = await rt.stock_book.figure_counts(shop)
        oldest = await rt.stock_book.oldest_due(shop)
        age = "" if oldest is None else f"{(rt.now() - oldest).total_seconds():.0f}"
        p50, p95 = percentiles(await rt.stock_book.publication_lags(shop, rt.now() - OVERVIEW_WINDOW))
        states = (FigureState.DUE, FigureState.WITHHELD, FigureState.FAILED, FigureState.PUBLISHED)
        numbers = " | ".join(str(counts.get(state, 0)) for state in states)
        lines.append(f"| {shop} | {numbers} | {age} | {p50} | {p95} |")
    lines += ["", "| shop | SKU | location | target | shown | why |", "|---|---|---|---|---|---|"]
    for shop in rt.stock_channels:
        for state in (FigureState.WITHHELD, FigureState.FAILED):
            for f in await rt.stock_book.figures(shop, state=state, limit=MOST_WITHHELD):
                where = f"| {shop} | {f.sku} | {f.place.location_id} | {f.target} "
                lines.append(f"{where}| {f.published if f.published is not None else ''} | {f.reason or state} |")
    created = create_markdown_artifact(key="stock-overview", markdown="\n".join(lines), description="Stock: what waits")
    if hasattr(created, "__await__"):
        await created


async def report_differences(comparisons: Sequence[Comparison], healed: int) -> None:
    """One artifact: the differences of all shops."""
    rows = [row for comparison in comparisons for row in rows_of(comparison)]
    lines = [
        f"**{c.shop}**: {c.figures} figures, {len(c.differences)} differences, "
        f"{c.unpublished} places of the shop that nothing is published for."
        for c in comparisons
    ]
    lines.append(f"{healed} are published again." if healed else "Nothing was healed.")
    await _table("stock-reconciliation", rows, "\n\n".join(lines))


def percentiles(seconds: Sequence[float]) -> tuple[str, str]:
    """The median and the 95th percentile, as text; blank for nothing."""
    ordered = sorted(seconds)
    if not ordered:
        return "", ""
    return f"{ordered[len(ordered) // 2]:.1f}", f"{ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]:.1f}"


async def _table(key: str, rows: Sequence[dict[str, object]], description: str) -> None:
    created = create_table_artifact(key=key, table=[dict(row) for row in rows], description=description)
    if hasattr(created, "__await__"):
        await created
