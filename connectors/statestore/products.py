"""The product side of the store: `canonical.ports.ProductBook` over SQLite or PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, select

from canonical.errors import ConflictError
from canonical.ports.products import PublishedProduct, WithheldProduct
from canonical.product import ProductRef, SourceProduct
from connectors.statestore import product_sources
from connectors.statestore.database import Database
from connectors.statestore.dialects import insert_into
from connectors.statestore.groups import in_groups
from connectors.statestore.tables.product import PRODUCT_PUBLISHED, PRODUCT_WITHHELD

_P, _W = PRODUCT_PUBLISHED.c, PRODUCT_WITHHELD.c
_KEY: Final = ("shop", "key")
_AT_ONCE: Final = 500
"""Records of one transaction: a longer one would keep the inbox of SQLite waiting."""


class SqlProductBook:
    """Coroutines in front of synchronous work in threads. Shares the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_sources(self, products: Sequence[SourceProduct]) -> frozenset[str]:
        """Write what is newer, one transaction for up to 500; the keys that changed."""
        changed: frozenset[str] = frozenset()
        for group in in_groups(products, _AT_ONCE):
            changed |= await self._database.write(lambda c, group=group: product_sources.save(c, group))  # type: ignore[misc]
        return changed

    async def sources(self, keys: Sequence[str] | None = None) -> list[SourceProduct]:
        """The records with these keys, or all."""
        return await self._database.read(lambda c: product_sources.find(c, keys))

    async def related(self, keys: Sequence[str]) -> list[SourceProduct]:
        """The records with these keys, and all that share a SKU with them."""
        return await self._database.read(lambda c: product_sources.related(c, keys))

    async def source_digests(self, source: str, company: str | None, keys: Sequence[str]) -> Mapping[str, str]:
        """The digest of what stands, by key."""
        return await self._database.read(lambda c: product_sources.digests(c, source, company, keys))

    async def all_keys(self) -> list[str]:
        """The keys of every record, sorted."""
        return await self._database.read(product_sources.all_keys)

    async def keys_with_skus(self, source: str, company: str | None, skus: Sequence[str]) -> Mapping[str, set[str]]:
        """Which records of a source name each SKU; archived ones do not count."""
        return await self._database.read(lambda c: product_sources.with_skus(c, source, company, skus))

    async def published(self, shop: str, keys: Sequence[str] | None = None) -> dict[str, PublishedProduct]:
        """What we last wrote, by key."""
        return await self._database.read(lambda c: _published(c, shop, keys))

    async def save_published(self, products: Sequence[PublishedProduct]) -> None:
        """Write, where the version is newer. Raises `ConflictError` when the channel's product is another key's."""
        if products:
            await self._database.write(lambda c: _save_published(c, products))

    async def by_channel_ids(self, shop: str, product_ids: Sequence[str]) -> dict[str, str]:
        """Our key by the channel's product id."""
        return await self._database.read(lambda c: _by_channel_ids(c, shop, product_ids))

    async def status_counts(self, shop: str) -> Mapping[str, int]:
        """How many published products have each status."""
        query = select(_P.status, func.count()).where(_P.shop == shop).group_by(_P.status)
        return await self._database.read(lambda c: {row[0]: row[1] for row in c.execute(query)})

    async def withheld(self, shop: str, keys: Sequence[str] | None = None) -> list[WithheldProduct]:
        """What waits for an approval, sorted by key."""
        return await self._database.read(lambda c: _withheld(c, shop, keys))

    async def withhold(self, products: Sequence[WithheldProduct]) -> None:
        """Remember, or replace what was remembered of the same products."""
        if products:
            await self._database.write(lambda c: _withhold(c, products))

    async def let_go(self, shop: str, keys: Sequence[str]) -> None:
        """Forget that these were withheld."""
        if keys:
            await self._database.write(lambda c: _let_go(c, shop, keys))


