"""What the gateway says to a sender: a status, and a JSON body with a code, the words and the way out.

A sender sends again what is not answered 2xx. So nothing is answered 2xx that is not committed, 503 means "send it
again", and any other refusal means "this will not be kept, and here is what to do".
"""

from dataclasses import dataclass
from typing import Final

import orjson
from starlette.types import Send

from canonical.errors import CrossdockError, MisconfiguredError, RejectedError, RetryableError

STATUS_OF_CODE: Final = {
    "bad_signature": 401,
    "unknown_shop": 401,
    "shop_mismatch": 401,
    "unknown_topic": 404,
    "unknown_system": 404,
    "body_too_large": 413,
    "not_json": 415,
}
"""Refusals that have a status of their own; every other `RejectedError` is a 422."""

JSON_HEADER: Final = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer, ready to send."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send) -> None:
        length = (b"content-length", str(len(self.body)).encode())
        headers = [JSON_HEADER, length, *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def kept(verdict: str, correlation_id: str) -> Answer:
    """200: the delivery is committed, now or by an earlier copy. The correlation id finds it in every trace."""
    return Answer(200, orjson.dumps({"verdict": verdict, "correlation_id": correlation_id}))


def refusal(error: CrossdockError, retry_after: int) -> Answer:
    """The answer to a delivery that was not kept. `retry_after` (seconds) is used where the error names none."""
    status = status_of(error)
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if status == 503:
        wait = max(1, round(getattr(error, "retry_after", None) or retry_after))
        headers = ((b"retry-after", str(wait).encode()),)
    elif status == 413:
        headers = ((b"connection", b"close"),)  # the rest of the body is not read
    said = {"error": error.code, "words": error.words, "field": error.field, "way_out": error.way_out}
    return Answer(status, orjson.dumps({name: text for name, text in said.items() if text}), headers)


def status_of(error: CrossdockError) -> int:
    """401, 404, 413, 415 or 422 for what will be refused again, 503 for what may be kept later, 500 for the rest."""
    match error:
        case RejectedError():
            return STATUS_OF_CODE.get(error.code, 422)
        case RetryableError() | MisconfiguredError():
            return 503
        case _:
            return 500
