"""Which column of a table, or key of an object, is which field of a product.

    key = "model"                                        # what joins this feed to the ERP's product code
    currency = "USD"
    [columns]
    "Name" = "title"
    "Long text" = "description_html"
    "Text DE" = "translations.de.description_html"
    "Article" = "variants.sku"
    "Farbe" = "variants.options.Color"
    "Wholesale" = "variants.prices.wholesale"
    "Material" = "metafields.custom.material:single_line_text_field"

A table has a line for each variant; fields of the product are taken from its first line that has them. In JSON an
object is a product and `variants` the list of its variants, with keys as in the columns (`sku` for `variants.sku`).
Columns that are not named here and are no field of ours are not read.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError, model_validator

from canonical.errors import MisconfiguredError
from canonical.model import Code, Model
from canonical.money import Currency

KEY: Final = "key"
UPDATED_AT: Final = "updated_at"
PRODUCT_FIELDS: Final = (
    "title", "handle", "vendor", "product_type", "description_html", "status", "tags", "images", "collections",
    "publications", "seo_title", "seo_description",
)  # fmt: skip
VARIANT_FIELDS: Final = (
    "sku", "barcode", "price", "compare_at_price", "unit", "weight", "customs_code", "origin_country", "tracked",
    "image",
)  # fmt: skip
TRANSLATION: Final = re.compile(r"^translations\.([A-Za-z-]+)\.([a-z_]+)$")
METAFIELD: Final = re.compile(r"^(?:variants\.)?metafields\.([^.:]+)\.([^.:]+):([a-z_.]+)$")
OPTION: Final = re.compile(r"^variants\.options\.(.+)$")
PRICE_OF: Final = re.compile(r"^variants\.prices\.(.+)$")
_KNOWN: Final = frozenset({KEY, UPDATED_AT, *PRODUCT_FIELDS, *(f"variants.{name}" for name in VARIANT_FIELDS)})


class Layout(Model):
    """How the files of a feed are written."""

    key: Code = KEY
    currency: Currency | None = None
    columns: Mapping[Code, Code] = Field(default_factory=dict)
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    separator: str = Field(default="|", min_length=1, max_length=1)
    """Between the values of one cell: tags, images, collections."""
    encoding: Code = "utf-8-sig"

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        if unknown := [f"{column} = {field}" for column, field in self.columns.items() if not is_field(field)]:
            raise ValueError(f"no field of a product: {'; '.join(unknown)}")
        return self

    def field_of(self, column: str) -> str | None:
        """The field that a column holds; None when it is not read."""
        if column == self.key:
            return KEY
        declared = self.columns.get(column)
        return declared or (column if is_field(column) else None)


def is_field(name: str) -> bool:
    """Whether a feed may give this field."""
    return name in _KNOWN or any(pattern.match(name) for pattern in (TRANSLATION, METAFIELD, OPTION, PRICE_OF))


def given_by(field: str) -> str | None:
    """What a field is called in `SourceProduct.given`; None for what only joins or dates."""
    if field in (KEY, UPDATED_AT):
        return None
    if field == "variants.sku":
        return "variants"
    per_variant = field.startswith("variants.")
    name = field.removeprefix("variants.").partition(".")[0]
    return f"variants.{name}" if per_variant else name


def read_layout(file: Path | None) -> Layout:
    """The layout in a TOML file; the plain one without a file. Raises `MisconfiguredError` naming what is wrong."""
    if file is None:
        return Layout()
    try:
        return Layout.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        words = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise MisconfiguredError(
            f"the layout of the feed cannot be used: {words}",
            code="feed_layout",
            document=str(file),
            way_out="Correct the layout file and start again.",
        ) from error
