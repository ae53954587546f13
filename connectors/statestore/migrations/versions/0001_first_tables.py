"""The first tables, the guard of the audit, and how PostgreSQL stores bodies."""

from typing import Any

from alembic import op
from sqlalchemy import Boolean, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text, UniqueConstraint, text

from connectors.statestore.columns import ExactNumber, Key, Sequence, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""
    _create_inbox()
    _create_payload()
    _create_effect()
    _create_audit()
    _create_cross_reference()
    _create_orders()
    _create_reservation()
    _create_stuck_case()
    _create_sla_clock()
    _create_cursor()
    _create_lane()
    _create_principal()
    _protect_audit()


def downgrade() -> None:
    """Removes the state store: only for an empty one."""
    for table in (
        "inbox",
        "payload",
        "effect",
        "audit",
        "cross_reference",
        "orders",
        "reservation",
        "stuck_case",
        "sla_clock",
        "cursor",
        "lane",
        "principal",
    ):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")


def _index(name: str, table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    condition: Any = None if where is None else text(where)
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=condition, postgresql_where=condition)


def _create_inbox() -> None:
    op.create_table(
        "inbox",
        Column("seq", Sequence(), nullable=False),
        Column("delivery_key", Key(), nullable=False),
        Column("channel", Key(), nullable=False),
        Column("scope", Key(), nullable=False),
        Column("topic", Key(), nullable=False),
        Column("kind", Key(), nullable=False),
        Column("aggregate_key", Key(), nullable=False),
        Column("correlation_id", Key(), nullable=False),
        Column("event_id", Key()),
        Column("occurred_at", UtcTime()),
        Column("received_at", UtcTime(), nullable=False),
        Column("state", Key(), nullable=False),
        Column("owner", Key()),
        Column("lease_until", UtcTime()),
        Column("not_before", UtcTime()),
        Column("behind", Boolean(), nullable=False),
        Column("attempts", Integer(), nullable=False),
        Column("reason", Text()),
        PrimaryKeyConstraint("seq", name="pk_inbox"),
        UniqueConstraint("delivery_key", name="uq_inbox_delivery_key"),
    )
    _index("ix_inbox_aggregate_key", "inbox", "aggregate_key", "seq")
    _index("ix_inbox_behind", "inbox", "kind", "aggregate_key", "seq", where="behind")
    _index("ix_inbox_correlation_id", "inbox", "correlation_id")
    _index("ix_inbox_event_id", "inbox", "event_id", where="event_id IS NOT NULL")
    _index("ix_inbox_fresh", "inbox", "kind", "seq", where="state = 'ready' AND not_before IS NULL AND NOT behind")
    _index("ix_inbox_leased", "inbox", "aggregate_key", "lease_until", where="state = 'claimed'")
    _index("ix_inbox_open", "inbox", "aggregate_key", "seq", where="state IN ('ready', 'claimed')")
    _index("ix_inbox_parked", "inbox", "kind", "not_before", where="state = 'ready' AND not_before IS NOT NULL")
    _index("ix_inbox_parked_aggregate", "inbox", "aggregate_key", where="state = 'ready' AND not_before IS NOT NULL")
    _index("ix_inbox_waiting", "inbox", "scope", "kind", "state", "received_at", where="state <> 'done'")


