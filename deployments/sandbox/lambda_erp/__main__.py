"""`python -m deployments.sandbox.lambda_erp seed|serve`: make the demo database, run it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run one command; a mistake in the arguments is told in one line, not as a traceback."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.command(arguments)
    except (ValueError, FileNotFoundError, FileExistsError) as mistake:
        sys.stderr.write(f"lambda-erp: {mistake}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox.lambda_erp", description=__doc__)
    commands = parser.add_subparsers(required=True)
    seed = commands.add_parser("seed", help="make a fresh demo database")
    seed.add_argument(
        "--database", type=Path, required=True, metavar="FILE", help="SQLite file, which must not exist yet"
    )
    seed.set_defaults(command=_seed)
    serve = commands.add_parser("serve", help="run a database until SIGTERM")
    serve.add_argument("--database", type=Path, required=True, metavar="FILE", help="SQLite file made by seed")
    serve.add_argument("--port", type=int, default=8100, help="0 takes a free port (default 8100)")
    serve.add_argument("--port-file", type=Path, metavar="FILE", help="written with the port once calls are answered")
    serve.set_defaults(command=_serve)
    return parser


def _seed(arguments: argparse.Namespace) -> None:
    from deployments.sandbox.lambda_erp.seed import seed

    seed(arguments.database)
    print(f"lambda-erp: {arguments.database} made")


def _serve(arguments: argparse.Namespace) -> None:
    from deployments.sandbox.lambda_erp.serve import serve

    serve(arguments.database, port=arguments.port, port_file=arguments.port_file)


if __name__ == "__main__":
    sys.exit(main())
