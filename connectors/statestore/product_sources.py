"""What sources said of products: the newest record of each, and which SKUs it names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, tuple_

from canonical.product import ProductStatus, SourceProduct
from canonical.product_content import source_digest
from connectors.statestore.dialects import insert_into
from connectors.statestore.groups import in_groups
from connectors.statestore.tables.product import PRODUCT_SKU, PRODUCT_SOURCE

_P, _S = PRODUCT_SOURCE.c, PRODUCT_SKU.c
_KEY: Final = ("source", "company", "key")
_MOST_HOPS: Final = 4
"""An ERP's item, the product of the PIM, its other items: two. More only where SKUs are mixed up."""

Place = tuple[str, str, str]


def save(connection: Connection, products: Sequence[SourceProduct]) -> frozenset[str]:
    """Write what is newer, and the SKUs of what changed. Answers with the keys that changed."""
    newest: dict[Place, SourceProduct] = {}
    for product in products:
        place = _place(product)
        if place not in newest or product.updated_at >= newest[place].updated_at:
            newest[place] = product
    changed: set[str] = set()
    for group in in_groups(sorted(newest)):
        changed |= _save(connection, [newest[place] for place in group])
    return frozenset(changed)


def _save(connection: Connection, products: Sequence[SourceProduct]) -> set[str]:
    places = [_place(product) for product in products]
    query = select(_P.source, _P.company, _P.key, _P.digest, _P.updated_at).where(_among(places))
    standing = {tuple(row[:3]): row for row in connection.execute(query.order_by(*_P[_KEY]).with_for_update())}
    rows = []
    for place, product in zip(places, products, strict=True):
        row, old = _row(product), standing.get(place)
        if old is None or (row["digest"] != old.digest and row["updated_at"] >= old.updated_at):
            rows.append((product, row))
    if rows:
        statement = insert_into(connection, PRODUCT_SOURCE)
        set_ = {c.name: statement.excluded[c.name] for c in _P if c.name not in _KEY}
        newer = statement.excluded.updated_at >= _P.updated_at
        upsert = statement.on_conflict_do_update(index_elements=list(_KEY), set_=set_, where=newer)
        connection.execute(upsert, [row for _, row in rows])
        _save_skus(connection, [product for product, _ in rows])
    return {product.key for product, _ in rows}


def _save_skus(connection: Connection, products: Sequence[SourceProduct]) -> None:
    places = [_place(product) for product in products]
    connection.execute(delete(PRODUCT_SKU).where(tuple_(_S.source, _S.company, _S.key).in_(places)))
    rows = [
        {"sku": sku, **dict(zip(_KEY, _place(product), strict=True))}
        for product in products
        for sku in sorted({v.sku for v in product.product.variants if v.sku})
    ]
    for group in in_groups(rows):
        connection.execute(insert(PRODUCT_SKU), group)


def find(connection: Connection, keys: Sequence[str] | None) -> list[SourceProduct]:
    """The records with these keys, or all."""
    query = select(_P.document).order_by(_P.key, _P.source, _P.company)
    if keys is None:
        return [_product(row) for row in connection.execute(query)]
    groups = in_groups(sorted(set(keys)))
    return [_product(row) for group in groups for row in connection.execute(query.where(_P.key.in_(group)))]


def related(connection: Connection, keys: Sequence[str]) -> list[SourceProduct]:
    """From keys to records, from records to SKUs, from SKUs to records, until nothing is new."""
    found: set[str] = set()
    new = set(keys)
    for _ in range(_MOST_HOPS):
        found |= new
        new = _neighbours(connection, new) - found
        if not new:
            break
    return find(connection, sorted(found | new))


def _neighbours(connection: Connection, keys: Iterable[str]) -> set[str]:
    other = PRODUCT_SKU.alias()
    near: set[str] = set()
    for group in in_groups(sorted(keys)):
        query = select(other.c.key).join(PRODUCT_SKU, _S.sku == other.c.sku).where(_S.key.in_(group)).distinct()
        near |= set(connection.execute(query).scalars())
    return near


def digests(connection: Connection, source: str, company: str | None, keys: Sequence[str]) -> Mapping[str, str]:
    """What stands, by key."""
    found: dict[str, str] = {}
    for group in in_groups(keys):
        query = select(_P.key, _P.digest).where(_P.source == source, _P.company == (company or ""), _P.key.in_(group))
        found |= {row.key: row.digest for row in connection.execute(query)}
    return found


def all_keys(connection: Connection) -> list[str]:
    """Every key, sorted."""
    return list(connection.execute(select(_P.key).distinct().order_by(_P.key)).scalars())


def with_skus(connection: Connection, source: str, company: str | None, skus: Sequence[str]) -> Mapping[str, set[str]]:
    """The keys of the records of a source that name each SKU and are not archived."""
    found: dict[str, set[str]] = {}
    joined = select(_S.sku, _S.key).join(
        PRODUCT_SOURCE, (_P.source == _S.source) & (_P.company == _S.company) & (_P.key == _S.key)
    )
    alive = joined.where(
        _S.source == source, _S.company.in_({"", company or ""}), _P.status != ProductStatus.ARCHIVED.value
    )
    for group in in_groups(skus):
        for row in connection.execute(alive.where(_S.sku.in_(group))):
            found.setdefault(row.sku, set()).add(row.key)
    return found


def _among(places: Sequence[Place]) -> Any:
    return tuple_(_P.source, _P.company, _P.key).in_(places)


def _place(product: SourceProduct) -> Place:
    return (product.source, product.company or "", product.key)


def _row(product: SourceProduct) -> dict[str, Any]:
    return {
        **dict(zip(_KEY, _place(product), strict=True)),
        "digest": source_digest(product),
        "status": product.product.status.value,
        "updated_at": product.updated_at,
        "document": product.model_dump_json(),
    }


def _product(row: Row[Any]) -> SourceProduct:
    return SourceProduct.model_validate_json(row.document)