def _create_payload() -> None:
    op.create_table(
        "payload",
        Column("seq", Sequence(), nullable=False, autoincrement=False),
        Column("headers", Text(), nullable=False),
        Column("body", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("seq", name="pk_payload"),
    )
    if op.get_context().dialect.name == "postgresql":
        # Bodies go to the side table uncompressed: compressing JSON on arrival costs the intake 40 %.
        op.execute("ALTER TABLE payload ALTER COLUMN body SET STORAGE EXTERNAL")


def _create_effect() -> None:
    op.create_table(
        "effect",
        Column("key", Key(), nullable=False),
        Column("system", Key(), nullable=False),
        Column("operation", Key(), nullable=False),
        Column("scope", Key(), nullable=False),
        Column("aggregate_key", Key(), nullable=False),
        Column("correlation_id", Key(), nullable=False),
        Column("request_digest", Key(), nullable=False),
        Column("state", Key(), nullable=False),
        Column("external_id", Key()),
        Column("external_number", Key()),
        Column("attempts", Integer(), nullable=False),
        Column("error_code", Key()),
        Column("error", Text()),
        Column("ack_deadline", UtcTime()),
        Column("sent_at", UtcTime()),
        Column("created_at", UtcTime(), nullable=False),
        Column("updated_at", UtcTime(), nullable=False),
        PrimaryKeyConstraint("key", name="pk_effect"),
    )
    _index("ix_effect_aggregate_key", "effect", "aggregate_key")
    _index("ix_effect_correlation_id", "effect", "correlation_id")
    _index("ix_effect_external_id", "effect", "external_id", where="external_id IS NOT NULL")
    _index("ix_effect_external_number", "effect", "external_number", where="external_number IS NOT NULL")
    _index("ix_effect_unsettled", "effect", "system", "scope", "updated_at", where="state IN ('sent', 'awaiting_ack')")


def _create_audit() -> None:
    op.create_table(
        "audit",
        Column("seq", Sequence(), nullable=False, autoincrement=False),
        Column("at", UtcTime(), nullable=False),
        Column("actor", Key(), nullable=False),
        Column("action", Key(), nullable=False),
        Column("scope", Key(), nullable=False),
        Column("aggregate_key", Key(), nullable=False),
        Column("correlation_id", Key(), nullable=False),
        Column("detail", Text(), nullable=False),
        Column("previous_hash", Key(), nullable=False),
        Column("hash", Key(), nullable=False),
        PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    _index("ix_audit_aggregate_key", "audit", "aggregate_key", "seq")
    _index("ix_audit_correlation_id", "audit", "correlation_id")


def _create_cross_reference() -> None:
    op.create_table(
        "cross_reference",
        Column("id", Sequence(), nullable=False),
        Column("scope", Key(), nullable=False),
        Column("kind", Key(), nullable=False),
        Column("left_system", Key(), nullable=False),
        Column("left_id", Key(), nullable=False),
        Column("right_system", Key(), nullable=False),
        Column("right_id", Key(), nullable=False),
        Column("label", Text()),
        PrimaryKeyConstraint("id", name="pk_cross_reference"),
        UniqueConstraint("scope", "kind", "left_system", "left_id", "right_system", name="uq_cross_reference_left"),
        UniqueConstraint("scope", "kind", "right_system", "right_id", "left_system", name="uq_cross_reference_right"),
    )
    _index("ix_cross_reference_left_id", "cross_reference", "left_id")
    _index("ix_cross_reference_right_id", "cross_reference", "right_id")


def _create_orders() -> None:
    op.create_table(
        "orders",
        Column("scope", Key(), nullable=False),
        Column("order_id", Key(), nullable=False),
        Column("name", Key(), nullable=False),
        Column("aggregate_key", Key(), nullable=False),
        Column("correlation_id", Key(), nullable=False),
        Column("customer_key", Key()),
        Column("state", Key(), nullable=False),
        Column("updated_at", UtcTime(), nullable=False),
        Column("received_at", UtcTime(), nullable=False),
        Column("posted_at", UtcTime()),
        Column("booked_digest", Key()),
        Column("external_id", Key()),
        Column("external_number", Key()),
        Column("run_id", Key()),
        Column("waived", Text(), nullable=False),
        Column("document", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("scope", "order_id", name="pk_orders"),
        UniqueConstraint("aggregate_key", name="uq_orders_aggregate_key"),
    )
    _index("ix_orders_correlation_id", "orders", "correlation_id")
    _index("ix_orders_external_id", "orders", "external_id", where="external_id IS NOT NULL")
    _index("ix_orders_external_number", "orders", "external_number", where="external_number IS NOT NULL")
    _index("ix_orders_name", "orders", "name")
    _index("ix_orders_order_id", "orders", "order_id")


def _create_reservation() -> None:
    op.create_table(
        "reservation",
        Column("scope", Key(), nullable=False),
        Column("order_id", Key(), nullable=False),
        Column("line_id", Key(), nullable=False),
        Column("sku", Key(), nullable=False),
        Column("location", Key()),
        Column("quantity", ExactNumber(), nullable=False),
        Column("unit", Key(), nullable=False),
        Column("expires_at", UtcTime()),
        Column("ended_at", UtcTime()),
        Column("ended_by", Key()),
        PrimaryKeyConstraint("scope", "order_id", "line_id", name="pk_reservation"),
    )
    _index("ix_reservation_open", "reservation", "scope", "sku", "location", "quantity", where="ended_at IS NULL")


def _create_stuck_case() -> None:
    op.create_table(
        "stuck_case",
        Column("id", Sequence(), nullable=False),
        Column("kind", Key(), nullable=False),
        Column("scope", Key(), nullable=False),
        Column("aggregate_key", Key(), nullable=False),
        Column("correlation_id", Key(), nullable=False),
        Column("document", Text(), nullable=False),
        Column("reason_code", Key(), nullable=False),
        Column("words", Text(), nullable=False),
        Column("way_out", Text()),
        Column("owner", Key(), nullable=False),
        Column("opened_at", UtcTime(), nullable=False),
        Column("release_at", UtcTime()),
        Column("closed_at", UtcTime()),
        Column("closed_by", Key()),
        Column("note", Text()),
        PrimaryKeyConstraint("id", name="pk_stuck_case"),
    )
    _index("ix_stuck_case_aggregate_key", "stuck_case", "aggregate_key")
    _index("ix_stuck_case_correlation_id", "stuck_case", "correlation_id")
    _index("ix_stuck_case_due", "stuck_case", "release_at", where="closed_at IS NULL AND release_at IS NOT NULL")
    _index("ix_stuck_case_waiting", "stuck_case", "opened_at", where="closed_at IS NULL")
    _index("uq_stuck_case_open", "stuck_case", "aggregate_key", "reason_code", where="closed_at IS NULL", unique=True)


def _create_sla_clock() -> None:
    op.create_table(
        "sla_clock",
        Column("scope", Key(), nullable=False),
        Column("aggregate_key", Key(), nullable=False),
        Column("name", Key(), nullable=False),
        Column("started_at", UtcTime(), nullable=False),
        Column("due_at", UtcTime()),
        Column("stopped_at", UtcTime()),
        PrimaryKeyConstraint("scope", "aggregate_key", "name", name="pk_sla_clock"),
    )
    _index("ix_sla_clock_aggregate_key", "sla_clock", "aggregate_key")
    _index("ix_sla_clock_stopped", "sla_clock", "name", "stopped_at", where="stopped_at IS NOT NULL")


def _create_cursor() -> None:
    op.create_table(
        "cursor",
        Column("scope", Key(), nullable=False),
        Column("name", Key(), nullable=False),
        Column("value", Text(), nullable=False),
        Column("updated_at", UtcTime(), nullable=False),
        PrimaryKeyConstraint("scope", "name", name="pk_cursor"),
    )


def _create_lane() -> None:
    op.create_table(
        "lane",
        Column("scope", Key(), nullable=False),
        Column("system", Key(), nullable=False),
        Column("parked_until", UtcTime()),
        Column("reason", Text()),
        Column("failures", Integer(), nullable=False),
        Column("updated_at", UtcTime(), nullable=False),
        PrimaryKeyConstraint("scope", "system", name="pk_lane"),
    )


def _create_principal() -> None:
    op.create_table(
        "principal",
        Column("name", Key(), nullable=False),
        Column("token_hash", Key(), nullable=False),
        Column("roles", Text(), nullable=False),
        Column("created_at", UtcTime(), nullable=False),
        Column("disabled_at", UtcTime()),
        PrimaryKeyConstraint("name", name="pk_principal"),
        UniqueConstraint("token_hash", name="uq_principal_token_hash"),
    )


def _protect_audit() -> None:
    """Audit rows are never changed or removed, whoever asks: triggers refuse it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        )
