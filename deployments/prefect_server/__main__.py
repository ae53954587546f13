"""Runs `prefect server start` in this process."""

import sys
from collections.abc import Sequence

from deployments.profile import use_our_profile


def main(arguments: Sequence[str] | None = None) -> None:
    """The server, until SIGTERM or SIGINT."""
    use_our_profile()
    from prefect.cli import app

    from deployments.prefect_server.sqlite import wait_for_turns

    wait_for_turns()
    sys.argv[1:] = ["server", "start", *(sys.argv[1:] if arguments is None else arguments)]
    app()


if __name__ == "__main__":
    main()
