"""Running a gate over a batch, for every flow: in a thread; a batch that is refused as a whole stops the stage."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from canonical.errors import MisconfiguredError
from canonical.quality import Failure, Gate, GateResult

Row = Mapping[str, Any]


async def quarantined(
    gate_of: Callable[[], Gate], rows: Sequence[Row], *, code: str, what: str = "documents", at_once: int | None = None
) -> dict[int, tuple[Failure, ...]]:
    """Row index -> failed expectations. A gate blocks for 50 to 250 ms, and for seconds while it is built: in a thread.

    Many rows are checked in parts of `at_once`; without, they are one batch, and may be too many for the gate. Raises
    `MisconfiguredError` with `code` when a batch was refused as a whole: that is no document's fault, the stage stops.
    """
    found: dict[int, tuple[Failure, ...]] = {}
    size = at_once or len(rows) or 1
    for start in range(0, len(rows), size):
        part = list(rows[start : start + size])
        result = await asyncio.to_thread(_check, gate_of, part)
        if result.stopped:
            raise MisconfiguredError(
                "; ".join(str(failure) for failure in result.batch_errors),
                code=code,
                document=f"{len(part)} {what}",
                way_out="The gate refused the whole batch. Look at what changed in the source or in the rules.",
            )
        found |= {start + index: failures for index, failures in result.quarantined.items()}
    return found


def _check(gate_of: Callable[[], Gate], rows: Sequence[Row]) -> GateResult:
    return gate_of().check(rows)
