"""`python -m deployments.gateway`: opens the store and the sources the landscape names, and serves."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from canonical.errors import MisconfiguredError
from canonical.ports import StateStore
from connectors import registry
from deployments.gateway.app import Sources, create_app, people_routes
from deployments.gateway.bells import bell_of
from deployments.gateway.journal import Journal, log_to
from deployments.gateway.metrics import Metrics
from deployments.gateway.senders import event_sources
from deployments.gateway.server import serve
from deployments.gateway.settings import GatewaySettings
from deployments.gateway.waker import Pace, Waker
from deployments.landscape_loader import LANDSCAPE_FILE, load_landscape

OpenStore = Callable[[], Awaitable[StateStore]]


async def run(settings: GatewaySettings, landscape_file: Path, port_file: Path | None, open_store: OpenStore) -> None:
    """Serve until told to stop. Raises `MisconfiguredError` when a setting, a secret or the landscape is wrong."""
    landscape, journal, metrics = load_landscape(landscape_file), Journal(), Metrics()
    sources = Sources(channels=registry.webhook_sources(landscape), senders=event_sources(settings.senders, landscape))
    store = await open_store()
    pace = Pace(settings.wake_interval, settings.wake_patience)
    waker = Waker(store, bell_of(settings), pace, metrics, journal)
    people = people_routes(settings, store, registry.approvals(store))
    await serve(create_app(settings, landscape, store, sources, waker, metrics, journal, people), settings, port_file)


def main(arguments: Sequence[str] | None = None, open_store: OpenStore = registry.state_store) -> int:
    """0 after an ordinary stop, 2 when something is misconfigured (said on standard error)."""
    parser = argparse.ArgumentParser(prog="python -m deployments.gateway", description="The Crossdock gateway.")
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes a free one")
    parser.add_argument("--port-file", type=Path, help="file that gets the port once requests are answered")
    parser.add_argument("--landscape", type=Path, default=LANDSCAPE_FILE, help="the landscape file")
    options = parser.parse_args(arguments)
    given = {name: value for name, value in (("host", options.host), ("port", options.port)) if value is not None}
    log_to(sys.stdout)
    try:
        asyncio.run(run(GatewaySettings(**given), options.landscape, options.port_file, open_store))
    except MisconfiguredError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
