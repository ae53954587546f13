"""Where the worker's CPU goes: the same messages through the same steps, one after another, in this process.

The state store is a copy, taken before the worker began; the shop and the ERP answer at once. So each figure is our own
work, and what the worker used beyond their sum is Prefect's client and the clients of shop and ERP.
"""

import sqlite3
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import SecretStr

from canonical.order import Order
from canonical.ports import StateStore
from connectors import registry
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import open_store
from deployments.landscape_loader import load_landscape, load_mappings
from deployments.stack.stack import Stack, applied
from flows.handling import intake, posting, verdicts, writeback
from flows.handling.documents import Chunk, IntakeBatch
from flows.handling.gates import build_gates, gate_canonical, gate_postings, gate_received
from flows.runtime import Runtime
from tests.benchmarks.backlog import SHOP, company_of
from tests.benchmarks.measure import Figures
from tests.fakes.systems import FakeErp, FakeShop

T = TypeVar("T")
LEDGER = "ledger"


class KnowingShop(FakeShop):
    """A shop that completes orders with what was read from the real one before."""

    async def complete_orders(self, orders: Sequence[Order]) -> list[Order]:
        return [self.orders[order.id] for order in orders]


class Clocked:
    """The store, its own CPU counted apart."""

    def __init__(self, store: StateStore, spent: dict[str, float]) -> None:
        self._store, self._spent = store, spent

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        call = getattr(self._store, name)

        async def counted(*values: Any, **named: Any) -> Any:
            used = time.process_time()
            try:
                return await call(*values, **named)
            finally:
                self._spent[LEDGER] += time.process_time() - used

        return counted


async def copied_runtime(stack: Stack, file: Path) -> Runtime:
    """A runtime over a copy of the stack's store (SQLite), with a shop and an ERP that answer at once."""
    with (
        closing(sqlite3.connect(stack.plan.home / "crossdock.sqlite", timeout=30)) as source,
        closing(sqlite3.connect(file)) as target,
    ):
        source.backup(target)
    landscape = load_landscape(stack.plan.landscape)
    company = company_of(landscape)
    erp = FakeErp(company)
    erp.system = "at-once"  # its ids are others than those which the store knows from the real one
    with applied(stack.environment):
        translator = registry.order_translator(landscape, SHOP)
    return Runtime(
        landscape=landscape,
        store=await open_store(StoreSettings(url=SecretStr(f"sqlite:///{file}"))),
        channels={SHOP: KnowingShop(SHOP)},
        translators={SHOP: translator},
        erps={company: erp},
        mappings=load_mappings(),
    )


async def cpu_by_step(rt: Runtime, orders: Sequence[Order]) -> tuple[Figures, int]:
    """CPU seconds of each step over the whole backlog, and how many orders were booked."""
    build_gates()
    shop, (company, erp) = cast("FakeShop", rt.channels[SHOP]), next(iter(rt.erps.items()))
    shop.orders = {order.id: order for order in orders}
    spent: dict[str, float] = defaultdict(float)
    steps = Steps(rt, spent)
    await steps.intake()
    await steps.postings(company, erp.best_batch)
    await steps.write_backs()
    return dict(spent), len(cast("FakeErp", erp).documents)


class Steps:
    """The steps of a drain, never two at a time."""

    def __init__(self, rt: Runtime, spent: dict[str, float]) -> None:
        self._spent = spent
        self._rt = Runtime(**{**vars(rt), "store": cast("StateStore", Clocked(rt.store, spent))})

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        used, ledger = time.process_time(), self._spent[LEDGER]
        yield
        self._spent[name] += time.process_time() - used - (self._spent[LEDGER] - ledger)

    async def intake(self) -> None:
        """Every batch in the inbox, until it is decided and recorded."""
        rt = self._rt
        while messages := await rt.store.claim("orders", "bench", rt.settings.batch, rt.settings.lease):
            batch = IntakeBatch("bench", messages)
            with self._step("gates"):
                await gate_received(rt, batch)
            with self._step("translation"):
                await intake.translate(rt, batch)
                await intake.reserve(rt, batch)
                await intake.complete(rt, batch)
            with self._step("gates"):
                await gate_canonical(rt, batch)
            with self._step("checks"):
                await verdicts.check_and_record(rt, batch, None)

    async def postings(self, company: str, size: int) -> None:
        """Every accepted order, until it is booked."""
        rt = self._rt
        while messages := await rt.store.claim(f"post.{company}", "bench", size, rt.settings.lease):
            with self._step("documents"):
                chunk = Chunk("bench", company, await posting.load(rt, messages))
                await posting.prepare(rt, chunk)
            with self._step("gates"):
                await gate_postings(rt, chunk)
            with self._step("posting"):
                await posting.close_unbookable(rt, chunk)
                await posting.post(rt, chunk)

    async def write_backs(self) -> None:
        """Every booked order, until the shop knows its number."""
        rt = self._rt
        while messages := await rt.store.claim(f"write-back.{SHOP}", "bench", 25, rt.settings.lease):
            with self._step("write-back"):
                await writeback.write_back(rt, SHOP, "bench", messages)
