"""What the doctor asks before go-live, and nothing else does: how a shop is set up, and what arrived from it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic that the channel delivers, and where to."""

    topic: str
    uri: str


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """The version of the channel's API that we speak. `ends`: when the channel stops serving it."""

    name: str
    ends: date
    served: bool


@dataclass(frozen=True, slots=True)
class ChannelCustomer:
    """A customer of a shop, as far as identity goes."""

    id: str
    email: str | None


@runtime_checkable
class ChannelSetup(Protocol):
    """How one shop is set up. Reads only."""

    shop: str

    async def locations(self) -> Mapping[str, str]:
        """Every location, also closed ones: id -> name."""
        ...

    async def missing_scopes(self) -> list[str]:
        """What the app would need and is not granted."""
        ...

    async def missing_topics(self, uri: str | None = None) -> list[str]:
        """Topics we need that are not delivered (to the URI, when one is given)."""
        ...

    async def subscriptions(self) -> list[Subscription]: ...

    async def api_version(self) -> ApiVersion: ...

    def customers(self, limit: int) -> AsyncIterator[ChannelCustomer]:
        """The newest customers, at most so many."""
        ...

    @property
    def notices(self) -> frozenset[str]:
        """What the channel said beside its answers: another version served, a call that is deprecated."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Arrived:
    """Messages of one shop since a moment: by webhook, and found only by a poll."""

    delivered: int
    polled: int


class Arrivals(Protocol):
    """What came into the inbox, handled or not."""

    async def arrived(self, scope: str, since: datetime) -> Arrived: ...
