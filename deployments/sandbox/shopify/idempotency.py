"""`@idempotent(key:)`: a repeat within 24 hours gets the first result, rebuilt from the records as they are now."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from deployments.sandbox.shopify.errors import bad_request, user_error
from deployments.sandbox.shopify.registry import Call

KEPT = timedelta(hours=24)
MISSING = "The @idempotent directive is required for this mutation but was not provided."
MISMATCH = "The same idempotency key was used with different parameters."
FAILED_BEFORE = "The previous attempt with this idempotency key failed. Retry with a new idempotency key."
IN_PROGRESS = "This request is currently in progress, please try again."


@dataclass(frozen=True, slots=True)
class Use:
    """A mutation that takes a key, and the lists of its payload that hold user errors."""

    mutation: str
    error_lists: tuple[str, ...]

    def refused(self, code: str, message: str) -> dict[str, Any]:
        """A payload that says why nothing was done."""
        return {name: [user_error(None, message, code)] for name in self.error_lists}


@dataclass(slots=True)
class Attempt:
    """What a key stands for. `payload` holds references, not copies: None while it runs, or when it failed."""

    fingerprint: str
    at: datetime
    running: bool = True
    payload: dict[str, Any] | None = None


class IdempotencyKeys:
    """The keys of every app and shop. Kept in memory: a restarted stand-in has forgotten them."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[str, str, str, str], Attempt] = {}

    def run(self, call: Call, use: Use, key: str | None, arguments: dict[str, Any], act: Callable[[], Any]) -> Any:
        """Run a mutation once for its key. Raises ShopifyError when the directive is missing or blank."""
        if key is None:
            raise bad_request(MISSING)
        if not key.strip():
            raise bad_request("The idempotency key cannot be blank.")
        self._forget(call)
        place = (call.shop, call.app.client_id, use.mutation, key)
        fingerprint = hashlib.sha256(orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS)).hexdigest()
        earlier = self._attempts.get(place)
        if earlier is not None:
            return _repeat(use, earlier, fingerprint)
        attempt = self._attempts[place] = Attempt(fingerprint, call.now)
        try:
            attempt.payload = act()
        finally:
            attempt.running = False
        return attempt.payload

    def _forget(self, call: Call) -> None:
        oldest = call.now - KEPT
        for place in [place for place, attempt in self._attempts.items() if attempt.at <= oldest]:
            del self._attempts[place]


def _repeat(use: Use, earlier: Attempt, fingerprint: str) -> dict[str, Any]:
    if earlier.fingerprint != fingerprint:
        return use.refused("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", MISMATCH)
    if earlier.running:
        return use.refused("IDEMPOTENCY_CONCURRENT_REQUEST", IN_PROGRESS)
    if earlier.payload is None:
        return use.refused("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", FAILED_BEFORE)
    return earlier.payload
