"""A stack with a backlog: the worker stands still while orders arrive, then goes; and fresh copies of its ERP."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from pathlib import Path

from canonical.booking import CustomerRef, SalesOrderDocument
from canonical.landscape import Landscape
from canonical.order import Order
from canonical.outcomes import Settled
from canonical.party import PartyIdentity
from canonical.ports import SalesOrders, StateStore
from canonical.records import OrderRecord
from canonical.states import OrderState
from connectors import registry
from deployments.landscape_loader import load_landscape
from deployments.sandbox.shopify.generator.command import place_orders
from deployments.stack.plan import SHOPS, free_port
from deployments.stack.process import Part
from deployments.stack.scene import expectations, open_store, outcomes
from deployments.stack.stack import Stack, applied
from tests.benchmarks.measure import Figures

SHOP = "north"
READ_AT_ONCE = 50
WARM_UP = 4
REST = 4.0
"""Seconds until the run that booked the warm-up has ended: it lingers for two."""
PATIENCE = 240.0


def processes(stack: Stack) -> dict[str, int]:
    """The ids of what a stack consists of, by name."""
    return {part.name: part.pid for part in (stack.gateway, stack.worker, stack.prefect, stack.erp, stack.shopify)}


@contextmanager
def standing_still(part: Part) -> Iterator[None]:
    """A process that does nothing for the length of the block, and does not know it."""
    os.kill(part.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(part.pid, signal.SIGCONT)


async def warm_up(stack: Stack) -> None:
    """A few orders all the way, so that everything is imported and connected, and nothing moves afterwards."""
    await place_orders(stack.shopify.url, count=WARM_UP, profile="bookable", seed=7, shop=SHOPS[SHOP])
    await wait_until_booked(stack, WARM_UP)
    await asyncio.sleep(REST)


async def place_backlog(stack: Stack, count: int) -> None:
    """Place bookable orders after the warm-up, and wait until the gateway has kept all of them."""
    await place_orders(stack.shopify.url, count=count, profile="bookable", seed=7, shop=SHOPS[SHOP], start=WARM_UP)
    async with aclosing(await open_store(stack)) as store:
        deadline = time.monotonic() + PATIENCE
        while await store.pending("orders") < count:
            _in_time(deadline, "the gateway kept too few webhooks")
            await asyncio.sleep(0.2)


async def read_orders(stack: Stack) -> list[Order]:
    """The placed orders as the connector reads them from the shop; those of the warm-up come first."""
    landscape = load_landscape(stack.plan.landscape)
    ids = [placed.order_id for placed in await expectations(stack) if placed.shop == SHOP and placed.kind == "book"]
    found: list[Order] = []
    async with aclosing(await open_store(stack)) as store:
        with applied(stack.environment):
            channel = registry.sales_channel(landscape, SHOP, store)
        async with aclosing(channel):
            for begin in range(0, len(ids), READ_AT_ONCE):
                answers = await channel.read_orders(ids[begin : begin + READ_AT_ONCE])
                found += [order for order in answers.values() if isinstance(order, Order)]
    return found


async def wait_until_booked(stack: Stack, count: int) -> list[OrderRecord]:
    """The records of the placed orders once so many are booked, in order of booking."""
    placed = [order for order in await expectations(stack) if order.shop == SHOP]
    async with aclosing(await open_store(stack)) as store:
        deadline = time.monotonic() + PATIENCE
        while True:
            await _until_handled(store, deadline)
            found = (await outcomes(store, placed)).values()
            booked = [record for record in found if record is not None and record.state == OrderState.POSTED]
            if len(booked) >= count:
                return sorted(booked, key=lambda record: record.posted_at or record.received_at)
            _in_time(deadline, f"only {len(booked)} of {count} orders are booked")
            await asyncio.sleep(0.5)


async def _until_handled(store: StateStore, deadline: float) -> None:
    """Until no message waits to be booked. A cheap question: who asks for all orders twice a second slows them down."""
    while any(row.count for row in await store.summary() if row.kind == "orders" or row.kind.startswith("post.")):
        _in_time(deadline, "messages still wait")
        await asyncio.sleep(0.2)


def _in_time(deadline: float, words: str) -> None:
    if time.monotonic() > deadline:
        raise RuntimeError(f"{words} after {PATIENCE:.0f} s")


def copy_books(stack: Stack, folder: Path) -> Path:
    """The ERP's database as it is now, in a folder of its own; Tryton names a database after its file."""
    folder.mkdir()
    file = folder / stack.erp_database.name
    with (
        closing(sqlite3.connect(f"file:{stack.erp_database}?mode=ro", uri=True, timeout=30)) as source,
        closing(sqlite3.connect(file)) as target,
    ):
        source.backup(target)
    return file


