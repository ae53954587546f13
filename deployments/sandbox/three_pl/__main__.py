"""`python -m deployments.sandbox.three_pl run --root DIR`: take orders and ship them, until SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from deployments.sandbox.three_pl.house import ThreePl


def main(argv: list[str] | None = None) -> int:
    """Work until asked to stop."""
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox.three_pl", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="take orders and ship them")
    run.add_argument("--root", type=Path, required=True, help="the folder that holds orders and incoming")
    run.add_argument("--every", type=float, default=2.0, help="seconds between two looks (default 2)")
    arguments = parser.parse_args(argv)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    house = ThreePl(arguments.root)
    while not stop.is_set():
        work(house)
        stop.wait(arguments.every)
    return 0


def work(house: ThreePl) -> None:
    """One round: answer what came, and ship everything that is new."""
    house.answer(house.take_orders())
    for task in [task for task in house.tasks.values() if task.state == "new"]:
        house.pick(task.key)
        contents: dict[str, int] = {}
        for item, quantity in task.lines.values():
            contents[item] = contents.get(item, 0) + quantity
        house.pack(task.key, [(f"3PL{task.number}", contents)])
        house.hand_over(task.key)


if __name__ == "__main__":
    sys.exit(main())
