"""The papers of stock on their way through the flow. Plain classes, so that Prefect does not walk through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from canonical.errors import CrossdockError
from canonical.inventory import Figure, FigureResult, InventoryLevel, Place, StockReport
from canonical.records import Message
from flows.handling.documents import label_of

Parts = tuple[tuple[str, Decimal], ...]


@dataclass(slots=True)
class Position:
    """One level of a report, and what stopped it."""

    level: InventoryLevel
    error: CrossdockError | None = None
    before: InventoryLevel | None = None


class Report:
    """One message, the report in it, and its positions one by one."""

    def __init__(self, message: Message, report: StockReport) -> None:
        self.message, self.report = message, report
        self.positions: list[Position] = []
        self.unmapped: dict[str, int] = {}
        self.waived: frozenset[str] = frozenset()

    @property
    def again(self) -> bool:
        """Whether it was begun before: then what it recorded is not told as changed any more."""
        return self.message.attempts > 0 or self.message.reason is not None

    def stopped(self) -> list[Position]:
        return [p for p in self.positions if p.error is not None]

    def passed(self) -> list[Position]:
        return [p for p in self.positions if p.error is None]


class StockBatch:
    """Claimed stock messages of one company: reports, and the SKUs whose demand changed."""

    def __init__(self, owner: str, company: str, messages: Sequence[Message]) -> None:
        self.owner, self.company, self.messages = owner, company, list(messages)
        self.reports: list[Report] = []
        self.unreadable: list[tuple[Message, CrossdockError]] = []
        self.put_back: list[tuple[Message, CrossdockError]] = []
        self.changed: dict[str, datetime] = {}
        self.away: CrossdockError | None = None
        self.ignored = 0
        self.planned = 0
        self.refused: list[Refused] = []
        self.settled: set[str] = set()

    @property
    def label(self) -> str:
        names = sorted({level.sku for r in self.reports for level in r.report.levels} | set(self.changed))
        return f"{self.company} {label_of(names)}"

    def touch(self, sku: str, at: datetime) -> None:
        """The SKU has to be computed again because of something that happened then; the oldest counts."""
        self.changed[sku] = min(at, self.changed.get(sku, at))


@dataclass(frozen=True, slots=True)
class Refused:
    """A position or figure that a gate stopped, for its case."""

    subject: str
    scope: str
    document: str
    error: CrossdockError


@dataclass(frozen=True, slots=True)
class Offer:
    """A place of a shop and what one unit there takes from stock. `sku`: the ERP item, or a kit's own SKU."""

    shop: str
    sku: str
    place: Place
    parts: Parts

    @property
    def plain(self) -> bool:
        """One unit of the item that has the SKU: nothing else to think of."""
        return self.parts == ((self.sku, Decimal(1)),)


class PublishBatch:
    """Claimed figures of one shop on their way to the channel."""

    def __init__(self, owner: str, shop: str, figures: Sequence[Figure]) -> None:
        self.owner, self.shop, self.figures = owner, shop, list(figures)
        self.results: list[FigureResult] = []
        self.calls = 0
        self.reads = 0
        self.unsure: set[Place] = set()  # what the channel may have taken, though its answer got lost

    @property
    def label(self) -> str:
        return f"{self.shop} {label_of([f.sku for f in self.figures])}"


class EchoBatch:
    """What a shop said about its stock."""

    def __init__(self, owner: str, shop: str, messages: Sequence[Message]) -> None:
        self.owner, self.shop, self.messages = owner, shop, list(messages)
        self.recognised = self.doubted = 0

    @property
    def label(self) -> str:
        return f"{self.shop} ({len(self.messages)})"
