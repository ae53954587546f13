"""Lanes: a system that is down parks its lane, so that an outage burns no attempts and keeps the order of arrival."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from canonical.errors import CrossdockError, MisconfiguredError
from canonical.records import Lane
from flows.runtime import Runtime

LONGEST_PARK = timedelta(minutes=1)


class Answering(Protocol):
    """What has a lane: an ERP, or a shop."""

    @property
    def system(self) -> str: ...

    async def check(self) -> None: ...


class Checked(Protocol):
    """What one cheap call can ask whether it answers."""

    async def check(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a shop (its stock, its catalogue) as the system of a lane of its own."""

    system: str
    channel: Checked

    async def check(self) -> None:
        await self.channel.check()


async def lane_of(rt: Runtime, company: str, system: str) -> Lane | None:
    """The lane's row, None when it was never parked."""
    return next((lane for lane in await rt.store.lanes() if lane.scope == company and lane.system == system), None)


async def lane_is_open(rt: Runtime, scope: str, side: Answering) -> bool:
    """Whether work may be claimed for the system now. A lane whose time is up is opened by one cheap call first."""
    lane = await lane_of(rt, scope, side.system)
    if lane is None or lane.failures == 0:
        return True
    if lane.parked_until is not None and lane.parked_until > rt.now():
        return False
    try:
        await side.check()
    except CrossdockError as error:
        await park(rt, scope, side.system, error)
        return False
    await rt.store.set_lane(Lane(scope=scope, system=side.system, updated_at=rt.now()))
    return True


async def park(rt: Runtime, company: str, system: str, error: CrossdockError) -> Lane:
    """Close the lane for a while: longer after each failure in a row; a wrong setting waits the longest at once."""
    lane = await lane_of(rt, company, system)
    failures = (lane.failures if lane else 0) + 1
    pause = min(LONGEST_PARK, timedelta(seconds=rt.settings.park_seconds * 2 ** min(failures - 1, 10)))
    if isinstance(error, MisconfiguredError):
        pause = LONGEST_PARK
    parked = Lane(
        scope=company,
        system=system,
        parked_until=rt.now() + pause,
        reason=str(error),
        failures=failures,
        updated_at=rt.now(),
    )
    await rt.store.set_lane(parked)
    return parked
