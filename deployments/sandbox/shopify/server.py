"""Serves a stand-in on a socket that is bound before anything else, so that its address is known."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from deployments.sandbox.shopify.app import ABORT, create_app
from deployments.sandbox.shopify.stand_in import StandIn

GRACE_SECONDS = 5


class AbortableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with a way for a fault to drop the connection."""

    def on_message_begin(self) -> None:
        """Give the request the means to abort its connection."""
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope[ABORT] = self.transport.abort


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def serve(stand_in: StandIn, listener: socket.socket, *, port_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way. The port file is there while it answers."""
    host, port = listener.getsockname()[:2]
    stand_in.base_url = f"http://{'127.0.0.1' if ip_address(host).is_unspecified else host}:{port}"
    config = uvicorn.Config(
        create_app(stand_in),
        http=AbortableProtocol,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    try:
        asyncio.run(AnnouncingServer(config, listener, port_file).serve(sockets=[listener]))
    finally:
        if port_file is not None:
            port_file.unlink(missing_ok=True)


class AnnouncingServer(uvicorn.Server):
    """Says where it listens once it answers."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, port_file: Path | None) -> None:
        super().__init__(config)
        self._listener = listener
        self._port_file = port_file

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as a request to end; uvicorn would raise them again, as if it had crashed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    def _announce(self) -> None:
        host, port = self._listener.getsockname()[:2]
        if self._port_file is not None:
            # Renamed into place: whoever waits for the file never reads half of it.
            part = self._port_file.with_suffix(".part")
            part.write_text(str(port))
            part.rename(self._port_file)
        print(f"shopify stand-in: http://{host}:{port}", flush=True)
