"""`canonical.ports.Approvals` over the state store's database."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection

from canonical.approvals import Approval, ApprovalRequest, ApprovalState
from canonical.errors import RejectedError
from connectors.statestore import asking, deciding
from connectors.statestore.database import Database

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqlApprovals:
    """Coroutines in front of synchronous work in threads. Made by `SqlStateStore.approval_desk`."""

    def __init__(self, database: Database, now: Callable[[], datetime] = _utc_now) -> None:
        self._database, self._now = database, now

    async def request_approval(self, request: ApprovalRequest) -> Approval:
        """Ask, or find what stands. Finding, which every sweep does, is one read."""
        found = await self._database.read(lambda c: asking.standing(c, request, self._now()))
        if found is not None:
            return found
        return await self._database.write(lambda c: asking.ask(c, request, self._now()))

    async def waits_in(self, approval_id: int, run_id: str) -> None:
        """Remember the run that shows the form."""
        await self._database.write(lambda c: asking.wait_in(c, approval_id, run_id))

    async def decide(self, approval_id: int, token: str, *, approve: bool, note: str | None = None) -> Approval:
        """Decide with an API token. Raises `RejectedError` after the attempt was audited."""
        return await self._attempt(
            lambda c: deciding.by_token(c, approval_id, token, approve=approve, words=note, now=self._now())
        )

    async def one_time_code(self, approval_id: int, token: str) -> str:
        """A code for the form of the engine's UI. Raises as `decide`."""
        return await self._attempt(lambda c: deciding.make_code(c, approval_id, token, self._now()))

    async def decide_by_code(self, approval_id: int, code: str, *, approve: bool, note: str | None = None) -> Approval:
        """Decide with a one-time code, which is spent. Raises as `decide`."""
        return await self._attempt(
            lambda c: deciding.by_code(c, approval_id, code, approve=approve, words=note, now=self._now())
        )

    async def _attempt(self, work: Callable[[Connection], T | RejectedError]) -> T:
        """The refusal is raised once its audit row is committed."""
        answer = await self._database.write(work)
        if isinstance(answer, RejectedError):
            raise answer
        return answer

    async def use(self, approval_id: int, digest: str) -> bool:
        """Take an approval for exactly this content."""
        return await self._database.write(lambda c: asking.use(c, approval_id, digest, self._now()))

    async def finish(self, approval_id: int) -> None:
        """The change is done."""
        await self._database.write(lambda c: asking.finish(c, approval_id, self._now()))

    async def approval(self, approval_id: int) -> Approval | None:
        """One, by its id."""
        return await self._database.read(lambda c: asking.find(c, approval_id, self._now()))

    async def approvals(self, *, scope: str | None = None, state: ApprovalState | None = None) -> list[Approval]:
        """The newest first, at most 500."""
        return await self._database.read(lambda c: asking.find_all(c, scope, state, self._now()))
