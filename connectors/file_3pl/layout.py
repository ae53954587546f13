"""How the files of a 3PL are written. Without a layout file, columns are named as the fields below.

    delimiter = ";"
    encoding = "cp1252"
    [orders.columns]                 # field = column, in the order in which they are written
    key = "Auftrag"
    item = "Artikel"
    [shipments]
    pattern = "DESADV_*.csv"
    [shipments.columns]
    shipment = "Lieferschein"

Every kind of incoming file has a pattern; a file that matches none is left alone.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError, model_validator

from canonical.errors import MisconfiguredError
from canonical.model import Code, Model

ORDER_FIELDS: Final = (
    "key", "revision", "action", "order", "location", "line", "item", "quantity", "unit_value", "currency",
    "customs_code", "name", "company", "street", "street2", "city", "postal_code", "region", "country", "phone",
    "email", "method", "ship_by", "note",
)  # fmt: skip


class Incoming(StrEnum):
    """The kinds of files that come in."""

    ACKNOWLEDGEMENTS = "acknowledgements"
    SHIPMENTS = "shipments"
    RETURNS = "returns"
    STOCK = "stock"


FIELDS: Final[Mapping[Incoming, tuple[str, ...]]] = {
    Incoming.ACKNOWLEDGEMENTS: ("key", "revision", "status", "reference", "reason", "at"),
    Incoming.SHIPMENTS: (
        "shipment", "key", "status", "line", "item", "quantity", "parcel", "carrier", "tracking", "lot", "serials",
        "reason", "at",
    ),
    Incoming.RETURNS: (
        "receipt", "status", "return", "key", "order", "line", "item", "quantity", "disposition", "lot", "location",
        "at",
    ),
    Incoming.STOCK: (
        "movement", "item", "quantity", "unit", "location", "to_location", "reason", "account", "at",
    ),
}  # fmt: skip
DOCUMENT: Final[Mapping[Incoming, tuple[str, ...]]] = {
    Incoming.ACKNOWLEDGEMENTS: ("key", "revision", "status"),
    Incoming.SHIPMENTS: ("shipment", "status"),
    Incoming.RETURNS: ("receipt", "status"),
    Incoming.STOCK: ("movement",),
}
"""What makes a document of each kind unique, and its rows one document."""


class Table(Model):
    """One kind of file: which names it has, and its columns by field."""

    pattern: Code = "*.csv"
    columns: Mapping[Code, Code] = Field(default_factory=dict)


class Layout(Model):
    """All of it."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Code = "utf-8-sig"
    orders: Table = Table()
    acknowledgements: Table = Table(pattern="ack*.csv")
    shipments: Table = Table(pattern="ship*.csv")
    returns: Table = Table(pattern="return*.csv")
    stock: Table = Table(pattern="stock*.csv")

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        unknown = [name for name in self.orders.columns if name not in ORDER_FIELDS]
        for kind in Incoming:
            unknown += [f"{kind}.{name}" for name in self.table(kind).columns if name not in FIELDS[kind]]
        if unknown:
            raise ValueError(f"no such field: {', '.join(unknown)}")
        return self

    def table(self, kind: Incoming) -> Table:
        """The table of a kind."""
        table: Table = getattr(self, kind.value)
        return table

    def column(self, kind: Incoming, field: str) -> str:
        """What a field is called in the files of a kind."""
        return self.table(kind).columns.get(field, field)

    def order_columns(self) -> dict[str, str]:
        """Column by field of what we write: those declared, else all."""
        return dict(self.orders.columns) or {field: field for field in ORDER_FIELDS}


def read_layout(file: Path | None) -> Layout:
    """The layout in a TOML file; the plain one without a file. Raises `MisconfiguredError` naming what is wrong."""
    if file is None:
        return Layout()
    try:
        return Layout.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        words = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise MisconfiguredError(
            f"the layout of the 3PL's files cannot be used: {words}",
            code="file_layout",
            document=str(file),
            way_out="Correct the layout file and start again.",
        ) from error
