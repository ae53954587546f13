"""A cheap sender of prepared requests: `python -m tests.benchmarks.load REQUESTS --port P`. Prints its figures as JSON.

One thread, one selector, keep-alive connections, one request in flight on each. Python's asyncio would cost as much as
the gateway that is measured. Each request carries a fresh webhook id, spliced into prepared bytes.
"""

import argparse
import json
import pickle
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.measure import percentile
from tests.webhooks import order_webhook

ID_PLACE = "0" * 32
PREPARED = 256


@dataclass
class Load:
    """What came back: seconds a request took, statuses other than 200."""

    latencies: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)


def prepare(file: Path, secret: str, path: str = "/webhooks/shopify") -> None:
    """Write requests about different orders to a file, cut where the webhook id belongs."""
    cut = []
    for number in range(PREPARED):
        request = order_webhook(5_000_000 + number, secret).request(ID_PLACE, path)
        cut.append(request.split(ID_PLACE.encode()))
    file.write_bytes(pickle.dumps(cut))


class Sender:
    """Sends for some seconds on some connections."""

    def __init__(self, port: int, requests: list[list[bytes]], run: int) -> None:
        self._port, self._requests, self._run, self._number = port, requests, run, 0
        self._selector = selectors.DefaultSelector()
        self._sent_at: dict[socket.socket, float] = {}

    def send_for(self, seconds: float, connections: int) -> tuple[Load, float]:
        """The load, and the seconds from the first request to the last answer."""
        load, started = Load(), time.perf_counter()
        end = started + seconds
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", self._port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection, selectors.EVENT_READ)
            self._next(connection)
        while self._sent_at:
            for key, _ in self._selector.select():
                connection = key.fileobj  # type: ignore[assignment]
                self._take(connection, load)
                if time.perf_counter() < end:
                    self._next(connection)
                else:
                    self._selector.unregister(connection)
                    connection.close()
        return load, time.perf_counter() - started

    def _next(self, connection: socket.socket) -> None:
        parts = self._requests[self._number % len(self._requests)]
        self._number += 1
        self._sent_at[connection] = time.perf_counter()
        connection.sendall(f"{self._run:016x}{self._number:016x}".encode().join(parts))

    def _take(self, connection: socket.socket, load: Load) -> None:
        answer = connection.recv(65536)
        while not whole(answer):
            more = connection.recv(65536)
            if not more:
                raise ConnectionError(f"the gateway hung up in the middle of an answer: {answer[:200]!r}")
            answer += more
        load.latencies.append(time.perf_counter() - self._sent_at.pop(connection))
        status = int(answer[9:12])
        if status != 200:
            load.refused[status] = load.refused.get(status, 0) + 1


def whole(answer: bytes) -> bool:
    """Whether an answer is complete: its head, and the bytes its head announces."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
    return len(body) >= int(length)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requests", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    prepared = pickle.loads(options.requests.read_bytes())
    sender = Sender(options.port, prepared, run=time.time_ns())
    load, seconds = sender.send_for(options.seconds, options.connections)
    figures = {
        "requests": len(load.latencies),
        "seconds": seconds,
        "refused": sum(load.refused.values()),
        "p50_ms": percentile(load.latencies, 0.5) * 1000,
        "p99_ms": percentile(load.latencies, 0.99) * 1000,
    }
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
