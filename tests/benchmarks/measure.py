"""How every benchmark measures: processor and wall time of process trees, percentiles, interleaved rounds, medians.

Variants are compared in interleaved rounds, because on a shared machine the minute matters more than the variant; the
median of the rounds is what counts. Each benchmark ends with one line that a program can read.
"""

import math
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

Figures = dict[str, float]
Variant = Callable[[int], Awaitable[Figures]]
CONSOLE = Console(width=120, highlight=False)


@dataclass(frozen=True)
class Options:
    """How long to measure. `quick` proves that a benchmark runs, its figures are not to be believed."""

    workspace: Path
    rounds: int
    seconds: float
    quick: bool = False


@dataclass
class Meter:
    """Wall and processor seconds of named process trees, between entering and leaving the `with` block."""

    pids: Mapping[str, int]
    wall: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    def __enter__(self) -> "Meter":
        self._before = {name: tree_cpu(pid) for name, pid in self.pids.items()}
        self._started = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._started
        self.cpu = {name: tree_cpu(pid) - self._before[name] for name, pid in self.pids.items()}

    def cores(self) -> float:
        """Processor seconds of all of them per second of wall time."""
        return sum(self.cpu.values()) / self.wall


def tree_cpu(pid: int) -> float:
    """Processor seconds that a process, its children and those it has buried have used so far."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for process in family:
        try:
            used = process.cpu_times()
        except psutil.NoSuchProcess:  # ended just now: its parent counts it among the buried
            continue
        total += used.user + used.system + used.children_user + used.children_system
    return total


def tree_memory(pid: int) -> int:
    """Resident bytes of a process and its children."""
    root = psutil.Process(pid)
    return sum(process.memory_info().rss for process in (root, *root.children(recursive=True)))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of the values do not exceed (nearest rank). Raises `ValueError` for no values."""
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


async def interleaved(variants: Mapping[str, Variant], rounds: int) -> dict[str, list[Figures]]:
    """Run every variant once a round, in turns that shift by one, so that none always comes first or last."""
    names = list(variants)
    results: dict[str, list[Figures]] = {name: [] for name in names}
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            results[name].append(await variants[name](number))
            CONSOLE.print(f"  round {number + 1}/{rounds} {name}: {describe(results[name][-1])}", style="dim")
    return results


def medians(rounds: Iterable[Figures]) -> Figures:
    """The median of each figure over the rounds."""
    rows = list(rounds)
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def describe(figures: Mapping[str, float]) -> str:
    """`key=value` pairs, short."""
    return " ".join(f"{name}={short(value)}" for name, value in figures.items())


def short(value: float | str) -> str:
    """A figure with as many digits as can be believed: 3 or so."""
    if isinstance(value, str) or value == int(value):
        return str(value) if isinstance(value, str) else str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def print_table(title: str, rows: Mapping[str, Mapping[str, float | str]]) -> None:
    """A row for each variant, a column for each figure."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    columns = list(dict.fromkeys(name for figures in rows.values() for name in figures))
    for column in columns:
        table.add_column(column, justify="right")
    for name, figures in rows.items():
        table.add_row(name, *(short(figures[column]) if column in figures else "" for column in columns))
    CONSOLE.print(table)


def final_line(name: str, figures: Mapping[str, float | str]) -> str:
    """The line that ends a benchmark.

    >>> final_line("intake", {"sqlite": 1800.4, "share": 0.5})
    'bench intake: sqlite=1800 share=0.5'
    """
    return f"bench {name}: {' '.join(f'{key}={short(value)}' for key, value in figures.items())}"
