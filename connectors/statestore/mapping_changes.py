"""Change sets of the mapping repository: proposed, checked, decided, in force; each step audited."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from canonical.errors import ConflictError, RejectedError
from canonical.ids import aggregate_key, correlation_id
from canonical.mapping.changes import APPROVER, Change, ChangeState, Draft, Impact, Version, applied
from canonical.mapping.kinds import MappingRow, in_force
from canonical.mapping.validation import new_problems, problems
from canonical.records import AuditEntry, Principal
from connectors.statestore import audit, control, mapping_rows
from connectors.statestore.dialects import hold_lock
from connectors.statestore.mapping_impact import impact
from connectors.statestore.tables.mapping import MAPPING_CHANGE

MAPPING_LOCK: Final = 0x6372_6F73_7305
"""Changes are rare: on PostgreSQL they are made one at a time, each on what the one before left."""
SCOPE: Final = "mappings"
_C = MAPPING_CHANGE.c


def seed(connection: Connection, rows: Sequence[MappingRow], actor: str, now: datetime) -> bool:
    """Version 1, unless there is one. Raises `RejectedError` when the rows contradict each other."""
    hold_lock(connection, MAPPING_LOCK)
    if mapping_rows.newest(connection):
        return False
    if found := list(problems(rows)):
        raise RejectedError("; ".join(found[:20]), code="mapping_invalid", document="mappings")
    words = mapping_rows.words_of(now, len(rows))
    mapping_rows.add_version(connection, Version(number=1, change_id=None, at=now, by=actor, words=words))
    mapping_rows.add_rows(connection, 1, list(dict.fromkeys(rows)))
    _audit(connection, "mapping.seeded", actor, now, "seeds", {"rows": len(rows), "version": 1})
    return True


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of a change, and at which version: looked up in a read, so that no writer waits meanwhile."""

    version: int
    problems: tuple[str, ...]
    impact: Impact


def check(connection: Connection, draft: Draft, now: datetime) -> Checked:
    """What the change contradicts, and what it touches at the moment it begins to hold."""
    version = mapping_rows.newest(connection)
    before = _standing(connection, draft)
    after = applied(before, draft.edits)
    moment = max(now, min(edit.row.valid_from or now for edit in draft.edits))
    touched = impact(connection, draft, in_force(before, moment), in_force(after, moment))
    return Checked(version, new_problems(before, after), touched)


def _problems(connection: Connection, draft: Draft, checked: Checked) -> tuple[str, ...]:
    """What was found, looked up again only when somebody changed the mappings since."""
    if mapping_rows.newest(connection) == checked.version:
        return checked.problems
    before = _standing(connection, draft)
    return new_problems(before, applied(before, draft.edits))


def propose(
    connection: Connection, draft: Draft, actor: str, token: str | None, checked: Checked, now: datetime
) -> Change | RejectedError:
    """Check, keep, and put in force what needs nobody else."""
    who = _proposer(connection, draft, token)
    if isinstance(who, RejectedError):
        _audit(connection, "mapping.proposal_refused", actor, now, "proposal", {"reason": who.code})
        return who
    hold_lock(connection, MAPPING_LOCK)
    found, by = _problems(connection, draft, checked), actor if who is None else who.name
    number = _keep(connection, draft, by, found, checked.impact, now)
    if not found and not draft.needs_approval:
        _put_in_force(connection, number, draft, by, now)
    return _kept(connection, number)


def _keep(connection: Connection, draft: Draft, by: str, found: tuple[str, ...], touched: Impact, now: datetime) -> int:
    values = {
        "state": (ChangeState.REFUSED if found else ChangeState.WAITING).value,
        "draft": draft.model_dump_json(),
        "base_version": mapping_rows.newest(connection),
        "proposed_by": by,
        "proposed_at": now,
        "problems": json.dumps(found, ensure_ascii=False),
        "impact": touched.model_dump_json(),
    }
    number: int = connection.execute(insert(MAPPING_CHANGE).returning(_C.id), values).scalar_one()
    detail = {"why": draft.words, "edits": len(draft.edits), "kinds": sorted(draft.kinds), "digest": draft.digest}
    _audit(connection, "mapping.proposed", by, now, str(number), detail)
    checked = "mapping.refused" if found else "mapping.validated"
    _audit(connection, checked, "crossdock", now, str(number), {"problems": list(found[:20])})
    return number


def _proposer(connection: Connection, draft: Draft, token: str | None) -> Principal | RejectedError | None:
    if token is None:
        return _token_needed(draft) if draft.needs_approval else None
    return control.principal(connection, token) or _unknown_token()


def _token_needed(draft: Draft) -> RejectedError:
    return RejectedError(
        f"a change of {', '.join(sorted(draft.kinds))} is approved by a second person, so it must be known who asks",
        code="token_needed",
        way_out="Give your API token (CROSSDOCK_TOKEN); `crossdock tokens add` makes one.",
    )


def _unknown_token() -> RejectedError:
    return RejectedError("nobody has this token", code="token_unknown", way_out="Give a token that is in force.")


