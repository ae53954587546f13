"""What became of one request: settled, taken by a system that answers later, or failed.

Every port that writes answers with one outcome per request, in the order of the requests. A port raises only when
the whole call failed; then every request of it has that error.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

from canonical.errors import CrossdockError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settled(Generic[T]):
    """Done; the value holds the external id."""

    value: T


@dataclass(frozen=True, slots=True)
class AwaitingAck:
    """Taken; the acknowledgement comes later (file, batch). After `deadline` (UTC) it is overdue and visible."""

    reference: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused or not possible now; the error's class says what happens next."""

    error: CrossdockError


Outcome: TypeAlias = Settled[T] | AwaitingAck | Failed
