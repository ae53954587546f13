"""`crossdock approvals`: what waits for a decision, and deciding it as somebody we know.

The API token comes from CROSSDOCK_TOKEN or a prompt, never from the command line: that is in the history, and in the
list of processes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from canonical.approvals import CODE_VALID_FOR, Approval, ApprovalState
from canonical.errors import RejectedError
from canonical.ports.approvals import Approvals
from deployments.cli.context import age, api_token, console, opened_store, show
from deployments.resuming import resume_from

COLUMNS = ("approval", "state", "scope", "kind", "subject", "in words", "role", "asked by", "age", "decided by")


def show_all(
    *, scope: str | None = None, state: ApprovalState | None = ApprovalState.PENDING, every: bool = False
) -> int:
    """List approvals, the newest first; those that wait when nothing else is said.

    Parameters
    ----------
    scope
        Only this shop or company.
    state
        pending, approved, rejected, expired or used.
    every
        In whatever state.
    """
    found = asyncio.run(_find_all(scope, None if every else state))
    rows = [
        (a.id, a.state, r.scope, r.kind, r.subject, r.words, r.role, r.requested_by, age(a.requested_at), a.decided_by)
        for a in found
        for r in (a.request,)
    ]
    show("Approvals", COLUMNS, rows)
    return 0


async def _find_all(scope: str | None, state: ApprovalState | None) -> list[Approval]:
    async with _desk() as desk:
        return await desk.approvals(scope=scope, state=state)


def show_one(number: int) -> int:
    """Show what exactly would be done, and what became of the request."""
    found = asyncio.run(_find(number))
    asked = found.request
    said = {
        "approval": found.id,
        "state": found.state,
        "subject": asked.subject,
        "in words": asked.words,
        **asked.detail,
        "role": asked.role,
        "asked by": asked.requested_by,
        "asked at": f"{found.requested_at:%Y-%m-%d %H:%M:%S} UTC",
        "expires at": f"{asked.expires_at:%Y-%m-%d %H:%M:%S} UTC" if asked.expires_at else None,
        "decided by": found.decided_by,
        "note": found.note,
        "digest": asked.digest,
        "trace": asked.correlation_id,
        "run": asked.run_id,
    }
    for name, value in said.items():
        if value is not None:
            console.print(f"{name:>12}  {value}", soft_wrap=True)
    return 0


async def _find(number: int) -> Approval:
    async with _desk() as desk:
        found = await desk.approval(number)
    if found is None:
        raise RejectedError("there is no such approval", code="approval_unknown", document=str(number))
    return found


def approve(number: int, *, note: str | None = None) -> int:
    """Approve. You must have the role, and must not be who asked.

    Parameters
    ----------
    number
        The approval.
    note
        Why, for the audit.
    """
    return _decide(number, approve=True, note=note)


def reject(number: int, *, note: str | None = None) -> int:
    """Reject; what it is about stays withheld.

    Parameters
    ----------
    number
        The approval.
    note
        Why, for the audit.
    """
    return _decide(number, approve=False, note=note)


def _decide(number: int, *, approve: bool, note: str | None) -> int:
    decided, woken = asyncio.run(_decided(number, api_token(), approve=approve, note=note))
    console.print(f"Approval {decided.id} ({decided.request.subject}) is {decided.state} by {decided.decided_by}.")
    console.print("Its run goes on." if woken else "The next sweep takes it into account.")
    return 0


async def _decided(number: int, token: str, *, approve: bool, note: str | None) -> tuple[Approval, bool]:
    async with _desk() as desk:
        decided = await desk.decide(number, token, approve=approve, note=note)
    return decided, await resume_from(decided.request.run_id)


def code(number: int) -> int:
    """Make a one-time code for the form in the Prefect UI.

    Parameters
    ----------
    number
        The approval.
    """
    made = asyncio.run(_code(number, api_token()))
    minutes = round(CODE_VALID_FOR.total_seconds() / 60)
    console.print(f"One-time code for approval {number}, good for one attempt within {minutes} minutes:\n{made}")
    return 0


async def _code(number: int, token: str) -> str:
    async with _desk() as desk:
        return await desk.one_time_code(number, token)


@asynccontextmanager
async def _desk() -> AsyncIterator[Approvals]:
    from connectors import registry

    async with opened_store() as store:
        yield registry.approvals(store)
