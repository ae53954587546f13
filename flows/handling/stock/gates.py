"""The quality gates of inventory publication: one Great Expectations run per batch and stage, in a thread."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from canonical.errors import MisconfiguredError, RejectedError
from canonical.quality import STOCK_STAGES, Failure, stock_gate

Row = Mapping[str, Any]
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
    if not rows:
        return {}
    result = await asyncio.to_thread(lambda: stock_gate(stage).check(rows))
    if result.stopped:
        raise MisconfiguredError(
            "; ".join(str(failure) for failure in result.batch_errors),
            code=f"gate_stock_{stage}_stopped",
            document=f"{len(rows)} rows",
            way_out="The gate refused the whole batch. Look at what changed in the source or in the rules.",
        )
    return {index: _rejected(stage, labels[index], failures) for index, failures in result.quarantined.items()}


def _rejected(stage: str, label: str, failures: Sequence[Failure]) -> RejectedError:
    return RejectedError(
        "; ".join(failure.words for failure in failures),
        code=failures[0].code,
        document=label,
        way_out=_WAY_OUT[stage],
    )
