"""One line of JSON for each thing that happened: which document, what was decided, how long it took.

Never a body, a header or a secret: keys and ids find the rest in the store.
"""

import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson

from canonical.records import Delivery

LOGGER: Final = "crossdock.gateway"


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; `extra={"fields": {...}}` adds fields to it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1]:
            line["error"] = type(record.exc_info[1]).__name__
            line["at_code"] = _places(record.exc_info[1])
        return orjson.dumps(line).decode()


def _places(error: BaseException) -> list[str]:
    """Where it happened, innermost last. The message is left out: a driver's message may quote customer data."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)[-5:]]


class Journal:
    """Writes the log of the gateway."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._log = logger or logging.getLogger(LOGGER)

    def delivery(self, channel: str, delivery: Delivery | None, verdict: str, status: int, seconds: float) -> None:
        """One line for each request. A delivery that was never read has no key."""
        fields: dict[str, Any] = {"channel": channel, "verdict": verdict, "status": status}
        fields["ms"] = round(seconds * 1000, 2)
        if delivery is not None:
            fields["key"] = delivery.delivery_key
            fields["topic"] = delivery.topic
            fields["correlation_id"] = delivery.correlation_id
        self._log.log(logging.INFO if status < 400 else logging.WARNING, "delivery", extra={"fields": fields})

    def note(self, event: str, **fields: Any) -> None:
        """Something worth knowing that is no delivery."""
        self._log.info(event, extra={"fields": fields})

    def warn(self, event: str, **fields: Any) -> None:
        self._log.warning(event, extra={"fields": fields})


def log_to(stream: TextIO = sys.stdout) -> None:
    """Send the logs of the gateway and its server to the stream, as JSON lines. Called once, when a process starts."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(LOGGER).setLevel(logging.INFO)
    logging.Formatter.converter = time.gmtime
