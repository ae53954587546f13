"""With a long history in the inbox, claims and traces look at what waits, not at what is done."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from canonical.records import Batch, Message
from connectors.statestore import batches, claims, trace
from connectors.statestore.columns import time_text
from connectors.statestore.database import rows_of
from connectors.statestore.settings import parsed_url
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import AT_ONCE, MINUTE, NOW, delivery, done

_HISTORY = 20_000
_COLUMNS = (
    "delivery_key, channel, scope, topic, kind, aggregate_key, correlation_id, event_id, received_at, state, behind, "
    "attempts"
)


@pytest.fixture
def engine(store: SqlStateStore, store_url: str) -> Any:
    """The same database with a long history of handled messages, seen from outside."""
    engine = create_engine(parsed_url(store_url))
    rows = [
        {"n": n, "key": f"north:web:h-{n}", "aggregate": f"north:order:h-{n}", "at": _moment(store_url)}
        for n in range(_HISTORY)
    ]
    with engine.begin() as connection:
        connection.execute(
            text(
                f"INSERT INTO inbox ({_COLUMNS}) VALUES (:key, 'web', 'north', 't', 'order', :aggregate, :key, :key, "
                ":at, 'done', false, 1)"
            ),
            rows,
        )
        connection.execute(text("ANALYZE"))
    yield engine
    engine.dispose()


def _moment(url: str) -> Any:
    return NOW if url.startswith("postgresql") else time_text(NOW)


def _plans(engine: Engine, work: Callable[[Connection], Any]) -> tuple[Any, list[str]]:
    """Run the work in a transaction, then ask for the plan of every statement it used on the inbox."""
    statements: list[tuple[str, Any]] = []

    def record(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if "inbox" in statement and not many and not statement.startswith("INSERT"):
            statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", record)
    try:
        with engine.begin() as connection:
            result = work(connection)
    finally:
        event.remove(engine, "before_cursor_execute", record)
    explain = "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with engine.connect() as connection:
        plans = [
            statement
            + "\n"
            + "\n".join(str(row) for row in connection.exec_driver_sql(explain + statement, parameters))
            for statement, parameters in statements
        ]
    return result, plans


def _walks_the_history(plan: str) -> bool:
    """A scan of the whole table, or of an index that holds every row."""
    lines = plan.splitlines()
    return any(
        "Seq Scan on inbox" in line
        or ("SCAN inbox" in line and "INDEX" not in line)
        or ("SCAN inbox" in line and not any(name in line for name in _PARTIAL))
        for line in lines
    )


_PARTIAL = (
    "ix_inbox_fresh",
    "ix_inbox_parked",
    "ix_inbox_leased",
    "ix_inbox_behind",
    "ix_inbox_open",
    "ix_inbox_waiting",
)


async def test_no_step_of_a_claim_or_a_verdict_walks_the_history(store: SqlStateStore, engine: Engine) -> None:
    await store.put([delivery(str(n % 40)) for n in range(80)])
    await store.claim("order", "dead", 3, AT_ONCE)
    await store.claim("order", "busy", 3, MINUTE)
    await store.put([delivery(str(n)) for n in range(40)])

    def claim(connection: Connection) -> list[Message]:
        return claims.claim(connection, claims.Claim("order", "w", 10, MINUTE, ("north",)))

    messages, plans = _plans(engine, claim)
    assert messages
    for work in (
        lambda c: claims.anything_due(c, "order"),
        lambda c: claims.pending(c, "order"),
        lambda c: claims.extend(c, "w", [m.seq for m in messages], MINUTE),
        lambda c: batches.write(c, Batch(owner="w", messages=done(messages))),
    ):
        plans += _plans(engine, work)[1]
    assert len(plans) > 10
    assert [plan for plan in plans if _walks_the_history(plan)] == []


async def test_no_step_of_a_trace_walks_the_history(store: SqlStateStore, engine: Engine) -> None:
    for words in ("h-77", "#1001", "nobody knows"):
        lines, plans = _plans(engine, lambda c, words=words: trace.trace(partial(rows_of, c), words))
        assert len(lines) == (1 if words == "h-77" else 0)
        assert plans
        assert [plan for plan in plans if _walks_the_history(plan)] == []


async def test_the_check_itself_sees_a_walk(store: SqlStateStore, engine: Engine) -> None:
    _, plans = _plans(engine, lambda c: c.execute(text("SELECT count(*) FROM inbox WHERE reason = 'x'")).all())
    assert [_walks_the_history(plan) for plan in plans] == [True]
