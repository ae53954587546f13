"""Stock policies: what of the stock at a place may be sold there, by rows from the general to the particular.

A row says for which shop, location group, location, category and SKU it holds (`*` is every one) and sets some fields.
Each field is taken from the most specific row that sets it: the SKU counts before the category, then the location, the
group of locations, the shop. Of two equally specific rows the later one counts.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, ValidationError

from canonical.errors import MisconfiguredError
from canonical.model import Code, Exact, Model, Utc

ANY: Final = "*"
EVERYTHING: Final = 10_000
"""A share in basis points: 100 %."""
_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,2})?) ?%")


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("must not be negative")
    return value


def _share(text: str) -> str:
    if (points := basis_points(text)) is None or points > EVERYTHING:
        raise ValueError("write a percentage up to 100 with at most two decimals, such as 40%")
    return text


def _buffer(text: str) -> str:
    if basis_points(text) is None and not re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text):
        raise ValueError("write units, such as 5, or a percentage, such as 10%")
    return _share(text) if text.endswith("%") else text


def basis_points(text: str) -> int | None:
    """A percentage as hundredths of a percent; None when it is none.

    >>> basis_points("12.5%"), basis_points("5")
    (1250, None)
    """
    found = _PERCENT.fullmatch(text)
    return None if found is None else int(Decimal(found[1]) * 100)


Units = Annotated[Exact, AfterValidator(_not_negative)]
"""A quantity in base units, not below zero."""


class PolicyRow(Model):
    """One row: where it holds, and what it sets. A field left out is taken from a less specific row."""

    shop: Code = ANY
    group: Code = ANY
    location: Code = ANY
    category: Code = ANY
    sku: Code = ANY
    safety_stock: Units | None = None  # instead of what the source told; not for a figure that its owner supplies
    buffer: Annotated[str, AfterValidator(_buffer)] | None = None  # kept back from this channel: 5, or 10%
    share: Annotated[str, AfterValidator(_share)] | None = None  # of what may be sold, this channel sees so much
    pool: Units | None = None  # kept for this shop: the others of the company see so many less
    cap: Units | None = None
    sell: bool | None = None
    sell_from: Utc | None = None
    sell_until: Utc | None = None
    backorder: bool | None = None
    backorder_limit: Units | None = None
    backorder_until: date | None = None  # the last day
    incoming_days: Annotated[int, Field(ge=0, le=3650)] | None = None  # goods due within so many days may be sold
    priority: Annotated[int, Field(ge=0, le=1_000_000)] | None = None  # the lowest takes orders without a location
    urgent_below: Annotated[int, Field(ge=0)] | None = None
    note: str | None = None

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Where it holds."""
        return (self.shop, self.group, self.location, self.category, self.sku)

    @property
    def specificity(self) -> int:
        """The more, the sooner it counts."""
        weights = zip((1, 2, 4, 8, 16), self.key, strict=True)
        return sum(weight for weight, part in weights if part != ANY)


SETTABLE: Final = tuple(
    name for name in PolicyRow.model_fields if name not in ("shop", "group", "location", "category", "sku", "note")
)


@dataclass(frozen=True)
class Policy:
    """What holds for one SKU at one place. Safety stock None: what the source told. Cap None: none."""

    safety_stock: Decimal | None = None
    buffer: str = "0"
    share: str = "100%"
    pool: Decimal = Decimal(0)
    cap: Decimal | None = None
    sell: bool = True
    sell_from: datetime | None = None
    sell_until: datetime | None = None
    backorder: bool = False
    backorder_limit: Decimal = Decimal(0)
    backorder_until: date | None = None
    incoming_days: int = 0
    priority: int = 100
    urgent_below: int = 0

    def open_at(self, now: datetime) -> bool:
        """Whether it is sold from here, inside its selling window."""
        begun = self.sell_from is None or self.sell_from <= now
        return self.sell and begun and (self.sell_until is None or now < self.sell_until)

    def pool_at(self, now: datetime) -> Decimal:
        """How many other shops do not see: from before the selling window opens until it has closed."""
        ended = self.sell_until is not None and self.sell_until <= now
        return self.pool if self.sell and not ended else Decimal(0)

    def limit_at(self, now: datetime) -> Decimal:
        """How many may be sold that are not there."""
        allowed = self.backorder and (self.backorder_until is None or now.date() <= self.backorder_until)
        return self.backorder_limit if allowed else Decimal(0)