def _published(connection: Connection, shop: str, keys: Sequence[str] | None) -> dict[str, PublishedProduct]:
    query = select(PRODUCT_PUBLISHED).where(_P.shop == shop)
    if keys is None:
        return {row.key: _product(row) for row in connection.execute(query.order_by(_P.key))}
    groups = in_groups(sorted(set(keys)))
    return {row.key: _product(row) for group in groups for row in connection.execute(query.where(_P.key.in_(group)))}


def _product(row: Row[Any]) -> PublishedProduct:
    return PublishedProduct(
        shop=row.shop,
        key=row.key,
        digest=row.digest,
        ref=ProductRef.model_validate_json(row.ref),
        prices=json.loads(row.prices),
        status=row.status,
        version=row.version,
        published_at=row.published_at,
    )


def _save_published(connection: Connection, products: Sequence[PublishedProduct]) -> None:
    for group in in_groups(sorted(products, key=lambda p: (p.shop, p.key))):
        _refuse_taken(connection, group)
        statement = insert_into(connection, PRODUCT_PUBLISHED)
        set_ = {c.name: statement.excluded[c.name] for c in _P if c.name not in _KEY}
        newer = statement.excluded.version >= _P.version
        upsert = statement.on_conflict_do_update(index_elements=list(_KEY), set_=set_, where=newer)
        connection.execute(upsert, [_columns(product) for product in group])


def _refuse_taken(connection: Connection, products: Sequence[PublishedProduct]) -> None:
    """A product of the channel is one of ours, and only one."""
    wanted = {(p.shop, p.ref.product_id): p.key for p in products}
    for shop in sorted({p.shop for p in products}):
        taken = _by_channel_ids(connection, shop, [p.ref.product_id for p in products if p.shop == shop])
        for product_id, key in taken.items():
            if wanted[shop, product_id] != key:
                raise ConflictError(
                    f"product {product_id} of shop {shop} is linked to {key} already",
                    code="product_linked",
                    document=f"product {wanted[shop, product_id]}",
                    way_out="Two products of the sources claim one of the shop: correct a SKU or barcode.",
                )


def _columns(product: PublishedProduct) -> dict[str, Any]:
    return {
        "shop": product.shop,
        "key": product.key,
        "product_id": product.ref.product_id,
        "digest": product.digest,
        "ref": product.ref.model_dump_json(),
        "prices": json.dumps(dict(product.prices), sort_keys=True),
        "status": product.status,
        "version": product.version,
        "published_at": product.published_at,
    }


def _by_channel_ids(connection: Connection, shop: str, product_ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for group in in_groups(sorted(set(product_ids))):
        query = select(_P.product_id, _P.key).where(_P.shop == shop, _P.product_id.in_(group))
        found |= {row.product_id: row.key for row in connection.execute(query)}
    return found


def _withheld(connection: Connection, shop: str, keys: Sequence[str] | None) -> list[WithheldProduct]:
    query = select(PRODUCT_WITHHELD).where(_W.shop == shop).order_by(_W.key)
    if keys is None:
        return [WithheldProduct(**row._mapping) for row in connection.execute(query)]
    groups = in_groups(sorted(set(keys)))
    rows = [row for group in groups for row in connection.execute(query.where(_W.key.in_(group)))]
    return [WithheldProduct(**row._mapping) for row in rows]


def _withhold(connection: Connection, products: Sequence[WithheldProduct]) -> None:
    statement = insert_into(connection, PRODUCT_WITHHELD)
    set_ = {c.name: statement.excluded[c.name] for c in _W if c.name not in _KEY}
    upsert = statement.on_conflict_do_update(index_elements=list(_KEY), set_=set_)
    ordered = sorted(products, key=lambda p: (p.shop, p.key))
    rows = [{name: getattr(product, name) for name in _W.keys()} for product in ordered]  # noqa: SIM118 - columns
    connection.execute(upsert, rows)


def _let_go(connection: Connection, shop: str, keys: Sequence[str]) -> None:
    for group in in_groups(sorted(set(keys))):
        connection.execute(delete(PRODUCT_WITHHELD).where(_W.shop == shop, _W.key.in_(group)))
