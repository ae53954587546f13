"""What we read from Tryton, typed: master data a sale points to, and sales themselves."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.tryton.comment import digest_in


@dataclass(frozen=True, slots=True)
class WebShop:
    """A web shop: half of the key that Tryton keeps unique, and the company and currency it books in."""

    id: int
    company: int
    currency: int
    currency_code: str


@dataclass(frozen=True, slots=True)
class Item:
    """A product variant by its code. A gift card posts to the liability, not to revenue."""

    id: int
    unit: int
    gift_card: bool


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax of the company; the rate is a fraction."""

    id: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class References:
    """Everything a batch of documents points to, by the code the documents use. What is absent, Tryton lacks."""

    shops: dict[str, WebShop] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    taxes: dict[str, Tax] = field(default_factory=dict)
    warehouses: dict[str, int] = field(default_factory=dict)
    countries: dict[str, int] = field(default_factory=dict)
    regions: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    journals: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale as it stands. `stamp` is when it last changed: a write that names it fails if it changed again."""

    id: int
    key: str
    state: str
    number: str | None
    comment: str
    total: Decimal
    stamp: str
    payments: tuple[int, ...]

    FIELDS = ("web_id", "state", "number", "comment", "total_amount", "_timestamp", "payments")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Sale":
        """From a row read with `FIELDS`."""
        return cls(
            id=row["id"],
            key=row["web_id"],
            state=row["state"],
            number=row["number"],
            comment=row["comment"] or "",
            total=row["total_amount"],
            stamp=row["_timestamp"],
            payments=tuple(row["payments"] or ()),
        )

    @property
    def digest(self) -> str | None:
        """The digest of the content it was booked with; None when somebody removed it."""
        return digest_in(self.comment)

    @property
    def unfinished(self) -> bool:
        """Whether it is what an interrupted booking left: a draft or a quotation promises nothing to anybody."""
        return self.state in ("draft", "quotation")
