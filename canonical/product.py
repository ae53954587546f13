"""Products, variants and units of measure."""

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from pydantic import Field

from canonical.model import Code, Exact, Model, Text
from canonical.money import Money


class UnitOfMeasure(Model):
    """A unit and how many base units it holds, as an exact fraction (a case of 12 is 12/1 each)."""

    code: Code
    base: Code
    numerator: int = Field(gt=0)
    denominator: int = Field(default=1, gt=0)

    @property
    def factor(self) -> Fraction:
        """Base units in one of this unit."""
        return Fraction(self.numerator, self.denominator)

    def to_base(self, quantity: Decimal) -> Decimal:
        """The quantity in base units. Raises `ValueError` when it has no exact decimal value; nothing is rounded."""
        exact = Fraction(quantity) * self.factor
        result = Decimal(exact.numerator) / Decimal(exact.denominator)
        if Fraction(result) != exact:
            raise ValueError(f"{quantity} {self.code} has no exact quantity in {self.base}")
        return result


class Quantity(Model):
    """A count with its unit of measure."""

    value: Exact
    unit: Code = "each"


class Weight(Model):
    """A weight in grams, exact."""

    grams: Exact = Field(ge=0)


class ProductStatus(StrEnum):
    """The life of a product at the channel."""

    ACTIVE = "active"
    DRAFT = "draft"
    ARCHIVED = "archived"


class Variant(Model):
    """What is sold and counted. `sku` may be blank or doubled at the channel; `id` is what links hold on to."""

    id: Code
    inventory_item_id: str | None = None
    sku: str | None = None
    barcode: str | None = None
    options: dict[str, str] = Field(default_factory=dict)
    price: Money | None = None
    compare_at_price: Money | None = None
    unit: Code = "each"
    weight: Weight | None = None
    customs_code: str | None = None
    origin_country: str | None = None
    tracked: bool = True


class Product(Model):
    """A product with its variants."""

    id: Code
    title: Text
    handle: str | None = None
    vendor: str | None = None
    status: ProductStatus = ProductStatus.ACTIVE
    tags: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
