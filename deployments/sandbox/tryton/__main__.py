"""`python -m deployments.sandbox.tryton build|serve`: make the demo database, run it."""

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
        sys.stderr.write(f"tryton: {mistake}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox.tryton", description=__doc__)
    commands = parser.add_subparsers(required=True)

    build = commands.add_parser("build", help="make a fresh demo database")
    where = build.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="FILE", help="SQLite file to write, ending in .sqlite")
    where.add_argument(
        "--database-uri", metavar="URL", help="postgresql://user@host:port/name, which must not exist yet"
    )
    build.add_argument(
        "--cache", type=Path, metavar="DIR", help="where built files are kept (default .crossdock/cache)"
    )
    build.set_defaults(command=_build)

    serve = commands.add_parser("serve", help="run a database until SIGTERM")
    which = serve.add_mutually_exclusive_group(required=True)
    which.add_argument("--database", type=Path, metavar="FILE", help="SQLite file made by build")
    which.add_argument("--database-uri", metavar="URL", help="postgresql://user@host:port/name")
    serve.add_argument("--port", type=int, default=8000, help="0 takes a free port (default 8000)")
    serve.add_argument("--port-file", type=Path, metavar="FILE", help="written with the port once calls are answered")
    serve.add_argument("--workers", type=int, default=2, help="PostgreSQL only (default 2)")
    serve.set_defaults(command=_serve)
    return parser


def _build(arguments: argparse.Namespace) -> None:
    from deployments.sandbox.tryton import build

    started = time.monotonic()
    if arguments.out:
        built = build.build_file(arguments.out, arguments.cache or build.CACHE)
    else:
        built = build.build_database(arguments.database_uri, arguments.cache or build.CACHE)
    name = arguments.out or Target.of_uri(arguments.database_uri).name
    verb = "built" if built else "copied from the cache"
    print(f"tryton: {name} {verb} in {time.monotonic() - started:.1f} s")


def _serve(arguments: argparse.Namespace) -> None:
    from deployments.sandbox.tryton.serve import serve

    target = Target.of_file(arguments.database) if arguments.database else Target.of_uri(arguments.database_uri)
    serve(target, port=arguments.port, port_file=arguments.port_file, workers=arguments.workers)


if __name__ == "__main__":
    sys.exit(main())
