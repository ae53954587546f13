"""The papers of products on their way through the flow. Plain classes, so that Prefect does not walk through them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import orjson

from canonical.errors import CrossdockError
from canonical.ports.products import PublishedProduct
from canonical.product import Product, ProductChange, ProductRef, SourceProduct
from canonical.product_content import content_digest
from canonical.records import Delivery, Effect, Message
from flows.handling.documents import label_of


class SourcePaper:
    """One message of a source, the record in it, and how it ended."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.record: SourceProduct | None = None
        self.error: CrossdockError | None = None
        self.verdict = ""

    @property
    def key(self) -> str:
        return self.record.key if self.record is not None else self.message.aggregate_key.rsplit(":", 1)[-1]


class SourceBatch:
    """A claimed batch of what sources say."""

    def __init__(self, owner: str, messages: Sequence[Message]) -> None:
        self.owner, self.messages = owner, list(messages)
        self.papers = [SourcePaper(message) for message in messages]
        self.follow_ups: list[Delivery] = []

    def open(self) -> list[SourcePaper]:
        """Those nothing has stopped."""
        return [paper for paper in self.papers if paper.error is None and paper.record is not None]

    @property
    def label(self) -> str:
        return label_of([paper.key for paper in self.papers])


class ProductPaper:
    """One product on its way into one shop."""

    def __init__(self, shop: str, key: str, messages: Sequence[Message] = ()) -> None:
        self.shop, self.key, self.messages = shop, key, list(messages)
        asked = [orjson.loads(message.body) for message in messages]
        self.by_name = any(one.get("by_name") for one in asked)
        self.since: datetime | None = min((datetime.fromisoformat(one["since"]) for one in asked), default=None)
        self.product: Product | None = None
        self.owned: frozenset[str] = frozenset()
        self.source: str = ""
        self.digest = ""
        self.published: PublishedProduct | None = None
        self.product_id: str | None = None
        self.variant_ids: dict[str, str] = {}
        self.effect: Effect | None = None
        self.ref: ProductRef | None = None
        self.error: CrossdockError | None = None
        self.approval_id: int | None = None
        self.verdict = ""
        self.reasons: list[str] = []

    def take(self, product: Product, owned: frozenset[str], source: str) -> None:
        """This is to be shown; `source` says which variants there are."""
        self.product, self.owned, self.source = product, owned, source
        self.digest = content_digest(product, owned)

    @property
    def taken(self) -> Product:
        assert self.product is not None
        return self.product

    @property
    def version(self) -> int:
        """The number of the publication that is due."""
        return (self.published.version if self.published is not None else 0) + 1

    @property
    def prices(self) -> dict[str, str]:
        """SKU -> amount, for the band of the next time."""
        if "variants.price" not in self.owned:
            return {}
        return {v.sku: f"{v.price.amount:f}" for v in self.taken.variants if v.sku and v.price is not None}

    def last_price(self, sku: str) -> Decimal | None:
        """What was published last for a SKU."""
        text = self.published.prices.get(sku) if self.published is not None else None
        return None if text is None else Decimal(text)

    def end(self, verdict: str, *reasons: str) -> None:
        """Nothing more to do with it."""
        self.verdict, self.reasons = verdict, list(reasons)

    def change(self, key: str) -> ProductChange:
        """What the channel is asked to write, under the effect's key."""
        return ProductChange(
            key=key,
            product=self.taken,
            owned=self.owned,
            product_id=self.product_id,
            variant_ids=self.variant_ids,
            digest=self.digest,
        )


class ProductBatch:
    """Claimed products of one shop, one paper each. Without messages it is a trial: nothing of it is written."""

    def __init__(self, owner: str, shop: str, messages: Sequence[Message] = (), keys: Sequence[str] = ()) -> None:
        self.owner, self.shop, self.messages = owner, shop, list(messages)
        grouped: dict[str, list[Message]] = {key: [] for key in keys}
        for message in messages:
            grouped.setdefault(str(orjson.loads(message.body)["key"]), []).append(message)
        self.papers = [ProductPaper(shop, key, found) for key, found in grouped.items()]
        self.stopped: CrossdockError | None = None

    def open(self) -> list[ProductPaper]:
        """Those that are still to be published."""
        return [paper for paper in self.papers if paper.error is None and not paper.verdict and paper.product]

    @property
    def label(self) -> str:
        return f"{self.shop} {label_of([paper.key for paper in self.papers])}"
