"""The effect ledger: an intent is committed before anything is sent, and every step is in the state table."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text, update

from canonical.errors import ConflictError
from canonical.records import Effect, EffectIntent, EffectUpdate, OverdueSummary
from canonical.states import EFFECT, EffectState
from connectors.statestore.dialects import insert_into
from connectors.statestore.tables import EFFECT_ROWS
from connectors.statestore.tables.ledger import UNSETTLED

_E = EFFECT_ROWS.c


def intend(connection: Connection, intents: Sequence[EffectIntent], now: datetime) -> list[Effect]:
    """Insert the intents that are new, and return the row of each in order."""
    rows = [
        intent.model_dump() | {"state": EffectState.INTENDED.value, "attempts": 0, "created_at": now, "updated_at": now}
        for intent in sorted(intents, key=lambda intent: intent.key)  # one order of locks for all
    ]
    if rows:
        connection.execute(insert_into(connection, EFFECT_ROWS).on_conflict_do_nothing(index_elements=["key"]), rows)
    found = by_key(connection, [intent.key for intent in intents])
    return [found[intent.key] for intent in intents]


def by_key(connection: Connection, keys: Iterable[str]) -> dict[str, Effect]:
    """The effects that exist under these keys."""
    query = select(EFFECT_ROWS).where(_E.key.in_(sorted(set(keys))))
    return {row.key: _effect(row) for row in connection.execute(query)}


def unsettled(connection: Connection, system: str, scope: str, older_than: datetime, limit: int) -> list[Effect]:
    """Effects whose outcome is open since before the moment, oldest first."""
    query = (
        select(EFFECT_ROWS)
        .where(_E.system == system, _E.scope == scope, text(UNSETTLED), _E.updated_at < older_than)
        .order_by(_E.updated_at, _E.key)
        .limit(limit)
    )
    return [_effect(row) for row in connection.execute(query)]


def overdue(connection: Connection, now: datetime) -> list[OverdueSummary]:
    """Effects whose answer was due before now; `ix_effect_unsettled` holds all that can be."""
    query = (
        select(_E.scope, _E.system, func.count().label("count"), func.min(_E.ack_deadline).label("oldest"))
        .where(text(UNSETTLED), _E.ack_deadline < now)
        .group_by(_E.scope, _E.system)
        .order_by(_E.scope, _E.system)
    )
    return [OverdueSummary.model_validate(dict(row)) for row in connection.execute(query).mappings()]


def _effect(row: Row[Any]) -> Effect:
    return Effect(**{**row._mapping, "state": EffectState(row.state)})


def step(connection: Connection, updates: Sequence[EffectUpdate], now: datetime) -> None:
    """Write the steps in order. `sent` counts an attempt; ids once known are kept.

    Raises `ConflictError` when an effect does not exist, or would take a step that is not in the table.
    """
    if not updates:
        return
    query = select(_E.key, _E.state).where(_E.key.in_({u.key for u in updates})).order_by(_E.key).with_for_update()
    states: dict[str, str] = {row.key: row.state for row in connection.execute(query)}
    for update_ in updates:
        _check_step(update_, states)
        states[update_.key] = update_.state
    connection.execute(_STEP, [_values(update_, now) for update_ in updates])


def _check_step(step_: EffectUpdate, states: dict[str, str]) -> None:
    current = states.get(step_.key)
    if current is None:
        raise ConflictError("the effect was never intended", code="effect_unknown", document=step_.key)
    if not EFFECT.allows(current, step_.state):
        raise ConflictError(
            f"an effect that is {current} does not become {step_.state}",
            code="effect_step",
            document=step_.key,
            way_out="Read the effect again and decide from its state.",
        )


def _values(step_: EffectUpdate, now: datetime) -> dict[str, Any]:
    fields = {f"new_{name}": value for name, value in step_.model_dump().items()}
    sent = step_.state is EffectState.SENT
    return fields | {
        "new_state": step_.state.value,
        "counted": int(sent),
        "new_sent_at": now if sent else None,
        "now": now,
    }


_STEP = (
    update(EFFECT_ROWS)
    .where(_E.key == bindparam("new_key"))
    .values(
        state=bindparam("new_state"),
        external_id=func.coalesce(bindparam("new_external_id", type_=_E.external_id.type), _E.external_id),
        external_number=func.coalesce(
            bindparam("new_external_number", type_=_E.external_number.type), _E.external_number
        ),
        request_digest=func.coalesce(bindparam("new_request_digest", type_=_E.request_digest.type), _E.request_digest),
        error_code=bindparam("new_error_code"),
        error=bindparam("new_error"),
        ack_deadline=bindparam("new_ack_deadline"),
        attempts=_E.attempts + bindparam("counted"),
        sent_at=func.coalesce(bindparam("new_sent_at", type_=_E.sent_at.type), _E.sent_at),
        updated_at=bindparam("now"),
    )
)
