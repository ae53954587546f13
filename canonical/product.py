"""Products, variants and units of measure."""

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from pydantic import Field

from canonical.model import Code, Exact, Model, Text, Utc
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


class Image(Model):
    """A picture by its address; `digest` of its bytes when it is known, so that a moved picture is no new one."""

    url: Text
    alt: str | None = None
    digest: str | None = None


class Metafield(Model):
    """A typed extra field of the channel: `type` is the channel's name of it, `value` the text it stores."""

    namespace: Code
    key: Code
    type: Code
    value: str


class Option(Model):
    """A way in which variants differ, and its values in their order. At most three a product."""

    name: Code
    values: tuple[Code, ...]


class PriceListPrice(Model):
    """The price of a variant in a price list of the channel (market, B2B catalogue)."""

    price_list: Code
    price: Money
    compare_at_price: Money | None = None


class Translation(Model):
    """One field in another language."""

    locale: Code
    field: Code
    value: str


class Variant(Model):
    """What is sold and counted. `sku` may be blank or doubled at the channel; `id` is what links hold on to."""

    id: Code
    inventory_item_id: str | None = None
    sku: str | None = None
    barcode: str | None = None
    options: dict[str, str] = Field(default_factory=dict)
    price: Money | None = None
    compare_at_price: Money | None = None
    prices: tuple[PriceListPrice, ...] = ()
    unit: Code = "each"
    weight: Weight | None = None
    customs_code: str | None = None
    origin_country: str | None = None
    tracked: bool = True
    image: Image | None = None
    metafields: tuple[Metafield, ...] = ()


class Product(Model):
    """A product with its variants (at most 2,048). `id` is the source's; the channel's is a cross reference."""

    id: Code
    title: Text
    handle: str | None = None
    vendor: str | None = None
    product_type: str | None = None
    description_html: str | None = None
    status: ProductStatus = ProductStatus.ACTIVE
    tags: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    variants: tuple[Variant, ...] = ()
    images: tuple[Image, ...] = ()
    metafields: tuple[Metafield, ...] = ()
    collections: tuple[Code, ...] = ()  # by handle
    publications: tuple[Code, ...] = ()  # sales channels by name
    seo_title: str | None = None
    seo_description: str | None = None
    translations: tuple[Translation, ...] = ()


class SourceProduct(Model):
    """What one source says of a product: only the fields in `given` count, the others it does not know.

    Field names are those of `Product`, or `variants.<field>` for those of `Variant`. `key` joins sources: the ERP's
    product code. `company` where a source says something else to each, an ERP its prices; None where it is for all.
    `updated_at` UTC.
    """

    source: Code
    company: Code | None = None
    key: Code
    product: Product
    given: frozenset[str]
    updated_at: Utc


class ProductRef(Model):
    """A product at the channel: its id, and for each variant SKU the variant's and the inventory item's id."""

    product_id: Code
    variants: dict[str, str] = Field(default_factory=dict)
    inventory_items: dict[str, str] = Field(default_factory=dict)
    handle: str | None = None


class ProductChange(Model):
    """A product to be written at the channel.

    `product_id`: the existing one, or None to create it. `owned` names the fields we own (as in `SourceProduct.given`):
    only they are sent; list fields that are not owned are left alone. `variant_ids` by SKU for those that exist.
    """

    key: Code  # idempotency key: a function of source key and content digest
    product: Product
    owned: frozenset[str]
    product_id: str | None = None
    variant_ids: dict[str, str] = Field(default_factory=dict)
    digest: Code
