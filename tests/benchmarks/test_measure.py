"""The measure is measured: percentiles, turns, processor time of a tree, the line a program reads."""

import asyncio
import inspect
import subprocess
import sys

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, entry
from tests.benchmarks.load import whole
from tests.benchmarks.measure import Figures, Meter, final_line, interleaved, medians, percentile


def test_a_percentile_is_a_value_that_occurred() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (50.0, 99.0, 100.0)
    assert percentile([7.0], 0.99) == pytest.approx(7.0)
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


async def test_every_variant_has_its_turn_each_round_and_none_is_always_first() -> None:
    order: list[str] = []

    def variant(name: str):  # type: ignore[no-untyped-def]
        async def turn(number: int) -> Figures:
            order.append(f"{name}{number}")
            return {"per_second": float(number)}

        return turn

    results = await interleaved({name: variant(name) for name in "abc"}, 3)
    assert order == ["a0", "b0", "c0", "b1", "c1", "a1", "c2", "a2", "b2"]
    assert medians(results["a"]) == {"per_second": 1.0}


def test_the_meter_counts_what_a_child_used() -> None:
    burn = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\ninput()"
    script = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)
    try:
        with Meter({"tree": process.pid}) as meter:
            asyncio.run(asyncio.sleep(2.0))
    finally:
        process.communicate(b"\n")
    assert meter.wall >= 2.0
    assert 0.2 < meter.cpu["tree"] < 2.0
    assert meter.cores() == pytest.approx(meter.cpu["tree"] / meter.wall)


def test_the_last_line_is_for_programs() -> None:
    assert final_line("intake", {"sqlite": 1800.4, "share": 0.512}) == "bench intake: sqlite=1800 share=0.512"


def test_an_answer_is_whole_when_its_body_has_come() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
    assert [whole(answer) for answer in (b"HTTP/1.1 2", head, head + b"abc", head + b"abcd")] == [
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_can_run_alone(name: str) -> None:
    run = entry(name)
    assert inspect.iscoroutinefunction(run)
    assert list(inspect.signature(run).parameters) == ["options"]
