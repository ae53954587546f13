"""The audit proves itself: it cannot be changed, and a change by force is found."""

import asyncio

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError

from canonical.records import Batch
from connectors.statestore.settings import StoreSettings, parsed_url
from connectors.statestore.store import SqlStateStore, open_store
from tests.contract.statestore.making import entry

ENTRIES = tuple(entry(str(n), detail={"number": f"SO{n}", "amount": "12.50", "words": "größer"}) for n in range(1, 6))


async def test_rows_are_chained_in_the_order_they_were_written(store: SqlStateStore) -> None:
    await store.commit(Batch(audit=ENTRIES[:2]))
    await store.commit(Batch(audit=ENTRIES[2:]))
    assert await store.verify_audit() == (5, None)
    rows = [(await store.audit(e.aggregate_key))[0] for e in ENTRIES]
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert [row.previous_hash for row in rows] == ["0" * 64, *(row.hash for row in rows[:-1])]
    assert [row.entry for row in rows] == list(ENTRIES)


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'mallory' WHERE seq = 3", "DELETE FROM audit"])
async def test_the_database_refuses_to_change_an_audit_row(store: SqlStateStore, store_url: str, change: str) -> None:
    await store.commit(Batch(audit=ENTRIES))
    with pytest.raises(DatabaseError, match="append-only"):
        _run(store_url, change)
    assert await store.verify_audit() == (5, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE audit SET actor = 'mallory' WHERE seq = 3", "audit row 3 was changed"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 3", "audit row 3 was changed"),
        ("UPDATE audit SET detail = 'not json' WHERE seq = 3", "audit row 3 was changed"),
        ("UPDATE audit SET previous_hash = 'x' WHERE seq = 3", "audit row 3 does not follow row 2"),
        ("DELETE FROM audit WHERE seq = 3", "audit row 3 is missing"),
        ("DELETE FROM audit WHERE seq = 1", "audit row 1 is missing"),
    ],
)
async def test_a_change_by_force_is_found_at_its_row(
    store: SqlStateStore, store_url: str, change: str, words: str
) -> None:
    await store.commit(Batch(audit=ENTRIES))
    _run(store_url, *_unguarded(store_url), change)
    checked, problem = await store.verify_audit()
    assert problem is not None
    assert problem.startswith(words)
    assert checked == (0 if "1" in words else 2)


def _unguarded(url: str) -> list[str]:
    if url.startswith("postgresql"):
        return ["DROP TRIGGER audit_append_only ON audit"]
    return ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"]


def _run(url: str, *statements: str) -> None:
    engine = create_engine(parsed_url(url))
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


async def test_writers_of_several_processes_make_one_chain(store: SqlStateStore, settings: StoreSettings) -> None:
    stores = [store, *[await open_store(settings) for _ in range(3)]]
    try:
        commits = [
            one.commit(Batch(audit=(entry(f"{n}-{m}"), entry("all"))))
            for n, one in enumerate(stores)
            for m in range(10)
        ]
        await asyncio.gather(*commits)
    finally:
        for one in stores[1:]:
            await one.aclose()
    assert await store.verify_audit() == (80, None)
    assert len(await store.audit("north:order:all")) == 40
