"""`canonical.ports.MappingBook` over the state store's database."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from sqlalchemy import Connection

from canonical.errors import CrossdockError
from canonical.mapping.changes import Change, ChangeState, Draft, Impact, Version
from canonical.mapping.kinds import MappingKind, MappingRow
from connectors.statestore import mapping_changes, mapping_rows
from connectors.statestore.database import Database

T = TypeVar("T")
_NOTHING: Final = mapping_changes.Checked(-1, (), Impact())  # of a change that is not there


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqlMappingBook:
    """Coroutines in front of synchronous work in threads."""

    def __init__(self, database: Database, now: Callable[[], datetime] = _utc_now) -> None:
        self._database, self._now = database, now

    async def version(self) -> int:
        """The newest version; 0 when there is none yet."""
        return await self._database.read(mapping_rows.newest)

    async def versions(self, limit: int = 50) -> list[Version]:
        """The newest first."""
        return await self._database.read(lambda c: mapping_rows.versions(c, limit))

    async def rows(self, version: int | None = None, kind: MappingKind | None = None) -> list[MappingRow]:
        """The rows of a version (None: the newest)."""
        kinds = None if kind is None else {kind.value}
        return await self._database.read(lambda c: mapping_rows.rows_of(c, version, kinds))

    async def seed(self, rows: Sequence[MappingRow], actor: str) -> bool:
        """Make these rows version 1, unless there is one. Raises `RejectedError` when they contradict each other."""
        return await self._database.write(lambda c: mapping_changes.seed(c, rows, actor, self._now()))

    async def preview(self, draft: Draft) -> tuple[tuple[str, ...], Impact]:
        """What a change would contradict and what it touches; nothing is kept."""
        checked = await self._check(draft)
        return checked.problems, checked.impact

    async def propose(self, draft: Draft, actor: str, token: str | None = None) -> Change:
        """Check a change and look what it touches (outside the writers' turn), then keep it or put it in force."""
        checked = await self._check(draft)
        return await self._attempt(lambda c: mapping_changes.propose(c, draft, actor, token, checked, self._now()))

    async def decide(self, change_id: int, token: str, *, approve: bool, note: str | None = None) -> Change:
        """Approve or reject a waiting change. Raises after the attempt was audited."""
        change = await self.change(change_id) if approve else None
        checked = (
            _NOTHING if change is None and approve else None if change is None else await self._check(change.draft)
        )
        return await self._attempt(lambda c: mapping_changes.decide(c, change_id, token, checked, note, self._now()))

    async def _check_again(self, change_id: int) -> mapping_changes.Checked:
        change = await self.change(change_id)
        return _NOTHING if change is None else await self._check(change.draft)

    async def _check(self, draft: Draft) -> mapping_changes.Checked:
        return await self._database.read(lambda c: mapping_changes.check(c, draft, self._now()))

    async def change(self, change_id: int) -> Change | None:
        """One, by its number."""
        return await self._database.read(lambda c: mapping_changes.find(c, change_id))

    async def changes(self, state: ChangeState | None = None, limit: int = 50) -> list[Change]:
        """The newest first."""
        return await self._database.read(lambda c: mapping_changes.changes(c, state, limit))

    async def _attempt(self, work: Callable[[Connection], T | CrossdockError]) -> T:
        """A refusal is raised once its audit row is committed."""
        answer = await self._database.write(work)
        if isinstance(answer, CrossdockError):
            raise answer
        return answer
