"""`python -m deployments.worker --pool crossdock --limit 4`."""

import argparse
from collections.abc import Sequence

from deployments.worker.service import GRACE_SECONDS, PRELOAD, run_worker


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after an orderly stop."""
    parser = argparse.ArgumentParser(prog="python -m deployments.worker", description="The warm worker.")
    parser.add_argument("--pool", default="crossdock", help="work pool to serve")
    parser.add_argument("--name", help="name of this worker; one is made up when left out")
    parser.add_argument("--limit", type=int, default=4, help="runs at once, at most")
    parser.add_argument("--grace", type=float, default=GRACE_SECONDS, help="seconds that runs get to end after SIGTERM")
    parser.add_argument(
        "--preload",
        nargs="*",
        default=PRELOAD,
        metavar="ENTRYPOINT",
        help="flows to import before the first run asks for them; without a value none",
    )
    options = parser.parse_args(arguments)
    return run_worker(
        options.pool, name=options.name, limit=options.limit, grace=options.grace, preload=tuple(options.preload)
    )


if __name__ == "__main__":
    raise SystemExit(main())
