"""The worker as a program: its loops, its signals, its orderly end.

The event loop runs in a thread of its own and the main thread waits for signals. While a flow runs on the main thread,
Prefect's engine takes SIGTERM for itself and raises out of whatever happens to run: the loop, another flow, this
worker. In another thread it cannot, and says so quietly.
"""

import asyncio
import signal
import threading

import anyio
import sqlmodel  # noqa: F401 - here, because two threads that import it first at once each meet half of SQLAlchemy
from prefect.logging.configuration import setup_logging
from prefect.logging.loggers import get_logger
from prefect.settings import get_current_settings

from canonical.errors import CrossdockError, MisconfiguredError
from deployments.worker.news import News
from deployments.worker.warm import WarmWorker
from flows.handling.gates import build_gates
from flows.handling.lives.gates import build_life_gates
from flows.handling.products.gates import build_product_gates
from flows.handling.stock.gates import build_stock_gates
from flows.runtime import close_runtime, request_stop

GRACE_SECONDS = 20.0
SELDOM_SECONDS = 5.0
"""Between two polls while the event feed tells of new runs."""
SLOWEST_HEARTBEAT_SECONDS = 30
"""Three of them fit into the silence after which a run is taken for dead (deployments/automations.yaml)."""
LOOK_AGAIN_SECONDS = (0.05, 0.2, 0.5)
PRELOAD = (
    "flows/order_ingestion.py:order_ingestion",
    "flows/order_ingestion.py:order_poll",
    "flows/inventory_publication.py:inventory_publication",
    "flows/inventory_publication.py:stock_poll",
    "flows/product_sync.py:product_sync",
    "flows/fulfillment.py:fulfillment",
    "flows/returns.py:returns",
)
"""Imported before the first run asks for them, so that the first webhook is not slower than the rest. All but the first
come to 0.16 s."""


def run_worker(
    pool: str, *, limit: int, name: str | None = None, grace: float = GRACE_SECONDS, preload: tuple[str, ...] = PRELOAD
) -> int:
    """Serve a work pool until SIGTERM or SIGINT; a second signal does not wait for the runs in hand.

    Call it on the main thread. Returns the exit code: 0 after an orderly stop, 1 when the worker failed.
    """
    setup_logging()
    service = WorkerService(pool, name=name, limit=limit, grace=grace, preload=preload)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.ask_to_stop())
    thread = threading.Thread(target=service.run, name="worker")
    thread.start()
    thread.join()  # signal handlers run here
    return service.exit_code


class WorkerService:
    """One worker and its event loop."""

    def __init__(self, pool: str, *, name: str | None, limit: int, grace: float, preload: tuple[str, ...]) -> None:
        self._pool, self._name, self._limit = pool, name, limit
        self._grace, self._preload = grace, preload
        self._asked = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop, self._hurry = asyncio.Event(), asyncio.Event()
        self.exit_code = 0

    def ask_to_stop(self) -> None:
        """From any thread, also before the loop runs."""
        self._asked += 1
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        if self._asked:
            self._stop.set()
        if self._asked > 1:
            self._hurry.set()

    def run(self) -> None:
        """Until it was asked to stop and has stopped."""
        try:
            _check_heartbeats()
            asyncio.run(self._serve())
        except CrossdockError as error:
            get_logger("workers").error("The worker does not start: %s", error)
            self.exit_code = 1
        except Exception:  # noqa: BLE001 - the last place that can tell
            get_logger("workers").exception("The worker failed.")
            self.exit_code = 1

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pass_on()
        worker = WarmWorker(work_pool_name=self._pool, name=self._name, limit=self._limit)
        for entrypoint in self._preload:
            worker.preload(entrypoint)
        try:
            async with worker, anyio.create_task_group() as loops:
                loops.start_soon(_poll, worker)
                loops.start_soon(_beat, worker)
                await worker.announce()
                loops.start_soon(asyncio.to_thread, _build_every_gate)  # 4 s of import, before a document needs it
                await self._stop.wait()
                await self._wind_down(worker)
                loops.cancel_scope.cancel()
        finally:
            await _close_systems()

    async def _wind_down(self, worker: WarmWorker) -> None:
        worker._logger.info("Worker stops: no new runs, those in hand get %g s.", self._grace)
        request_stop()
        drain = asyncio.create_task(worker.drain(self._grace))
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({drain, hurry}, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not drain.done():
            drain.cancel()
            await worker.drain(0.0)
        worker._logger.info("Worker stopped.")


def _build_every_gate() -> None:
    """Those of orders first: the first order does not wait for the others."""
    build_gates()
    build_stock_gates()
    build_life_gates()
    build_product_gates()


def _check_heartbeats() -> None:
    """Raises `MisconfiguredError` where runs would be too quiet to be told from dead ones."""
    seconds = get_current_settings().flows.heartbeat_frequency
    if seconds is None or seconds > SLOWEST_HEARTBEAT_SECONDS:
        raise MisconfiguredError(
            f"runs would send a heartbeat every {seconds} s; the zombie automation takes them for dead after 90 s",
            code="heartbeat_too_slow",
            field="PREFECT_FLOWS_HEARTBEAT_FREQUENCY",
            way_out="Start it with `crossdock engine worker`, or set PREFECT_PROFILES_PATH to our profile.",
        )


async def _beat(worker: WarmWorker) -> None:
    while True:
        await worker.sync_with_backend()
        await asyncio.sleep(worker.heartbeat_interval_seconds)


async def _poll(worker: WarmWorker) -> None:
    """Look for runs: on news, and now and then; as often as Prefect's settings say while there is no news feed."""
    often = get_current_settings().worker.query_seconds
    while not worker.synced:  # noqa: ASYNC110 - the pool's id comes with the first heartbeat that is answered
        await asyncio.sleep(often)
    news = News(worker.work_pool.id, worker._logger)
    worker.on_room = news.tell
    async with anyio.create_task_group() as feed:
        feed.start_soon(news.listen)
        while True:
            await worker.get_and_submit_flow_runs()
            if await news.arrived(max(often, SELDOM_SECONDS) if news.listening else often):
                await _find(worker)


async def _find(worker: WarmWorker) -> None:
    """News comes a few milliseconds before the run can be read."""
    for pause in LOOK_AGAIN_SECONDS:
        if await worker.get_and_submit_flow_runs():
            return
        await asyncio.sleep(pause)


async def _close_systems() -> None:
    """Close what the flows of this loop opened."""
    try:
        await close_runtime()
    except CrossdockError as error:  # it never opened; the runs have told so
        get_logger("workers").warning("Systems were not closed: %s", error)
