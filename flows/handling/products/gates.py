"""The quality gates of product sync: one Great Expectations run per batch and stage, in a thread."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from canonical.errors import MisconfiguredError, RejectedError
from canonical.quality import PRODUCT_STAGES, Failure, product_gate

Row = Mapping[str, Any]
AT_ONCE: Final = 5_000
_WAY_OUT: Final = {
    "received": "Repair the product in its source; the next poll brings it again.",
    "canonical": "Repair the product in the system that owns what is wrong; the next poll brings it again.",
    "before_publishing": "Repair price or picture in its source, then `crossdock products sync --key` with its code.",
}


def build_product_gates() -> None:
    """Build every gate now: a worker does so at its start."""
    for stage in PRODUCT_STAGES:
        product_gate(stage)


async def stopped(stage: str, rows: Sequence[Row], labels: Sequence[str]) -> dict[int, RejectedError]:
    """Row index -> why the gate stopped it, in words. `labels` name the products.

    Raises `MisconfiguredError` when the batch as a whole was refused: that is no product's fault, the stage stops.
    """
    found: dict[int, RejectedError] = {}
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        result = await asyncio.to_thread(lambda part=part: product_gate(stage).check(part))  # type: ignore[misc]
        if result.stopped:
            raise MisconfiguredError(
                "; ".join(str(failure) for failure in result.batch_errors),
                code=f"gate_product_{stage}_stopped",
                document=f"{len(part)} products",
                way_out="The gate refused the whole batch. Look at what changed in the source or in the rules.",
            )
        found |= {start + n: _rejected(stage, labels[start + n], fs) for n, fs in result.quarantined.items()}
    return found


def _rejected(stage: str, label: str, failures: Sequence[Failure]) -> RejectedError:
    return RejectedError(
        "; ".join(failure.words for failure in failures)[:2000],
        code=failures[0].code,
        document=f"product {label}",
        way_out=_WAY_OUT[stage],
    )
