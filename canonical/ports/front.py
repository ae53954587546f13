"""Front doors: who may tell us something, and what of it goes to the inbox."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from canonical.records import Delivery


@runtime_checkable
class WebhookSource(Protocol):
    """Turns a signed request into a delivery. Used by the gateway, so it imports little and parses nothing big."""

    channel: str

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the signature is right: constant time, over the raw bytes, current and previous secret."""
        ...

    def delivery(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """What goes to the inbox. Raises `RejectedError` when shop or topic is not one we subscribed to."""
        ...
