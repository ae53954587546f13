"""Rows of a bulk result put together by product, whatever their order, without holding them all in memory.

Shopify writes a product and what belongs to it as rows of their own. They are kept in a temporary database on disk
and read back product by product.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from connectors.shopify.bulk import Row

_AT_ONCE: Final = 500
_KINDS: Final = (("ProductVariant", "variants"), ("Metafield", "metafields"), ("Collection", "collections"))


async def products_of(rows: AsyncIterator[Row]) -> AsyncIterator[dict[str, Any]]:
    """Product nodes with the lists `variants`, `metafields`, `media` and `collections`, in the order they came."""
    with TemporaryDirectory(prefix="crossdock-") as folder:
        database = sqlite3.connect(Path(folder) / "rows.sqlite", isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode=OFF")
            database.execute("PRAGMA synchronous=OFF")
            database.execute("CREATE TABLE row (product TEXT, kind TEXT, content BLOB)")
            part: list[tuple[str, str, bytes]] = []
            async for row in rows:
                part.append((row.get("__parentId") or row["id"], _kind(row), orjson.dumps(row)))
                if len(part) == _AT_ONCE:
                    _keep(database, part)
                    part = []
            _keep(database, part)
            database.execute("CREATE INDEX by_product ON row (product)")
            for node in _nodes(database):
                yield node
        finally:
            database.close()


def _keep(database: sqlite3.Connection, part: list[tuple[str, str, bytes]]) -> None:
    database.execute("BEGIN")
    database.executemany("INSERT INTO row VALUES (?, ?, ?)", part)
    database.execute("COMMIT")


def _nodes(database: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for product, content in database.execute("SELECT product, content FROM row WHERE kind = 'product' ORDER BY rowid"):
        node: dict[str, Any] = orjson.loads(content)
        node |= {name: [] for name in ("variants", "metafields", "media", "collections")}
        query = "SELECT kind, content FROM row WHERE product = ? AND kind <> 'product' ORDER BY rowid"
        for kind, child in database.execute(query, (product,)):
            node[kind].append(orjson.loads(child))
        yield node


def _kind(row: Row) -> str:
    """What a row is, by its id: gid://shopify/ProductVariant/1. Pictures, videos and models are all media."""
    if "__parentId" not in row:
        return "product"
    name = str(row["id"]).split("/")[3]
    return next((kind for type_name, kind in _KINDS if type_name == name), "media")
