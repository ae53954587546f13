"""Change sets: edits of rows, what they make of the standing ones, and where a change stands.

    proposed -> refused (checks found problems)
             -> waiting (a second person must approve) -> in force | rejected
             -> in force (kinds that need nobody else)

A version is what is in force after a change. Going back to an earlier version is a change like any other.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from pydantic import Field

from canonical.ids import digest
from canonical.mapping.kinds import APPROVED_BY_ANOTHER, MappingKind, MappingRow
from canonical.model import Code, Model, Text, Utc

APPROVER: Final = "approver"
"""The role whose holders approve changes of the kinds that move money."""

_EVER: Final = datetime.max.replace(tzinfo=UTC)
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


class EditKind(StrEnum):
    """Put a value in its place for the time the row names, or leave the place empty for that time."""

    PUT = "put"
    REMOVE = "remove"


class Edit(Model):
    """One edit. The times of its row say when it holds: nothing before `valid_from` and after `valid_to` changes."""

    kind: EditKind = EditKind.PUT
    row: MappingRow


class ChangeState(StrEnum):
    """Where a change set stands."""

    WAITING = "waiting"
    REFUSED = "refused"
    REJECTED = "rejected"
    IN_FORCE = "in_force"


class Impact(Model):
    """What a change touches among open documents. `looked_at` of them were compared, the newest first.

    `released`: what they lack would be there. `stopped`: what they need would be gone. `changed`: another value.
    `examples` name some of them.
    """

    looked_at: int = 0
    released: int = 0
    stopped: int = 0
    changed: int = 0
    waiting_cases: int = 0
    examples: tuple[str, ...] = ()

    def words(self) -> str:
        """In one sentence.

        >>> Impact(looked_at=3, released=2, examples=("#1001 of north",)).words()
        'of 3 open orders: 2 go on, 0 would be stopped, 0 get another value (#1001 of north)'
        """
        names = f" ({', '.join(self.examples)})" if self.examples else ""
        more = f"; {self.waiting_cases} other documents wait for such a mapping" if self.waiting_cases else ""
        return (
            f"of {self.looked_at} open orders: {self.released} go on, {self.stopped} would be stopped, "
            f"{self.changed} get another value{names}{more}"
        )


class Draft(Model):
    """What somebody wants to change, and why."""

    edits: tuple[Edit, ...] = Field(min_length=1)
    words: Text
    correlation_id: str | None = None

    @property
    def kinds(self) -> frozenset[MappingKind]:
        return frozenset(edit.row.kind for edit in self.edits)

    @property
    def needs_approval(self) -> bool:
        """Whether a second person must approve it."""
        return bool(self.kinds & APPROVED_BY_ANOTHER)

    @property
    def digest(self) -> str:
        """Of the edits: an approval holds for exactly these."""
        return digest([edit.model_dump(mode="json") for edit in self.edits])


class Change(Model):
    """A change set as it is kept."""

    id: int
    draft: Draft
    state: ChangeState
    base_version: int
    proposed_by: Code
    proposed_at: Utc
    problems: tuple[str, ...] = ()
    impact: Impact = Impact()
    decided_by: str | None = None
    decided_at: Utc | None = None
    note: str | None = None
    version: int | None = None  # the version it became


class Version(Model):
    """What is in force since a moment, and the change it came from (None: the seeds)."""

    number: int
    change_id: int | None
    at: Utc
    by: Code
    words: str


def applied(rows: Iterable[MappingRow], edits: Sequence[Edit]) -> list[MappingRow]:
    """The rows after the edits, one after the other. An edit cuts its time out of the rows in its place."""
    places: dict[object, list[MappingRow]] = {}
    for row in rows:
        places.setdefault(row.place, []).append(row)
    for edit in edits:
        standing = places.get(edit.row.place, [])
        left = [part for row in standing for part in _without(row, edit.row)]
        places[edit.row.place] = [*left, edit.row] if edit.kind is EditKind.PUT else left
    return [row for standing in places.values() for row in standing]


def _without(row: MappingRow, cut: MappingRow) -> list[MappingRow]:
    """The parts of a row before and after the time of another."""
    starts, ends = row.valid_from or _BEGINNING, row.valid_to or _EVER
    cut_starts, cut_ends = cut.valid_from or _BEGINNING, cut.valid_to or _EVER
    if cut_ends <= starts or ends <= cut_starts:
        return [row]
    parts = []
    if starts < cut_starts:
        parts.append(row.model_copy(update={"valid_to": cut.valid_from}))
    if cut_ends < ends:
        parts.append(row.model_copy(update={"valid_from": cut.valid_to}))
    return parts


def difference(before: Iterable[MappingRow], after: Iterable[MappingRow]) -> tuple[Edit, ...]:
    """The edits that lead from one set of rows to another: for going back to a version, and for whole files."""
    old, new = set(before), set(after)
    gone = sorted(old - new, key=_order)
    come = sorted(new - old, key=_order)
    return (
        *(Edit(kind=EditKind.REMOVE, row=row) for row in gone),
        *(Edit(row=row) for row in come),
    )


def _order(row: MappingRow) -> tuple[object, ...]:
    return (*row.place, row.valid_from or _BEGINNING, row.value)
