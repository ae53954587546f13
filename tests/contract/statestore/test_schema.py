"""Models and migrations say the same, and several programs may bring one database up at once."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import ValidationError
from sqlalchemy import Connection, Engine, create_engine, text

from canonical.errors import MisconfiguredError
from connectors.statestore.filelock import lock_of
from connectors.statestore.schema import REVISION, current_revision, migration_config
from connectors.statestore.settings import StoreSettings, parsed_url
from connectors.statestore.store import SqlStateStore, open_store, upgrade
from connectors.statestore.tables import METADATA


def _engine(url: str) -> Engine:
    return create_engine(parsed_url(url))


async def test_the_models_and_the_migrations_agree(store: SqlStateStore, store_url: str) -> None:
    engine = _engine(store_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
        assert _partial_indexes(connection) == _declared_partial_indexes()
    engine.dispose()


def _partial_indexes(connection: Connection) -> set[str]:
    """Alembic does not compare the conditions of indexes; at least the same ones must have one."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
    else:
        query = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '% WHERE %'"
    return set(connection.execute(text(query)).scalars())


def _declared_partial_indexes() -> set[str]:
    indexes = [index for table in METADATA.tables.values() for index in table.indexes]
    return {str(i.name) for i in indexes if i.dialect_options["sqlite"]["where"] is not None}


async def test_the_newest_revision_is_the_head_of_the_scripts(store: SqlStateStore, store_url: str) -> None:
    engine = _engine(store_url)
    with engine.connect() as connection:
        assert ScriptDirectory.from_config(migration_config(connection)).get_heads() == [REVISION]
        assert current_revision(connection) == REVISION
    engine.dispose()


async def test_bodies_are_stored_uncompressed_on_postgresql(postgres_database: str) -> None:
    store = await open_store(StoreSettings.model_validate({"url": postgres_database}))
    await store.aclose()
    engine = _engine(postgres_database)
    with engine.connect() as connection:
        query = "SELECT attstorage FROM pg_attribute WHERE attrelid = 'payload'::regclass AND attname = 'body'"
        assert connection.execute(text(query)).scalar_one() in ("e", b"e")
    engine.dispose()


async def test_programs_that_start_together_bring_an_empty_database_up_once(settings: StoreSettings) -> None:
    stores = await asyncio.gather(*(open_store(settings) for _ in range(4)))
    for store in stores:
        await store.check()
        await store.aclose()


async def test_nobody_touches_a_new_file_while_another_program_brings_it_up(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    with closing(lock_of(file)) as held:
        with held:
            opening = asyncio.create_task(open_store(StoreSettings.model_validate({"url": f"sqlite:///{file}"})))
            await asyncio.wait([opening], timeout=0.5)
            assert not opening.done()
            assert not file.exists() or file.stat().st_size == 0
        store = await opening
    await store.check()
    await store.aclose()


async def test_an_old_schema_is_named_when_it_may_not_be_upgraded(settings: StoreSettings) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        await open_store(settings.model_copy(update={"auto_upgrade": False}))
    assert caught.value.code == "store_schema"
    assert caught.value.way_out
    assert await upgrade(settings.model_copy(update={"auto_upgrade": False})) == REVISION
    store = await open_store(settings.model_copy(update={"auto_upgrade": False}))
    await store.aclose()


async def test_a_schema_from_the_future_is_left_alone(
    store: SqlStateStore, settings: StoreSettings, store_url: str
) -> None:
    engine = _engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(MisconfiguredError):
        await open_store(settings)


@pytest.mark.parametrize("url", ["mysql://root:hush@db/x", "sqlite://", "sqlite:///:memory:", "hush hush"])
def test_a_url_that_cannot_be_a_store_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        StoreSettings.model_validate({"url": url})
    assert "hush" not in str(caught.value.errors(include_input=False))


def test_the_password_is_never_printed() -> None:
    settings = StoreSettings.model_validate({"url": "postgresql://crossdock:hush@db/crossdock"})
    assert "hush" not in repr(settings)
    assert settings.database.drivername == "postgresql+psycopg"


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"not a database, certainly not" * 100)
    with pytest.raises(MisconfiguredError) as caught:
        await open_store(StoreSettings.model_validate({"url": f"sqlite:///{tmp_path / 'store.sqlite'}"}))
    assert caught.value.code == "store_damaged"