@dataclass(frozen=True)
class Policies:
    """All rows, the groups of locations (name to canonical codes, `ST-*` for many), the category of a SKU."""

    rows: tuple[PolicyRow, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)

    def at(self, shop: str, location: str) -> list[PolicyRow]:
        """The rows that may hold at a location for a shop, the least specific first."""
        return [row for row in self.in_order if self.holds(row, shop, location)]

    @cached_property
    def in_order(self) -> tuple[PolicyRow, ...]:
        """All rows, the least specific first: those of one SKU come last."""
        return tuple(sorted(self.rows, key=lambda row: row.specificity))

    def holds(self, row: PolicyRow, shop: str, location: str) -> bool:
        """Whether a row may hold at a location for a shop, for whichever SKUs it is."""
        if row.shop not in (ANY, shop) or row.location not in (ANY, location):
            return False
        return row.group == ANY or self._is_in(row.group, location)

    def _is_in(self, group: str, location: str) -> bool:
        return any(fnmatchcase(location, member) for member in self.groups.get(group, ()))

    def policy(self, shop: str, location: str, sku: str) -> Policy:
        """What holds for a SKU at a location for a shop.

        >>> rows = (PolicyRow(buffer="2", cap=Decimal(9)), PolicyRow(shop="north", sku="TEE-1", buffer="10%"))
        >>> found = Policies(rows).policy("north", "DC-EAST", "TEE-1")
        >>> found.buffer, found.cap
        ('10%', Decimal('9'))
        """
        found: dict[str, Any] = {}
        category = self.categories.get(sku)
        for row in self.at(shop, location):
            if row.sku in (ANY, sku) and row.category in (ANY, category):
                found |= {name: value for name in SETTABLE if (value := getattr(row, name)) is not None}
        return Policy(**found)


def read_policies(text: str, source: str = "policies.toml") -> Policies:
    """The policies in a TOML text: `[[policy]]` rows, `[groups]` of locations, `[categories]` of SKUs.

    Raises `MisconfiguredError` whose words list every problem, one a line.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise MisconfiguredError(f"not TOML: {cause}", code="policy_invalid", document=source) from cause
    problems = [f"unknown section {name}" for name in data if name not in ("policy", "groups", "categories")]
    rows: list[PolicyRow] = []
    for number, entry in enumerate(data.get("policy", []), 1):
        try:
            rows.append(PolicyRow.model_validate_json(json.dumps(entry, default=str)))
        except ValidationError as error:
            faults = ((".".join(map(str, e["loc"])) or "entry", e["msg"]) for e in error.errors())
            problems += [f"policy {number}: {place}: {words}" for place, words in faults]
    groups = {name: tuple(members) for name, members in data.get("groups", {}).items()}
    categories = {sku: name for name, skus in data.get("categories", {}).items() for sku in skus}
    problems += _problems(rows, groups)
    if problems:
        way_out = "Correct the file; what held before goes on holding."
        raise MisconfiguredError("\n".join(problems), code="policy_invalid", document=source, way_out=way_out)
    return Policies(tuple(rows), groups, categories)


def _problems(rows: Iterable[PolicyRow], groups: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    known = list(rows)
    for row in known:
        place = " ".join(f"{name}={part}" for name, part in zip(_WHERE, row.key, strict=True) if part != ANY) or "every"
        if row.group not in (ANY, *groups):
            yield f"policy for {place}: there is no group {row.group}"
        if row.backorder and row.backorder_limit is None:
            yield f"policy for {place}: backorder needs a backorder_limit"
        if row.sell_from and row.sell_until and row.sell_until <= row.sell_from:
            yield f"policy for {place}: sell_until is not after sell_from"
        if all(getattr(row, name) is None for name in SETTABLE):
            yield f"policy for {place}: it sets nothing"
    for key, count in Counter(row.key for row in known).items():
        if count > 1:
            yield f"policy for {' '.join(key)}: {count} rows; write one"


_WHERE: Final = ("shop", "group", "location", "category", "sku")
