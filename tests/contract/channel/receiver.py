"""Somebody to deliver webhooks to: keeps what came, answers 200."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from canonical.records import Delivery, Message
from canonical.states import MessageState


class Receiver:
    """The deliveries that arrived, headers and bytes, in order of arrival."""

    def __init__(self) -> None:
        self.arrived: list[tuple[dict[str, str], bytes]] = []
        self.port = 0

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/shopify"

    def wait_for(self, count: int, seconds: float = 120.0) -> list[tuple[dict[str, str], bytes]]:
        """The deliveries, once there are so many. Raises `TimeoutError`."""
        deadline = time.monotonic() + seconds
        while len(self.arrived) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.arrived)} of {count} webhooks arrived in {seconds} s")
            time.sleep(0.05)
        return list(self.arrived)


def taken(delivery: Delivery) -> Message:
    """The delivery as the inbox hands it out."""
    fields = {name: getattr(delivery, name) for name in Message.model_fields if hasattr(delivery, name)}
    return Message(**fields, seq=1, state=MessageState.CLAIMED, received_at=datetime.now(UTC))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine, for the length of a `with` block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.arrived.append((dict(self.headers.items()), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
