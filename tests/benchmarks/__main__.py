"""`python -m tests.benchmarks [NAME ...]`: runs the benchmarks named, or all; each ends with its `bench` line."""

import argparse
import asyncio
import importlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import CONSOLE, Options, final_line

Benchmark = Callable[[Options], Coroutine[Any, Any, Mapping[str, float | str]]]

BENCHMARKS = {
    "intake": "tests.benchmarks.intake",
    "orders-tryton": "tests.benchmarks.orders:tryton",
    "orders-lambda": "tests.benchmarks.orders:lambda_erp",
    "latency": "tests.benchmarks.latency",
    "growth": "tests.benchmarks.growth",
    "idle": "tests.benchmarks.idle",
    "first-line": "tests.benchmarks.first_line",
    "availability": "tests.benchmarks.availability",
    "budget": "tests.benchmarks.budget",
    "publish": "tests.benchmarks.publish",
    "stock-lag": "tests.benchmarks.stock_lag",
    "products": "tests.benchmarks.products",
    "routing": "tests.benchmarks.routing",
    "lifecycle": "tests.benchmarks.lifecycle",
}
"""Name on the final line -> module with `async def run(options) -> dict`, or module:function. Imported when it runs."""
ROUNDS, SECONDS = 5, 2.0


def entry(name: str) -> Benchmark:
    """The function that runs the benchmark; its module is imported now."""
    module, _, function = BENCHMARKS[name].partition(":")
    found: Benchmark = getattr(importlib.import_module(module), function or "run")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure Crossdock here and now.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; none means all")
    parser.add_argument("--rounds", type=int, help="rounds of each variant")
    parser.add_argument("--seconds", type=float, help="seconds of each measurement")
    parser.add_argument("--quick", action="store_true", help="only show that it runs; the figures mean nothing")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    rounds = options.rounds or (1 if options.quick else ROUNDS)
    seconds = options.seconds or (0.5 if options.quick else SECONDS)
    for name in options.names or BENCHMARKS:
        workspace = Path(tempfile.mkdtemp(prefix=f"crossdock-bench-{name}-"))
        try:
            figures = asyncio.run(entry(name)(Options(workspace, rounds, seconds, options.quick)))
        finally:
            shutil.rmtree(workspace, ignore_errors=True)
        CONSOLE.file.flush()
        sys.stdout.write(final_line(name, figures) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
