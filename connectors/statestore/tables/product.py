"""Products: what sources said, what was published where, what waits for an approval."""

from datetime import datetime
from typing import Final

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from connectors.statestore.columns import Key, Sequence, UtcTime
from connectors.statestore.tables.schema import METADATA, StoreTable


class ProductSourceRow(StoreTable, table=True):
    """The newest word of one source on one product. `company` is empty where it is for all; `document` is JSON."""

    __tablename__ = "product_source"
    __table_args__ = (Index("ix_product_source_key", "key"),)

    source: str = Field(primary_key=True, sa_type=Key)
    company: str = Field(primary_key=True, sa_type=Key)
    key: str = Field(primary_key=True, sa_type=Key)
    digest: str = Field(sa_type=Key)
    status: str = Field(sa_type=Key)
    updated_at: datetime = Field(sa_type=UtcTime)
    document: str = Field(sa_type=Text)


class ProductSkuRow(StoreTable, table=True):
    """Which records name a SKU."""

    __tablename__ = "product_sku"
    __table_args__ = (Index("ix_product_sku_record", "source", "company", "key"),)

    sku: str = Field(primary_key=True, sa_type=Key)
    source: str = Field(primary_key=True, sa_type=Key)
    company: str = Field(primary_key=True, sa_type=Key)
    key: str = Field(primary_key=True, sa_type=Key)


class ProductPublishedRow(StoreTable, table=True):
    """What a shop shows of a product by our hand. `ref` and `prices` are JSON. One product there is one of ours."""

    __tablename__ = "product_published"
    __table_args__ = (UniqueConstraint("shop", "product_id"),)

    shop: str = Field(primary_key=True, sa_type=Key)
    key: str = Field(primary_key=True, sa_type=Key)
    product_id: str = Field(sa_type=Key)
    digest: str = Field(sa_type=Key)
    ref: str = Field(sa_type=Text)
    prices: str = Field(sa_type=Text)
    status: str = Field(sa_type=Key)
    version: int = Field(sa_type=Sequence)
    published_at: datetime = Field(sa_type=UtcTime)


class ProductWithheldRow(StoreTable, table=True):
    """Content that waits for an approval."""

    __tablename__ = "product_withheld"

    shop: str = Field(primary_key=True, sa_type=Key)
    key: str = Field(primary_key=True, sa_type=Key)
    digest: str = Field(sa_type=Key)
    kind: str = Field(sa_type=Key)
    approval_id: int = Field(sa_type=Sequence)


PRODUCT_SOURCE: Final = METADATA.tables["product_source"]
PRODUCT_SKU: Final = METADATA.tables["product_sku"]
PRODUCT_PUBLISHED: Final = METADATA.tables["product_published"]
PRODUCT_WITHHELD: Final = METADATA.tables["product_withheld"]