def decide(
    connection: Connection,
    change_id: int,
    token: str,
    checked: Checked | None,
    note: str | None,
    now: datetime,
) -> Change | RejectedError | ConflictError:
    """Approve what was checked, or reject (None); an attempt that may not is audited and comes back as its error."""
    hold_lock(connection, MAPPING_LOCK)
    change = find(connection, change_id)
    who = control.principal(connection, token)
    refusal = _refusal(change, change_id, who)
    if refusal is not None or who is None or change is None:
        by = "unknown" if who is None else who.name
        code = refusal.code if refusal else "token_unknown"
        _audit(
            connection,
            "mapping.decision_refused",
            by,
            now,
            str(change_id),
            {"reason": code, "approve": checked is not None},
        )
        return refusal or _unknown_token()
    decided = {"decided_by": who.name, "decided_at": now, "note": note}
    if checked is None:
        _set(connection, change_id, decided | {"state": ChangeState.REJECTED.value})
        _audit(connection, "mapping.rejected", who.name, now, str(change_id), {"note": note})
        return _kept(connection, change_id)
    if found := _problems(connection, change.draft, checked):
        return _refuse_late(connection, change_id, found, who.name, now)
    _set(connection, change_id, decided)
    _audit(connection, "mapping.approved", who.name, now, str(change_id), {"note": note})
    _put_in_force(connection, change_id, change.draft, who.name, now)
    return _kept(connection, change_id)


def _refuse_late(
    connection: Connection, change_id: int, found: tuple[str, ...], by: str, now: datetime
) -> ConflictError:
    """What stands has moved on since the proposal, and the change contradicts it."""
    _set(connection, change_id, {"state": ChangeState.REFUSED.value, "problems": json.dumps(found)})
    _audit(connection, "mapping.refused", by, now, str(change_id), {"problems": list(found[:20])})
    return ConflictError(
        f"the change does not fit what is in force by now: {'; '.join(found[:5])}",
        code="mapping_moved_on",
        document=f"change {change_id}",
        way_out="Propose it again on today's mappings.",
    )


def _refusal(change: Change | None, change_id: int, who: Principal | None) -> RejectedError | None:
    if who is None:
        return _unknown_token()
    place = f"change {change_id}"
    if change is None:
        return RejectedError("there is no such change", code="change_unknown", document=place)
    if change.state is not ChangeState.WAITING:
        return RejectedError(f"the change is {change.state.value}", code="change_decided", document=place)
    if APPROVER not in who.roles:
        return RejectedError(f"{who.name} lacks the role {APPROVER}", code="role_missing", document=place)
    if who.name == change.proposed_by:
        return RejectedError("nobody decides what he proposed", code="own_change", document=place)
    return None


def _put_in_force(connection: Connection, change_id: int, draft: Draft, by: str, now: datetime) -> None:
    number = mapping_rows.newest(connection) + 1
    mapping_rows.add_version(connection, Version(number=number, change_id=change_id, at=now, by=by, words=draft.words))
    mapping_rows.change_rows(connection, number, draft.edits)
    _set(connection, change_id, {"state": ChangeState.IN_FORCE.value, "version": number})
    edits = [f"{edit.kind} {edit.row.words()}" for edit in draft.edits[:50]]
    detail = {"version": number, "edits": edits, "more": max(0, len(draft.edits) - len(edits))}
    _audit(connection, "mapping.in_force", by, now, str(change_id), detail)


def _standing(connection: Connection, draft: Draft) -> list[MappingRow]:
    return mapping_rows.rows_of(connection, None, {kind.value for kind in draft.kinds})


def _set(connection: Connection, change_id: int, values: dict[str, Any]) -> None:
    connection.execute(update(MAPPING_CHANGE).where(_C.id == change_id).values(values))


def find(connection: Connection, change_id: int) -> Change | None:
    """One change set."""
    row = connection.execute(select(MAPPING_CHANGE).where(_C.id == change_id)).one_or_none()
    return None if row is None else _change(row)


def _kept(connection: Connection, change_id: int) -> Change:
    return _change(connection.execute(select(MAPPING_CHANGE).where(_C.id == change_id)).one())


def changes(connection: Connection, state: ChangeState | None, limit: int) -> list[Change]:
    """The newest first."""
    query = select(MAPPING_CHANGE).order_by(_C.id.desc()).limit(limit)
    if state is not None:
        query = query.where(_C.state == state.value)
    return [_change(row) for row in connection.execute(query)]


def _change(row: Row[Any]) -> Change:
    return Change(
        **{
            **row._mapping,
            "state": ChangeState(row.state),
            "draft": Draft.model_validate_json(row.draft),
            "problems": tuple(json.loads(row.problems)),
            "impact": Impact.model_validate_json(row.impact),
        }
    )


def _audit(
    connection: Connection, action: str, actor: str, now: datetime, subject: str, detail: dict[str, Any]
) -> None:
    entry = AuditEntry(
        at=now,
        actor=actor,
        action=action,
        scope=SCOPE,
        aggregate_key=aggregate_key(SCOPE, "change", subject),
        correlation_id=correlation_id(SCOPE, "change", subject),
        detail=detail,
    )
    audit.append(connection, [entry])
