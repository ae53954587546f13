"""Whole lives while processes are killed: shoppers and workers act, then every counterpart's own books are read."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

import httpx

from canonical.approvals import ApprovalState
from canonical.errors import CrossdockError
from canonical.ports import StateStore
from canonical.states import OrderState
from connectors import registry
from deployments.engine import start_run
from deployments.sandbox.live.lives import Chronicle, Lives
from deployments.stack.books import BookedSale
from deployments.stack.conservation import SHOP, Told, differences, orphans
from deployments.stack.ledger_pages import Ledgers
from deployments.stack.ledgers import read_ledgers
from deployments.stack.people import opened_people
from deployments.stack.plan import SHOPS
from deployments.stack.scene import Placed
from deployments.stack.stack import Stack
from deployments.stack.traces import mark_of, read_traces

TILLS = "stores"
BY_HAND, DONE = "shipped by hand", (OrderState.POSTED, OrderState.CANCELLED, OrderState.CLOSED)
QUIET_SECONDS, PATIENCE = 12.0, 240.0
POLLS = {
    "order-poll/poll": {},
    "warehouse-poll/poll": {"seconds": 0},
    "returns-poll/poll": {},
    "fulfillment/drain": {"linger_seconds": 0},
    "returns/drain": {"linger_seconds": 0},
}
"""What finds by itself, sooner or later, what a webhook or a dead worker lost; here it is not waited for."""
CLERK = "clerk-of-the-chaos-0123456789"


@dataclass
class Conserved:
    """What the books said after everything came to rest."""

    differences: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    """Orders that wait for a person, by reason: their money may stand differently until then."""
    chronicle: Chronicle = field(default_factory=Chronicle)


async def live(stack: Stack, orders: int, seed: int, rate: float) -> Chronicle:
    """So many orders are placed, and each lives its life; returns when the people have nothing more to do."""
    async with opened_people(stack.environment, seed=seed) as people:
        lives = Lives(people, list(SHOPS.values()), seed=seed, profile="mixed", patience=PATIENCE)
        return await lives.run(rate=rate, seconds=orders / rate)


async def allow(store: StateStore) -> None:
    """Somebody who may allows what large refunds wait for, for as long as this runs."""
    await store.add_principal("clerk", CLERK, ["refunds"])
    desk = registry.approvals(store)
    while True:
        for one in await desk.approvals(state=ApprovalState.PENDING):
            with suppress(CrossdockError):  # decided meanwhile
                await desk.decide(one.id, CLERK, approve=True)
        await asyncio.sleep(1.0)


async def come_to_rest(stack: Stack, within: float) -> bool:
    """Until nothing has happened for a while, twice: the second time after everything that asks by itself has asked."""
    deadline = time.monotonic() + within
    if not await _quiet(stack, deadline):
        return False
    for deployment, parameters in POLLS.items():
        await start_run(deployment, parameters, stack.environment)
    return await _quiet(stack, deadline)


async def _quiet(stack: Stack, deadline: float) -> bool:
    file = stack.plan.home / "crossdock.sqlite"
    before, since = mark_of(file), time.monotonic()
    while time.monotonic() < deadline:
        await asyncio.sleep(1.0)
        now = mark_of(file)
        if now != before or now[1] or now[2]:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > QUIET_SECONDS:
            return True
    return False


async def judged(stack: Stack, store: StateStore, placed: Sequence[Placed], chronicle: Chronicle) -> Conserved:
    """Every counterpart's own books, order by order, and each document with what made it."""
    ledgers = await read_ledgers(stack.plan, stack.shopify.url, stack.erp_database, stack.wms_database)
    found = Conserved(chronicle=chronicle)
    hand = {(s.order.domain.partition(".")[0], s.order.id) for s in chronicle.stories if s.fate == BY_HAND}
    waits = await _waits(store, found)
    for order in placed:
        key = (order.shop, order.order_id)
        told = Told(by_hand=key in hand, waits=f"{order.shop}:order:{order.order_id}" in waits)
        books = {system: book[key] for system, book in ledgers.items()}
        found.differences += differences(f"{order.shop} {order.name}", books, told)
    found.orphans = [f"{name}: {one}" for name, book in ledgers.items() for one in book.orphans]
    found.orphans += _orphans(stack, ledgers, hand)
    lives = [life for shop in SHOPS for life in await store.scan_lives(shop, open_only=False, limit=5000)]
    found.stages = sorted({life.stage for life in lives} | {stage for stage, _ in chronicle.stages})
    return found


async def _waits(store: StateStore, found: Conserved) -> set[str]:
    cases = await store.cases(limit=5000)
    for case in cases:
        found.waiting[case.reason_code] = found.waiting.get(case.reason_code, 0) + 1
    return {case.aggregate_key for case in cases}


def _orphans(stack: Stack, ledgers: dict[str, Ledgers], hand: set[tuple[str, str]]) -> list[str]:
    """Refunds may be the staff's, and so is what was shipped by hand: the shop's webhook tells us of them."""
    documents = {
        system: [name for page in book.values() for name in page.documents] + [one.document for one in book.movements]
        for system, book in ledgers.items()
        if system != TILLS
    }
    theirs = {name for name in documents[SHOP] if "/Refund/" in name}
    theirs |= {name for key in hand for name in ledgers[SHOP][key].documents}
    documents[SHOP], theirs = [_tail(name) for name in documents[SHOP]], {_tail(name) for name in theirs}
    effects, asked = read_traces(stack.plan.home / "crossdock.sqlite")
    return orphans(documents, effects, asked, theirs)


def _tail(gid: str) -> str:
    """Effects keep the last part of the shop's ids."""
    return gid.rpartition("/")[2]


async def changed(stack: Stack) -> set[tuple[str, str]]:
    """(shop, order name) of what was cancelled or edited: the ERP's sale is not what was placed any more."""
    found = set()
    async with httpx.AsyncClient(base_url=stack.shopify.url, timeout=60, trust_env=False) as http:
        for shop, domain in SHOPS.items():
            answer = await http.get(f"/_sandbox/state/{domain}/Order")
            for row in answer.raise_for_status().json()["records"]:
                if row.get("cancelledAt") or row.get("edited"):
                    found.add((shop, row["name"]))
    return found


def unchanged(
    wanted: dict[tuple[str, str], Decimal], books: list[BookedSale], names: set[tuple[str, str]]
) -> tuple[dict[tuple[str, str], Decimal], list[BookedSale]]:
    """Without the orders of these names, which `names` has by place; permissions to return are no sales."""
    kept = [sale for sale in books if (sale.place, sale.reference) not in names and sale.total >= 0]
    return {place: total for place, total in wanted.items() if place not in names}, kept
