"""Prefect's writers on SQLite stand in line: none waits longer than those who came before it take."""

import asyncio
from pathlib import Path

from sqlalchemy import text

from deployments.prefect_server.sqlite import PatientSqlite

MANY = 30


async def test_transactions_are_let_in_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    database = PatientSqlite(connection_url=f"sqlite+aiosqlite:///{tmp_path / 'prefect.db'}")
    engine = await database.engine()
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE came (number INTEGER)"))
    inside: list[int] = []

    async def write(number: int) -> None:
        session = await database.session(engine)
        async with session, database.begin_transaction(session):
            (before,) = (await session.execute(text("SELECT count(*) FROM came"))).one()
            inside.append(number)
            await asyncio.sleep(0.005)
            await session.execute(text("INSERT INTO came VALUES (:number)"), {"number": before})

    await asyncio.gather(*(write(number) for number in range(MANY)))
    assert inside == list(range(MANY))
    async with engine.begin() as connection:
        assert list((await connection.execute(text("SELECT number FROM came"))).scalars()) == inside
    await engine.dispose()


async def test_a_transaction_that_ends_badly_lets_the_next_one_in(tmp_path: Path) -> None:
    database = PatientSqlite(connection_url=f"sqlite+aiosqlite:///{tmp_path / 'prefect.db'}")
    engine = await database.engine()
    entered = asyncio.Event()

    async def stay() -> None:
        session = await database.session(engine)
        async with session, database.begin_transaction(session):
            entered.set()
            await asyncio.sleep(60)

    staying = asyncio.create_task(stay())
    await entered.wait()
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)
    session = await database.session(engine)
    async with asyncio.timeout(10), session, database.begin_transaction(session):
        await session.execute(text("CREATE TABLE made (number INTEGER)"))
    await engine.dispose()
