"""Requests for approval: asking, using, ending; and reading them."""

import json
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from canonical.approvals import STANDS_FOR, Approval, ApprovalRequest, ApprovalState
from canonical.ids import aggregate_key
from canonical.records import AuditEntry
from connectors.statestore import audit
from connectors.statestore.dialects import hold_lock
from connectors.statestore.tables.approval import APPROVAL

APPROVAL_LOCK: Final = 0x6372_6F73_7304
"""Requests are rare: on PostgreSQL they are asked one at a time, so that two workers ask once."""
_A = APPROVAL.c
_MOST: Final = 500


def state_now(row: Row[Any], now: datetime) -> ApprovalState:
    """The state, seen at the moment: a pending request runs out, and so does an approval that nobody used."""
    state = ApprovalState(row.state)
    if state is ApprovalState.PENDING and row.expires_at is not None and row.expires_at <= now:
        return ApprovalState.EXPIRED
    if state is ApprovalState.APPROVED and row.decided_at + STANDS_FOR <= now:
        return ApprovalState.EXPIRED
    return state


def approval_of(row: Row[Any], now: datetime) -> Approval:
    """The row as a value."""
    asked = {name: getattr(row, name) for name in ApprovalRequest.model_fields}
    request = ApprovalRequest(**asked | {"detail": json.loads(row.detail)})
    mine = {name: getattr(row, name) for name in Approval.model_fields if name not in ("request", "state")}
    return Approval(request=request, state=state_now(row, now), **mine)


def standing(connection: Connection, request: ApprovalRequest, now: datetime) -> Approval | None:
    """The request that stands for exactly this change and content; None when it has to be asked (again)."""
    query = select(APPROVAL).where(_A.scope == request.scope, _A.key == request.key, _A.replaced_at.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None or row.digest != request.digest or _over(row, now):
        return None
    return approval_of(row, now)


def _over(row: Row[Any], now: datetime) -> bool:
    """Whether nothing follows from it any more, so that the same may be asked again."""
    match state_now(row, now):
        case ApprovalState.EXPIRED:
            return True
        case ApprovalState.REJECTED:
            return bool(row.decided_at + STANDS_FOR <= now)
        case ApprovalState.USED:
            return row.finished_at is not None or bool(row.used_at + STANDS_FOR <= now)
        case _:
            return False


def ask(connection: Connection, request: ApprovalRequest, now: datetime) -> Approval:
    """Ask, or find; what stood under the key with other content, or is over, gives way."""
    hold_lock(connection, APPROVAL_LOCK)
    found = standing(connection, request, now)
    if found is not None:
        return found
    _replace(connection, request, now)
    columns = request.model_dump() | {"detail": json.dumps(request.detail, default=str, ensure_ascii=False)}
    fresh = insert(APPROVAL).values(**columns, requested_at=now, state=ApprovalState.PENDING.value, forms=0)
    row = connection.execute(fresh.returning(APPROVAL)).one()
    note(connection, row, "approval.requested", request.requested_by, now, role=row.role, digest=row.digest)
    return approval_of(row, now)


def _replace(connection: Connection, request: ApprovalRequest, now: datetime) -> None:
    old = update(APPROVAL).where(_A.scope == request.scope, _A.key == request.key, _A.replaced_at.is_(None))
    row = connection.execute(old.values(replaced_at=now).returning(APPROVAL)).one_or_none()
    if row is not None and row.state in (ApprovalState.PENDING, ApprovalState.APPROVED):
        expire(
            connection, row, now, "its time was up" if row.digest == request.digest else "other content is asked for"
        )


def expire(connection: Connection, row: Row[Any], now: datetime, why: str) -> None:
    """Record that it counts no more."""
    connection.execute(update(APPROVAL).where(_A.id == row.id).values(state=ApprovalState.EXPIRED.value))
    note(connection, row, "approval.expired", "store", now, why=why)


def use(connection: Connection, approval_id: int, digest: str, now: datetime) -> bool:
    """Take it for exactly this content; again for a retry of the same change that is not finished."""
    row = locked(connection, approval_id)
    if row is None or row.digest != digest or row.replaced_at is not None or _over(row, now):
        return False
    state = state_now(row, now)
    if state not in (ApprovalState.APPROVED, ApprovalState.USED):
        return False
    if state is ApprovalState.APPROVED:
        taken = update(APPROVAL).where(_A.id == approval_id)
        connection.execute(taken.values(state=ApprovalState.USED.value, used_at=now))
    action = "approval.used" if state is ApprovalState.APPROVED else "approval.used_again"
    note(connection, row, action, "store", now, digest=digest)
    return True


def finish(connection: Connection, approval_id: int, now: datetime) -> None:
    """The change is done; once is enough."""
    done = update(APPROVAL).where(_A.id == approval_id, _A.state == ApprovalState.USED.value, _A.finished_at.is_(None))
    row = connection.execute(done.values(finished_at=now).returning(APPROVAL)).one_or_none()
    if row is not None:
        note(connection, row, "approval.finished", "store", now)


def wait_in(connection: Connection, approval_id: int, run_id: str) -> None:
    """The run that shows the form."""
    connection.execute(update(APPROVAL).where(_A.id == approval_id).values(run_id=run_id))


def locked(connection: Connection, approval_id: int) -> Row[Any] | None:
    """The row, held until the transaction ends."""
    return connection.execute(select(APPROVAL).where(_A.id == approval_id).with_for_update()).one_or_none()


def find(connection: Connection, approval_id: int, now: datetime) -> Approval | None:
    """One, by its id."""
    row = connection.execute(select(APPROVAL).where(_A.id == approval_id)).one_or_none()
    return None if row is None else approval_of(row, now)


def find_all(connection: Connection, scope: str | None, state: ApprovalState | None, now: datetime) -> list[Approval]:
    """The newest first; the state is the one seen now."""
    query = select(APPROVAL).order_by(_A.requested_at.desc(), _A.id.desc()).limit(_MOST)
    if scope is not None:
        query = query.where(_A.scope == scope)
    if state not in (None, ApprovalState.EXPIRED):
        query = query.where(_A.state == state.value)
    found = (approval_of(row, now) for row in connection.execute(query))
    return [one for one in found if state is None or one.state is state]


def note(connection: Connection, row: Row[Any], action: str, actor: str, now: datetime, **detail: Any) -> None:
    """One audit row of a request."""
    entry = AuditEntry(
        at=now,
        actor=actor,
        action=action,
        scope=row.scope,
        aggregate_key=aggregate_key(row.scope, "approval", row.key),
        correlation_id=row.correlation_id,
        detail={"approval": row.id, "kind": row.kind, "subject": row.subject} | detail,
    )
    audit.append(connection, [entry])
