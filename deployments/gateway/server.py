"""Runs the app on a socket of its own, tells its port, and stops in order when asked to."""

import os
import signal
import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from canonical.errors import MisconfiguredError
from deployments.gateway.settings import GatewaySettings


class Server(uvicorn.Server):
    """Writes the port to a file once requests are answered, so that whoever waits for the file can send at once."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, port_file: Path | None) -> None:
        super().__init__(config)
        self._listener, self._port_file = listener, port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and self._port_file is not None:
            part = self._port_file.with_name(f"{self._port_file.name}.part")
            part.write_text(f"{self._listener.getsockname()[1]}\n")
            os.replace(part, self._port_file)  # nobody ever reads half a port


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises `MisconfiguredError` when it is taken or not ours.

    The protocol is named: asyncio switches Nagle's algorithm off only where it is, and with it on each answer takes
    40 ms longer, as its head and body are two segments.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise MisconfiguredError(
            f"cannot listen on {host}:{port} ({error.strerror})", code="address_taken", way_out="Choose another port."
        ) from error
    return listener


async def serve(app: ASGIApp, settings: GatewaySettings, port_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT: then take no more, finish what was taken, close, return.

    h11 and the standard event loop, named so that the figures are the same whatever else is installed.
    """
    listener = listen(settings.host, settings.port)
    config = uvicorn.Config(
        app,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=2048,
        timeout_graceful_shutdown=settings.stop_timeout,
    )
    # The server raises the signal again once it has stopped; an ordinary stop is no reason to die of it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with listener:
        await Server(config, listener, port_file).serve(sockets=[listener])
