"""Many documents over a few connections: what belongs together in turn, the rest side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from canonical.errors import CrossdockError
from canonical.outcomes import Failed, Outcome, Settled

T = TypeVar("T")
R = TypeVar("R")


async def in_lanes(
    many: Sequence[T], act: Callable[[T], Awaitable[R]], lane: Callable[[T], str], connections: int
) -> list[Outcome[R]]:
    """One outcome each, in order. Lanes run side by side on a few connections, what shares a lane in turn."""
    gate = asyncio.Semaphore(connections)
    lanes: dict[str, list[int]] = {}
    for place, one in enumerate(many):
        lanes.setdefault(lane(one), []).append(place)
    outcomes: dict[int, Outcome[R]] = {}

    async def run(places: list[int]) -> None:
        for place in places:
            async with gate:
                try:
                    outcomes[place] = Settled(await act(many[place]))
                except CrossdockError as error:
                    outcomes[place] = Failed(error)

    await asyncio.gather(*(run(places) for places in lanes.values()))
    return [outcomes[place] for place in range(len(many))]
