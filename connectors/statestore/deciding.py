"""Deciding a request: by token or by one-time code, each attempt audited, refused ones too.

A refusal is returned, not raised: raising would roll back its audit row. `approvals.SqlApprovals` raises it afterwards.
"""

import secrets
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from canonical.approvals import CODE_VALID_FOR, STANDS_FOR, Approval, ApprovalState
from canonical.errors import RejectedError
from canonical.records import AuditEntry
from connectors.statestore import audit, control
from connectors.statestore.asking import approval_of, expire, find, locked, note, state_now
from connectors.statestore.tables.approval import APPROVAL, APPROVAL_CODE
from connectors.statestore.tables.control import PRINCIPAL

_A, _C = APPROVAL.c, APPROVAL_CODE.c
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No 0, 1, I, O: people type it."""


def by_token(
    connection: Connection, approval_id: int, token: str, *, approve: bool, words: str | None, now: datetime
) -> Approval | RejectedError:
    """Decide as the owner of the token."""
    who = control.principal(connection, token)
    person = None if who is None else (who.name, who.roles)
    return _decide(connection, approval_id, person, _no_token(), approve=approve, words=words, now=now)


def by_code(
    connection: Connection, approval_id: int, code: str, *, approve: bool, words: str | None, now: datetime
) -> Approval | RejectedError:
    """Decide as whom the code was made for. The code is spent whatever comes of it, the form is counted."""
    person = _spend(connection, approval_id, code, now)
    counted = update(APPROVAL).where(_A.id == approval_id, _A.state == ApprovalState.PENDING.value)
    answer = _decide(connection, approval_id, person, _no_code(code), approve=approve, words=words, now=now)
    refusal = answer.words if isinstance(answer, RejectedError) else None
    connection.execute(counted.values(forms=_A.forms + 1, refusal=refusal))
    return answer


def make_code(connection: Connection, approval_id: int, token: str, now: datetime) -> str | RejectedError:
    """A code for the form, for somebody who may decide."""
    who = control.principal(connection, token)
    row = locked(connection, approval_id)
    person = None if who is None else (who.name, who.roles)
    refused = _objection(row, person, _no_token(), now)
    if refused is not None or row is None or who is None:
        return _refuse(connection, approval_id, row, person, refused or _no_token(), "code", now)
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
    connection.execute(delete(APPROVAL_CODE).where(_C.expires_at < now - STANDS_FOR))
    values = {"code_hash": _hash(code), "approval_id": approval_id, "principal": who.name}
    connection.execute(insert(APPROVAL_CODE).values(**values, expires_at=now + CODE_VALID_FOR))
    note(connection, row, "approval.code_made", who.name, now)
    return code


def _hash(code: str) -> str:
    """As people type it: case and dashes do not count."""
    return control.token_hash("".join(code.split()).replace("-", "").upper())


def _spend(connection: Connection, approval_id: int, code: str, now: datetime) -> tuple[str, tuple[str, ...]] | None:
    """Whose code it was, while it counted for this request; it counts for none from here on."""
    spent = update(APPROVAL_CODE).where(_C.code_hash == _hash(code), _C.spent_at.is_(None)).values(spent_at=now)
    row = connection.execute(spent.returning(APPROVAL_CODE)).one_or_none()
    if row is None or row.approval_id != approval_id or row.expires_at <= now:
        return None
    found = connection.execute(select(PRINCIPAL).where(PRINCIPAL.c.name == row.principal)).one_or_none()
    if found is None or found.disabled_at is not None:
        return None
    who = control.principal_of(found)
    return who.name, who.roles


def _decide(
    connection: Connection,
    approval_id: int,
    person: tuple[str, tuple[str, ...]] | None,
    stranger: RejectedError,
    *,
    approve: bool,
    words: str | None,
    now: datetime,
) -> Approval | RejectedError:
    row = locked(connection, approval_id)
    refused = _objection(row, person, stranger, now)
    wanted = ApprovalState.APPROVED if approve else ApprovalState.REJECTED
    if refused is not None or row is None or person is None:
        return _refuse(connection, approval_id, row, person, refused or stranger, wanted.value, now)
    decided = {"state": wanted.value, "decided_by": person[0], "decided_at": now, "note": words}
    connection.execute(update(APPROVAL).where(_A.id == approval_id).values(**decided))
    note(connection, row, f"approval.{wanted.value}", person[0], now, **({"note": words} if words else {}))
    found = find(connection, approval_id, now)
    return found if found is not None else approval_of(row, now)


def _objection(
    row: Row[Any] | None, person: tuple[str, tuple[str, ...]] | None, stranger: RejectedError, now: datetime
) -> RejectedError | None:
    """Why this person may not decide this request now. Strangers learn nothing of what exists."""
    if person is None:
        return stranger
    if row is None:
        return RejectedError("there is no such approval", code="approval_unknown", way_out="See `approvals list`.")
    name, roles = person
    if row.role not in roles:
        return RejectedError(f"{name} has not the role {row.role}", code="role_missing", document=row.subject)
    if row.requested_by.rpartition(":")[2].casefold() == name.casefold():
        return RejectedError(
            f"{name} asked for it: somebody else must decide", code="own_request", document=row.subject
        )
    state = state_now(row, now)
    if state is ApprovalState.EXPIRED:
        return RejectedError("the request has expired", code="approval_expired", document=row.subject)
    if state is not ApprovalState.PENDING:
        by = f" by {row.decided_by}" if row.decided_by else ""
        return RejectedError(f"it is {state} already{by}", code="approval_decided", document=row.subject)
    return None


def _refuse(
    connection: Connection,
    approval_id: int,
    row: Row[Any] | None,
    person: tuple[str, tuple[str, ...]] | None,
    refused: RejectedError,
    wanted: str,
    now: datetime,
) -> RejectedError:
    """Write down who tried what, and why it counted for nothing."""
    actor, detail = person[0] if person else "unknown", {"wanted": wanted, "why": refused.code}
    if row is not None:
        note(connection, row, "approval.refused", actor, now, **detail)
        if refused.code == "approval_expired" and row.state == ApprovalState.PENDING:
            expire(connection, row, now, "its time was up")
        return refused
    entry = AuditEntry(
        at=now,
        actor=actor,
        action="approval.refused",
        scope="crossdock",
        aggregate_key=f"crossdock:approval:{approval_id}",
        correlation_id=f"approval:{approval_id}",
        detail=detail,
    )
    audit.append(connection, [entry])
    return refused


def _no_token() -> RejectedError:
    return RejectedError("the token is unknown", code="token_unknown", way_out="Make one with `crossdock tokens add`.")


def _no_code(code: str) -> RejectedError:
    words = "the one-time code is unknown, spent or too old, or it is for another request"
    return RejectedError(
        words if code.strip() else "no one-time code was given",
        code="code_invalid",
        way_out="Make one with `crossdock approvals code`.",
    )
