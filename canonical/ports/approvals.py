"""Approvals by authenticated people."""

from typing import Protocol

from canonical.approvals import Approval, ApprovalRequest, ApprovalState


class Approvals(Protocol):
    """The approvals kept in the state store. Every step is audited."""

    async def request_approval(self, request: ApprovalRequest) -> Approval:
        """Ask, or find what was asked under the same key. Another digest under the key makes a new pending request."""
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
        """Decide with a one-time code; it is spent by the attempt. Raises as `decide`."""
        ...

    async def use(self, approval_id: int, digest: str) -> bool:
        """Take an approval for exactly this content, once more or the first time by the same change; false: none."""
        ...

    async def approval(self, approval_id: int) -> Approval | None: ...

    async def approvals(self, *, scope: str | None = None, state: ApprovalState | None = None) -> list[Approval]: ...