def open_erp(stack: Stack, url: str) -> SalesOrders:
    """Our connector at an ERP of the stack's kind."""
    landscape = load_landscape(stack.plan.landscape)
    environment = stack.plan.environment(shopify_url=stack.shopify.url, erp_url=url, prefect_url=stack.prefect.url)
    with applied(environment):
        return registry.sales_orders(landscape, company_of(landscape))


def company_of(landscape: Landscape) -> str:
    """The company that the benchmarked shop books in."""
    return landscape.company_of(SHOP).name


@asynccontextmanager
async def fresh_erp(stack: Stack, books: Path) -> AsyncIterator[tuple[SalesOrders, int]]:
    """An ERP of its own over a copy of the books, with our connector in front; and its process id."""
    command = [str(books) if word == str(stack.erp_database) else word for word in stack.erp.command]
    part = Part(f"erp-{books.parent.name}", command, home=stack.plan.home, environment={})
    part.port = free_port()
    try:
        await part.start()
        async with aclosing(open_erp(stack, part.url)) as erp:
            await erp.check()
            yield erp, part.pid
    finally:
        await part.stop()


async def ensure(erp: SalesOrders, parties: Sequence[PartyIdentity]) -> dict[str, CustomerRef]:
    """Every customer exists afterwards; by external id."""
    every = list({party.external_id: party for party in parties}.values())
    known: dict[str, CustomerRef] = {}
    for begin in range(0, len(every), erp.best_batch):
        part = every[begin : begin + erp.best_batch]
        for party, answer in zip(part, await erp.ensure_customers(part), strict=True):
            if not isinstance(answer, Settled):
                raise RuntimeError(f"the ERP did not take customer {party.external_id}: {answer}")
            known[party.external_id] = answer.value
    return known


async def book_straight(erp: SalesOrders, documents: Sequence[SalesOrderDocument], batch: int) -> list[float]:
    """Book documents in calls of `batch`; the moment (monotonic seconds) each was booked."""
    customers = await ensure(erp, [document.party for document in documents])
    moments: list[float] = []
    for begin in range(0, len(documents), batch):
        part = documents[begin : begin + batch]
        answers = await erp.create_sales_orders(part, customers)
        if not all(isinstance(answer, Settled) and answer.value.created for answer in answers):
            raise RuntimeError(f"the fresh ERP did not book all: {answers[0]}")
        moments += [time.monotonic()] * len(part)
    return moments


def steady(moments: Sequence[float], together: float = 0.2) -> Figures:
    """Orders a second after the first call has answered, which only fills the pipe.

    The orders of a call come at once; moments closer than `together` seconds are of one call. Raises `ValueError` when
    there was only one.
    """
    calls: list[list[float]] = []
    for moment in sorted(moments):
        if calls and moment - calls[-1][-1] <= together:
            calls[-1].append(moment)
        else:
            calls.append([moment])
    if len(calls) < 2:
        raise ValueError("one call has no rate: place more orders")
    later = sum(len(call) for call in calls[1:])
    return {"per_second": later / (calls[-1][-1] - calls[0][-1]), "calls": len(calls)}


async def book_one_by_one(erp: SalesOrders, documents: Sequence[SalesOrderDocument]) -> list[float]:
    """Book each document in a call of its own; the seconds of each."""
    customers = await ensure(erp, [document.party for document in documents])
    seconds: list[float] = []
    for document in documents:
        started = time.monotonic()
        (answer,) = await erp.create_sales_orders([document], customers)
        seconds.append(time.monotonic() - started)
        if not isinstance(answer, Settled):
            raise RuntimeError(f"the fresh ERP did not book {document.name}: {answer}")
    return seconds
