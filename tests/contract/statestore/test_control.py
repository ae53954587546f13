"""Cursors, lanes, principals."""

import pytest

from canonical.errors import ConflictError
from canonical.ports import StateStore
from canonical.records import Cursor, Lane
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import MINUTE, NOW


async def test_it_is_a_state_store(store: SqlStateStore) -> None:
    assert isinstance(store, StateStore)
    await store.check()


async def test_a_cursor_is_kept_per_scope_and_name(store: SqlStateStore) -> None:
    assert await store.cursor("north", "orders") is None
    for value in ("a", "b"):
        await store.set_cursor(Cursor(scope="north", name="orders", value=value, updated_at=NOW))
    assert await store.cursor("north", "orders") == Cursor(scope="north", name="orders", value="b", updated_at=NOW)
    assert await store.cursor("south", "orders") is None


async def test_a_lane_is_parked_with_its_reason_and_opened_again(store: SqlStateStore) -> None:
    parked = Lane(scope="north", system="erp", parked_until=NOW + MINUTE, reason="503", failures=3, updated_at=NOW)
    await store.set_lane(parked)
    assert await store.lanes() == [parked]
    await store.set_lane(Lane(scope="north", system="erp", updated_at=NOW))
    assert [(lane.parked_until, lane.failures) for lane in await store.lanes()] == [(None, 0)]


async def test_a_principal_is_known_by_token_and_the_token_is_not_kept(store: SqlStateStore, store_url: str) -> None:
    from sqlalchemy import create_engine, text

    from connectors.statestore.settings import parsed_url

    await store.add_principal("ann", "token-of-ann", ["operator", "approver"])
    found = await store.principal("token-of-ann")
    assert found is not None
    assert (found.name, found.roles) == ("ann", ("operator", "approver"))
    assert await store.principal("token-of-bob") is None
    engine = create_engine(parsed_url(store_url))
    with engine.connect() as connection:
        assert "token-of-ann" not in str(connection.execute(text("SELECT * FROM principal")).all())
    engine.dispose()


async def test_a_new_token_replaces_the_old_one_and_nobody_takes_anothers(store: SqlStateStore) -> None:
    await store.add_principal("ann", "one", ["operator"])
    await store.add_principal("ann", "two", ["viewer"])
    assert await store.principal("one") is None
    found = await store.principal("two")
    assert found is not None
    assert found.roles == ("viewer",)
    with pytest.raises(ConflictError):
        await store.add_principal("bob", "two", [])
    actions = [row.entry.action for row in await store.audit("crossdock:principal:ann")]
    assert actions == ["principal.added", "principal.added"]
