"""One webhook on its way to one subscription: what is sent, how it is signed, and what became of it."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from deployments.sandbox.shopify.records import iso

USER_AGENT = "Shopify-Captain-Hook"


class Fate(StrEnum):
    """Where a webhook is. `waiting` covers the first attempt and the retries alike."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"  # every retry failed
    LOST = "lost"  # by a fault switch
    CANCELLED = "cancelled"  # the subscription was deleted meanwhile


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST: the answer's status, or what prevented an answer."""

    at: datetime
    seconds: float
    status: int | None = None
    error: str = ""

    @property
    def accepted(self) -> bool:
        """Only a 2xx counts; a redirect is a failure."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Delivery:
    """A webhook for one subscription. Body, headers and address stay the original ones over all retries."""

    webhook_id: str
    event_id: str
    shop: str
    topic: str
    subscription_id: str
    uri: str
    record_id: str
    body: bytes
    headers: dict[str, str]
    created_at: datetime
    fate: Fate = Fate.WAITING
    attempts: list[Attempt] = field(default_factory=list)
    copies: int = 1
    failures: int = 0  # since it was created or sent anew; the 9th is the last

    def summary(self) -> dict[str, Any]:
        """How the delivery looks in a listing; the body is left out, for it holds customer data."""
        return {
            "webhook_id": self.webhook_id,
            "event_id": self.event_id,
            "shop": self.shop,
            "topic": self.topic,
            "subscription_id": self.subscription_id,
            "record_id": self.record_id,
            "fate": self.fate,
            "copies": self.copies,
            "bytes": len(self.body),
            "created_at": iso(self.created_at),
            "attempts": [
                {"at": iso(one.at), "seconds": round(one.seconds, 4), "status": one.status, "error": one.error}
                for one in self.attempts
            ],
        }


def sign(body: bytes, secret: str) -> str:
    """The signature header: base64 of HMAC-SHA256 over the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def nanoseconds(moment: datetime) -> str:
    """A UTC moment as `X-Shopify-Triggered-At` has it, with nine decimals."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
