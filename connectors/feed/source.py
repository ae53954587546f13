"""A product feed behind the port `ProductSource`.

The cursor holds the stamp of every file that was read to its end, so a file is read again when it changes, or when the
reader died in the middle of it. Limit: a product that a later file no longer names is not told as archived; the ERP
says what is out of sale, or the feed does with the status `archived`.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime

from canonical.errors import MisconfiguredError, RejectedError
from canonical.ports.products import ProductReport
from canonical.product import SourceProduct
from connectors.feed.files import FeedFile, FeedFiles
from connectors.feed.layout import Layout, read_layout
from connectors.feed.products import ProductBuilder
from connectors.feed.settings import FeedSettings
from connectors.feed.tables import Row, rows_of

MOST_PRODUCTS = 500  # of one report
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class ProductFeed:
    """Implements `canonical.ports.products.ProductSource`."""

    def __init__(self, system: str, files: FeedFiles, layout: Layout) -> None:
        self.system = system
        self._files, self._layout = files, layout

    async def changes(self, cursor: str | None) -> AsyncIterator[ProductReport]:
        """See the port. File by file, the oldest first; the last part of a file carries the cursor behind it."""
        read = _stamps(cursor)
        files = await self._files.found()
        read = {path: stamp for path, stamp in read.items() if path in {file.path for file in files}}
        told = False
        for file in files:
            if read.get(file.path) == file.stamp:
                continue
            content = await self._files.read(file)
            if content is None:
                continue
            parts = list(_parts(self._read(file, content)))
            for part in parts[:-1]:
                yield part
            read[file.path] = file.stamp
            last = parts[-1]
            yield ProductReport(last.products, last.errors, _cursor(read), frozenset({file.name}))
            told = True
        if not told:
            yield ProductReport((), (), cursor)

    async def products(self, keys: Sequence[str]) -> ProductReport:
        """See the port. Every file is read; of two that name a product, the newer counts."""
        wanted, found = set(keys), dict[str, SourceProduct]()
        errors: list[RejectedError] = []
        for file in await self._files.found():
            content = await self._files.read(file)
            for one in self._read(file, content or b""):
                if isinstance(one, RejectedError):
                    errors.append(one)
                elif one.key in wanted:
                    known = found.get(one.key)
                    found[one.key] = one if known is None or one.updated_at >= known.updated_at else known
        return ProductReport(tuple(found.values()), tuple(errors))

    async def check(self) -> None:
        """See the port."""
        await self._files.found()

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _read(self, file: FeedFile, content: bytes) -> Iterator[SourceProduct | RejectedError]:
        """The products of a file in the order of their first rows, and all that is wrong, with file, line and field."""
        groups: dict[str, list[Row]] = {}
        for row in rows_of(file.name, content, self._layout) if content else ():
            if isinstance(row, RejectedError):
                yield row
            else:
                groups.setdefault(row.key, []).append(row)
        builder = ProductBuilder(file.name, self._layout, self.system, file.changed_at or _EVER)
        for rows in groups.values():
            product = builder.build(rows)
            yield from builder.faults
            if product is not None:
                yield product


def open_feed(system: str, settings: FeedSettings) -> ProductFeed:
    """The feed of a system; the layout is read now, the files at the first call."""
    return ProductFeed(system, FeedFiles(system, settings), read_layout(settings.layout))


def _parts(found: Iterator[SourceProduct | RejectedError]) -> Iterator[ProductReport]:
    """At least one report, each of at most 500 products, with the errors met on the way."""
    products: list[SourceProduct] = []
    errors: list[RejectedError] = []
    for one in found:
        if isinstance(one, RejectedError):
            errors.append(one)
            continue
        if len(products) == MOST_PRODUCTS:
            yield ProductReport(tuple(products), tuple(errors))
            products, errors = [], []
        products.append(one)
    yield ProductReport(tuple(products), tuple(errors))


def _cursor(read: dict[str, str]) -> str:
    return json.dumps(read, sort_keys=True)


def _stamps(cursor: str | None) -> dict[str, str]:
    try:
        read = json.loads(cursor) if cursor else {}
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise MisconfiguredError(
            "the cursor is no cursor of a product feed",
            code="cursor_unreadable",
            way_out="Delete the cursor: everything is read once more.",
        )
    return {str(path): str(stamp) for path, stamp in read.items()}
