"""`python -m deployments.sandbox.routing`: run the routing engine until SIGTERM."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Serve; `--port-file` gets the port as soon as questions are answered."""
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox.routing", description=__doc__)
    parser.add_argument("--port", type=int, default=8200, help="0 takes a free port (default 8200)")
    parser.add_argument("--port-file", type=Path, metavar="FILE", help="written with the port")
    arguments = parser.parse_args(argv)
    from deployments.sandbox.routing.server import serve

    serve(arguments.port, arguments.port_file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
