"""Quality gates of lives."""

from collections.abc import Sequence

from canonical.errors import RejectedError
from canonical.settlement import MovementPosting
from flows.handling.lives.papers import LifeBatch, LifePaper, Wave
from flows.runtime import Runtime


async def gate_received(rt: Runtime, batch: LifeBatch) -> int:
    return 0


async def gate_canonical(rt: Runtime, papers: Sequence[LifePaper]) -> int:
    return 0


async def gate_sendings(rt: Runtime, wave: Wave) -> int:
    return 0


async def stopped_movements(rt: Runtime, company: str, postings: Sequence[MovementPosting]) -> dict[int, RejectedError]:
    return {}
