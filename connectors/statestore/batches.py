"""One transaction for all that a step wants to change."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from canonical.errors import ConflictError
from canonical.records import Batch, MessageVerdict
from canonical.states import MESSAGE, MessageState
from connectors.statestore import audit, cases, clocks, effects, holdings, lives, orders, reservations
from connectors.statestore.arrivals import insert_rows
from connectors.statestore.claims import bring_forward
from connectors.statestore.intake import delivery_row
from connectors.statestore.tables import INBOX

_I = INBOX.c


def write(connection: Connection, batch: Batch) -> None:
    """Write the parts in the order of the fields, the audit last. After a `ConflictError` nothing is written."""
    now = datetime.now(UTC)
    _end_leases(connection, batch.owner, batch.messages)
    orders.save(connection, batch.orders)
    lives.save(connection, batch.lives)
    reservations.change(connection, batch.reservations, batch.reserved_whole, batch.end_reservations, now)
    cases.close_cases(connection, batch.close_cases, now)
    cases.open_cases(connection, batch.open_cases)
    effects.step(connection, batch.effects, now)
    holdings.refer(connection, batch.references)
    clocks.start(connection, batch.start_clocks)
    clocks.stop(connection, batch.stop_clocks)
    if batch.deliveries:
        insert_rows(connection, [delivery_row(delivery, now) for delivery in batch.deliveries])
    audit.append(connection, batch.audit)  # last: writers take turns from here to the commit


def _end_leases(connection: Connection, owner: str | None, verdicts: Sequence[MessageVerdict]) -> None:
    """Fence, then write the verdicts, then let the next message of each aggregate be found."""
    if not verdicts:
        return
    seqs = {verdict.seq for verdict in verdicts}
    held = select(_I.seq, _I.aggregate_key).where(
        _I.seq.in_(seqs), _I.owner == owner, _I.state == MessageState.CLAIMED.value
    )
    rows = connection.execute(held.order_by(_I.seq).with_for_update()).all()
    if len(rows) != len(verdicts):
        raise ConflictError(
            f"{len(verdicts) - len(rows)} of {len(verdicts)} messages are no longer leased by this worker",
            code="lease_lost",
            way_out="Drop the work: another worker has it, and the ledger tells what was sent.",
        )
    for verdict in verdicts:
        _check(verdict)
    connection.execute(_VERDICT, [_values(verdict) for verdict in verdicts])
    bring_forward(connection, (row.aggregate_key for row in rows))


def _check(verdict: MessageVerdict) -> None:
    ends = verdict.state is not MessageState.CLAIMED
    if not ends or not MESSAGE.allows(MessageState.CLAIMED, verdict.state):
        raise ConflictError(f"a claimed message does not become {verdict.state}", code="message_step")


def _values(verdict: MessageVerdict) -> dict[str, Any]:
    return {
        "verdict_seq": verdict.seq,
        "verdict_state": verdict.state.value,
        "verdict_reason": verdict.reason,
        "verdict_not_before": verdict.not_before if verdict.state is MessageState.READY else None,
        "verdict_attempts": int(verdict.count_attempt),
    }


_VERDICT = (
    update(INBOX)
    .where(_I.seq == bindparam("verdict_seq"))
    .values(
        state=bindparam("verdict_state"),
        reason=bindparam("verdict_reason"),
        not_before=bindparam("verdict_not_before"),
        attempts=_I.attempts + bindparam("verdict_attempts"),
        owner=None,
        lease_until=None,
    )
)
