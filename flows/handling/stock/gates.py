"""The quality gates of inventory publication: one Great Expectations run per batch and stage, in a thread."""

from collections.abc import Sequence

from canonical.errors import RejectedError
from canonical.quality import STOCK_STAGES, Failure, stock_gate
from flows.handling.gating import Row, quarantined

_WAY_OUT = {
    "received": "Repair the position in the source: the next report replaces it. Or release it to believe it as it is.",
    "computed": "Repair the item in the shop or in the mappings; the figure is computed again with the next change.",
    "before_publishing": "Look at `crossdock atp explain`; the figure goes out with its next change.",
}


def build_stock_gates() -> None:
    """Build every gate now: a worker does so at its start, so that the first figure does not wait for it."""
    for stage in STOCK_STAGES:
        stock_gate(stage)


async def stopped(stage: str, rows: Sequence[Row], labels: Sequence[str]) -> dict[int, RejectedError]:
    """Row index -> why the gate stopped it, in words. `labels` name the documents.

    Raises `MisconfiguredError` when the batch as a whole was refused: that is no row's fault, the stage stops.
    """
    code = f"gate_stock_{stage}_stopped"
    found = await quarantined(lambda: stock_gate(stage), rows, code=code, what="rows")
    return {index: _rejected(stage, labels[index], failures) for index, failures in found.items()}


def _rejected(stage: str, label: str, failures: Sequence[Failure]) -> RejectedError:
    return RejectedError(
        "; ".join(failure.words for failure in failures),
        code=failures[0].code,
        document=label,
        way_out=_WAY_OUT[stage],
    )
