"""Approvals by authenticated people."""

from typing import Protocol

from canonical.approvals import Approval, ApprovalRequest, ApprovalState


class Approvals(Protocol):
    """The approvals kept in the state store. Every step and every attempt is an audit row.

    The codes of a `RejectedError`: `token_unknown`, `code_invalid` (nobody we know); `role_missing`, `own_request` (not
    this person); `approval_unknown`; `approval_decided`, `approval_expired` (too late).
    """

    async def request_approval(self, request: ApprovalRequest) -> Approval:
        """Ask, or find what was asked under the same key.

        Another digest under the key makes a new pending request and ends the old one. So does the same digest once the
        old request is over: expired, finished, or its decision older than `STANDS_FOR`.
        """
        ...

    async def waits_in(self, approval_id: int, run_id: str) -> None:
        """Remember the run of the engine that shows the form, so that a decision can wake it."""
        ...

    async def decide(self, approval_id: int, token: str, *, approve: bool, note: str | None = None) -> Approval:
        """Decide with an API token. Raises `RejectedError` when the token is unknown, its roles do not suffice, its
        owner is the requester, or the request is decided or has expired; the attempt is audited."""
        ...

    async def one_time_code(self, approval_id: int, token: str) -> str:
        """A code for the form of the engine's UI, bound to the token's owner and to this request; valid for minutes.

        Raises as `decide`. Only its hash is kept.
        """
        ...

    async def decide_by_code(self, approval_id: int, code: str, *, approve: bool, note: str | None = None) -> Approval:
        """Decide with a one-time code; it is spent by the attempt. Raises as `decide`. An empty code is an attempt."""
        ...

    async def use(self, approval_id: int, digest: str) -> bool:
        """Take an approval for exactly this content; false: there is none.

        A retry of the same change takes it again, until the change is finished or `STANDS_FOR` has passed.
        """
        ...

    async def finish(self, approval_id: int) -> None:
        """The change is done: nobody takes this approval again, the same content asked for later is a new request."""
        ...

    async def approval(self, approval_id: int) -> Approval | None: ...

    async def approvals(self, *, scope: str | None = None, state: ApprovalState | None = None) -> list[Approval]:
        """The newest first, at most 500."""
        ...
