"""The quality gates of product sync: one Great Expectations run per batch and stage, in a thread."""

from collections.abc import Sequence
from typing import Final

from canonical.errors import RejectedError
from canonical.quality import PRODUCT_STAGES, Failure, product_gate
from flows.handling.gating import Row, quarantined

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
    code = f"gate_product_{stage}_stopped"
    found = await quarantined(lambda: product_gate(stage), rows, code=code, what="products", at_once=AT_ONCE)
    return {index: _rejected(stage, labels[index], failures) for index, failures in found.items()}


def _rejected(stage: str, label: str, failures: Sequence[Failure]) -> RejectedError:
    return RejectedError(
        "; ".join(failure.words for failure in failures)[:2000],
        code=failures[0].code,
        document=f"product {label}",
        way_out=_WAY_OUT[stage],
    )
