"""The warm worker: keeps the flows imported, so that a run starts within a second.

A fresh interpreter that imports Prefect and Great Expectations costs about 7 s of CPU, so a process per run cannot
serve a webhook in a second. `WarmWorker` is Prefect's own extension point (`BaseWorker`, "develop a custom worker"): it
imports each flow once and awaits it in its own process. The same deployments run unchanged on a `process` pool.

What a process per run gives for free is done here by hand:
- cancellation: the run is cancelled as an asyncio task and ends `Cancelled` once its code has stopped (`runs.py`);
- graceful stop: SIGTERM takes no new runs, tells the drains to end, waits for them, then cancels (`service.py`);
- a limit on runs at once: `--limit`;
- Prefect away for a while: the worker waits for it, it does not die of it (`warm.py`).
A worker that is killed leaves leases that expire, and the zombie automation marks its runs `Crashed`.

Start it with `crossdock engine worker`, or with `python -m deployments.worker` where the environment names our profile
(`deployments.engine.engine_environment`). Prefect's own `prefect worker start` also runs it, but without the
graceful stop: Prefect's engine takes SIGTERM for itself on the main thread.
"""

from deployments.worker.service import PRELOAD, run_worker
from deployments.worker.warm import WarmResult, WarmWorker

__all__ = ["PRELOAD", "WarmResult", "WarmWorker", "run_worker"]
