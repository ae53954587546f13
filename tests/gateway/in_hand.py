"""What the tests of the gateway have in hand: a gateway over fakes, a bell that counts, a webhook to spoil."""

from dataclasses import dataclass, field

import httpx

from deployments.gateway.metrics import Metrics
from tests.fakes.inbox import MemoryInbox

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PREVIOUS = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class CountingBell:
    """Notes each ring; breaks while `broken` holds an error."""

    def __init__(self) -> None:
        self.rings: list[tuple[str, int]] = []
        self.broken: Exception | None = None
        self.closed = False

    async def ring(self, kind: str, pending: int) -> None:
        if self.broken is not None:
            raise self.broken
        self.rings.append((kind, pending))

    async def aclose(self) -> None:
        self.closed = True


@dataclass
class Gateway:
    """Everything a test wants to look at."""

    client: httpx.AsyncClient
    inbox: MemoryInbox
    bell: CountingBell
    metrics: Metrics

    def figure(self, name: str, **labels: str) -> float | None:
        """The value of a metric now."""
        return self.metrics.registry.get_sample_value(name, labels)


@dataclass
class Webhook:
    """A webhook as `WordSource` reads it; every part can be spoiled."""

    word: str = "sesame"
    shop: str = "north"
    topic: str = "orders/create"
    order: str = "5123"
    id: str = "w-1"
    content_type: str = "application/json"
    body: bytes = b'{"id": 5123}'
    path: str = "/webhooks/shopify"
    more: dict[str, str] = field(default_factory=dict)

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        named = {"x-word": self.word, "x-shop": self.shop, "x-topic": self.topic, "x-order": self.order}
        headers = {"content-type": self.content_type, "x-id": self.id, **named, **self.more}
        return await client.post(self.path, content=self.body, headers=headers)
