"""`python -m deployments.sandbox.wms build|serve`: make the warehouse's database, run it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from deployments.sandbox.tryton.target import Target


def main(argv: list[str] | None = None) -> int:
    """Run one command; a mistake in the arguments is told in one line, not as a traceback."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.command(arguments)
    except (ValueError, FileNotFoundError) as mistake:
        sys.stderr.write(f"wms: {mistake}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox.wms", description=__doc__)
    commands = parser.add_subparsers(required=True)
    build = commands.add_parser("build", help="make a fresh database of the warehouse")
    build.add_argument("--out", type=Path, required=True, metavar="FILE", help="SQLite file, ending in .sqlite")
    build.add_argument(
        "--cache", type=Path, metavar="DIR", help="where built files are kept (default .crossdock/cache)"
    )
    build.set_defaults(command=_build)
    serve = commands.add_parser("serve", help="run a database until SIGTERM")
    serve.add_argument("--database", type=Path, required=True, metavar="FILE", help="SQLite file made by build")
    serve.add_argument("--port", type=int, default=8001, help="0 takes a free port (default 8001)")
    serve.add_argument("--port-file", type=Path, metavar="FILE", help="written with the port once calls are answered")
    serve.set_defaults(command=_serve)
    return parser


def _build(arguments: argparse.Namespace) -> None:
    from deployments.sandbox.tryton.build import CACHE, build_file
    from deployments.sandbox.wms.seed import WMS

    started = time.monotonic()
    built = build_file(arguments.out, arguments.cache or CACHE, WMS)
    verb = "built" if built else "copied from the cache"
    print(f"wms: {arguments.out} {verb} in {time.monotonic() - started:.1f} s")


def _serve(arguments: argparse.Namespace) -> None:
    from deployments.sandbox.tryton.serve import serve

    serve(Target.of_file(arguments.database), port=arguments.port, port_file=arguments.port_file)


if __name__ == "__main__":
    sys.exit(main())
